"""Merges for the dearest language: ``parity_kernels``, and room for them.

Memory is that of ``learner``, about 12 bytes for each byte of a column's distinct pieces, and some
40 bytes for each cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tokenizer_train.merging import cell_kernels as kernels
from tokenizer_train.merging.columns import Columns
from tokenizer_train.merging.encode_kernels import index_merges
from tokenizer_train.merging.learner import (
    ARENA_SLACK,
    FIRST_THRESHOLD_SHARE,
    MERGES_AT_ONCE,
    NO_LIMIT,
    THRESHOLD_STEP,
    MergeRules,
)
from tokenizer_train.merging.pairs_kernels import (
    ARENA_USED,
    BYTES,
    MAX_LENGTH,
    SLOTS_USED,
    TOKENS,
    count_byte_pairs,
    count_pairs,
    list_positions,
)
from tokenizer_train.merging.parity_kernels import merge_for_dearest
from tokenizer_train.merging.token_table import TokenTable
from tokenizer_train.merging.words_kernels import BLOCK

NEVER = np.int64(1) << 62
"""A threshold that no count reaches."""
LEAST_ROOM = 4096


@dataclass(frozen=True)
class Turns:
    """Whose turn it is."""

    languages: int
    """That are served by their premiums; the columns are theirs, and one more of all others."""
    others_share: float
    """Of the merges: those that serve the others."""
    window: int
    """Merges that are looked back on; 0: none."""
    alpha: float
    """A language that got more than alpha / languages of them is passed over."""

    @property
    def most_recent(self) -> int:
        """A language served more often than so of late is passed over."""
        return int(self.alpha * self.window / self.languages) if self.window else 0


@dataclass
class _Pairs:
    """Pairs of one column."""

    keys: np.ndarray
    """int64 [pairs]: left id * 2^32 + right id, rising."""
    counts: np.ndarray
    """int64 [pairs]."""
    sizes: np.ndarray
    """int64 [pairs]: positions."""


class ParityLearner:
    """The arrays of one training."""

    def __init__(
        self,
        columns: Columns,
        table: TokenTable,
        rules: MergeRules,
        weights: Sequence[tuple[int, int]],
        turns: Turns,
        tokens: np.ndarray,
    ) -> None:
        """Lay out everything but the pairs.

        Args:
            columns: the words; changed.
            table: the tokens so far; filled.
            rules: what may be merged.
            weights: of each column, the least and the largest of its languages.
            turns: whose turn it is.
            tokens: int64 [2 * languages]: what the parallel text takes now, a language's own side
                and the pivot's; kept up to date.
        """
        self._columns, self._table, self._turns = columns, table, turns
        self._min_seen = max(rules.min_frequency, 1)
        count = columns.columns
        self._floors = np.array([self._min_seen * least for least, _ in weights], np.int64)
        self._surely_seen = np.array([self._min_seen * most for _, most in weights], np.int64)
        self._surely_seen[self._surely_seen == self._floors] = 0
        self._thresholds = np.append(np.maximum(self._floors, self._first_thresholds()), NEVER)
        self.tokens = tokens
        self.served = np.zeros(count, np.int64)
        """int64 [columns]: merges made for each."""
        self.alive = np.ones(count, np.uint8)
        """uint8 [columns]: whether a column had pairs left in the end."""
        self.tops = np.zeros(count, np.int64)
        """int64 [columns]: the count of the pair that last served each."""
        self._recent = np.zeros(count, np.int64)
        self._turn_state = np.zeros(2, np.int64)
        self._ring = np.full(turns.window, -1, np.int32)
        self._state = np.zeros(kernels.STATE_SIZE, np.int64)
        self._state[TOKENS] = table.used
        self._state[MAX_LENGTH] = rules.max_token_length or NO_LIMIT
        self._around = np.zeros(2 * table.entries, np.int64)
        self._places = np.zeros(2 * table.entries, np.int64)
        self._stamps = np.zeros(2 * table.entries, np.int32)
        self._touched = np.empty(2 * table.entries, np.int64)
        self._heads = np.full(2 * table.entries, -1, np.int64)
        self._births = np.empty(LEAST_ROOM * kernels.BIRTH, np.int64)
        self._birth_ends = np.empty(count + 1, np.int64)
        self._slot_at = np.empty(len(columns.symbols.symbols), np.int32)
        # In the parallel text a pair counts as often as it stands there, for the sums' sake.
        self._weights = columns.symbols.block_weights + columns.parallel_weights

    def learn(self, entries: int, progress: Callable[[float], None]) -> None:
        """Merge until the table has ``entries`` tokens or no language has a pair left.

        Args:
            entries: at most what the table has room for.
            progress: called with the share of the table that is filled.
        """
        if self._table.used >= entries:
            return
        self._list_cells()
        while self._table.used < entries:
            why = self._merge(min(MERGES_AT_ONCE, entries - self._table.used))
            self._table.used = int(self._state[TOKENS])
            if why == kernels.DRY:
                break
            if why == kernels.COLUMN_DRY:
                column = self._state[kernels.COLUMN]
                lower = self._thresholds[column] // THRESHOLD_STEP
                self._thresholds[column] = max(self._floors[column], lower)
                self._list_cells()
            elif why == kernels.ARENA_SHORT:
                self._make_room()
            elif why == kernels.CELLS_SHORT:
                self._add_cells(len(self._pairs) // 2 + int(self._state[kernels.NEEDED]))
            elif why == kernels.HEAPS_SHORT:
                self._widen_heaps()
            elif why == kernels.BIRTHS_SHORT:
                rows = 2 * int(self._state[kernels.NEEDED])
                self._births = np.empty(rows * kernels.BIRTH, np.int64)
            progress(self._table.share_done)

    def _first_thresholds(self) -> np.ndarray:
        """int64 [columns]: see ``FIRST_THRESHOLD_SHARE``; each as if it had the merges alone."""
        symbols, starts = self._columns.symbols, self._columns.starts
        filled = np.count_nonzero(symbols.symbols[:-1].reshape(-1, BLOCK) >= 0, axis=1)
        weighted = np.append(0, np.cumsum(filled * symbols.block_weights))
        sums = np.diff(weighted[starts[:-1] // BLOCK])
        return np.asarray(sums // (FIRST_THRESHOLD_SHARE * self._table.entries)).astype(np.int64)

    def _merge(self, most: int) -> int:
        symbols, table, turns = self._columns.symbols, self._table, self._turns
        return int(
            merge_for_dearest(
                most, self._min_seen, turns.most_recent, turns.others_share,
                self._floors, self._surely_seen, self._thresholds, self.alive, self.served,
                self._recent, self.tops, self.tokens, self._turn_state, self._ring, self._state,
                symbols.symbols, self._slot_at, self._weights, symbols.block_seen,
                self._columns.block_sides, table.lengths, table.kinds, table.missing, table.merges,
                self._pairs, self._counts, self._begins, self._sizes, self._cell_columns,
                self._arena, self._heap_begins, self._heap_sizes, self._heap_counts,
                self._heap_cells, self._around, self._places, self._stamps, self._touched,
                self._heads, self._births, self._birth_ends,
            )
        )  # fmt: skip

    def _list_cells(self) -> None:
        """Count all pairs and write down where those stand that a column may choose."""
        found = [self._count(column) for column in range(self._columns.columns + 1)]
        wanted = np.unique(
            np.concatenate(
                [
                    pairs.keys[pairs.counts >= threshold]
                    for pairs, threshold in zip(found, self._thresholds, strict=True)
                ]
            )
        )
        kept = [np.flatnonzero(np.isin(pairs.keys, wanted, assume_unique=True)) for pairs in found]
        keys, counts, sizes = (
            np.concatenate([getattr(p, name)[k] for p, k in zip(found, kept, strict=True)])
            for name in ("keys", "counts", "sizes")
        )
        columns = np.repeat(np.arange(len(kept), dtype=np.int32), [len(k) for k in kept])
        del found
        order = np.lexsort((columns, keys))
        cells = len(order)
        self._pairs, self._counts, self._sizes = keys[order], counts[order], sizes[order]
        self._cell_columns = columns[order]
        self._begins = np.cumsum(self._sizes) - self._sizes
        used = int(self._sizes.sum())
        self._arena = np.empty(int(used * ARENA_SLACK) + 64, np.int32)
        self._state[[SLOTS_USED, ARENA_USED]] = cells, used
        cell_of = np.empty(cells, np.int64)
        cell_of[order] = np.arange(cells)
        filled = np.zeros(cells, np.int64)
        ends = np.cumsum([len(k) for k in kept])
        for column, end in enumerate(ends.tolist()):
            mine = slice(end - len(kept[column]), end)
            self._list_column(column, keys[mine], cell_of[mine], filled)
        bases = self._columns.starts[:-1].astype(np.int32)
        self._arena[:used] += np.repeat(bases[self._cell_columns], self._sizes)
        self._fill_heaps()
        self._add_cells(cells // 2 + 2 * self._table.entries)

    def _span(self, column: int) -> slice:
        starts = self._columns.starts
        return slice(int(starts[column]), int(starts[column + 1]) + 1)

    def _count(self, column: int) -> _Pairs:
        """The pairs of a column that may be joined."""
        span = self._span(column)
        symbols = self._columns.symbols.symbols[span]
        weights = self._weights[span.start // BLOCK : (span.stop - 1) // BLOCK]
        if self._table.used == BYTES:
            counts, sizes = np.zeros(BYTES * BYTES, np.int64), np.zeros(BYTES * BYTES, np.int64)
            count_byte_pairs(symbols, weights, counts, sizes)
            at = np.flatnonzero(sizes)
            keys = (at // BYTES) << 32 | at % BYTES
        else:
            table, counts, sizes = self._count_in_table(symbols, weights)
            at = np.flatnonzero(table >= 0)
            at = at[np.argsort(table[at])]
            keys = table[at]
        left, right = keys >> 32, keys & 0xFFFFFFFF
        may = self._table.may_join(left, right, int(self._state[MAX_LENGTH]))
        return _Pairs(keys[may], counts[at[may]], sizes[at[may]])

    def _count_in_table(
        self, symbols: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        size = 1 << 14
        while True:
            keys = np.full(size, -1, np.int64)
            counts, sizes = np.zeros(size, np.int64), np.zeros(size, np.int64)
            if count_pairs(symbols, self._table.lengths, weights, keys, counts, sizes) >= 0:
                return keys, counts, sizes
            size *= 4

    def _list_column(
        self, column: int, keys: np.ndarray, cells: np.ndarray, filled: np.ndarray
    ) -> None:
        """Write down where the listed pairs of a column stand, counted from its beginning.

        Args:
            column: which.
            keys: int64 [pairs].
            cells: int64 [pairs]: the cell of each.
            filled: int64 [all cells]: positions written so far; written.
        """
        span = self._span(column)
        size = 1 << max(2 * len(keys), 2).bit_length()
        table, index = np.full(size, -1, np.int64), np.empty(size, np.int32)
        index_merges(keys, 0, table, index)
        cell_of_key = np.full(size, -1, np.int64)
        taken = np.flatnonzero(table >= 0)
        cell_of_key[taken] = cells[index[taken]]
        list_positions(
            self._columns.symbols.symbols[span], self._table.lengths, table, cell_of_key, filled,
            self._slot_at[span], self._arena, self._begins,
        )  # fmt: skip

    def _fill_heaps(self) -> None:
        """Heaps of all cells at their columns' thresholds, with room to grow."""
        in_heap = self._counts >= self._thresholds[self._cell_columns]
        sizes = np.bincount(self._cell_columns[in_heap], minlength=self._columns.columns)
        self._begin_heaps(2 * sizes + LEAST_ROOM)
        kernels.fill_heaps(
            len(self._counts), self._thresholds, self._pairs, self._counts, self._cell_columns,
            self._heap_begins, self._heap_sizes, self._heap_counts, self._heap_cells,
        )  # fmt: skip

    def _begin_heaps(self, room: np.ndarray) -> None:
        """Empty heaps with so much room each: int64 [columns]."""
        self._heap_begins = np.append(0, np.cumsum(room)).astype(np.int64)
        self._heap_sizes = np.zeros(len(room), np.int64)
        self._heap_counts = np.empty(int(room.sum()), np.int64)
        self._heap_cells = np.empty(int(room.sum()), np.int32)

    def _widen_heaps(self) -> None:
        begins, sizes = self._heap_begins, self._heap_sizes
        counts, cells = self._heap_counts, self._heap_cells
        room = np.maximum(np.diff(begins), 2 * sizes)
        room[self._state[kernels.COLUMN]] += self._state[kernels.NEEDED]
        self._begin_heaps(room)
        self._heap_sizes = sizes
        for old, new, size in zip(begins, self._heap_begins, sizes, strict=False):
            self._heap_counts[new : new + size] = counts[old : old + size]
            self._heap_cells[new : new + size] = cells[old : old + size]

    def _make_room(self) -> None:
        """Compact the arena; widen it where the next merge might need more than that gives."""
        kernels.compact_cells(
            self._state, self._thresholds, self._pairs, self._counts, self._cell_columns,
            self._begins, self._sizes, self._slot_at, self._arena,
        )  # fmt: skip
        used = int(self._state[ARENA_USED])
        needed = used + int(self._state[kernels.NEEDED]) + 64
        if needed > len(self._arena) or used > 0.9 * len(self._arena):
            larger = np.empty(max(needed, int(len(self._arena) * ARENA_SLACK)), np.int32)
            larger[:used] = self._arena[:used]
            self._arena = larger

    def _add_cells(self, more: int) -> None:
        for name in ("_pairs", "_counts", "_begins", "_sizes", "_cell_columns"):
            before = getattr(self, name)
            larger = np.empty(len(before) + more, before.dtype)
            larger[: len(before)] = before
            setattr(self, name, larger)
