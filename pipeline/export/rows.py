"""The rows of a phase in training order, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from formats.shards import PADDING, TokenShards

BATCH_TOKENS = 1 << 22


class RowBatch(NamedTuple):
    """Rows and the pieces they are made of."""

    tokens: np.ndarray
    """uint16 or int32 [rows, sequence_length]."""
    component: np.ndarray
    """uint16 [rows]."""
    row_offsets: np.ndarray
    """int64 [rows + 1]: row r has the pieces row_offsets[r] to row_offsets[r + 1]."""
    starts: np.ndarray
    """int64 [pieces]: places in the row."""
    lengths: np.ndarray
    """int64 [pieces]."""
    is_padding: np.ndarray
    """bool [pieces]."""


def row_batches(
    shards: TokenShards, phase: str, part_done: Callable[[], None]
) -> tuple[Iterator[RowBatch], int]:
    """All rows of a phase, and how many batches they come in."""
    rows = shards.rows(phase)
    each = max(1, BATCH_TOKENS // shards.sequence_length)

    def batches() -> Iterator[RowBatch]:
        for first in range(0, rows, each):
            yield _batch(shards, phase, first, min(each, rows - first))
            part_done()

    return batches(), -(-rows // each)


def _batch(shards: TokenShards, phase: str, first: int, count: int) -> RowBatch:
    found = shards.read(phase, first, count)
    starts = found["document_starts"].astype(np.int64)
    ends = np.append(starts[1:], 0)
    ends[found["row_offsets"][1:] - 1] = shards.sequence_length
    return RowBatch(
        found["input_ids"],
        found["component"],
        found["row_offsets"],
        starts,
        ends - starts,
        found["document_ids"] == PADDING,
    )
