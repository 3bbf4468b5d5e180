"""How much of each side of a sentence pair the lexicon finds on the other side, and where.

The evidence is that of the aligner (``alignment/matching_kernels``), looked at from either side by
itself: a sum of log-likelihood ratios, and the part of the gain to be expected that is there. What
a translation leaves out is mostly one stretch, its end above all: so the evidence is also summed up
by place, and the worst stretch is told. In the same way the stretch is found that looks most like
the other language, by how often each unit stands on either side of the corpus.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.bilingual.alignment.coverage_kernels import strongest_link
from stages.bilingual.alignment.matching_kernels import evidence

EVIDENCE, GAINED, EXPECTED, MISSING_RUN, MISSING_END, FOREIGN, FOREIGN_RUN = range(7)
SURPRISE, SURPRISE_RUN, SURPRISE_END, FOREIGN_PART = range(7, 11)
COLUMNS = 11
"""Of each side: sum of the log-likelihood ratios, gain found, gain that a translation has on
average; the least sum of a stretch, and of one that ends the side; the sum of logarithms of how
much likelier its units are in the other language, and the largest sum of a stretch; how far the
gain found is from that expected, in standard deviations, the least of a stretch, and of one that
ends the side; the largest mean of those logarithms in a part of the side."""
PLACES = 16
"""That a side is divided into."""
PART, LEAST_UNITS = 6, 4
"""Places of the part that looks most like the other language, and units that it must have."""
MOST_FOREIGN = 2.0
"""Of one unit."""

_t = array_types()


@kernel()
def foreignness(share: Scalar, other: Scalar, once: Scalar, other_once: Scalar) -> Scalar:
    """Logarithm of how much likelier a unit is in the other language than in its own.

    One sentence, the one that is looked at, is taken off its own count; half of one is added.
    """
    own = max(share - once, 0.0) + 0.5 * once
    value = np.log((other + 0.5 * other_once) / own)
    return min(max(value, -MOST_FOREIGN), MOST_FOREIGN)


@kernel()
def largest_run(values: np.ndarray, sign: Scalar) -> Scalar:
    """The largest sum of neighbours in ``sign * values``, 0 at least."""
    best = here = 0.0
    for at in range(len(values)):
        here = max(here + sign * values[at], 0.0)
        best = max(best, here)
    return best


@kernel()
def worst_part(values: np.ndarray, counts: np.ndarray) -> Scalar:
    """The largest mean of ``PART`` neighbouring places."""
    worst = -MOST_FOREIGN
    for at in range(PLACES - PART + 1):
        total = count = 0.0
        for place in range(at, at + PART):
            total += values[place]
            count += counts[place]
        if count >= LEAST_UNITS:
            worst = max(worst, total / count)
    return worst


@kernel()
def least_end(values: np.ndarray) -> Scalar:
    """The least sum of last values, 0 at most."""
    least = total = 0.0
    for at in range(len(values) - 1, -1, -1):
        total += values[at]
        least = min(least, total)
    return least


@kernel()
def weigh_side(
    offsets: np.ndarray, numbers: np.ndarray, places: np.ndarray, start: Scalar, stop: Scalar,
    matches: np.ndarray, coverage: np.ndarray, shares: np.ndarray, other_shares: np.ndarray,
    once: Scalar, other_once: Scalar, rooms: np.ndarray, out: np.ndarray, base: Scalar,
) -> None:  # fmt: skip
    """Write the columns of one side, whose sentences are ``start:stop``.

    ``matches`` has how well each unit's number is matched; ``rooms`` is float64 [4, PLACES].
    """
    for at in range(COLUMNS):
        out[base + at] = 0.0
    rooms[:, :] = 0.0
    found, foreign, surprise, many = rooms[0], rooms[1], rooms[2], rooms[3]
    variance = 1.0
    first, last = offsets[start], offsets[stop]
    total = max(last - first, 1)
    for sentence in range(start, stop):
        begin, end = offsets[sentence], offsets[sentence + 1]
        for at in range(begin, end):
            number = numbers[at]
            gain, lost = evidence(
                np.float64(coverage[number]), 1.0, 1.0, np.float64(shares[number])
            )
            match = np.float64(matches[number])
            place = (begin - first) + (np.int64(places[at]) * (end - begin) >> 8)
            place = place * PLACES // total
            found[place] += lost + gain * match
            expected = np.float64(coverage[number])
            surprise[place] += gain * (match - expected)
            variance += gain * gain * expected * (1.0 - expected)
            many[place] += 1.0
            other = foreignness(
                np.float64(shares[number]), np.float64(other_shares[number]), once, other_once
            )
            foreign[place] += other
            out[base + EVIDENCE] += lost + gain * match
            out[base + GAINED] += gain * match
            out[base + EXPECTED] += gain * coverage[number]
            out[base + FOREIGN] += other
    out[base + MISSING_RUN] = -largest_run(found, -1.0)
    out[base + MISSING_END] = least_end(found)
    out[base + FOREIGN_RUN] = largest_run(foreign, 1.0)
    scale = np.sqrt(variance)
    out[base + SURPRISE] = surprise.sum() / scale
    out[base + SURPRISE_RUN] = -largest_run(surprise, -1.0) / scale
    out[base + SURPRISE_END] = least_end(surprise) / scale
    out[base + FOREIGN_PART] = worst_part(foreign, many)


@kernel((
    _t["i64"], _t["i32"], _t["u8"], _t["i64"], _t["i32"], _t["u8"], _t["i64"], _t["i64"],
    _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["i32"], _t["f32"], _t["f32"], _t["f32"],
    _t["f32"], _t["f32"], _t["f32"], _t["f64"].dtype, _t["f64"].dtype, _t["w_f64"],
))  # fmt: skip
def weigh_pairs(
    left_offsets: np.ndarray, left_numbers: np.ndarray, left_places: np.ndarray,
    right_offsets: np.ndarray, right_numbers: np.ndarray, right_places: np.ndarray,
    wanted: np.ndarray, left_starts: np.ndarray, left_ends: np.ndarray,
    right_starts: np.ndarray, right_ends: np.ndarray, lexicon_offsets: np.ndarray,
    partners: np.ndarray, left_strengths: np.ndarray, right_strengths: np.ndarray,
    left_coverage: np.ndarray, right_coverage: np.ndarray, left_shares: np.ndarray,
    right_shares: np.ndarray, left_once: float, right_once: float, out: np.ndarray,
) -> None:  # fmt: skip
    """Weigh the units of the wanted pairs.

    Args:
        left_offsets: int64 [sentences + 1], into the numbers.
        left_numbers: int32, units.
        left_places: uint8, where in its sentence each stands, in 256ths.
        right_offsets: the same of the right side.
        right_numbers: the same.
        right_places: the same.
        wanted: int64, numbers of pairs; the others are left alone.
        left_starts: int64 [pairs], first sentence.
        left_ends: int64 [pairs], behind the last.
        right_starts: int64 [pairs].
        right_ends: int64 [pairs].
        lexicon_offsets: int64 [units + 1], into the next three.
        partners: int32.
        left_strengths: float32.
        right_strengths: float32.
        left_coverage: float32 [units].
        right_coverage: float32 [units].
        left_shares: float32 [units], of the sentences of the side.
        right_shares: float32 [units].
        left_once: share of a unit that stands in one sentence.
        right_once: the same.
        out: float64 [pairs * 2 * COLUMNS], written: the left side, then the right one.
    """
    units = len(left_coverage)
    present = np.full(units, -1, np.int64)
    matched, best = np.zeros(units, np.float32), np.zeros(units, np.float32)
    rooms = np.empty((4, PLACES))
    for pair in wanted:
        base = pair * 2 * COLUMNS
        for at in range(right_offsets[right_starts[pair]], right_offsets[right_ends[pair]]):
            present[right_numbers[at]] = pair
            best[right_numbers[at]] = 0
        for at in range(left_offsets[left_starts[pair]], left_offsets[left_ends[pair]]):
            number = left_numbers[at]
            match = strongest_link(
                number, pair, present, lexicon_offsets, partners, left_strengths, right_strengths,
                best,
            )  # fmt: skip
            matched[number] = match
        weigh_side(
            left_offsets, left_numbers, left_places, left_starts[pair], left_ends[pair], matched,
            left_coverage, left_shares, right_shares, left_once, right_once, rooms, out, base,
        )  # fmt: skip
        weigh_side(
            right_offsets, right_numbers, right_places, right_starts[pair], right_ends[pair], best,
            right_coverage, right_shares, left_shares, right_once, left_once, rooms, out,
            base + COLUMNS,
        )  # fmt: skip
