"""Predicted memory is what autograd keeps, counted tensor by tensor."""

import pytest

from trainer.planning.memory import kept_per_token

from ..kept_bytes import SHAPES, block_of, kept_and_gradients

pytestmark = pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")  # of torch


@pytest.mark.parametrize("bf16", [True, False], ids=["bf16", "fp32"])
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_block_keeps(shape, compiled, bf16):
    config, block = block_of(SHAPES[shape])
    kept, _ = kept_and_gradients(config, block, compiled, bf16)
    assert kept_per_token(config, 2 if bf16 else 4, compiled) == pytest.approx(kept, rel=0.02)
