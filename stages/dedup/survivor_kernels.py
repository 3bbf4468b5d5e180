"""Who stays: a document goes only if it is itself a near-duplicate of the one that stays for it.

Connected components alone would let a chain of small changes carry one document to another that
has nothing in common with it. So the documents of a component are taken from the best to the
worst, and each is removed for a *kept* document, or kept. Looked at, for every document, are

1. the kept ones it has a verified edge with,
2. the first ``SCANNED`` kept ones of the component,
3. where more were kept: of each of its bands the first ``PER_BAND`` kept ones with the same key,

and of those it is a near-duplicate of, the best one stays for it. The work is bounded by
``edges + documents * (SCANNED + bands * PER_BAND)`` comparisons, whatever the component is like.
"""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel
from stages.dedup.candidate_kernels import estimate

t = array_types()
I64, F64 = t["i64"].dtype, t["f64"].dtype

SCANNED = 64
PER_BAND = 32


@kernel(
    (
        t["i64"], t["i64"], t["i64"], t["i64"], t["i64"], t["u16"], t["u64"], t["b1"],
        I64, I64, F64, t["w_i64"], t["w_f64"],
    )
)  # fmt: skip
def choose_survivors(
    components: np.ndarray,
    edge_starts: np.ndarray,
    edges: np.ndarray,
    band_groups: np.ndarray,
    group_starts: np.ndarray,
    bins: np.ndarray,
    hashes: np.ndarray,
    short: np.ndarray,
    width: int,
    bands: int,
    minimum: float,
    survivors: np.ndarray,
    estimates: np.ndarray,
) -> None:
    """Decide for every document who stays for it.

    Args:
        components: int64 [documents]: component starts, as the index of each document's first;
            documents of a component follow one another, the best first.
        edge_starts: int64 [documents + 1].
        edges: int64: the better documents that document i has an edge with are
            ``edges[edge_starts[i]:edge_starts[i + 1]]``.
        band_groups: int64 [documents * bands]: for each band the group of documents of the
            component with the same key, -1 where it is alone.
        group_starts: int64 [groups + 1]: room for each group's kept documents.
        bins: uint16 [documents * width].
        hashes: uint64 [documents].
        short: bool [documents].
        width: bins of a signature.
        bands: bands of a signature.
        minimum: least estimate; 0: trust the edges, compare nothing.
        survivors: int64 [documents], written: the kept document, itself where it stays.
        estimates: float64 [documents], written: similarity to the survivor; 1 where it stays.
    """
    in_group = np.empty(group_starts[-1], np.int64)
    group_sizes = np.zeros(len(group_starts) - 1, np.int64)
    scanned = np.empty(SCANNED, np.int64)
    kept = 0
    for document in range(len(components)):
        if components[document] == document:
            kept = 0
        best = document
        for i in range(edge_starts[document], edge_starts[document + 1]):
            if survivors[edges[i]] == edges[i]:
                best = min(best, edges[i])
        if minimum > 0:
            for i in range(min(kept, SCANNED)):
                if scanned[i] >= best:
                    break
                if estimate(bins, hashes, short, width, scanned[i], document) >= minimum:
                    best = scanned[i]
            if kept > SCANNED:
                for band in range(bands):
                    group = band_groups[document * bands + band]
                    if group < 0:
                        continue
                    start = group_starts[group]
                    for i in range(start, start + min(group_sizes[group], PER_BAND)):
                        if in_group[i] >= best:
                            break
                        if estimate(bins, hashes, short, width, in_group[i], document) >= minimum:
                            best = in_group[i]
        survivors[document] = best
        estimates[document] = 1.0
        if best != document:
            estimates[document] = estimate(bins, hashes, short, width, best, document)
            continue
        if kept < SCANNED:
            scanned[kept] = document
        kept += 1
        if minimum > 0:
            for band in range(bands):
                group = band_groups[document * bands + band]
                if group >= 0:
                    in_group[group_starts[group] + group_sizes[group]] = document
                    group_sizes[group] += 1
