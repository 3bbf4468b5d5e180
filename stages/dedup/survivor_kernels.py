"""Who stays: a document goes only if it is itself a near-duplicate of one that stays.

Connected components alone would let a chain of small changes carry one document to another that
has nothing in common with it. So the documents of a component are taken from the best to the
worst, and each is removed for a *kept* document, or kept. Looked at, for every document, are

1. the first ``SCANNED`` kept ones of the component,
2. in larger components, of each of its bands the first ``PER_BAND`` kept ones with the same key,
   from an index over the kept.

Those whose estimate reaches the minimum are ordered by it; with exact sets the first ``CHECKED`` of
them are compared exactly until one reaches the threshold. The work is bounded by
``documents * (SCANNED + bands * PER_BAND)`` estimates and ``documents * CHECKED`` comparisons,
whatever the component is like. Components are worked on in blocks of documents: what a later block
needs of earlier ones is the kept documents of the component that goes on.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.dedup.candidate_kernels import estimate
from stages.dedup.minhash_kernels import GOLDEN
from stages.dedup.shingle_kernels import insert, shared, table_mask

t = array_types()
I64, F64 = t["i64"].dtype, t["f64"].dtype

SCANNED = 64
PER_BAND = 128
CHECKED = 16


@kernel()
def slot_of(key: Scalar, table_keys: np.ndarray, chain_first: np.ndarray) -> Scalar:
    """The slot of a band key, or the empty one where it would stand."""
    mask = len(table_keys) - 1
    at = np.int64((key * GOLDEN) >> np.uint64(20)) & mask
    while chain_first[at] >= 0 and table_keys[at] != key:
        at = (at + 1) & mask
    return at


@kernel()
def add_bands(
    row: Scalar, component: Scalar, keys: np.ndarray, bands: Scalar, table_keys: np.ndarray,
    chain_first: np.ndarray, chain_last: np.ndarray, chain_sizes: np.ndarray, chains: np.ndarray,
) -> None:  # fmt: skip
    """Append a kept document to the chains of its band keys; full chains take no more.

    An entry is ``row * bands + band``; a key of 0 is none.
    """
    for entry in range(row * bands, (row + 1) * bands):
        if keys[entry] == 0:
            continue
        key = keys[entry] ^ np.uint64(component) * GOLDEN
        slot = slot_of(key, table_keys, chain_first)
        if chain_first[slot] < 0:
            table_keys[slot] = key
            chain_first[slot] = entry
            chain_sizes[slot] = 0
        elif chain_sizes[slot] == PER_BAND:
            continue
        else:
            chains[chain_last[slot]] = entry
        chain_last[slot] = entry
        chain_sizes[slot] += 1
        chains[entry] = -1


@kernel()
def share_a_band(keys: np.ndarray, bands: Scalar, left: Scalar, right: Scalar) -> Scalar:
    """Whether two documents have a band key in common."""
    for band in range(bands):
        key = keys[left * bands + band]
        if key != 0 and key == keys[right * bands + band]:
            return True
    return False


@kernel()
def offer(row: Scalar, value: Scalar, best: np.ndarray, values: np.ndarray, size: Scalar) -> Scalar:
    """Insert a candidate into the few best, by estimate, then by rank; returns their number."""
    at = size
    while at > 0 and (values[at - 1] < value or (values[at - 1] == value and best[at - 1] > row)):
        at -= 1
    if at >= CHECKED:
        return size
    size = min(size + 1, CHECKED)
    for i in range(size - 1, at, -1):
        best[i], values[i] = best[i - 1], values[i - 1]
    best[at], values[at] = row, value
    return size


@kernel()
def first_exact(
    row: Scalar, best: np.ndarray, found: Scalar, sets: np.ndarray, set_starts: np.ndarray,
    threshold: Scalar, slots: np.ndarray, stamps: np.ndarray,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The first candidate of exact similarity at the threshold, or -1; and the similarity."""
    start, stop = set_starts[row], set_starts[row + 1]
    mask = table_mask(stop - start)
    for i in range(start, stop):
        insert(sets[i], slots, stamps, row, mask)
    for i in range(found):
        begin, end = set_starts[best[i]], set_starts[best[i] + 1]
        equal = shared(sets, begin, end, slots, stamps, row, mask)
        union = stop - start + end - begin - equal
        if union > 0 and equal >= threshold * union:
            return best[i], equal / union
    return np.int64(-1), 1.0


