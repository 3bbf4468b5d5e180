"""Align pairs of documents: the loop over pairs, rows and the way back."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.bilingual.alignment.beads_kernels import (
    CROSSED,
    LEFT_SIZES,
    RIGHT_SIZES,
    describe_side,
    fill_row,
)
from stages.bilingual.alignment.matching_kernels import (
    MOST_MERGED,
    chain_units,
    match_row,
    weigh_side,
)

_t = array_types()
_SIDE = (_t["i64"], _t["i64"], _t["i32"], _t["i32"], _t["u8"])


@kernel()
def set_window(
    guess: np.ndarray, first: Scalar, rows: Scalar, columns: Scalar, width: Scalar,
    lows: np.ndarray,
) -> None:  # fmt: skip
    """Write each row's first cell: around the guess, from corner to corner.

    It never goes back and never moves on by more than half a width; the width must allow that.
    """
    final = max(columns + 1 - width, 0)
    lows[0] = 0
    for row in range(1, rows + 1):
        low = min(max(np.int64(guess[first + row]) - width // 2, lows[row - 1]), final)
        lows[row] = min(low, lows[row - 1] + width // 2)
    lows[rows] = final
    for row in range(rows - 1, 0, -1):
        lows[row] = max(lows[row], lows[row + 1] - width // 2)


@kernel()
def trace_back(
    rows: Scalar, columns: Scalar, width: Scalar, lows: np.ndarray, shapes: np.ndarray,
    scores: np.ndarray, out: tuple[np.ndarray, ...], first: Scalar,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Write the beads of the cheapest path, in order, from ``first`` on.

    Returns:
        How many; whether the path ran along the edge of its band, so that a wider one may hold a
        better path.
    """
    left_starts, left_ends, right_starts, right_ends, bead_scores = out
    count = np.int64(0)
    edge = False
    row, column = rows, columns
    while row > 0 or column > 0:
        low = lows[row]
        edge |= (low > 0 and column - low < 2) or (
            low + width <= columns and low + width - column <= 2
        )
        cell = row * width + column - low
        shape = shapes[cell]
        left_size, right_size = LEFT_SIZES[shape], RIGHT_SIZES[shape]
        for part in range(2 if shape == CROSSED else 1):
            at = first + count
            left_starts[at], left_ends[at] = row - left_size, row
            right_starts[at], right_ends[at] = column - right_size, column
            bead_scores[at] = scores[cell]
            if shape == CROSSED:  # the later left sentence first: the order is reversed below
                left_starts[at], left_ends[at] = row - part - 1, row - part
                right_starts[at], right_ends[at] = column - 2 + part, column - 1 + part
                bead_scores[at] = scores[cell] / np.float32(2)
            count += 1
        row -= left_size
        column -= right_size
    for low_at in range(count // 2):
        one, other = first + low_at, first + count - 1 - low_at
        left_starts[one], left_starts[other] = left_starts[other], left_starts[one]
        left_ends[one], left_ends[other] = left_ends[other], left_ends[one]
        right_starts[one], right_starts[other] = right_starts[other], right_starts[one]
        right_ends[one], right_ends[other] = right_ends[other], right_ends[one]
        bead_scores[one], bead_scores[other] = bead_scores[other], bead_scores[one]
    return count, edge


@kernel((
    *_SIDE, *_SIDE, _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["i32"], _t["i64"],
    _t["i64"], _t["i32"], _t["f32"], _t["f32"], _t["f32"], _t["f32"], _t["f32"], _t["f32"],
    _t["f64"], _t["f64"], _t["f64"], _t["i64"],
    _t["w_i64"], _t["w_i64"], _t["w_i64"], _t["w_i64"], _t["w_f32"], _t["w_i64"], _t["w_b1"],
))  # fmt: skip
def align_pairs(
    left_documents: np.ndarray, left_offsets: np.ndarray, left_numbers: np.ndarray,
    left_lengths: np.ndarray, left_flags: np.ndarray, right_documents: np.ndarray,
    right_offsets: np.ndarray, right_numbers: np.ndarray, right_lengths: np.ndarray,
    right_flags: np.ndarray, lefts: np.ndarray, rights: np.ndarray, wanted: np.ndarray,
    guess_offsets: np.ndarray, guess: np.ndarray, widths: np.ndarray,
    lexicon_offsets: np.ndarray, partners: np.ndarray, left_strengths: np.ndarray,
    right_strengths: np.ndarray, left_coverage: np.ndarray, right_coverage: np.ndarray,
    left_shares: np.ndarray, right_shares: np.ndarray, model: np.ndarray, structures: np.ndarray,
    priors: np.ndarray, bead_offsets: np.ndarray, left_starts: np.ndarray,
    left_ends: np.ndarray, right_starts: np.ndarray, right_ends: np.ndarray,
    scores: np.ndarray, counts: np.ndarray, edges: np.ndarray,
) -> None:  # fmt: skip
    """Align the wanted pairs.

    Args:
        left_documents: int64 [documents + 1], into the sentences.
        left_offsets: int64 [sentences + 1], into the units.
        left_numbers: int32 [units], their numbers, shared by both sides.
        left_lengths: int32 [sentences], characters.
        left_flags: uint8 [sentences].
        right_documents: the same of the right side.
        right_offsets: the same.
        right_numbers: the same.
        right_lengths: the same.
        right_flags: the same.
        lefts: int64 [pairs], left document of each.
        rights: int64 [pairs], right document.
        wanted: int64, the pairs to align.
        guess_offsets: int64 [pairs], of a pair's first row in ``guess``.
        guess: int32: right sentences beside each number of left ones, 0 to all of them.
        widths: int64 [pairs], of the band.
        lexicon_offsets: int64 [numbers + 1], into the next three.
        partners: int32, right units that translate a left one.
        left_strengths: float32, how well the left unit is matched by it, 0 to 1.
        right_strengths: float32, how well the right one is.
        left_coverage: float32 [numbers], how often a unit is matched in true beads.
        right_coverage: float32 [numbers], of right units.
        left_shares: float32 [numbers], share of all sentences that hold the unit.
        right_shares: float32 [numbers], of right sentences.
        model: float64 [PARAMETERS].
        structures: float64 [STRUCTURES * STRUCTURES].
        priors: float64 [SHAPES], logarithms.
        bead_offsets: int64 [pairs], where a pair's beads are written: it has at most as many as
            sentences.
        left_starts: int64, written: first sentence, counted from 0 in the document.
        left_ends: int64, written: behind the last.
        right_starts: int64, written.
        right_ends: int64, written.
        scores: float32, written.
        counts: int64 [pairs], written: beads.
        edges: bool [pairs], written: the path touched the band's edge.
    """
    rows = columns = left_room = right_room = cells = np.int64(1)
    for pair in wanted:
        left, right = lefts[pair], rights[pair]
        first, last = left_documents[left], left_documents[left + 1]
        start, stop = right_documents[right], right_documents[right + 1]
        rows = max(rows, last - first)
        columns = max(columns, stop - start)
        left_room = max(left_room, left_offsets[last] - left_offsets[first])
        right_room = max(right_room, right_offsets[stop] - right_offsets[start])
        cells = max(cells, (last - first + 1) * min(widths[pair], stop - start + 1))
    shapes, cell_scores = np.empty(cells, np.uint8), np.empty(cells, np.float32)
    lows = np.empty(rows + 1, np.int64)
    left_gains, right_gains = np.empty(left_room), np.empty(right_room)
    left_bases, right_bases = np.empty(rows), np.empty(columns)
    left_logs, right_logs = np.empty((4, rows)), np.empty((4, columns))
    unit_counts = np.zeros(len(left_coverage), np.int32)
    heads = np.full(len(left_coverage), -1, np.int64)
    following, owners = np.empty(right_room, np.int64), np.empty(right_room, np.int64)
    values, touched = np.zeros(columns), np.empty(max(columns, right_room), np.int64)
    best, recent = np.zeros((4, right_room)), np.zeros((4, right_room + 1), np.int64)
    left_sums, right_sums = np.empty((4, 4, columns)), np.empty((4, 4, columns))
    right_masses = np.empty((4, 4, columns))
    left_lines, right_lines = np.empty((4, rows)), np.empty((4, columns))
    left_places, right_places = np.empty(rows, np.int64), np.empty(columns, np.int64)
    costs, rooms = np.empty((5, columns + 1)), np.empty((2, columns + 1))
    lexicon = (lexicon_offsets, partners, left_strengths, right_strengths)
    out = (left_starts, left_ends, right_starts, right_ends, scores)
    for pair in wanted:
        left, right = lefts[pair], rights[pair]
        first, last = left_documents[left], left_documents[left + 1]
        start, stop = right_documents[right], right_documents[right + 1]
        rows, columns = last - first, stop - start
        width = min(widths[pair], columns + 1)
        set_window(guess, guess_offsets[pair], rows, columns, width, lows)
        weigh_side(
            left_offsets, left_numbers, first, last, left_coverage, left_shares, unit_counts,
            left_gains, left_bases,
        )  # fmt: skip
        weigh_side(
            right_offsets, right_numbers, start, stop, right_coverage, right_shares, unit_counts,
            right_gains, right_bases,
        )  # fmt: skip
        describe_side(left_lengths, left_flags, first, last, left_logs, left_lines, left_places)
        describe_side(
            right_lengths, right_flags, start, stop, right_logs, right_lines, right_places
        )
        chain_units(right_offsets, right_numbers, start, stop, heads, following, owners)
        for slot in range(MOST_MERGED):
            for position in range(1, recent[slot, 0] + 1):
                best[slot, recent[slot, position]] = 0.0
            recent[slot, 0] = 0
        one = (left_bases, left_logs, left_lines, left_places)
        other = (right_bases, right_logs, right_lines, right_places)
        costs[:, : columns + 1] = np.inf
        known = np.int64(0)
        for row in range(rows + 1):
            low = lows[row]
            high = min(low + width - 1, columns)
            reach = min(lows[min(row + MOST_MERGED, rows)] + width, columns + 1)
            costs[row % 5, max(low - 5, 0) : reach] = np.inf
            if row == 0:
                costs[0, 0] = 0.0
            else:
                right_end = min(high + MOST_MERGED, columns)
                for column in range(known, right_end):
                    left_sums[:, :, column] = 0.0
                    right_sums[:, :, column] = 0.0
                    right_masses[:, :, column] = 0.0
                known = right_end
                match_row(
                    row - 1, left_offsets, left_numbers, first + row - 1, left_offsets[first],
                    left_gains, max(low - MOST_MERGED, 0), right_end, lexicon,
                    (heads, following, owners), right_gains, (values, touched, best, recent),
                    left_sums, right_sums, right_masses,
                )  # fmt: skip
            fill_row(
                row, low, high, one, other, (left_sums, right_sums, right_masses), model,
                structures, priors, costs, rooms, shapes[row * width : (row + 1) * width],
                cell_scores[row * width : (row + 1) * width],
            )  # fmt: skip
        counts[pair], edges[pair] = trace_back(
            rows, columns, width, lows, shapes, cell_scores, out, bead_offsets[pair]
        )
        for at in range(right_offsets[start], right_offsets[stop]):
            heads[right_numbers[at]] = -1
