"""Equal pieces of sorted runs brought together: exact, whatever run they stand in.

Rows come in the order of their hashes. Rows of one hash nearly always are one piece, in several
groups and runs; where two pieces share a hash they are told apart byte by byte. What goes out is
in the order (hash, bytes, group), so it depends on what was counted alone.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step

t = array_types()
I64 = t["i64"].dtype


@step()
def compared(data: np.ndarray, offsets: np.ndarray, left: Scalar, right: Scalar) -> Scalar:
    """Below 0, 0 or above 0: how the bytes of two rows are ordered."""
    left_start, right_start = offsets[left], offsets[right]
    left_length = offsets[left + 1] - left_start
    right_length = offsets[right + 1] - right_start
    for i in range(min(left_length, right_length)):
        if data[left_start + i] != data[right_start + i]:
            return np.int64(data[left_start + i]) - np.int64(data[right_start + i])
    return left_length - right_length


@kernel(
    (
        t["i64"], t["u64"], t["u8"], t["i64"], t["i64"], t["i64"], I64, t["w_i64"], t["w_i64"],
        t["w_i64"],
    )
)  # fmt: skip
def combine(
    order: np.ndarray,
    hashes: np.ndarray,
    data: np.ndarray,
    offsets: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
    group_count: int,
    out_rows: np.ndarray,
    out_groups: np.ndarray,
    out_counts: np.ndarray,
) -> int:
    """Add up the counts of equal (piece, group).

    Args:
        order: int64 [rows], sorting the hashes.
        hashes: uint64 [rows].
        data: uint8, bytes of the pieces.
        offsets: int64 [rows + 1].
        groups: int64 [rows].
        counts: int64 [rows].
        group_count: all groups are below it.
        out_rows: int64 [rows], written: a row that holds the piece.
        out_groups: int64 [rows], written.
        out_counts: int64 [rows], written.

    Returns:
        How many were written.
    """
    sums = np.zeros(group_count, np.int64)
    todo = np.empty(len(order), np.int64)
    written = 0
    start = 0
    while start < len(order):
        value = hashes[order[start]]
        stop = start + 1
        while stop < len(order) and hashes[order[stop]] == value:
            stop += 1
        if stop == start + 1:
            row = order[start]
            out_rows[written], out_groups[written] = row, groups[row]
            out_counts[written] = counts[row]
            written += 1
            start = stop
            continue
        waiting = stop - start
        for i in range(waiting):
            todo[i] = order[start + i]
        while waiting:
            first = todo[0]
            for i in range(1, waiting):
                if compared(data, offsets, todo[i], first) < 0:
                    first = todo[i]
            left = 0
            low, high = group_count, np.int64(-1)
            for i in range(waiting):
                row = todo[i]
                if compared(data, offsets, row, first) == 0:
                    sums[groups[row]] += counts[row]
                    low, high = min(low, groups[row]), max(high, groups[row])
                else:
                    todo[left] = row
                    left += 1
            waiting = left
            for group in range(low, high + 1):
                if sums[group]:
                    out_rows[written], out_groups[written] = first, group
                    out_counts[written] = sums[group]
                    sums[group] = 0
                    written += 1
        start = stop
    return written
