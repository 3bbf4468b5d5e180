"""What a block keeps for the backward pass, and what it computes again.

``block`` keeps a block's input and computes all of it twice: a third more arithmetic. ``pointwise``
keeps what matrices and attention made as well, and computes norms, rotary positions and activations
again: next to no arithmetic, and a good third less memory (Korthikanti et al. 2022, Reducing
Activation Recomputation in Large Transformer Models; by torch's selective checkpoints).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.checkpoint import (
    CheckpointPolicy,
    SelectiveCheckpointContext,
    checkpoint,
    create_selective_checkpoint_contexts,
)

Recompute = Literal["nothing", "pointwise", "block"]
PRODUCTS_OF_A_BLOCK = 4
"""Into attention, out of it, into the feed-forward, out of it: of every architecture."""


def compute(block: Callable[..., Tensor], what: Recompute, *arguments: Any) -> Tensor:
    """``block(*arguments)``, keeping as much for the gradient as ``what`` leaves."""
    if what == "nothing" or not torch.is_grad_enabled():
        return block(*arguments)
    # Nothing in a block is drawn at random.
    settings: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
    if what == "pointwise":
        settings["context_fn"] = _products_are_kept
    out: Tensor = checkpoint(block, *arguments, **settings)
    return out


def _products_are_kept() -> Any:
    return create_selective_checkpoint_contexts(_Policy())


class _Policy:
    """Keeps results of products and attention: one that counts is made for every pass.

    The block's last product is not kept, since nothing but the sum with the stream, which is the
    input of the next block, is made of it.
    """

    def __init__(self) -> None:
        self._products = {False: 0, True: 0}

    def __call__(
        self, context: SelectiveCheckpointContext, operation: Any, *_: Any, **__: Any
    ) -> CheckpointPolicy:
        name = operation.overloadpacket.__name__
        if name in ATTENTION:
            return CheckpointPolicy.MUST_SAVE
        if name in PRODUCTS:
            again = context.is_recompute
            self._products[again] += 1
            if self._products[again] % PRODUCTS_OF_A_BLOCK:
                return CheckpointPolicy.MUST_SAVE
        return CheckpointPolicy.PREFER_RECOMPUTE


PRODUCTS = frozenset(["mm", "addmm", "linear", "_scaled_mm"])
ATTENTION = frozenset(
    [
        "_varlen_attn",
        "_flash_attention_forward",
        "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_cudnn_attention",
    ]
)
"""Names of operations, without what tells their variants apart."""
