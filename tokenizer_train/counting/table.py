"""The hash table of pieces with a limit on its memory: what is over it goes out as a sorted run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from formats.pretokenizers.scanner import Scanner
from tokenizer_train.counting import table_kernels as kernels
from tokenizer_train.counting.counts_file import BATCH_ROWS, COUNTS_SCHEMA

FIRST_ROWS = 1 << 15
ROW_BYTES = kernels.ROW * 8
FIRST_ARENA_BYTES = 1 << 20

Run = Iterator[pa.RecordBatch]
"""Batches in ``COUNTS_SCHEMA``, hashes never falling."""


class PieceTable:
    """Counts pieces; hands out a run whenever its memory is used up, and the last one at the end.

    Of the memory one half is for the table, while it grows a quarter more, an eighth for long
    pieces; the rest sorts.
    """

    def __init__(
        self, scanner: Scanner, memory_bytes: int, write_run: Callable[[Run], None]
    ) -> None:
        """Start empty.

        Args:
            scanner: cuts the texts.
            memory_bytes: the table, long pieces and sorting together; at least about 4 MB are used.
            write_run: takes a run, whole, before it returns.
        """
        self._scanner = scanner
        self._write_run = write_run
        most_rows = max(memory_bytes // 2 // ROW_BYTES, FIRST_ROWS)
        self._most_rows = 1 << (most_rows.bit_length() - 1)
        self._most_arena = max(memory_bytes // 8, FIRST_ARENA_BYTES)
        self._start_again()

    def add(self, texts: pa.Array, groups: np.ndarray) -> None:
        """Count the pieces of texts.

        Args:
            texts: large_string [n].
            groups: int64 [n]: under which each is counted.
        """
        data, offsets, ends = self._scanner.cut(texts)
        self._state[: kernels.STATE_USED] = 0
        while True:
            full = kernels.count_pieces(
                data, offsets, groups, ends, self._table, self._arena, self._state
            )
            if full == kernels.DONE:
                return
            if full == kernels.ARENA_FULL:
                length = int(ends[self._state[kernels.STATE_PIECE]])
                self._widen_arena(length - int(self._state[kernels.STATE_POSITION]))
            elif len(self._table) // kernels.ROW < self._most_rows:
                self._grow()
            else:
                self.flush()

    def flush(self) -> None:
        """Hand out what is there as a run, and start again."""
        used = int(self._state[kernels.STATE_USED])
        if used:
            self._write_run(self._sorted_rows(used))
        place = self._state[: kernels.STATE_USED].copy()
        self._start_again()
        self._state[: kernels.STATE_USED] = place

    def _start_again(self) -> None:
        self._table = np.zeros(FIRST_ROWS * kernels.ROW, np.uint64)
        self._arena = np.empty(FIRST_ARENA_BYTES, np.uint8)
        self._state = np.zeros(5, np.int64)

    def _grow(self) -> None:
        larger = np.zeros(2 * len(self._table), np.uint64)
        kernels.move_rows(self._table, larger)
        self._table = larger

    def _widen_arena(self, length: int) -> None:
        """Make room for a piece of so many bytes."""
        used = int(self._state[kernels.STATE_ARENA])
        wanted = max(2 * len(self._arena), used + length)
        if used and wanted > self._most_arena:
            self.flush()
            return
        larger = np.empty(wanted, np.uint8)
        larger[:used] = self._arena[:used]
        self._arena = larger

    def _sorted_rows(self, used: int) -> Run:
        hashes, slots = np.empty(used, np.uint64), np.empty(used, np.int64)
        kernels.used_rows(self._table, hashes, slots)
        order = np.argsort(hashes)
        for start in range(0, used, BATCH_ROWS):
            chosen = order[start : start + BATCH_ROWS]
            yield self._batch(hashes[chosen], slots[chosen])

    def _batch(self, hashes: np.ndarray, slots: np.ndarray) -> pa.RecordBatch:
        offsets = np.empty(len(slots) + 1, np.int64)
        groups, counts = np.empty(len(slots), np.int64), np.empty(len(slots), np.int64)
        kernels.read_rows(self._table, slots, offsets, groups, counts)
        data = np.empty(int(offsets[-1]), np.uint8)
        kernels.read_bytes(self._table, self._arena, slots, offsets, data)
        columns = [
            pa.array(hashes),
            binary_column(data, offsets),
            pa.array(groups.astype(np.uint32)),
            pa.array(counts),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=COUNTS_SCHEMA)


def binary_column(data: np.ndarray, offsets: np.ndarray) -> pa.Array:
    """A ``large_binary`` column over the given bytes and offsets, not copied."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)
