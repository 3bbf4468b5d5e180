"""Predicted memory is what autograd keeps, counted tensor by tensor."""

import pytest
import torch

from trainer.config import ModelConfig
from trainer.memory import kept_per_token
from trainer.model.gpt2_block import Gpt2Block
from trainer.model.llama_block import LlamaBlock
from trainer.model.rotary import rotary_table

pytestmark = pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")  # of torch
TOKENS = 384
"""Not the size of anything else."""
SHAPES = {
    "llama": {},
    "grouped heads": {"kv_heads": 2},
    "fp32 residual": {"fp32_residual": True},
    "normed queries": {"qk_norm": True},
    "gpt2": {"architecture": "gpt2", "feed_forward_size": 1024},
    "gpt2, fp32 residual": {"architecture": "gpt2", "fp32_residual": True},
}


def block_of(changes):
    shape = {"layers": 1, "hidden_size": 256, "heads": 4, "kv_heads": 4, "feed_forward_size": 704}
    config = ModelConfig(**shape | changes)
    return config, (Gpt2Block if config.architecture == "gpt2" else LlamaBlock)(config)


def bytes_kept(config, block, bf16):
    """Bytes per token of all that autograd keeps of a block and that is no weight."""
    stream = torch.bfloat16 if bf16 and not config.fp32_residual else torch.float32
    x = torch.randn(1, TOKENS, config.hidden_size, dtype=stream, requires_grad=True)
    rotation = None if config.architecture == "gpt2" else rotary_table(TOKENS, config, "cpu")
    tables = [(TOKENS, config.head_size), (TOKENS, 1, config.head_size)]  # one for all rows
    kept = {}

    def keep(tensor):
        if TOKENS in tensor.shape and tensor.shape not in tables:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with (
        torch.autocast("cpu", torch.bfloat16, enabled=bf16),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
    ):
        out = block(x, rotation, None)
    assert out.shape == x.shape
    return sum(kept.values()) / TOKENS


@pytest.mark.parametrize("bf16", [True, False], ids=["bf16", "fp32"])
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_block_keeps(shape, compiled, bf16):
    config, block = block_of(SHAPES[shape])
    if compiled:
        torch.compiler.reset()
        # The partitioner of torch.compile decides what is kept; no machine code is made of it.
        block = torch.compile(block, backend="aot_eager_decomp_partition")
    kept = bytes_kept(config, block, bf16)
    assert kept_per_token(config, 2 if bf16 else 4, compiled) == pytest.approx(kept, rel=0.02)
