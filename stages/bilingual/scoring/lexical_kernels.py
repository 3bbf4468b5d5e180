"""How much of each side of a sentence pair the lexicon finds on the other side.

The evidence is that of the aligner (``alignment/matching_kernels``), looked at from either side by
itself: a sum of log-likelihood ratios, and the part of the gain to be expected that is there.
"""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel
from stages.bilingual.alignment.matching_kernels import evidence

EVIDENCE, GAINED, EXPECTED = range(3)
COLUMNS = 3
"""Of each side: sum of the log-likelihood ratios, gain found, gain that a translation has on
average."""

_t = array_types()


@kernel((
    _t["i64"], _t["i32"], _t["i64"], _t["i32"], _t["i64"], _t["i64"], _t["i64"], _t["i64"],
    _t["i64"], _t["i64"], _t["i32"], _t["f32"], _t["f32"], _t["f32"], _t["f32"], _t["f32"],
    _t["f32"], _t["w_f64"],
))  # fmt: skip
def weigh_pairs(
    left_offsets: np.ndarray, left_numbers: np.ndarray, right_offsets: np.ndarray,
    right_numbers: np.ndarray, wanted: np.ndarray, left_starts: np.ndarray, left_ends: np.ndarray,
    right_starts: np.ndarray, right_ends: np.ndarray, lexicon_offsets: np.ndarray,
    partners: np.ndarray, left_strengths: np.ndarray, right_strengths: np.ndarray,
    left_coverage: np.ndarray, right_coverage: np.ndarray, left_shares: np.ndarray,
    right_shares: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Weigh the units of the wanted pairs.

    Args:
        left_offsets: int64 [sentences + 1], into the numbers.
        left_numbers: int32, units.
        right_offsets: the same of the right side.
        right_numbers: the same.
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
        out: float64 [pairs * 2 * COLUMNS], written: the left side, then the right one.
    """
    units = len(left_coverage)
    present = np.full(units, -1, np.int64)
    best = np.zeros(units, np.float32)
    for pair in wanted:
        base = pair * 2 * COLUMNS
        for at in range(2 * COLUMNS):
            out[base + at] = 0.0
        first, last = right_offsets[right_starts[pair]], right_offsets[right_ends[pair]]
        for at in range(first, last):
            present[right_numbers[at]] = pair
            best[right_numbers[at]] = 0
        for at in range(left_offsets[left_starts[pair]], left_offsets[left_ends[pair]]):
            number = left_numbers[at]
            match = np.float32(0)
            for entry in range(lexicon_offsets[number], lexicon_offsets[number + 1]):
                partner = partners[entry]
                if present[partner] == pair:
                    match = max(match, left_strengths[entry])
                    best[partner] = max(best[partner], right_strengths[entry])
            gain, lost = evidence(
                np.float64(left_coverage[number]), 1.0, 1.0, np.float64(left_shares[number])
            )
            out[base + EVIDENCE] += lost + gain * match
            out[base + GAINED] += gain * match
            out[base + EXPECTED] += gain * left_coverage[number]
        for at in range(first, last):
            number = right_numbers[at]
            gain, lost = evidence(
                np.float64(right_coverage[number]), 1.0, 1.0, np.float64(right_shares[number])
            )
            out[base + COLUMNS + EVIDENCE] += lost + gain * best[number]
            out[base + COLUMNS + GAINED] += gain * best[number]
            out[base + COLUMNS + EXPECTED] += gain * right_coverage[number]
