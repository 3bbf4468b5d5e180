"""Causal attention that stays within a document.

Rows are packed: several documents stand in one. On a GPU in half precision the kernel for sequences
of varying length (FlashAttention, through PyTorch) takes all rows as one long sequence and is told
where each document ends; nothing is computed between documents, so masking saves time. Elsewhere a
mask of T x T says the same. Suffixes in names of tensors: B rows, T positions, H heads, K key/value
heads, D size of a head, C hidden size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor

from trainer.model.past import Past


class Documents(NamedTuple):
    """Where the documents of packed rows lie."""

    positions_bt: Tensor
    """int32 or int64: place of each token within its document."""
    mask_b1tt: Tensor | None
    """bool: which key (last axis) a query may see; None where offsets say it."""
    offsets: Tensor | None
    """int32, filled up with the end to a size that does not change from batch to batch: first token
    of each document, rows laid end to end."""

    @classmethod
    def of(cls, document_bt: Tensor) -> Documents:
        """From the number of the document that each position belongs to, as a mask.

        Args:
            document_bt: rises by one where a document begins.
        """
        return cls(_positions(document_bt), document_mask(document_bt), None)

    @classmethod
    def of_batch(cls, batch: Mapping[str, Tensor], varlen: bool) -> Documents:
        """From a batch of the shards' loader.

        Args:
            batch: ``position_ids``, ``cu_seqlens`` and ``pieces`` on the device.
            varlen: say it by offsets, for a GPU in half precision.
        """
        if varlen:
            return cls(batch["position_ids"], None, batch["cu_seqlens"])
        return cls(batch["position_ids"], document_mask(batch["pieces"]), None)


def attend(
    q_bthd: Tensor, k_btkd: Tensor, v_btkd: Tensor, documents: Documents | Past | None
) -> Tensor:
    """Attention of every position to those before it, in its document or (None) in its row.

    Returns:
        [B, T, H, D].
    """
    if isinstance(documents, Past):
        return documents.attend(q_bthd, k_btkd, v_btkd)
    rows, length, heads, size = q_bthd.shape
    if documents is not None and documents.offsets is not None:
        from torch.nn.attention.varlen import varlen_attn

        flat = varlen_attn(
            q_bthd.reshape(rows * length, heads, size),
            k_btkd.reshape(rows * length, -1, size),
            v_btkd.reshape(rows * length, -1, size),
            documents.offsets, documents.offsets, length, length,
            window_size=(-1, 0), enable_gqa=k_btkd.shape[2] != heads,
        )  # fmt: skip
        assert isinstance(flat, Tensor)
        return flat.view(rows, length, heads, size)
    q_bhtd, k_bktd, v_bktd = (part.transpose(1, 2) for part in (q_bthd, k_btkd, v_btkd))
    if documents is None:
        y_bhtd = F.scaled_dot_product_attention(
            q_bhtd, k_bktd, v_bktd, is_causal=True, enable_gqa=k_bktd.shape[1] != heads
        )
    else:
        # Of the kernels that take a mask none takes grouped heads: each is repeated.
        shared_by = heads // k_bktd.shape[1]
        y_bhtd = F.scaled_dot_product_attention(
            q_bhtd,
            k_bktd.repeat_interleave(shared_by, dim=1),
            v_bktd.repeat_interleave(shared_by, dim=1),
            attn_mask=documents.mask_b1tt,
        )
    return y_bhtd.transpose(1, 2)


def document_mask(document_bt: Tensor) -> Tensor:
    """Bool [B, 1, T, T]: True where query and key stand in one document, the key not later."""
    same = document_bt[:, :, None] == document_bt[:, None, :]
    return same.tril()[:, None]


def _positions(document_bt: Tensor) -> Tensor:
    """int64 [B, T]: how far each position is from where its document begins."""
    places = torch.arange(document_bt.shape[1], device=document_bt.device).expand_as(document_bt)
    begins = torch.ones_like(document_bt, dtype=torch.bool)
    begins[:, 1:] = document_bt[:, 1:] != document_bt[:, :-1]
    return places - torch.where(begins, places, 0).cummax(dim=1).values