@kernel(
    (
        t["i64"], t["b1"], t["u16"], t["u64"], t["b1"], t["u64"], t["u64"], t["i64"],
        I64, F64, F64, t["w_i64"], t["w_f64"],
    )
)  # fmt: skip
def choose_survivors(
    components: np.ndarray,
    large: np.ndarray,
    bins: np.ndarray,
    hashes: np.ndarray,
    short: np.ndarray,
    keys: np.ndarray,
    sets: np.ndarray,
    set_starts: np.ndarray,
    carried: int,
    minimum: float,
    threshold: float,
    survivors: np.ndarray,
    similarities: np.ndarray,
) -> None:
    """Decide for every document of a block who stays for it.

    Rows are documents: first those carried over, kept ones of the first component, then those to
    decide on; documents of a component follow one another, the best first.

    Args:
        components: int64 [rows].
        large: bool [rows]: whether the component has more than ``SCANNED`` documents.
        bins: uint16 [rows * width].
        hashes: uint64 [rows]: of the streams of tokens.
        short: bool [rows]: too few filled bins; equal only to documents of the same tokens.
        keys: uint64 [rows * bands]: band keys, 0 where a document has fewer.
        sets: uint64: shingles; empty: estimates decide.
        set_starts: int64 [rows + 1].
        carried: rows that are kept already.
        minimum: least estimate of a candidate; 0: sharing a band is enough.
        threshold: least exact similarity.
        survivors: int64 [rows], written: row of the kept document, itself where it stays.
        similarities: float64 [rows], written: to the survivor; 1 where it stays.
    """
    rows = len(components)
    width, bands = len(bins) // max(rows, 1), len(keys) // max(rows, 1)
    exact = len(set_starts) > 1
    kept = np.empty(rows, np.int64)
    kept_count = entries = longest = np.int64(0)
    for row in range(rows):
        entries += bands if large[row] else 0
        if exact:
            longest = max(longest, set_starts[row + 1] - set_starts[row])
    table_size = table_mask(entries) + 1
    table_keys = np.empty(table_size, np.uint64)
    chain_first, chain_last = np.full(table_size, np.int64(-1)), np.empty(table_size, np.int64)
    chain_sizes, chains = np.empty(table_size, np.int64), np.empty(rows * bands, np.int64)
    set_size = table_mask(longest) + 1
    slots, stamps = np.empty(set_size, np.uint64), np.full(set_size, np.int64(-1))
    seen = np.full(rows, np.int64(-1))
    best, values = np.empty(CHECKED, np.int64), np.empty(CHECKED)
    for row in range(rows):
        component = components[row]
        if row > 0 and component != components[row - 1]:
            kept_count = np.int64(0)
        found = np.int64(0)
        similarities[row] = 1.0
        survivors[row] = row
        if row >= carried:
            for i in range(kept_count if kept_count < SCANNED else SCANNED):
                other = kept[i]
                seen[other] = row
                if minimum > 0:
                    value = estimate(bins, hashes, short, width, other, row)
                else:
                    value = 1.0 if share_a_band(keys, bands, other, row) else -1.0
                if value >= minimum:
                    found = offer(other, value, best, values, found)
            if kept_count > SCANNED:
                for band in range(bands):
                    key = keys[row * bands + band]
                    if key == 0:
                        continue
                    key ^= np.uint64(component) * GOLDEN
                    entry = chain_first[slot_of(key, table_keys, chain_first)]
                    while entry >= 0:
                        other = entry // bands
                        entry = chains[entry]
                        if seen[other] == row:
                            continue
                        seen[other] = row
                        value = 1.0
                        if minimum > 0:
                            value = estimate(bins, hashes, short, width, other, row)
                        if value >= minimum:
                            found = offer(other, value, best, values, found)
            if found > 0:
                survivors[row], similarities[row] = best[0], values[0]
                if exact:
                    survivors[row], similarities[row] = first_exact(
                        row, best, found, sets, set_starts, threshold, slots, stamps
                    )
                    if survivors[row] < 0:
                        survivors[row] = row
                elif minimum == 0:
                    similarities[row] = estimate(bins, hashes, short, width, best[0], row)
        if survivors[row] == row:
            kept[kept_count] = row
            kept_count += 1
            if large[row]:
                add_bands(
                    row, component, keys, bands,
                    table_keys, chain_first, chain_last, chain_sizes, chains,
                )  # fmt: skip
