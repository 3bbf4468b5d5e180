"""Where a path may run, before anything is aligned: anchors and lengths; and where one ran."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

_t = array_types()


@kernel()
def unique_sentences(
    offsets: np.ndarray, numbers: np.ndarray, first: Scalar, last: Scalar, where: np.ndarray
) -> None:
    """Write for each unit the one sentence that holds it; -2 where there are several."""
    for sentence in range(first, last):
        for at in range(offsets[sentence], offsets[sentence + 1]):
            number = numbers[at]
            where[number] = sentence - first if where[number] == -1 else -2


@kernel()
def forget(
    offsets: np.ndarray, numbers: np.ndarray, first: Scalar, last: Scalar, where: np.ndarray
) -> None:
    """Set the units of sentences ``first:last`` back to -1."""
    for at in range(offsets[first], offsets[last]):
        where[numbers[at]] = -1


@kernel()
def add_to_chain(
    row: Scalar, column: Scalar, count: Scalar, tails: np.ndarray, rows: np.ndarray,
    columns: np.ndarray, parents: np.ndarray, length: Scalar,
) -> Scalar:  # fmt: skip
    """One step of the longest increasing chain of anchors (patience sorting); its length now.

    Anchor ``count`` is (row, column); ``tails[k]`` is the anchor that ends the best chain of k + 1.
    """
    rows[count], columns[count] = row, column
    low, high = np.int64(0), length
    while low < high:
        middle = (low + high) >> 1
        if columns[tails[middle]] < column:
            low = middle + 1
        else:
            high = middle
    parents[count] = tails[low - 1] if low > 0 else -1
    tails[low] = count
    return max(length, low + 1)


@kernel()
def interpolate(
    guess: np.ndarray, begin: Scalar, row: Scalar, column: Scalar, next_row: Scalar,
    next_column: Scalar, left_reach: np.ndarray, right_reach: np.ndarray,
) -> None:  # fmt: skip
    """Fill the rows between two points of the path: equal shares of the characters between.

    The reaches are the characters up to each sentence, of either document.
    """
    total = max(left_reach[next_row] - left_reach[row], 1)
    there = right_reach[next_column] - right_reach[column]
    at = column
    for between in range(row, next_row):
        target = right_reach[column] + there * (left_reach[between] - left_reach[row]) / total
        while at < next_column and right_reach[at] < target:
            at += 1
        guess[begin + between] = at
    guess[begin + next_row] = next_column


@kernel((
    *[_t["i64"], _t["i64"], _t["i32"], _t["i32"]] * 2, _t["i64"], _t["i64"],
    _t["i64"].dtype, _t["i64"], _t["w_i32"],
))  # fmt: skip
def guess_paths(
    left_documents: np.ndarray, left_offsets: np.ndarray, left_numbers: np.ndarray,
    left_lengths: np.ndarray, right_documents: np.ndarray, right_offsets: np.ndarray,
    right_numbers: np.ndarray, right_lengths: np.ndarray, lefts: np.ndarray,
    rights: np.ndarray, numbers: int, guess_offsets: np.ndarray, guess: np.ndarray,
) -> None:  # fmt: skip
    """Guess each pair's path.

    Through what occurs once on both sides (numbers, names), by length between.

    Args:
        left_documents: see ``align_pairs``, like the next nine.
        left_offsets: int64.
        left_numbers: int32.
        left_lengths: int32.
        right_documents: int64.
        right_offsets: int64.
        right_numbers: int32.
        right_lengths: int32.
        lefts: int64 [pairs].
        rights: int64 [pairs].
        numbers: how many distinct units there are.
        guess_offsets: int64 [pairs], of a pair's first row.
        guess: int32, written: right sentences beside each number of left ones.
    """
    left_where = np.full(numbers, -1, np.int64)
    right_where = np.full(numbers, -1, np.int64)
    rows = columns = room = np.int64(0)
    for pair in range(len(lefts)):
        left, right = lefts[pair], rights[pair]
        rows = max(rows, left_documents[left + 1] - left_documents[left])
        columns = max(columns, right_documents[right + 1] - right_documents[right])
        units = left_offsets[left_documents[left + 1]] - left_offsets[left_documents[left]]
        room = max(room, units)
    tails, parents = np.empty(room + 1, np.int64), np.empty(room + 1, np.int64)
    at_rows, at_columns = np.empty(room + 1, np.int64), np.empty(room + 1, np.int64)
    left_reach, right_reach = np.empty(rows + 1), np.empty(columns + 1)
    for pair in range(len(lefts)):
        left, right = lefts[pair], rights[pair]
        first, last = left_documents[left], left_documents[left + 1]
        start, stop = right_documents[right], right_documents[right + 1]
        left_reach[0] = right_reach[0] = 0.0
        for row in range(last - first):
            left_reach[row + 1] = left_reach[row] + left_lengths[first + row] + 1
        for column in range(stop - start):
            right_reach[column + 1] = right_reach[column] + right_lengths[start + column] + 1
        unique_sentences(left_offsets, left_numbers, first, last, left_where)
        unique_sentences(right_offsets, right_numbers, start, stop, right_where)
        count = length = np.int64(0)
        latest: Scalar = np.int64(-1)
        for row in range(last - first):
            for at in range(left_offsets[first + row], left_offsets[first + row + 1]):
                number = left_numbers[at]
                if left_where[number] == row and right_where[number] >= 0 and latest < row:
                    length = add_to_chain(
                        row, right_where[number], count, tails, at_rows, at_columns, parents,
                        length,
                    )  # fmt: skip
                    count += 1
                    latest = row
        forget(left_offsets, left_numbers, first, last, left_where)
        forget(right_offsets, right_numbers, start, stop, right_where)
        row, column = last - first, stop - start
        anchor = tails[length - 1] if length > 0 else -1
        while anchor >= 0:
            interpolate(
                guess, guess_offsets[pair], at_rows[anchor], at_columns[anchor], row, column,
                left_reach, right_reach,
            )  # fmt: skip
            row, column = at_rows[anchor], at_columns[anchor]
            anchor = parents[anchor]
        interpolate(
            guess, guess_offsets[pair], 0, 0, row, column, left_reach, right_reach
        )  # fmt: skip


@kernel((
    _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["w_i32"],
))  # fmt: skip
def follow_beads(
    bead_offsets: np.ndarray, counts: np.ndarray, left_starts: np.ndarray, left_ends: np.ndarray,
    right_ends: np.ndarray, guess_offsets: np.ndarray, guess: np.ndarray,
) -> None:  # fmt: skip
    """Write the path that beads took, as ``guess_paths`` does.

    Args:
        bead_offsets: int64 [pairs], of a pair's first bead.
        counts: int64 [pairs], beads.
        left_starts: int64.
        left_ends: int64.
        right_ends: int64.
        guess_offsets: int64 [pairs].
        guess: int32, written.
    """
    for pair in range(len(counts)):
        reached = np.int64(0)
        begin = guess_offsets[pair]
        guess[begin] = 0
        for bead in range(bead_offsets[pair], bead_offsets[pair] + counts[pair]):
            reached = max(reached, right_ends[bead])
            for row in range(left_starts[bead], left_ends[bead]):
                guess[begin + row + 1] = reached
