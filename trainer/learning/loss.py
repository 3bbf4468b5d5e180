"""Cross entropy straight from hidden states: logits exist for a few tokens at a time.

Logits of 32,768 tokens over 100,534 entries are 13 GB in float32, three times that with their
gradient. Here a chunk of tokens is multiplied with the head, its losses and its gradient are taken
at once, and the logits are forgotten, before the backward pass asks (Wijmans et al. 2024, Cut Your
Losses; Liger-Kernel's fused linear cross entropy). It costs no further product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

NO_TARGET = -100
"""A target without loss: the value that torch's cross entropy ignores by default."""
LOGITS_OF_A_CHUNK = {"cuda": 1 << 28, "cpu": 1 << 22}
"""On a GPU 1 GiB in float32, 2,670 tokens of 100,534 entries: enough to fill it."""
FEWEST_TOKENS = 256


class TokenLosses(NamedTuple):
    """What the tokens of a batch cost."""

    total: Tensor
    """Sum to be minimised, with the z-loss; has a gradient."""
    nats_n: Tensor
    """float32: cross entropy of each token, 0 without a target; no gradient."""


def linear_cross_entropy(
    hidden_nc: Tensor,
    head_vc: Tensor,
    targets_n: Tensor,
    z_loss: float = 0.0,
    chunk_tokens: int | None = None,
    compiled: bool = False,
) -> TokenLosses:
    """Cross entropy of ``hidden @ head.T``.

    Args:
        hidden_nc: hidden states, in the precision that products are to be made in.
        head_vc: the output head.
        targets_n: ids, or ``NO_TARGET``.
        z_loss: weight of the square of log(sum(exp(logits))) (PaLM, section 5).
        chunk_tokens: tokens at a time; None: by the size of the vocabulary.
        compiled: fuse what is done to logits (needs a compiler).
    """
    if chunk_tokens is None:
        chunk_tokens = chunk_size(len(head_vc), hidden_nc.device.type)
    total, nats_n = _LinearCrossEntropy.apply(
        hidden_nc, head_vc, targets_n, z_loss, chunk_tokens, compiled
    )
    return TokenLosses(total, nats_n)


def chunk_size(vocab_size: int, device: str) -> int:
    """Tokens whose logits exist at a time where no one says how many."""
    room = LOGITS_OF_A_CHUNK.get(device, LOGITS_OF_A_CHUNK["cpu"])
    return max(FEWEST_TOKENS, room // vocab_size // 128 * 128)


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden_nc: Tensor, head_vc: Tensor, targets_n: Tensor, z_loss: float,
        chunk_tokens: int, compiled: bool,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        wanted = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        head = head_vc.to(hidden_nc.dtype)
        grad_hidden = torch.empty_like(hidden_nc) if wanted else None
        grad_head = torch.zeros_like(head_vc, dtype=torch.float32) if wanted else None
        nats_n = torch.empty(len(hidden_nc), dtype=torch.float32, device=hidden_nc.device)
        total = torch.zeros((), dtype=torch.float32, device=hidden_nc.device)
        of_logits = _compiled() if compiled else _losses_and_gradient
        for first in range(0, len(hidden_nc), chunk_tokens):
            part = slice(first, first + chunk_tokens)
            logits = hidden_nc[part] @ head.T
            nats, penalty, grad_logits = of_logits(logits, targets_n[part], z_loss)
            nats_n[part] = nats
            total += nats.sum() + penalty
            if grad_hidden is not None and grad_head is not None:
                torch.mm(grad_logits, head, out=grad_hidden[part])
                grad_head += grad_logits.T @ hidden_nc[part]
        ctx.save_for_backward(grad_hidden, grad_head)
        ctx.head_dtype = head_vc.dtype
        ctx.mark_non_differentiable(nats_n)
        return total, nats_n

    @staticmethod
    def backward(ctx: Any, grad_total: Tensor, _: Tensor) -> Any:
        grad_hidden, grad_head = ctx.saved_tensors
        scaled_hidden = grad_hidden * grad_total.to(grad_hidden.dtype)
        return scaled_hidden, (grad_head * grad_total).to(ctx.head_dtype), None, None, None, None


def _losses_and_gradient(
    logits_nv: Tensor, targets_n: Tensor, z_loss: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Losses [n], the sum of the penalty, and the gradient of both to the logits [n, V]."""
    logits = logits_nv.float()
    has_target = targets_n != NO_TARGET
    wanted = torch.where(has_target, targets_n, 0)[:, None]
    normaliser = torch.logsumexp(logits, dim=-1, keepdim=True)
    nats = torch.where(has_target, (normaliser - logits.gather(1, wanted))[:, 0], 0.0)
    penalty = (z_loss * normaliser[:, 0].square() * has_target).sum()
    weight = has_target.float()[:, None]
    gradient = (logits - normaliser).exp_().mul_((1 + 2 * z_loss * normaliser) * weight)
    gradient.scatter_add_(1, wanted, -weight)
    return nats, penalty, gradient.to(logits_nv.dtype)


def _losses_and_gradient_at_once(
    logits_nv: Tensor, targets_n: Tensor, z_loss: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The same without a step in between that a compiler has to write down in float32.

    Adding to single places makes it do so: 1 GiB a chunk, written, read and written again.
    """
    logits = logits_nv.float()
    has_target = targets_n != NO_TARGET
    wanted = torch.where(has_target, targets_n, 0)[:, None]
    normaliser = torch.logsumexp(logits, dim=-1, keepdim=True)
    nats = torch.where(has_target, (normaliser - logits.gather(1, wanted))[:, 0], 0.0)
    penalty = (z_loss * normaliser[:, 0].square() * has_target).sum()
    is_wanted = torch.arange(logits.shape[1], device=logits.device)[None] == wanted
    shares = (logits - normaliser).exp() * (1 + 2 * z_loss * normaliser)
    gradient = torch.where(has_target[:, None], shares - is_wanted.float(), 0.0)
    return nats, penalty, gradient.to(logits_nv.dtype)


_KEPT: list[Callable[..., tuple[Tensor, Tensor, Tensor]]] = []


def _compiled() -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """The same, as kernels that read the logits as few times as can be; made when first asked."""
    if not _KEPT:
        _KEPT.append(torch.compile(_losses_and_gradient_at_once, dynamic=False))
    return _KEPT[0]
