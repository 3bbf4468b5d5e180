"""Do two documents say the same things in the same order?

The segments of both are aligned monotonically (dynamic programming over beads 1-1, 2-1, 1-2, 3-1,
1-3 and segments left out); the weight of the tokens that match within beads, by the weight of all
tokens, tells a translation from a page about the same thing.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

MOST_SEGMENTS = 192
"""Of a document; neighbours of a longer one are taken together."""
SHAPES_LEFT = (1, 1, 0, 2, 1, 3, 1)
SHAPES_RIGHT = (1, 0, 1, 1, 2, 1, 3)
SHAPE_COSTS = (0.0, 0.4, 0.4, 0.6, 0.6, 1.4, 1.4)
"""In weights of tokens, so small: they decide where tokens do not."""
MOST_PLACES = 24
"""Segments of the left document in which an entry is looked for."""

_t = array_types()
_I64 = _t["i64"].dtype
_F64 = _t["f64"].dtype


@kernel()
def group_of(segment: Scalar, count: Scalar) -> Scalar:
    """The number of a segment once neighbours are taken together."""
    return segment // ((count + MOST_SEGMENTS - 1) // MOST_SEGMENTS)


@kernel()
def place_left(
    found: np.ndarray, begin: Scalar, ends: np.ndarray, first: Scalar, count: Scalar,
    factors: np.ndarray, weights: np.ndarray, heads: np.ndarray, nexts: np.ndarray,
    places: np.ndarray, touched: np.ndarray, masses: np.ndarray,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Chain the segments of each entry of the left document; returns entries and groups."""
    size, entries, at = np.int32(0), np.int64(0), begin
    groups = np.int64(0)
    for segment in range(count):
        group = np.int32(group_of(segment, count))
        if group == groups:
            masses[group] = 0
            groups += 1
        factor = factors[first + segment]
        while at < ends[first + segment]:
            entry = found[at]
            at += 1
            if entry < 0 or weights[entry] <= 0:
                continue
            if heads[entry] < 0:
                touched[entries] = entry
                entries += 1
            elif places[heads[entry]] == group:
                continue
            places[size] = group
            nexts[size] = heads[entry]
            heads[entry] = size
            size += np.int32(1)
            masses[group] += weights[entry] * factor
    return entries, groups


@kernel()
def match_right(
    found: np.ndarray, begin: Scalar, ends: np.ndarray, first: Scalar, count: Scalar,
    factors: np.ndarray, offsets: np.ndarray, targets: np.ndarray, shares: np.ndarray,
    weights: np.ndarray, heads: np.ndarray, nexts: np.ndarray, places: np.ndarray,
    counts: np.ndarray, touched: np.ndarray, matches: np.ndarray, masses: np.ndarray,
) -> Scalar:  # fmt: skip
    """Fill ``matches[left group, right group]`` and the right masses; returns the groups."""
    at, segment, groups = begin, np.int64(0), np.int64(0)
    while segment < count:
        group = group_of(segment, count)
        entries = np.int64(0)
        factor = np.float32(0)
        while segment < count and group_of(segment, count) == group:
            factor = max(factor, factors[first + segment])
            while at < ends[first + segment]:
                row = found[at]
                at += 1
                if row < 0:
                    continue
                for k in range(offsets[row], offsets[row + 1]):
                    entry = targets[k]
                    if counts[entry] == 0:
                        touched[entries] = entry
                        entries += 1
                    counts[entry] += shares[k]
            segment += 1
        mass = 0.0
        for k in range(entries):
            entry = touched[k]
            share = min(counts[entry], np.float32(1))
            counts[entry] = 0
            weight = weights[entry] * share * factor
            mass += weight
            place, left = heads[entry], MOST_PLACES
            while place >= 0 and left > 0:
                matches[places[place] * MOST_SEGMENTS + group] += weight
                place = nexts[place]
                left -= 1
        masses[group] = mass
        groups += 1
    return groups


@kernel()
def best_path(
    matches: np.ndarray, rows: Scalar, columns: Scalar, left_masses: np.ndarray,
    right_masses: np.ndarray, scores: np.ndarray, shapes: np.ndarray,
) -> None:  # fmt: skip
    """The dynamic programme; ``shapes[row, column]`` is the bead that ends there."""
    width = columns + 1
    for row in range(rows + 1):
        for column in range(columns + 1):
            best, chosen = np.float32(-1e9), np.int8(-1)
            if row == 0 and column == 0:
                best = np.float32(0)
            for shape in range(len(SHAPE_COSTS)):
                up, back = SHAPES_LEFT[shape], SHAPES_RIGHT[shape]
                if up > row or back > column:
                    continue
                score = scores[(row - up) * width + column - back] - np.float32(SHAPE_COSTS[shape])
                if up and back:
                    matched, left, right = np.float32(0), np.float32(0), np.float32(0)
                    for k in range(row - up, row):
                        left += left_masses[k]
                        for m in range(column - back, column):
                            matched += matches[k * MOST_SEGMENTS + m]
                    for m in range(column - back, column):
                        right += right_masses[m]
                    matched = min(matched, left, right)
                    score += matched - np.float32(0.1) * abs(left - right)
                else:
                    mass = left_masses[row - 1] if up else right_masses[column - 1]
                    score -= np.float32(0.1) * mass
                if score > best:
                    best, chosen = score, np.int8(shape)
            scores[row * width + column] = best
            shapes[row * width + column] = chosen


