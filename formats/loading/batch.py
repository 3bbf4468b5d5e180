"""A batch of rows: views of the shards, and what a model wants to know of them.

Rows carry where their pieces begin (a document, a continuation of one, or padding). From that
follow the targets, the positions and the boundaries for attention; each is made when asked for.

    a row:       a b c | d e | _ _        pieces at 0, 3 and, padding, 5
    labels:      b c . | e . | . .        . is IGNORE: nothing before it tells a piece's first token
    positions:   0 1 2 | 0 1 | 0 1
    pieces:      0 0 0 | 1 1 | 2 2
    cu_seqlens:  0 3 5 7                  and 7 again up to a length that does not change
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from formats.shards import PADDING

IGNORE = -100
"""A label without loss: the value that torch's cross entropy ignores by default."""
TOKENS_PER_PIECE = 64
"""``cu_seqlens`` has room for pieces of this length on average; few corpora have shorter ones."""
LEAST_PIECES = 16
"""Of each row, for which ``cu_seqlens`` has room."""


@dataclass(frozen=True)
class Batch:
    """B consecutive rows of T tokens; the last batch of a run may end with rows of padding."""

    first_row: int
    """Its number in the global order."""
    rows: int
    """Rows of the shards among the B; those after them are padding, all of whose labels are
    ``IGNORE``."""
    state: int
    """The loader's state once this batch is done with; it grows with the last one of a step."""
    input_ids: np.ndarray
    """uint16 or int32 [B, T]."""
    component: np.ndarray
    """uint16 [B], index into ``Loader.components``; 0 in rows of padding."""
    row_offsets: np.ndarray
    """int64 [B + 1]; row i has the pieces ``row_offsets[i]`` to ``row_offsets[i + 1] - 1``."""
    document_starts: np.ndarray
    """int32 [pieces], place in the row."""
    document_ids: np.ndarray
    """uint64 [pieces], ``PADDING`` for padding."""
    document_offsets: np.ndarray
    """int32 [pieces]: which of its document's tokens stands first."""

    def labels(self) -> np.ndarray:
        """The token after each position, ``IGNORE`` where none is to be predicted: int64 [B, T].

        No token is predicted across the border of a piece, and padding is not predicted at all.
        """
        from formats.loading.batch_kernels import fill_labels

        labels = np.empty(self.input_ids.size, np.int64)
        is_padding = self.document_ids == PADDING
        fill_labels(self.input_ids.reshape(-1), self._begins(), is_padding, labels)
        return labels.reshape(self.input_ids.shape)

    def positions(self) -> np.ndarray:
        """Each position's place in its piece: int32 [B, T]."""
        from formats.loading.batch_kernels import fill_positions

        positions = np.empty(self.input_ids.size, np.int32)
        fill_positions(self._begins(), positions)
        return positions.reshape(self.input_ids.shape)

    def pieces(self) -> np.ndarray:
        """Which piece of its row each position belongs to, from 0: int32 [B, T]."""
        from formats.loading.batch_kernels import fill_pieces

        counts = np.diff(self.row_offsets)
        numbers = np.arange(len(self.document_starts)) - np.repeat(self.row_offsets[:-1], counts)
        pieces = np.empty(self.input_ids.size, np.int32)
        fill_pieces(self._begins(), numbers, pieces)
        return pieces.reshape(self.input_ids.shape)

    def cu_seqlens(self, room: int | None = None) -> np.ndarray:
        """Where pieces begin in the batch as one line of B x T tokens: int32 [room + 1].

        What variable-length attention (FlashAttention's ``varlen``) takes: behind the last piece
        stands B x T up to the end, as sequences of no length. The shape is the same for every batch
        with at most ``room`` pieces; one with more gets twice the room, or four times and so on,
        rather than a document attending to another.

        Args:
            room: for how many pieces; None: one for every 64 tokens, and at least 16 a row.
        """
        rows, length = self.input_ids.shape
        room = room or rows * max(LEAST_PIECES, length // TOKENS_PER_PIECE)
        begins = self._begins()
        while room < len(begins):
            room *= 2
        found = np.full(room + 1, rows * length, np.int32)
        found[: len(begins)] = begins
        return found

    def _begins(self) -> np.ndarray:
        """Where each piece begins in the batch as one line of tokens: int64 [pieces]."""
        rows, length = self.input_ids.shape
        row_of_piece = np.repeat(np.arange(rows), np.diff(self.row_offsets))
        return row_of_piece * length + self.document_starts


def no_rows(length: int, dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
    """What ``TokenShards.read`` would return for no rows."""
    return {
        "input_ids": np.zeros((0, length), dtype),
        "component": np.zeros(0, np.uint16),
        "row_offsets": np.zeros(1, np.int64),
        "document_starts": np.zeros(0, np.int32),
        "document_ids": np.zeros(0, np.uint64),
        "document_offsets": np.zeros(0, np.int32),
    }


def filled(found: Mapping[str, np.ndarray], rows: int, pad_id: int) -> dict[str, np.ndarray]:
    """What ``TokenShards.read`` returned, with rows of padding up to ``rows``."""
    present, length = found["input_ids"].shape
    missing = rows - present
    if not missing:
        return dict(found)
    padding = {
        "input_ids": np.full((missing, length), pad_id, found["input_ids"].dtype),
        "component": np.zeros(missing, found["component"].dtype),
        "document_starts": np.zeros(missing, np.int32),
        "document_ids": np.full(missing, PADDING, np.uint64),
        "document_offsets": np.zeros(missing, np.int32),
    }
    joined = {name: np.concatenate([found[name], values]) for name, values in padding.items()}
    last = found["row_offsets"][-1]
    behind = np.arange(last + 1, last + missing + 1)
    return joined | {"row_offsets": np.concatenate([found["row_offsets"], behind])}
