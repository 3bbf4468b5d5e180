"""The words of a file of counts, with the weights of their languages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formats.buffers import text_buffers
from tokenizer_train.counting.counts_file import read_batches, read_info
from tokenizer_train.merging import words_kernels as kernels
from tokenizer_train.merging.alphabet import id_of_byte

MOST_POSITIONS = (1 << 31) - 64
"""Positions are 32-bit numbers."""


@dataclass
class Words:
    """Distinct pieces that are learned from."""

    data: np.ndarray
    """uint8, one behind the other."""
    ends: np.ndarray
    """int64 [words]: where each ends in ``data``."""
    weighted: np.ndarray
    """int64 [words]: how often it counts."""
    seen: np.ndarray
    """int64 [words]: how often it was really seen, in all languages that count."""

    @property
    def lengths(self) -> np.ndarray:
        """int64 [words]: bytes of each."""
        return np.diff(self.ends, prepend=0)


@dataclass
class Symbols:
    """Words laid out for merging."""

    symbols: np.ndarray
    """int32 [positions + 1]."""
    block_weights: np.ndarray
    """int64 [blocks]."""
    block_seen: np.ndarray
    """int64 [blocks]."""


def read_words(path: str, weights: np.ndarray) -> Words:
    """Add up the pieces of all groups that count.

    Args:
        path: a file of counts.
        weights: int64 [groups]: what one occurrence counts.
    """
    rows, size = 0, 0
    for batch in read_batches(path):
        offsets = text_buffers(batch.column("piece"))[1]
        rows += batch.num_rows
        size += int(offsets[-1] - offsets[0])
    state = np.zeros(2, np.int64)
    # Room for the most there can be; what is not written to takes no memory.
    data, ends = np.empty(size, np.uint8), np.empty(rows, np.int64)
    weighted, seen = np.empty(rows, np.int64), np.empty(rows, np.int64)
    for batch in read_batches(path):
        kernels.add_words(
            *text_buffers(batch.column("piece")), batch.column("group").to_numpy(),
            batch.column("count").to_numpy(), weights, state, data, ends, weighted, seen,
        )  # fmt: skip
    words, used = int(state[0]), int(state[1])
    return Words(data[:used], ends[:words], weighted[:words], seen[:words])


def lay_out(words: Words, min_seen: int) -> Symbols:
    """Lay out words of two bytes and more that were seen often enough.

    Raises:
        ValueError: they are more than 32-bit positions can name.
    """
    chosen = np.flatnonzero((words.lengths > 1) & (words.seen >= min_seen))
    keys = (-words.seen[chosen], -words.weighted[chosen])
    order = chosen[np.lexsort(keys)]
    arrays = (words.ends, words.weighted, words.seen)
    blocks = kernels.count_blocks(order, *arrays)
    if blocks * kernels.BLOCK > MOST_POSITIONS:
        raise ValueError(
            f"{len(order):,} distinct pieces need {blocks * kernels.BLOCK:,} positions, more than "
            f"{MOST_POSITIONS:,}: raise min_piece_count"
        )
    symbols = np.full(blocks * kernels.BLOCK + 1, kernels.BORDER, np.int32)
    weights, seen = np.empty(blocks, np.int64), np.empty(blocks, np.int64)
    kernels.lay_out(order, words.data, *arrays, id_of_byte(), symbols, weights, seen)
    return Symbols(symbols, weights, seen)


def lost_pieces(
    path: str, weights: np.ndarray, words: Words, min_seen: int
) -> dict[str, tuple[int, int]]:
    """What is left out because it was seen too seldom.

    Args:
        path: the file of counts that the words come from.
        weights: int64 [groups]: those of ``read_words``.
        words: ``read_words``.
        min_seen: words seen less often are left out.

    Returns:
        Language -> pieces and bytes of text that are left out.
    """
    groups = read_info(path).groups
    lost = np.zeros((2, len(groups)), np.int64)
    state = np.zeros(1, np.int64)
    if min_seen > 1:
        for batch in read_batches(path):
            kernels.add_lost(
                *text_buffers(batch.column("piece")), batch.column("group").to_numpy(),
                batch.column("count").to_numpy(), weights, words.data, words.ends, words.seen,
                min_seen, state, lost[0], lost[1],
            )  # fmt: skip
    sums: dict[str, tuple[int, int]] = {}
    for group, pieces, size in zip(groups, lost[0].tolist(), lost[1].tolist(), strict=True):
        before = sums.get(group.language, (0, 0))
        sums[group.language] = (before[0] + pieces, before[1] + size)
    return sums
