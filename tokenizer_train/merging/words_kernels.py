"""Words: distinct pieces with the weights of their languages, laid out as one row of symbols.

Words of equal weight stand together and begin at a multiple of ``BLOCK`` symbols, so that one
number for each block says what every position in it counts: a table 64 times as small as a weight
for each position, and small enough for the caches.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step

BLOCK = 32
BLOCK_BITS = 5
BORDER = -1
"""Stands before each word, and where there is none."""

t = array_types()
I64 = t["i64"].dtype


@kernel(
    (
        t["u8"], t["i64"], t["u32"], t["i64"], t["i64"], t["w_i64"], t["w_u8"], t["w_i64"],
        t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def add_words(
    data: np.ndarray,
    offsets: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
    weights: np.ndarray,
    state: np.ndarray,
    word_bytes: np.ndarray,
    word_ends: np.ndarray,
    weighted: np.ndarray,
    seen: np.ndarray,
) -> None:
    """Add rows of counts to the words; rows of one piece follow each other.

    Args:
        data: uint8, bytes of the pieces.
        offsets: int64 [rows + 1].
        groups: uint32 [rows].
        counts: int64 [rows].
        weights: int64 [groups]: what one occurrence counts; 0: nothing, the row is passed over.
        state: int64 [2]: words and bytes so far; written.
        word_bytes: uint8, written.
        word_ends: int64, written: where each word ends in ``word_bytes``.
        weighted: int64, written: count times weight, of all groups.
        seen: int64, written: how often the word was really seen.
    """
    words, used = state[0], state[1]
    for row in range(len(groups)):
        weight = weights[groups[row]]
        length = offsets[row + 1] - offsets[row]
        if weight == 0:
            continue
        start = offsets[row]
        same = False
        if words:
            before = word_ends[words - 2] if words > 1 else 0
            if word_ends[words - 1] - before == length:
                same = True
                for i in range(length):
                    if word_bytes[before + i] != data[start + i]:
                        same = False
                        break
        if not same:
            for i in range(length):
                word_bytes[used + i] = data[start + i]
            used += length
            word_ends[words] = used
            weighted[words], seen[words] = 0, 0
            words += 1
        weighted[words - 1] += weight * counts[row]
        seen[words - 1] += counts[row]
    state[0], state[1] = words, used


@kernel(
    (
        t["u8"], t["i64"], t["u32"], t["i64"], t["i64"], t["u8"], t["i64"], t["i64"], I64,
        t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def add_lost(
    data: np.ndarray,
    offsets: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
    weights: np.ndarray,
    word_bytes: np.ndarray,
    word_ends: np.ndarray,
    seen: np.ndarray,
    min_seen: int,
    state: np.ndarray,
    lost_pieces: np.ndarray,
    lost_bytes: np.ndarray,
) -> None:
    """Add up what words that were seen too seldom leave out; rows as for ``add_words``.

    Args:
        data: uint8, bytes of the pieces.
        offsets: int64 [rows + 1].
        groups: uint32 [rows].
        counts: int64 [rows].
        weights: int64 [groups].
        word_bytes: uint8: of ``add_words``.
        word_ends: int64 [words]: of ``add_words``.
        seen: int64 [words]: of ``add_words``.
        min_seen: a word seen less often is left out.
        state: int64 [1]: the word that the last row was of; written.
        lost_pieces: int64 [groups], written: added to.
        lost_bytes: int64 [groups], written: added to.
    """
    word = state[0]
    for row in range(len(groups)):
        if weights[groups[row]] == 0:
            continue
        start, length = offsets[row], offsets[row + 1] - offsets[row]
        begin = word_ends[word - 1] if word else 0
        same = word_ends[word] - begin == length
        for i in range(length):
            if not same or word_bytes[begin + i] != data[start + i]:
                same = False
                break
        if not same:
            word = word + 1
        if seen[word] < min_seen:
            lost_pieces[groups[row]] += counts[row]
            lost_bytes[groups[row]] += length * counts[row]
    state[0] = word


@step()
def blocks_of(positions: Scalar) -> Scalar:
    """Whole blocks that hold so many positions."""
    return (positions + BLOCK - 1) >> BLOCK_BITS


@kernel((t["i64"], t["i64"], t["i64"], t["i64"]))
def count_blocks(
    order: np.ndarray, word_ends: np.ndarray, weighted: np.ndarray, seen: np.ndarray
) -> int:
    """Blocks that ``lay_out`` will fill: its own arguments."""
    blocks, positions = np.int64(0), np.int64(0)
    for i in range(len(order)):
        word = order[i]
        last = order[i - 1] if i else word
        if weighted[word] != weighted[last] or seen[word] != seen[last]:
            blocks += blocks_of(positions)
            positions = np.int64(0)
        begin = word_ends[word - 1] if word else 0
        positions += word_ends[word] - begin + 1
    return blocks + blocks_of(positions)


@kernel(
    (
        t["i64"], t["u8"], t["i64"], t["i64"], t["i64"], t["i32"], t["w_i32"], t["w_i64"],
        t["w_i64"],
    )
)  # fmt: skip
def lay_out(
    order: np.ndarray,
    word_bytes: np.ndarray,
    word_ends: np.ndarray,
    weighted: np.ndarray,
    seen: np.ndarray,
    id_of_byte: np.ndarray,
    symbols: np.ndarray,
    block_weights: np.ndarray,
    block_seen: np.ndarray,
) -> None:
    """Write words as symbols, a border before each.

    Args:
        order: int64 [words laid out]: words, those of equal weight together.
        word_bytes: uint8.
        word_ends: int64 [words].
        weighted: int64 [words].
        seen: int64 [words].
        id_of_byte: int32 [256].
        symbols: int32 [blocks * BLOCK + 1], all ``BORDER``; written.
        block_weights: int64 [blocks], written.
        block_seen: int64 [blocks], written.
    """
    position, block = np.int64(0), np.int64(0)
    for i in range(len(order)):
        word = order[i]
        last = order[i - 1] if i else word
        if weighted[word] != weighted[last] or seen[word] != seen[last]:
            position = blocks_of(position) << BLOCK_BITS
        begin = word_ends[word - 1] if word else 0
        position += 1
        for at in range(begin, word_ends[word]):
            symbols[position] = id_of_byte[word_bytes[at]]
            position += 1
        while block < blocks_of(position):
            block_weights[block], block_seen[block] = weighted[word], seen[word]
            block += 1
