"""How often entries are matched in the beads of sure pairs."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel

_t = array_types()


@kernel((
    _t["i32"], _t["i64"], _t["i32"], _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["i64"],
    _t["i64"], _t["i32"], _t["f32"], _t["w_f32"], _t["w_f32"],
))  # fmt: skip
def count_matches(
    left_found: np.ndarray, left_ends: np.ndarray, right_found: np.ndarray, right_ends: np.ndarray,
    left_starts: np.ndarray, left_stops: np.ndarray, right_starts: np.ndarray,
    right_stops: np.ndarray, offsets: np.ndarray, targets: np.ndarray, shares: np.ndarray,
    matched: np.ndarray, seen: np.ndarray,
) -> None:  # fmt: skip
    """Count the left tokens in beads and how much of them the right side translates to.

    Args:
        left_found: int32 [tokens], entries, -1: none.
        left_ends: int64 [segments], where each ends in ``left_found``.
        right_found: int32 [tokens], rows of the translation table, -1: none.
        right_ends: int64 [segments].
        left_starts: int64 [beads], first segment.
        left_stops: int64 [beads], behind the last.
        right_starts: int64 [beads].
        right_stops: int64 [beads].
        offsets: int64 [rows + 1], of the translation table.
        targets: int32, entries.
        shares: float32.
        matched: float32 [entries], added to: at most 1 for each time an entry is seen.
        seen: float32 [entries], added to.
    """
    counts = np.zeros(len(matched), np.float32)
    for bead in range(len(left_starts)):
        first, last = right_starts[bead], right_stops[bead]
        begin = right_ends[first - 1] if first > 0 else 0
        end = right_ends[last - 1]
        for at in range(begin, end):
            row = right_found[at]
            if row >= 0:
                for k in range(offsets[row], offsets[row + 1]):
                    counts[targets[k]] += shares[k]
        first, last = left_starts[bead], left_stops[bead]
        start = left_ends[first - 1] if first > 0 else 0
        for at in range(start, left_ends[last - 1]):
            entry = left_found[at]
            if entry >= 0:
                seen[entry] += np.float32(1)
                matched[entry] += min(counts[entry], np.float32(1))
        for at in range(begin, end):
            row = right_found[at]
            if row >= 0:
                for k in range(offsets[row], offsets[row + 1]):
                    counts[targets[k]] = 0
