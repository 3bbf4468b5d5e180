"""What a block keeps for its gradient, counted tensor by tensor."""

import gc

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from trainer.config import ModelConfig
from trainer.model.gpt2_block import Gpt2Block
from trainer.model.llama_block import LlamaBlock
from trainer.model.rotary import rotary_table

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


def block_of(changes, recompute="nothing"):
    shape = {"layers": 1, "hidden_size": 256, "heads": 4, "kv_heads": 4, "feed_forward_size": 704}
    config = ModelConfig(**shape | changes)
    torch.manual_seed(3)
    block = (Gpt2Block if config.architecture == "gpt2" else LlamaBlock)(config)
    block.recompute = recompute
    return config, block


class Counted:
    """Storages with activations in them, each once; those of rotary tables are for all rows."""

    def __init__(self):
        self.storages = {}

    def note(self, tensor):
        tables = [(TOKENS, 64), (TOKENS, 1, 64)]
        if TOKENS in tensor.shape and tensor.shape not in tables:
            storage = tensor.untyped_storage()
            self.storages[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        return tensor

    def bytes_alive(self):
        gc.collect()
        return sum(size for ref, size in self.storages.values() if not ref.expired())


class Made(TorchDispatchMode):
    """Notes what every operation makes."""

    def __init__(self, counted):
        super().__init__()
        self.counted = counted

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else (out,):
            self.counted.note(tensor)
        return out


def kept_and_gradients(config, block, compiled, bf16):
    """Bytes per token of all that is kept of a block and that is no weight; its gradients."""
    if compiled:
        torch.compiler.reset()
        # The partitioner of torch.compile decides what is kept; no machine code is made of it.
        block = torch.compile(block, backend="aot_eager_decomp_partition")
    stream = torch.bfloat16 if bf16 and not config.fp32_residual else torch.float32
    torch.manual_seed(4)
    x = torch.randn(1, TOKENS, config.hidden_size, dtype=stream, requires_grad=True)
    rotation = None if config.architecture == "gpt2" else rotary_table(TOKENS, config, "cpu")
    counted = Counted()
    # What selective checkpoints keep goes past autograd's hooks, and what compiled code makes past
    # the operations one by one.
    by_hooks = compiled or block.recompute == "nothing"
    watch = (
        torch.autograd.graph.saved_tensors_hooks(counted.note, lambda tensor: tensor)
        if by_hooks
        else Made(counted)
    )
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16), watch:
        out = block(x, rotation, None)
    kept = counted.bytes_alive()
    if not by_hooks:  # the result is the next block's input, and counted there
        kept += x.untyped_storage().nbytes() - out.untyped_storage().nbytes()
    wanted = [x, *block.parameters()]
    return kept / TOKENS, torch.autograd.grad(out.float().square().sum(), wanted)
