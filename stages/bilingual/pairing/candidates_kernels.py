"""The documents of one side that share most with each document of the other."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

_t = array_types()
_I64 = _t["i64"].dtype


@kernel()
def insert_best(
    others: np.ndarray, sums: np.ndarray, begin: Scalar, count: Scalar, most: Scalar, other: Scalar,
    value: Scalar,
) -> Scalar:  # fmt: skip
    """Keep the best in ``[begin:begin + count]``, by sum then number; returns the new count."""
    if count == most:
        last = begin + most - 1
        if value < sums[last] or (value == sums[last] and other > others[last]):
            return count
        count -= 1
    at = begin + count
    while at > begin and (
        sums[at - 1] < value or (sums[at - 1] == value and others[at - 1] > other)
    ):
        sums[at], others[at] = sums[at - 1], others[at - 1]
        at -= 1
    sums[at], others[at] = value, other
    return count + 1


@kernel((
    _t["i64"], _t["i64"], _t["f32"], _t["i64"], _t["i64"], _t["f32"], _I64, _I64, _t["w_i64"],
    _t["w_i64"], _t["w_f64"],
))  # fmt: skip
def shortlist(
    offsets: np.ndarray, groups: np.ndarray, values: np.ndarray, begins: np.ndarray,
    documents: np.ndarray, weights: np.ndarray, count: int, most: int, here: np.ndarray,
    there: np.ndarray, sums: np.ndarray,
) -> int:  # fmt: skip
    """The documents there with the largest sum of products, of each document here.

    Args:
        offsets: int64 [documents here + 1], into the next two.
        groups: int64, the entries of each document, ascending.
        values: float32, theirs, none below 0.
        begins: int64 [entries + 1], into the next two.
        documents: int64, those there that have the entry.
        weights: float32, the entry's value in them.
        count: of documents there.
        most: how many to write for each document here, at least 1.
        here: int64 [documents here * most], written.
        there: int64, the same.
        sums: float64, the same.

    Returns:
        How many were written.
    """
    dense = np.full(count, -1.0)  # not touched
    touched = np.empty(count, np.int64)
    size: Scalar = np.int64(0)
    for document in range(len(offsets) - 1):
        found: Scalar = np.int64(0)
        for k in range(offsets[document], offsets[document + 1]):
            group = groups[k]
            for m in range(begins[group], begins[group + 1]):
                other = documents[m]
                if dense[other] < 0:
                    touched[found] = other
                    found += 1
                    dense[other] = 0
                dense[other] += np.float64(values[k]) * weights[m]
        chosen: Scalar = np.int64(0)
        for k in range(found):
            other = touched[k]
            chosen = insert_best(there, sums, size, chosen, most, other, dense[other])
            dense[other] = -1
        for k in range(size, size + chosen):
            here[k] = document
        size += chosen
    return size
