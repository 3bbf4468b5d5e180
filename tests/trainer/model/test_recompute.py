"""What blocks compute again is not kept, and changes no bit of a gradient."""

import pytest
import torch

from trainer.planning.memory import kept_per_token

from ..kept_bytes import SHAPES, block_of, kept_and_gradients

pytestmark = pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")  # of torch


CASES = [
    ("grouped heads", False), ("normed queries", False), ("gpt2, fp32 residual", False),
    ("grouped heads", True), ("gpt2, fp32 residual", True),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "compiled"), CASES)
def test_what_is_computed_again_is_not_kept_and_the_gradient_is_the_same(shape, compiled):
    found = {}
    for recompute in ("nothing", "pointwise", "block"):
        config, block = block_of(SHAPES[shape], recompute)
        found[recompute] = kept_and_gradients(config, block, compiled, bf16=True)
    _, wanted = found["nothing"]
    for recompute, (kept, gradients) in found.items():
        predicted = kept_per_token(config, 2, compiled, recompute)
        assert predicted == pytest.approx(kept, rel=0.02), recompute
        for mine, theirs in zip(gradients, wanted, strict=True):
            assert torch.equal(mine, theirs), recompute


def test_products_stay_and_the_rest_goes():
    """Of a Llama block in bf16: its input, four products' results but the last, attention's."""
    config, _ = block_of({})
    c, f = 256, 704
    kept = 2 * (c + 3 * c + c + c + 2 * f) + 4 * 4  # input; q, k, v; attention; out; gate, up
    assert kept_per_token(config, 2, True, "pointwise") == kept
    assert kept_per_token(config, 2, True, "block") == 2 * c