@kernel((
    _t["i64"], _t["i64"], _t["i32"], _t["i64"], _t["i64"], _t["i64"], _t["f32"], _t["i32"],
    _t["i64"], _t["i64"], _t["i64"], _t["f32"], _t["i64"], _t["i32"], _t["f32"], _t["f32"], _F64,
    _t["w_f32"], _t["w_i64"], _t["w_i32"], _I64,
))  # fmt: skip
def order_scores(
    lefts: np.ndarray, rights: np.ndarray, left_found: np.ndarray, left_tokens: np.ndarray,
    left_ends: np.ndarray, left_segments: np.ndarray, left_factors: np.ndarray,
    right_found: np.ndarray, right_tokens: np.ndarray, right_ends: np.ndarray,
    right_segments: np.ndarray, right_factors: np.ndarray, offsets: np.ndarray,
    targets: np.ndarray, shares: np.ndarray, weights: np.ndarray, shrinkage: float,
    result: np.ndarray, bead_offsets: np.ndarray, beads: np.ndarray, with_beads: int,
) -> int:  # fmt: skip
    """Twice the weight matched in order, by the weight of both documents and the shrinkage.

    Args:
        lefts: int64 [pairs], documents.
        rights: int64 [pairs].
        left_found: int32 [tokens], entries.
        left_tokens: int64 [documents + 1], into it.
        left_ends: int64 [segments], where each ends in ``left_found``.
        left_segments: int64 [documents + 1], into ``left_ends``.
        left_factors: float32 [segments].
        right_found: int32, rows of the translation table; the next four as on the left.
        right_tokens: int64.
        right_ends: int64.
        right_segments: int64.
        right_factors: float32.
        offsets: int64 [rows + 1], as ``project`` takes the table.
        targets: int32.
        shares: float32.
        weights: float32 [entries].
        shrinkage: weight that a pair is thought to have besides, unmatched.
        result: float32 [pairs], written.
        bead_offsets: int64 [pairs + 1], written.
        beads: int32 [room * 4], written where asked for: first and last segment, left and right.
        with_beads: whether to write the beads that hold segments of both sides.

    Returns:
        Beads written.
    """
    most_left, most_right = np.int64(1), np.int64(1)
    for pair in range(len(lefts)):
        most_left = max(most_left, left_tokens[lefts[pair] + 1] - left_tokens[lefts[pair]])
        most_right = max(most_right, right_tokens[rights[pair] + 1] - right_tokens[rights[pair]])
    heads = np.full(len(weights), -1, np.int32)
    counts = np.zeros(len(weights), np.float32)
    nexts, places = np.empty(most_left, np.int32), np.empty(most_left, np.int32)
    touched, touched_right = np.empty(most_left, np.int32), np.empty(len(weights), np.int32)
    matches = np.zeros(MOST_SEGMENTS * MOST_SEGMENTS, np.float32)
    left_masses = np.empty(MOST_SEGMENTS, np.float32)
    right_masses = np.empty(MOST_SEGMENTS, np.float32)
    scores = np.empty((MOST_SEGMENTS + 1) * (MOST_SEGMENTS + 1), np.float32)
    shapes = np.empty((MOST_SEGMENTS + 1) * (MOST_SEGMENTS + 1), np.int8)
    written: Scalar = np.int64(0)
    bead_offsets[0] = 0
    for pair in range(len(lefts)):
        left, right = lefts[pair], rights[pair]
        first, count = left_segments[left], left_segments[left + 1] - left_segments[left]
        other_first = right_segments[right]
        other_count = right_segments[right + 1] - other_first
        entries, rows = place_left(
            left_found, left_tokens[left], left_ends, first, count, left_factors, weights, heads,
            nexts, places, touched, left_masses,
        )  # fmt: skip
        for k in range(rows * MOST_SEGMENTS):
            matches[k] = 0
        columns = match_right(
            right_found, right_tokens[right], right_ends, other_first, other_count, right_factors,
            offsets, targets, shares, weights, heads, nexts, places, counts, touched_right,
            matches, right_masses,
        )  # fmt: skip
        for k in range(entries):
            heads[touched[k]] = -1
        best_path(matches, rows, columns, left_masses, right_masses, scores, shapes)
        total = 0.0
        for k in range(rows):
            total += left_masses[k]
        for k in range(columns):
            total += right_masses[k]
        matched = 0.0
        row, column, width = rows, columns, columns + 1
        step = (count + MOST_SEGMENTS - 1) // MOST_SEGMENTS
        other_step = (other_count + MOST_SEGMENTS - 1) // MOST_SEGMENTS
        while row > 0 or column > 0:
            shape = shapes[row * width + column]
            up, back = SHAPES_LEFT[shape], SHAPES_RIGHT[shape]
            row -= up
            column -= back
            if up and back:
                found, one, two = 0.0, 0.0, 0.0
                for k in range(row, row + up):
                    one += left_masses[k]
                    for m in range(column, column + back):
                        found += matches[k * MOST_SEGMENTS + m]
                for m in range(column, column + back):
                    two += right_masses[m]
                matched += min(found, one, two)
                if with_beads:
                    beads[4 * written] = row * step
                    beads[4 * written + 1] = min((row + up) * step, count)
                    beads[4 * written + 2] = column * other_step
                    beads[4 * written + 3] = min((column + back) * other_step, other_count)
                    written += 1
        result[pair] = 2 * matched / (total + 2 * shrinkage)
        bead_offsets[pair + 1] = written
    return written
