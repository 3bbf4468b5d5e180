"""Batches as tensors. Of this package only the files ``torch_*`` import torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from formats.loading.batch import Batch


def can_pin() -> bool:
    """True where page-locked memory is of use."""
    return torch.cuda.is_available()


TENSORS: dict[str, Callable[[Batch], np.ndarray]] = {
    "input_ids": lambda batch: batch.input_ids.astype(np.int64),
    "labels": Batch.labels,
    "position_ids": Batch.positions,
    "pieces": Batch.pieces,
    "cu_seqlens": Batch.cu_seqlens,
    "component": lambda batch: batch.component.astype(np.int64),
}
"""What a batch can be asked for."""


def to_tensors(
    batch: Batch, fields: Sequence[str] | None = None, pin_memory: bool = False
) -> dict[str, Any]:
    """What a model takes.

    Args:
        batch: as the loader reads it.
        fields: which of the tensors are made; None: all.
        pin_memory: page-locked.

    Returns:
        input_ids: int64 [B, T].
        labels: int64 [B, T], the token after each position, -100 where none is to be predicted.
        position_ids: int32 [B, T], from 0 in every piece.
        pieces: int32 [B, T], which piece of its row a position belongs to.
        cu_seqlens: int32 [room + 1], see ``Batch.cu_seqlens``; of the same shape in every batch.
        component: int64 [B].
        first_row, rows, state: whole numbers, always there, see ``Batch``.

    Raises:
        ValueError: there is no such field.
    """
    unknown = set(fields or ()) - TENSORS.keys()
    if unknown:
        raise ValueError(f"no fields {sorted(unknown)}; there are: {', '.join(TENSORS)}")
    tensors = {
        name: torch.from_numpy(make(batch))
        for name, make in TENSORS.items()
        if fields is None or name in fields
    }
    if pin_memory:  # torch keeps it for the next batch, once the copies out of it are done
        tensors = {name: tensor.pin_memory() for name, tensor in tensors.items()}
    return tensors | {"first_row": batch.first_row, "rows": batch.rows, "state": batch.state}
