"""Steps: the cheapest sequence of beads for two documents, in a band around a guessed path.

A bead's score is the logarithm of how much likelier its sentences are as translations than by
chance: by their units (``matching_kernels``), by their lengths, and by their place in lines and
paragraphs. Its cost is minus the score, minus the logarithm of how frequent its shape is.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.bilingual.alignment.matching_kernels import LOG_SIZES, MOST_MERGED

LEFT_SIZES = (1, 1, 0, 2, 1, 2, 3, 1, 4, 1, 2)
RIGHT_SIZES = (1, 0, 1, 1, 2, 2, 1, 3, 1, 4, 2)
"""Of the shapes; the last is two 1-1 beads that cross."""
SHAPES = 11
ADDED, CROSSED = 2, 10
STRUCTURES = 15
"""Kinds of sentences times what they begin: nothing, a line, a paragraph."""

RATIO, SPREAD, SPREAD_BY_LENGTH, MEAN, DEVIATION, LEXICAL, INNER_LINE, PARAMETERS = range(8)
"""Of the models: logarithm of right by left length; its variance, the part that shrinks with
length; mean and deviation of the logarithm of a right length; weight of the units' evidence; score
of a line that ends inside a bead."""

FARTHEST = 8.0
"""A length further off costs no more (half the square of deviations)."""


@kernel()
def describe_side(
    lengths: np.ndarray, flags: np.ndarray, first: Scalar, last: Scalar, logs: np.ndarray,
    lines: np.ndarray, structures: np.ndarray,
) -> None:  # fmt: skip
    """Write what the blocks of sentences ``first:last`` look like.

    Args:
        lengths: int32, characters of all sentences.
        flags: uint8, of all sentences.
        first: of the document.
        last: behind its last.
        logs: float64 [4, sentences], written: logarithm of a block's characters, by size - 1 and
            the block's first sentence.
        lines: float64 [4, sentences], written: line ends inside a block.
        structures: int64 [sentences], written: number of the kind and beginning of each.
    """
    for start in range(first, last):
        begins: Scalar = 2 if flags[start] & 16 else (1 if flags[start] & 8 else 0)
        kind: Scalar = min(np.int64(flags[start] & 7), 4)
        structures[start - first] = kind * 3 + begins
        total = inner = 0.0
        for size in range(MOST_MERGED):
            if start + size < last:
                total += lengths[start + size]
                inner += size > 0 and (flags[start + size] & 8) != 0
                logs[size, start - first] = np.log(total + 1.0)
                lines[size, start - first] = inner


@kernel()
def score_lengths(
    left: Scalar, logs: np.ndarray, size: Scalar, model: np.ndarray, start: Scalar, stop: Scalar,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Score one left length (a logarithm) with the right blocks ``start:stop`` of one size.

    Densities: normal in the logarithm of the ratio, against normal in the logarithm of the length.
    """
    variance = model[SPREAD] + model[SPREAD_BY_LENGTH] * np.exp(-left)
    usual = model[DEVIATION] * model[DEVIATION]
    constant = 0.5 * np.log(usual / variance)
    half, half_usual = 0.5 / variance, 0.5 / usual
    expected = left + model[RATIO]
    mean = model[MEAN] + LOG_SIZES[size - 1]
    for at in range(start, stop):
        off = logs[at] - expected
        chance = logs[at] - mean
        near = half * off * off
        by_chance = half_usual * chance * chance
        near = near if near < FARTHEST else FARTHEST
        by_chance = by_chance if by_chance < FARTHEST else FARTHEST
        out[at] = constant - near + by_chance


