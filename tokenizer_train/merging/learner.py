"""Merges from words: the kernels, and room for them that grows as it is needed.

Memory is about 12 bytes for each byte of distinct pieces: its symbol, the pair that begins there,
and, in the arena, the places of pairs that can still matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tokenizer_train.merging import merge_kernels
from tokenizer_train.merging.pairs_kernels import (
    ARENA_USED,
    BYTES,
    HEAP_SIZE,
    MAX_LENGTH,
    SLOTS_USED,
    THRESHOLD,
    TOKENS,
    compact,
    count_byte_pairs,
    count_pairs,
    fill_heap,
    list_positions,
)
from tokenizer_train.merging.token_table import TokenTable
from tokenizer_train.merging.words import Symbols
from tokenizer_train.merging.words_kernels import BLOCK

FIRST_THRESHOLD_SHARE = 40
"""The threshold begins at weighted bytes / (40 * entries): on samples of 50 to 400 MB just below
the count of the last merge, so that nothing is counted anew."""
THRESHOLD_STEP = 8
MERGES_AT_ONCE = 256
NO_LIMIT = 1 << 30
ARENA_SLACK = 1.15


@dataclass(frozen=True)
class MergeRules:
    """What may be merged."""

    aligned: bool = True
    """Never part of one character with part of another."""
    max_token_length: int | None = None
    """Bytes."""
    min_frequency: int = 1
    """A pair really seen less often is not merged."""


class Learner:
    """The arrays of one training."""

    def __init__(
        self, symbols: Symbols, table: TokenTable, rules: MergeRules, weights: np.ndarray
    ) -> None:
        """Lay out everything but the pairs.

        Args:
            symbols: the words; changed.
            table: the tokens so far, 256 bytes or more; filled.
            rules: what may be merged.
            weights: int64: those of the languages that count, of which the least and the largest
                say when a pair was surely seen often enough.
        """
        self._words = symbols
        self._table = table
        self._min_seen = max(rules.min_frequency, 1)
        self._floor = self._min_seen * int(weights.min())
        largest = int(weights.max())
        self._surely_seen = self._min_seen * largest if largest > 1 else 0
        self._state = np.zeros(6, np.int64)
        self._state[TOKENS] = table.used
        self._state[MAX_LENGTH] = rules.max_token_length or NO_LIMIT
        entries = table.entries
        self._around = np.zeros(2 * entries, np.int64)
        self._places = np.zeros(2 * entries, np.int64)
        self._stamps = np.zeros(2 * entries, np.int32)
        self._touched = np.empty(2 * entries, np.int64)
        self._slot_at = np.empty(len(symbols.symbols), np.int32)

    def learn(self, entries: int, progress: Callable[[float], None]) -> None:
        """Merge until the table has ``entries`` tokens or no pair is frequent enough.

        Args:
            entries: at most what the table has room for.
            progress: called with the share of the table that is filled.
        """
        if self._table.used >= entries:
            return
        weighted_bytes = int(self._weighted_bytes())
        share = weighted_bytes // (FIRST_THRESHOLD_SHARE * self._table.entries)
        self._state[THRESHOLD] = max(self._floor, share)
        self._list_pairs()
        while self._state[TOKENS] < entries:
            most = min(MERGES_AT_ONCE, entries - int(self._state[TOKENS]))
            why = self._merge(most)
            self._table.used = int(self._state[TOKENS])
            if why == merge_kernels.DRY:
                if self._state[THRESHOLD] <= self._floor:
                    break
                lower = int(self._state[THRESHOLD]) // THRESHOLD_STEP
                self._state[THRESHOLD] = max(self._floor, lower)
                self._list_pairs()
            elif why == merge_kernels.ARENA_SHORT:
                self._make_room()
            elif why == merge_kernels.SLOTS_SHORT:
                self._add_slots(len(self._pairs))
            progress(self._table.share_done)

    def _merge(self, most: int) -> int:
        table = self._table
        return int(
            merge_kernels.merge(
                most, self._min_seen, self._surely_seen, self._state, self._words.symbols,
                self._slot_at, self._words.block_weights, self._words.block_seen, table.lengths,
                table.kinds, table.missing, self._pairs, self._counts, self._begins, self._sizes,
                self._arena, self._heap_counts, self._heap_slots, self._around, self._places,
                self._stamps, self._touched, table.merges,
            )
        )  # fmt: skip

    def _weighted_bytes(self) -> int:
        symbols = self._words.symbols[:-1].reshape(-1, BLOCK)
        filled = np.count_nonzero(symbols >= 0, axis=1)
        return int(np.dot(filled, self._words.block_weights))

    def _list_pairs(self) -> None:
        """Count all pairs and write down where those at the threshold stand."""
        if self._state[TOKENS] == BYTES:
            keys = np.empty(0, np.int64)
            counts, sizes = np.zeros(BYTES * BYTES, np.int64), np.zeros(BYTES * BYTES, np.int64)
            count_byte_pairs(self._words.symbols, self._words.block_weights, counts, sizes)
            left, right = np.divmod(np.arange(BYTES * BYTES), BYTES)
        else:
            keys, counts, sizes = self._count_pairs()
            left, right = keys >> 32, keys & 0xFFFFFFFF
        chosen = np.flatnonzero(counts >= self._state[THRESHOLD])
        joins = self._table.may_join(left[chosen], right[chosen], int(self._state[MAX_LENGTH]))
        chosen = chosen[joins]
        slot_of_key = np.full(len(counts), -1, np.int64)
        slot_of_key[chosen] = np.arange(len(chosen))
        used = int(sizes[chosen].sum())
        self._pairs = left[chosen] << 32 | right[chosen]
        self._counts = counts[chosen]
        self._sizes = np.zeros(len(chosen), np.int64)
        self._begins = np.cumsum(sizes[chosen]) - sizes[chosen]
        self._heap_counts = np.empty(len(chosen), np.int64)
        self._heap_slots = np.empty(len(chosen), np.int32)
        self._arena = np.empty(int(used * ARENA_SLACK) + 64, np.int32)
        self._state[[SLOTS_USED, ARENA_USED, HEAP_SIZE]] = len(chosen), used, 0
        list_positions(
            self._words.symbols, self._table.lengths, keys, slot_of_key, self._sizes, self._slot_at,
            self._arena, self._begins,
        )  # fmt: skip
        fill_heap(self._state, self._pairs, self._counts, self._heap_counts, self._heap_slots)
        self._add_slots(len(chosen) + 2 * self._table.entries)

    def _count_pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        size = 1 << 20
        while True:
            keys = np.full(size, -1, np.int64)
            counts, sizes = np.zeros(size, np.int64), np.zeros(size, np.int64)
            if (
                count_pairs(
                    self._words.symbols, self._table.lengths, self._words.block_weights, keys,
                    counts, sizes,
                )
                >= 0
            ):  # fmt: skip
                return keys, counts, sizes
            size *= 4

    def _make_room(self) -> None:
        """Compact the arena; widen it where the next merge might need more than that gives."""
        compact(
            self._state, self._counts, self._begins, self._sizes, self._slot_at, self._arena
        )  # fmt: skip
        used = int(self._state[ARENA_USED])
        needed = used + 2 * int(self._sizes[: self._state[SLOTS_USED]].max(initial=0)) + 64
        if needed > len(self._arena) or used > 0.9 * len(self._arena):
            larger = np.empty(max(needed, int(len(self._arena) * ARENA_SLACK)), np.int32)
            larger[:used] = self._arena[:used]
            self._arena = larger

    def _add_slots(self, more: int) -> None:
        for name in ("_pairs", "_counts", "_begins", "_sizes", "_heap_counts", "_heap_slots"):
            before = getattr(self, name)
            larger = np.empty(len(before) + more, before.dtype)
            larger[: len(before)] = before
            setattr(self, name, larger)
