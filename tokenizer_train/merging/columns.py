"""The words of counts laid out by column, the parallel text behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from tokenizer_train.merging import column_kernels, words_kernels
from tokenizer_train.merging.alphabet import id_of_byte
from tokenizer_train.merging.words import MOST_POSITIONS, Symbols


@dataclass
class ColumnWords:
    """Distinct pieces of each column."""

    data: np.ndarray
    """uint8, one behind the other."""
    ends: np.ndarray
    """int64 [words]: where each ends in ``data``."""
    weighted: np.ndarray
    """int64 [words]: how often it counts."""
    seen: np.ndarray
    """int64 [words]: how often it was really seen in its column."""
    columns: np.ndarray
    """int32 [words]."""
    pieces: np.ndarray
    """int32 [words]: which distinct piece it is, all columns together."""
    distinct: int
    """Distinct pieces."""

    def single_bytes(self, columns: int) -> np.ndarray:
        """int64 [columns]: pieces of one byte, which are not laid out, as often as seen."""
        single = self.lengths == 1
        return np.bincount(self.columns[single], self.seen[single], columns).astype(np.int64)

    @property
    def lengths(self) -> np.ndarray:
        """int64 [words]: bytes of each."""
        return np.diff(self.ends, prepend=0)


@dataclass
class Columns:
    """Words laid out for merging, those of a column together."""

    symbols: Symbols
    """Of all; in the parallel text nothing weighs and nothing was seen."""
    starts: np.ndarray
    """int64 [columns + 2]: where each column begins, the parallel text behind them, the end."""
    parallel_weights: np.ndarray
    """int64 [blocks]: how often the words of a block stand in the parallel text; else 0."""
    block_sides: np.ndarray
    """int32 [blocks]: in the parallel text, whose words they are."""

    @property
    def columns(self) -> int:
        """How many there are, the parallel text aside."""
        return len(self.starts) - 2


def read_column_words(
    batches: Iterable[pa.RecordBatch], weights: np.ndarray, columns: np.ndarray
) -> ColumnWords:
    """Read the pieces of all groups that count.

    Args:
        batches: rows of counts.
        weights: int64 [groups]: what one occurrence counts.
        columns: int64 [groups]: where it counts.
    """
    kept = list(batches)  # mapped, not held
    offsets = [text_buffers(batch.column("piece"))[1] for batch in kept]
    rows, size = sum(len(o) - 1 for o in offsets), sum(int(o[-1] - o[0]) for o in offsets)
    state = np.zeros(3, np.int64)
    # Room for the most there can be; what is not written to takes no memory.
    data, ends = np.empty(size, np.uint8), np.empty(rows, np.int64)
    weighted, seen = np.empty(rows, np.int64), np.empty(rows, np.int64)
    word_columns, pieces = np.empty(rows, np.int32), np.empty(rows, np.int32)
    for batch in kept:
        column_kernels.add_column_words(
            *text_buffers(batch.column("piece")), batch.column("group").to_numpy(),
            batch.column("count").to_numpy(), weights, columns.astype(np.int32), state, data, ends,
            weighted, seen, word_columns, pieces,
        )  # fmt: skip
    words, used, distinct = state.tolist()
    return ColumnWords(
        data[:used], ends[:words], weighted[:words], seen[:words], word_columns[:words],
        pieces[:words], distinct,
    )  # fmt: skip


def lay_out_columns(
    words: ColumnWords, columns: int, parallel: ColumnWords, sides: int, min_seen: int = 1
) -> Columns:
    """Lay out the words of two bytes and more, column by column.

    Args:
        words: what is learned from.
        columns: how many there are; a column may be without words.
        parallel: pieces of the parallel text; its columns are the sides.
        sides: how many they are.
        min_seen: pieces that all columns together have seen less often are left out.

    Raises:
        ValueError: they are more than 32-bit positions can name.
    """
    parts = [(words, order) for order in _orders(words, columns, min_seen)]
    parts += [(parallel, order) for order in _orders(parallel, sides, 1)]
    blocks = [
        words_kernels.count_blocks(order, of.ends, of.weighted, of.seen) for of, order in parts
    ]
    ends = np.cumsum([0, *blocks])
    positions = int(ends[-1]) * words_kernels.BLOCK
    if positions > MOST_POSITIONS:
        raise ValueError(
            f"the distinct pieces of {columns} languages need {positions:,} positions, more than "
            f"{MOST_POSITIONS:,}: raise min_piece_count"
        )
    symbols = np.full(positions + 1, words_kernels.BORDER, np.int32)
    weighted, seen = np.zeros(ends[-1], np.int64), np.zeros(ends[-1], np.int64)
    for (of, order), begin, end in zip(parts, ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        words_kernels.lay_out(
            order, of.data, of.ends, of.weighted, of.seen, id_of_byte(),
            symbols[begin * words_kernels.BLOCK : end * words_kernels.BLOCK + 1],
            weighted[begin:end], seen[begin:end],
        )  # fmt: skip
    behind = int(ends[columns])
    parallel_weights = np.zeros(ends[-1], np.int64)
    parallel_weights[behind:] = weighted[behind:]
    weighted[behind:], seen[behind:] = 0, 0
    block_sides = np.zeros(ends[-1], np.int32)
    block_sides[behind:] = np.repeat(np.arange(sides, dtype=np.int32), blocks[columns:])
    starts = np.append(ends[: columns + 1], ends[-1]) * words_kernels.BLOCK
    return Columns(Symbols(symbols, weighted, seen), starts, parallel_weights, block_sides)


def _orders(words: ColumnWords, columns: int, min_seen: int) -> list[np.ndarray]:
    """int64 [words laid out] of each column, those of equal weight together."""
    chosen = np.flatnonzero(words.lengths > 1)
    if min_seen > 1:
        seen = np.bincount(words.pieces, words.seen)
        chosen = chosen[seen[words.pieces[chosen]] >= min_seen]
    keys = (-words.seen[chosen], -words.weighted[chosen], words.columns[chosen])
    order = chosen[np.lexsort(keys)]
    borders = np.searchsorted(words.columns[order], np.arange(columns + 1))
    return [order[borders[c] : borders[c + 1]] for c in range(columns)]
