"""How often a unit of one side is matched on the other side of a true bead."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

_t = array_types()


@kernel()
def strongest_link(
    number: Scalar, mark: Scalar, present: np.ndarray, lexicon_offsets: np.ndarray,
    partners: np.ndarray, left_strengths: np.ndarray, right_strengths: np.ndarray,
    best: np.ndarray,
) -> Scalar:  # fmt: skip
    """The strongest link of a left unit to the right units marked as present.

    ``best`` of each of these rises to the strength of the link seen from its side.
    """
    match = np.float32(0)
    for entry in range(lexicon_offsets[number], lexicon_offsets[number + 1]):
        partner = partners[entry]
        if present[partner] == mark:
            match = max(match, left_strengths[entry])
            best[partner] = max(best[partner], right_strengths[entry])
    return match


@kernel((
    _t["i64"], _t["i32"], _t["i64"], _t["i32"], _t["i64"], _t["i64"], _t["i64"], _t["i64"],
    _t["i64"], _t["i32"], _t["f32"], _t["f32"], _t["w_f32"], _t["w_f32"], _t["w_f32"],
    _t["w_f32"],
))  # fmt: skip
def count_matches(
    left_offsets: np.ndarray, left_numbers: np.ndarray, right_offsets: np.ndarray,
    right_numbers: np.ndarray, left_starts: np.ndarray, left_ends: np.ndarray,
    right_starts: np.ndarray, right_ends: np.ndarray, lexicon_offsets: np.ndarray,
    partners: np.ndarray, left_strengths: np.ndarray, right_strengths: np.ndarray,
    left_matched: np.ndarray, left_seen: np.ndarray, right_matched: np.ndarray,
    right_seen: np.ndarray,
) -> None:  # fmt: skip
    """Add up the best matches of every unit, and how often it was there.

    Args:
        left_offsets: int64 [sentences + 1], into the numbers.
        left_numbers: int32, units.
        right_offsets: the same of the right side.
        right_numbers: the same.
        left_starts: int64 [beads], first left sentence.
        left_ends: int64 [beads].
        right_starts: int64 [beads].
        right_ends: int64 [beads].
        lexicon_offsets: int64 [numbers + 1], into the next three.
        partners: int32.
        left_strengths: float32.
        right_strengths: float32.
        left_matched: float32 [numbers], added to.
        left_seen: float32 [numbers], added to.
        right_matched: float32 [numbers], added to.
        right_seen: float32 [numbers], added to.
    """
    numbers = len(left_matched)
    present = np.full(numbers, -1, np.int64)
    best = np.zeros(numbers, np.float32)
    for bead in range(len(left_starts)):
        first, last = right_offsets[right_starts[bead]], right_offsets[right_ends[bead]]
        for at in range(first, last):
            present[right_numbers[at]] = bead
            best[right_numbers[at]] = 0
        for at in range(left_offsets[left_starts[bead]], left_offsets[left_ends[bead]]):
            number = left_numbers[at]
            match = strongest_link(
                number, bead, present, lexicon_offsets, partners, left_strengths, right_strengths,
                best,
            )  # fmt: skip
            left_matched[number] += match
            left_seen[number] += 1
        for at in range(first, last):
            number = right_numbers[at]
            right_matched[number] += best[number]
            right_seen[number] += 1
