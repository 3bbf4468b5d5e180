"""Words by column: rows of counts with their languages kept apart."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel

t = array_types()

WORDS, BYTES_USED, PIECES = 0, 1, 2
"""Of the state."""


@kernel(
    (
        t["u8"], t["i64"], t["u32"], t["i64"], t["i64"], t["i32"], t["w_i64"], t["w_u8"],
        t["w_i64"], t["w_i64"], t["w_i64"], t["w_i32"], t["w_i32"],
    )
)  # fmt: skip
def add_column_words(
    data: np.ndarray,
    offsets: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
    weights: np.ndarray,
    columns: np.ndarray,
    state: np.ndarray,
    word_bytes: np.ndarray,
    word_ends: np.ndarray,
    weighted: np.ndarray,
    seen: np.ndarray,
    word_columns: np.ndarray,
    word_pieces: np.ndarray,
) -> None:
    """Add rows of counts to the words; rows of one piece follow each other.

    A piece is one word in each column, or several where groups of another lie between.

    Args:
        data: uint8, bytes of the pieces.
        offsets: int64 [rows + 1].
        groups: uint32 [rows].
        counts: int64 [rows].
        weights: int64 [groups]: what one occurrence counts; 0: nothing, the row is passed over.
        columns: int32 [groups]: the column of each.
        state: int64 [3]: words, their bytes and pieces so far; written.
        word_bytes: uint8, written.
        word_ends: int64, written: where each word ends in ``word_bytes``.
        weighted: int64, written: count times weight.
        seen: int64, written: how often the word was really seen in its column.
        word_columns: int32, written.
        word_pieces: int32, written: which piece it is, in their order.
    """
    words, used, pieces = state[WORDS], state[BYTES_USED], state[PIECES]
    for row in range(len(groups)):
        weight = weights[groups[row]]
        if weight == 0:
            continue
        start, length = offsets[row], offsets[row + 1] - offsets[row]
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
            pieces += 1
        column = columns[groups[row]]
        if not same or word_columns[words - 1] != column:
            for i in range(length):
                word_bytes[used + i] = data[start + i]
            used += length
            word_ends[words], word_columns[words] = used, column
            word_pieces[words] = pieces - 1
            weighted[words], seen[words] = 0, 0
            words += 1
        weighted[words - 1] += weight * counts[row]
        seen[words - 1] += counts[row]
    state[WORDS], state[BYTES_USED], state[PIECES] = words, used, pieces