@kernel()
def score_shape(
    row: Scalar, left_size: Scalar, right_size: Scalar, start: Scalar, stop: Scalar,
    left: tuple[np.ndarray, ...], right: tuple[np.ndarray, ...], sums: tuple[np.ndarray, ...],
    model: np.ndarray, structures: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Score the beads of one shape that end before ``row``, by the first right sentence.

    Args:
        row: left sentences up to the beads' end.
        left_size: of the shape, at least 1.
        right_size: of the shape, at least 1.
        start: first right sentence of the first bead.
        stop: behind that of the last bead.
        left: sums of bases, and what ``describe_side`` wrote of the left document.
        right: the same of the right one.
        sums: what ``match_row`` wrote.
        model: float64 [PARAMETERS].
        structures: float64 [STRUCTURES * STRUCTURES], left by right.
        out: float64 [right sentences], written.
    """
    first = row - left_size
    slot = (row - 1) % MOST_MERGED
    weight = model[LEXICAL]
    score_lengths(
        left[1][left_size - 1, first], right[1][right_size - 1], right_size, model, start, stop,
        out,
    )  # fmt: skip
    constant = model[INNER_LINE] * left[2][left_size - 1, first]
    for sentence in range(first, row):
        constant += weight * left[0][sentence]
    line_weight = model[INNER_LINE]
    inner, places = right[2][right_size - 1], right[3]
    row_of = left[3][first] * STRUCTURES
    for at in range(start, stop):
        out[at] += constant + line_weight * inner[at] + structures[row_of + places[at]]
    for sentence in range(first, row):
        found = sums[0][sentence % MOST_MERGED, right_size - 1]
        for at in range(start, stop):
            out[at] += weight * found[at]
    bases, gains = right[0], sums[1][slot, left_size - 1]
    masses = sums[2][slot, left_size - 1]
    merged = LOG_SIZES[left_size - 1]
    for more in range(right_size):
        for at in range(start, stop):
            out[at] += weight * (bases[at + more] + gains[at + more] - merged * masses[at + more])


@kernel()
def score_crossing(
    row: Scalar, start: Scalar, stop: Scalar, left: tuple[np.ndarray, ...],
    right: tuple[np.ndarray, ...], sums: tuple[np.ndarray, ...], model: np.ndarray,
    other: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Score two 1-1 beads that cross, by the first right sentence; both must speak for it.

    Where lines or paragraphs begin tells nothing once they have moved. ``other`` is room.
    """
    weight = model[LEXICAL]
    before, after = row - 2, row - 1
    score_lengths(left[1][0, after], right[1][0], 1, model, start, stop, out)
    score_lengths(left[1][0, before], right[1][0], 1, model, start + 1, stop + 1, other)
    late, early = after % MOST_MERGED, before % MOST_MERGED
    for at in range(start, stop):
        one = left[0][after] + sums[0][late, 0, at] + right[0][at] + sums[1][late, 0, at]
        one = out[at] + weight * one
        two = left[0][before] + sums[0][early, 0, at + 1]
        two += right[0][at + 1] + sums[1][early, 0, at + 1]
        two = other[at + 1] + weight * two
        out[at] = one + two if one > 0.0 and two > 0.0 else -np.inf


@kernel()
def fill_row(
    row: Scalar, low: Scalar, high: Scalar, left: tuple[np.ndarray, ...],
    right: tuple[np.ndarray, ...], sums: tuple[np.ndarray, ...], model: np.ndarray,
    structures: np.ndarray, priors: np.ndarray, costs: np.ndarray, rooms: np.ndarray,
    shapes: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    """Fill the cells of one row, whose right sentences up to the cell are ``low`` to ``high``.

    Args:
        row: left sentences up to the cells.
        low: of the first cell.
        high: of the last cell.
        left: see ``score_shape``, like the next four.
        right: of the right document.
        sums: what ``match_row`` wrote.
        model: float64 [PARAMETERS].
        structures: float64 [STRUCTURES * STRUCTURES].
        priors: float64 [SHAPES], logarithms.
        costs: float64 [5, right sentences + 1], by row % 5; infinite outside the rows' windows.
        rooms: float64 [2, right sentences + 1].
        shapes: uint8 [cells of the row], written: the last bead's shape.
        scores: float32 [cells of the row], written: its score.
    """
    here = costs[row % 5]
    out = rooms[0]
    for shape in range(SHAPES):
        left_size, right_size = LEFT_SIZES[shape], RIGHT_SIZES[shape]
        start, stop = max(low - right_size, 0), high + 1 - right_size
        if left_size == 0 or left_size > row or start >= stop:
            continue
        if shape == CROSSED:
            score_crossing(row, start, stop, left, right, sums, model, rooms[1], out)
        elif right_size == 0:
            for at in range(start, stop):
                out[at] = 0.0
        else:
            score_shape(
                row, left_size, right_size, start, stop, left, right, sums, model, structures, out
            )
        before = costs[(row - left_size) % 5]
        prior = priors[shape]
        for at in range(start, stop):
            cost = before[at] - prior - out[at]
            if cost < here[at + right_size]:
                here[at + right_size] = cost
                shapes[at + right_size - low] = shape
                scores[at + right_size - low] = out[at]
    for column in range(low + 1, high + 1):
        cost = here[column - 1] - priors[ADDED]
        if cost < here[column]:
            here[column] = cost
            shapes[column - low] = ADDED
            scores[column - low] = 0.0
