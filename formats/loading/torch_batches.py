"""Batches as tensors. Of this package only the files ``torch_*`` import torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from formats.loading.batch import Batch


def can_pin() -> bool:
    """True where page-locked memory is of use."""
    return torch.cuda.is_available()


def to_tensors(batch: Batch, pin_memory: bool = False) -> dict[str, Any]:
    """What a model takes.

    Returns:
        input_ids: int64 [B, T].
        labels: int64 [B, T], the token after each position, -100 where none is to be predicted.
        position_ids: int32 [B, T], from 0 in every piece.
        pieces: int32 [B, T], which piece of its row a position belongs to.
        cu_seqlens: int32 [room + 1], see ``Batch.cu_seqlens``; of the same shape in every batch.
        component: int64 [B].
        first_row, rows, state: whole numbers, see ``Batch``.
    """
    arrays = {
        "input_ids": batch.input_ids.astype(np.int64),
        "labels": batch.labels(),
        "position_ids": batch.positions(),
        "pieces": batch.pieces(),
        "cu_seqlens": batch.cu_seqlens(),
        "component": batch.component.astype(np.int64),
    }
    # Torch keeps page-locked memory for the next batch, once the copies out of it are done.
    tensors = {
        name: torch.from_numpy(array).pin_memory() if pin_memory else torch.from_numpy(array)
        for name, array in arrays.items()
    }
    return tensors | {"first_row": batch.first_row, "rows": batch.rows, "state": batch.state}
