"""Exact Jaccard similarity: sets of shingle hashes, all of them.

A shingle is the same 64-bit hash that signatures are made of. A set is built in a table that is
never cleared: a slot belongs to the current set where it carries its stamp. Two shingles of a pair
of texts with 1,000 each share a hash by accident once in 10^13 pairs.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.dedup.fold_kernels import U0, U1
from stages.dedup.minhash_kernels import BASE, GOLDEN, MAX_NGRAM, splitmix, token_at

t = array_types()
I64 = t["i64"].dtype
U64 = t["u64"].dtype


@kernel()
def insert(
    value: Scalar, slots: np.ndarray, stamps: np.ndarray, stamp: Scalar, mask: Scalar
) -> Scalar:
    """Put a value into the set of this stamp; True where it was not there.

    Args:
        value: uint64.
        slots: uint64 [a power of two, more than the values].
        stamps: int64, the same length.
        stamp: of the set.
        mask: slots to use, less one.
    """
    at = np.int64((value * GOLDEN) >> np.uint64(20)) & mask
    while stamps[at] == stamp:
        if slots[at] == value:
            return False
        at = (at + 1) & mask
    slots[at] = value
    stamps[at] = stamp
    return True


@kernel()
def contains(
    value: Scalar, slots: np.ndarray, stamps: np.ndarray, stamp: Scalar, mask: Scalar
) -> Scalar:
    """Whether the set of this stamp holds a value."""
    at = np.int64((value * GOLDEN) >> np.uint64(20)) & mask
    while stamps[at] == stamp:
        if slots[at] == value:
            return True
        at = (at + 1) & mask
    return False


@kernel()
def table_mask(size: Scalar) -> Scalar:
    """Slots less one of a table for so many values, at most half full."""
    slots = np.int64(16)
    while slots < 2 * size:
        slots *= 2
    return slots - 1


@kernel(
    (
        t["u8"], t["i64"], t["i64"], t["u16"], t["u8"], t["u32"], I64, t["w_u64"], t["w_i64"],
    )
)  # fmt: skip
def distinct_shingles(
    data: np.ndarray,
    offsets: np.ndarray,
    tokens: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    ngram: Scalar,
    values: np.ndarray,
    starts: np.ndarray,
) -> None:
    """The set of shingle hashes of each text, in the order of their first occurrence.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        tokens: int64 [texts]: tokens of each text (``minhash.signatures``); 0: an empty set.
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        ngram: tokens in a shingle, 1 to ``MAX_NGRAM``.
        values: uint64, written; as many as there are tokens do.
        starts: int64 [texts + 1], written: set i is ``values[starts[i]:starts[i + 1]]``.
    """
    drop_out = U1
    for _ in range(ngram):
        drop_out *= BASE
    last = np.empty(MAX_NGRAM, np.uint64)
    longest = np.int64(0)
    for text in range(len(tokens)):
        longest = max(longest, tokens[text])
    mask_of_longest = table_mask(longest)
    slots = np.empty(mask_of_longest + 1, np.uint64)
    stamps = np.full(mask_of_longest + 1, np.int64(-1))
    size = np.int64(0)
    starts[0] = 0
    for text in range(len(tokens)):
        at, stop = offsets[text], offsets[text + 1]
        mask = table_mask(tokens[text])
        last[:] = 0
        rolling, read, slot = U0, 0, 0
        while read < tokens[text] and at < stop:
            token, at = token_at(data, at, stop, pages, kinds, folded)
            if token == U0:
                continue
            rolling = rolling * BASE + token - last[slot] * drop_out
            last[slot] = token
            slot = slot + 1 if slot + 1 < ngram else 0
            read += 1
            if read >= ngram:
                shingle = splitmix(rolling)
                if insert(shingle, slots, stamps, text, mask):
                    values[size] = shingle
                    size += 1
        if 0 < read < ngram:
            values[size] = splitmix(rolling)
            size += 1
        starts[text + 1] = size


@kernel()
def shared(
    values: np.ndarray, begin: Scalar, end: Scalar, slots: np.ndarray, stamps: np.ndarray,
    stamp: Scalar, mask: Scalar,
) -> Scalar:  # fmt: skip
    """How many of ``values[begin:end]``, a set, are in the set of this stamp."""
    count = np.int64(0)
    for i in range(begin, end):
        count += contains(values[i], slots, stamps, stamp, mask)
    return count


@kernel(
    (
        t["u64"], t["i64"], t["i64"], t["u64"], t["i64"], t["i64"], U64, t["w_f64"],
    )
)  # fmt: skip
def jaccards(
    values: np.ndarray,
    starts: np.ndarray,
    left: np.ndarray,
    others: np.ndarray,
    other_starts: np.ndarray,
    right: np.ndarray,
    kept_bits: Scalar,
    out: np.ndarray,
) -> None:
    """The exact similarity of pairs: a set of the left collection with one of the right.

    Args:
        values: uint64, the left sets.
        starts: int64 [left sets + 1].
        left: int64 [pairs], ascending: a set is put into the table once.
        others: uint64, the right sets, masked with ``kept_bits`` and each value once.
        other_starts: int64 [right sets + 1].
        right: int64 [pairs].
        kept_bits: which bits of the left values are compared.
        out: float64 [pairs], written; 0 for two empty sets.
    """
    longest = np.int64(0)
    for i in left:
        longest = max(longest, starts[i + 1] - starts[i])
    mask_of_longest = table_mask(longest)
    slots = np.empty(mask_of_longest + 1, np.uint64)
    stamps = np.full(mask_of_longest + 1, np.int64(-1))
    current = np.int64(-1)
    size = mask = np.int64(0)
    for pair in range(len(left)):
        if left[pair] != current:
            current = left[pair]
            mask = table_mask(starts[current + 1] - starts[current])
            size = np.int64(0)
            for i in range(starts[current], starts[current + 1]):
                size += insert(values[i] & kept_bits, slots, stamps, current, mask)
        begin, end = other_starts[right[pair]], other_starts[right[pair] + 1]
        equal = shared(others, begin, end, slots, stamps, current, mask)
        union = size + end - begin - equal
        out[pair] = equal / union if union else 0.0
