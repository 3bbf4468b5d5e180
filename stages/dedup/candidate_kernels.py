"""Which documents under one band key are near-duplicates of each other.

Small groups are compared pair by pair. A large one (a template, a boilerplate page) would be
quadratic: its documents are compared with at most ``LEADERS`` leaders, the best documents of the
group that are not near-duplicates of a better leader. A document that is like none of them is
joined to the first all the same, so that no document of a crowded key is lost: whom it is like is
found out when survivors are chosen (``survivor_kernels``).
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

t = array_types()
I64, F64 = t["i64"].dtype, t["f64"].dtype

ALL_PAIRS = 32
"""Groups up to this size are compared pair by pair."""

LEADERS = 32
"""Documents of a larger group that each other one is compared with, at most."""


@kernel(forceinline=True)
def estimate(
    bins: np.ndarray,
    hashes: np.ndarray,
    short: np.ndarray,
    width: Scalar,
    left: Scalar,
    right: Scalar,
) -> Scalar:
    """Estimated Jaccard similarity of two documents, from their raw bins.

    Args:
        bins: uint16 [documents * width], 0 where empty.
        hashes: uint64 [documents]: of the streams of tokens.
        short: bool [documents]: too few filled bins; equal only to documents of the same tokens.
        width: bins of a signature.
        left: a document.
        right: another.
    """
    if short[left] or short[right]:
        return 1.0 if hashes[left] == hashes[right] else 0.0
    equal = np.uint16(0)
    filled = np.uint16(0)
    a, b = bins[left * width : (left + 1) * width], bins[right * width : (right + 1) * width]
    for i in range(width):
        union = (a[i] | b[i]) != 0
        filled = np.uint16(filled + union)
        equal = np.uint16(equal + (union & (a[i] == b[i])))
    return equal / filled


@kernel((t["u16"], t["u64"], t["b1"], I64, t["i64"], t["i64"], t["w_f64"]))
def estimates(
    bins: np.ndarray,
    hashes: np.ndarray,
    short: np.ndarray,
    width: Scalar,
    left: np.ndarray,
    right: np.ndarray,
    out: np.ndarray,
) -> None:
    """``estimate`` of many pairs: int64 [pairs], int64 [pairs] -> float64 [pairs], written."""
    for pair in range(len(left)):
        out[pair] = estimate(bins, hashes, short, width, left[pair], right[pair])


@kernel(
    (
        t["i64"], t["i64"], t["u16"], t["u64"], t["b1"], I64, F64, F64,
    )
)  # fmt: skip
def similar_pairs(
    starts: np.ndarray,
    members: np.ndarray,
    bins: np.ndarray,
    hashes: np.ndarray,
    short: np.ndarray,
    width: Scalar,
    minimum: Scalar,
    sure: Scalar,
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of documents in the same group whose estimate reaches the minimum.

    Args:
        starts: int64 [groups + 1]: group g is ``members[starts[g]:starts[g + 1]]``.
        members: int64: documents, the best of a group first.
        bins: uint16 [documents * width].
        hashes: uint64 [documents].
        short: bool [documents].
        width: bins of a signature.
        minimum: least estimate; 0 takes every pair compared.
        sure: in a large group a document that reaches it with a leader looks no further.

    Returns:
        int64 [pairs], int64 [pairs]: the better and the other; a pair may come several times.
    """
    better = np.empty(1024, np.int64)
    other = np.empty(1024, np.int64)
    leaders = np.empty(LEADERS, np.int64)
    count = 0
    for group in range(len(starts) - 1):
        start, stop = starts[group], starts[group + 1]
        all_pairs = stop - start <= ALL_PAIRS
        chosen = 0
        for at in range(start, stop):
            document = members[at]
            if count + LEADERS > len(better):
                better, other = np.append(better, better), np.append(other, other)
            alone = True
            for i in range(chosen):
                value = estimate(bins, hashes, short, width, leaders[i], document)
                if value >= minimum:
                    better[count], other[count] = leaders[i], document
                    count += 1
                    alone = False
                    if value >= sure and not all_pairs:
                        break
            if chosen < LEADERS and (all_pairs or alone):
                leaders[chosen] = document
                chosen += 1
            elif alone and not all_pairs:
                better[count], other[count] = leaders[0], document
                count += 1
    return better[:count].copy(), other[:count].copy()
