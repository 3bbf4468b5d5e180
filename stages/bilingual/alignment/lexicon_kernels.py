"""IBM Model 1 (Brown et al. 1993, "The mathematics of statistical machine translation").

A **cell** is a pair of units that stand in one bead. All cells of all beads are laid out once, each
with the number of its pair; a step of expectation-maximisation then reads them in order.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64

MOST_IN_BEAD = 64
"""Units of one side; a longer bead teaches little and costs much."""
NOTHING = 0.01
"""Probability of any unit given the empty word, which stands in every sentence."""

_t = array_types()


@kernel()
def collect(
    offsets: np.ndarray, numbers: np.ndarray, useful: np.ndarray, start: Scalar, stop: Scalar,
    out: np.ndarray,
) -> Scalar:  # fmt: skip
    """Write the useful units of sentences ``start:stop``; returns how many, or -1: too many."""
    count = 0
    for at in range(offsets[start], offsets[stop]):
        number = numbers[at]
        if useful[number]:
            if count == MOST_IN_BEAD:
                return -1
            out[count] = number
            count += 1
    return count


@kernel((
    _t["i64"], _t["i32"], _t["b1"], _t["i64"], _t["i32"], _t["b1"], _t["i64"], _t["i64"],
    _t["i64"], _t["i64"], _t["w_i64"], _t["w_i32"],
))  # fmt: skip
def count_cells(
    left_offsets: np.ndarray, left_numbers: np.ndarray, left_useful: np.ndarray,
    right_offsets: np.ndarray, right_numbers: np.ndarray, right_useful: np.ndarray,
    left_starts: np.ndarray, left_ends: np.ndarray, right_starts: np.ndarray,
    right_ends: np.ndarray, cell_offsets: np.ndarray, widths: np.ndarray,
) -> None:  # fmt: skip
    """How many cells each bead has; none where one side has too many units.

    Args:
        left_offsets: int64 [sentences + 1], into the numbers.
        left_numbers: int32, the units' numbers.
        left_useful: bool [units], those that take part.
        right_offsets: the same of the right side.
        right_numbers: the same.
        right_useful: the same.
        left_starts: int64 [beads], first sentence.
        left_ends: int64 [beads].
        right_starts: int64 [beads].
        right_ends: int64 [beads].
        cell_offsets: int64 [beads + 1], written.
        widths: int32 [beads], written: the units of the right side.
    """
    left = np.empty(MOST_IN_BEAD, np.int32)
    right = np.empty(MOST_IN_BEAD, np.int32)
    cell_offsets[0] = 0
    for bead in range(len(left_starts)):
        rows = collect(
            left_offsets, left_numbers, left_useful, left_starts[bead], left_ends[bead], left
        )
        columns = collect(
            right_offsets, right_numbers, right_useful, right_starts[bead], right_ends[bead], right
        )
        widths[bead] = max(columns, 0)
        cell_offsets[bead + 1] = cell_offsets[bead] + max(rows, 0) * max(columns, 0)


@kernel((
    _t["i64"], _t["i32"], _t["b1"], _t["i64"], _t["i32"], _t["b1"], _t["i64"], _t["i64"],
    _t["i64"], _t["i64"], _t["i64"], _t["w_u64"], _t["w_i32"], _t["w_u64"], _t["w_i32"],
))  # fmt: skip
def number_cells(
    left_offsets: np.ndarray, left_numbers: np.ndarray, left_useful: np.ndarray,
    right_offsets: np.ndarray, right_numbers: np.ndarray, right_useful: np.ndarray,
    left_starts: np.ndarray, left_ends: np.ndarray, right_starts: np.ndarray,
    right_ends: np.ndarray, cell_offsets: np.ndarray, keys: np.ndarray, slots: np.ndarray,
    pairs: np.ndarray, cells: np.ndarray,
) -> int:  # fmt: skip
    """Number the pairs of units, in order of appearance, and write each cell's.

    Args:
        left_offsets: see ``count_cells``, like the next nine.
        left_numbers: int32.
        left_useful: bool.
        right_offsets: int64.
        right_numbers: int32.
        right_useful: bool.
        left_starts: int64.
        left_ends: int64.
        right_starts: int64.
        right_ends: int64.
        cell_offsets: int64 [beads + 1], as that wrote it.
        keys: uint64 [power of two], 0 where empty: a hash table of pairs.
        slots: int32 [as long].
        pairs: uint64 [room], written: left number << 32 | right number.
        cells: int32 [cells], written: row by row of each bead.

    Returns:
        How many pairs there are; -1 where more than half of the table filled up.
    """
    left = np.empty(MOST_IN_BEAD, np.int32)
    right = np.empty(MOST_IN_BEAD, np.int32)
    mask = np.uint64(len(keys) - 1)
    count = 0
    for bead in range(len(left_starts)):
        if cell_offsets[bead + 1] == cell_offsets[bead]:
            continue
        rows = collect(
            left_offsets, left_numbers, left_useful, left_starts[bead], left_ends[bead], left
        )
        columns = collect(
            right_offsets, right_numbers, right_useful, right_starts[bead], right_ends[bead], right
        )
        if 2 * (count + rows * columns) > len(keys):
            return -1
        cell = cell_offsets[bead]
        for row in range(rows):
            for column in range(columns):
                pair = np.uint64(left[row]) << np.uint64(32) | np.uint64(right[column])
                key = pair + np.uint64(1)
                at = mix64(key) & mask
                while keys[at] != 0 and keys[at] != key:
                    at = (at + np.uint64(1)) & mask
                if keys[at] == 0:
                    keys[at] = key
                    slots[at] = count
                    pairs[count] = pair
                    count += 1
                cells[cell] = slots[at]
                cell += 1
    return count


@kernel((
    _t["i64"], _t["i32"], _t["i32"], _t["b1"], _t["u64"], _t["f32"], _t["f32"], _t["w_f32"],
    _t["w_f32"],
))  # fmt: skip
def expect(
    cell_offsets: np.ndarray, widths: np.ndarray, cells: np.ndarray, wanted: np.ndarray,
    pairs: np.ndarray, forward: np.ndarray, backward: np.ndarray, forward_counts: np.ndarray,
    backward_counts: np.ndarray,
) -> None:  # fmt: skip
    """One expectation step of both directions over the wanted beads.

    Args:
        cell_offsets: int64 [beads + 1].
        widths: int32 [beads].
        cells: int32 [cells].
        wanted: bool [beads].
        pairs: uint64 [pairs], not read; its length is the number of pairs.
        forward: float32 [pairs], probability of the right unit given the left one.
        backward: float32 [pairs], the other way.
        forward_counts: float32 [pairs], expected counts are added.
        backward_counts: float32 [pairs], the same.
    """
    for bead in range(len(wanted)):
        if not wanted[bead] or cell_offsets[bead + 1] == cell_offsets[bead]:
            continue
        first = cell_offsets[bead]
        columns = widths[bead]
        rows = (cell_offsets[bead + 1] - first) // columns
        for column in range(columns):
            total = np.float32(NOTHING)
            for row in range(rows):
                total += forward[cells[first + row * columns + column]]
            for row in range(rows):
                cell = cells[first + row * columns + column]
                forward_counts[cell] += forward[cell] / total
        for row in range(rows):
            total = np.float32(NOTHING)
            for column in range(columns):
                total += backward[cells[first + row * columns + column]]
            for column in range(columns):
                cell = cells[first + row * columns + column]
                backward_counts[cell] += backward[cell] / total


@kernel((_t["u64"], _t["w_f32"], _t["w_f32"], _t["w_f64"], _t["w_f64"]))
def maximise(
    pairs: np.ndarray, forward: np.ndarray, backward: np.ndarray, left_totals: np.ndarray,
    right_totals: np.ndarray,
) -> None:  # fmt: skip
    """Counts to probabilities, in place.

    Args:
        pairs: uint64 [pairs].
        forward: float32 [pairs], counts; divided by the total of the left unit.
        backward: float32 [pairs], by the total of the right unit.
        left_totals: float64 [units], 0; written.
        right_totals: float64 [units], 0; written.
    """
    for pair in range(len(pairs)):
        left_totals[pairs[pair] >> np.uint64(32)] += forward[pair]
        right_totals[pairs[pair] & np.uint64(0xFFFFFFFF)] += backward[pair]
    for pair in range(len(pairs)):
        forward[pair] /= np.float32(left_totals[pairs[pair] >> np.uint64(32)] + 1e-9)
        backward[pair] /= np.float32(right_totals[pairs[pair] & np.uint64(0xFFFFFFFF)] + 1e-9)
