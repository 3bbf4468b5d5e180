"""Which documents may be translations of each other: those that share heavy entries."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stages.bilingual.pairing.candidates_kernels import shortlist

MOST_PRODUCTS = 20_000
"""Left times right documents of one entry; of more, those meet in which it weighs most. With such
entries left out, three of 91 Thai pages were not found among 10,000 short posts."""
SHORTLIST, LEFT_SHORTLIST = 48, 12
"""Candidates of a right, and of a left document, that one bucket of entries names."""
SUMMED = pa.schema(
    [("pair", pa.int32()), ("left", pa.int64()), ("right", pa.int64()), ("value", pa.float64())]
)
NODE_BITS = np.int64(44)


def shortlists(
    pair: np.ndarray, entry: np.ndarray, right: np.ndarray, node: np.ndarray, value: np.ndarray
) -> pa.Table:
    """The documents with most in common, of the entries in one bucket.

    Args:
        pair: int32 [postings], of languages, like all others.
        entry: int64.
        right: bool, the side of the document.
        node: int64, the document.
        value: float32, of the entry in the document.

    Returns:
        The columns of ``SUMMED``: ``value`` is the sum of products over the entries that both have.
        For each right document ``SHORTLIST`` of them, for each left one ``LEFT_SHORTLIST``.
    """
    order = np.lexsort((node, -value, right, entry, pair))
    pair, entry, right, node, value = (c[order] for c in (pair, entry, right, node, value))
    group, kept = _kept(pair, entry, right)
    document = pair.astype(np.int64) << NODE_BITS | node
    sides = [_Side(document[m], group[m], value[m]) for m in (kept & ~right, kept & right)]
    groups = int(group[-1]) + 1 if len(group) else 0
    left, other, values = sides[0].shortlist(sides[1], groups, LEFT_SHORTLIST)
    other2, left2, values2 = sides[1].shortlist(sides[0], groups, SHORTLIST)
    lefts, rights = np.concatenate([left, left2]), np.concatenate([other, other2])
    both = lefts * max(len(sides[1].documents), 1) + rights
    _, first = np.unique(both, return_index=True)
    lefts, rights = sides[0].documents[lefts[first]], sides[1].documents[rights[first]]
    mask = (np.int64(1) << NODE_BITS) - 1
    sums = np.concatenate([values, values2])[first]
    columns = (lefts >> NODE_BITS).astype(np.int32), lefts & mask, rights & mask, sums
    return pa.Table.from_arrays([pa.array(c) for c in columns], schema=SUMMED)


def _kept(pair: np.ndarray, entry: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each posting's entry, and whether it is among the heaviest that may meet."""
    new = np.ones(len(entry), np.bool_)
    new[1:] = (entry[1:] != entry[:-1]) | (pair[1:] != pair[:-1])
    begins = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    if len(begins) == 0:
        return group, new
    lefts = np.add.reduceat(~right, begins).astype(np.int64)
    rights = np.diff(np.append(begins, len(entry))) - lefts
    side = int(MOST_PRODUCTS**0.5)
    most = np.stack([np.maximum(side, MOST_PRODUCTS // np.maximum(n, 1)) for n in (rights, lefts)])
    place = np.arange(len(entry)) - begins[group] - np.where(right, lefts[group], 0)
    return group, place < most[right.astype(np.int64), group]


class _Side:
    """The documents of one side, by document and by entry."""

    def __init__(self, document: np.ndarray, group: np.ndarray, value: np.ndarray) -> None:
        self.documents, number = np.unique(document, return_inverse=True)
        order = np.argsort(number, kind="stable")
        self.offsets = np.searchsorted(number[order], np.arange(len(self.documents) + 1))
        self.groups, self.values = group[order], value[order]
        self.number, self.group, self.value = number.astype(np.int64), group, value

    def shortlist(
        self, other: _Side, groups: int, most: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers of documents here and there, and their sums of products."""
        room = len(self.documents) * most
        here, there = np.empty(room, np.int64), np.empty(room, np.int64)
        sums = np.empty(room, np.float64)
        begins = np.searchsorted(other.group, np.arange(groups + 1))
        size = shortlist(
            self.offsets, self.groups, self.values, begins, other.number, other.value,
            len(other.documents), most, here, there, sums,
        )  # fmt: skip
        return here[:size], there[:size], sums[:size]


def summed(rows: pa.Table) -> pa.Table:
    """One row for each pair of documents, its values added up, by right document."""
    pairs, lefts, rights, values = columns_of(rows)
    order = np.lexsort((lefts, rights, pairs))
    pairs, lefts, rights, values = pairs[order], lefts[order], rights[order], values[order]
    new = np.ones(len(pairs), np.bool_)
    new[1:] = (pairs[1:] != pairs[:-1]) | (lefts[1:] != lefts[:-1]) | (rights[1:] != rights[:-1])
    first = np.flatnonzero(new)
    sums = np.add.reduceat(values, first) if len(first) else values
    columns = pairs[first], lefts[first], rights[first], sums
    return pa.Table.from_arrays([pa.array(c) for c in columns], schema=SUMMED)


def columns_of(rows: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pair, left, right and value."""
    pair, left, right, value = (rows.column(name).to_numpy() for name in SUMMED.names)
    return pair, left, right, value


def joined(best: pa.Table, nearest: pa.Table) -> pa.Table:
    """Candidates of right documents with those that left ones named, each pair once.

    Returns:
        ``pair``, ``left``, ``right`` and ``nearest``: a left document named it.
    """
    named = np.concatenate([np.zeros(best.num_rows, np.bool_), np.ones(nearest.num_rows, np.bool_)])
    pair, left, right, _ = columns_of(pa.concat_tables([best, nearest]))
    order = np.lexsort((~named, left, right, pair))
    pair, left, right, named = pair[order], left[order], right[order], named[order]
    new = np.ones(len(pair), np.bool_)
    new[1:] = (pair[1:] != pair[:-1]) | (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    columns = {"pair": pair, "left": left, "right": right, "nearest": named}
    return pa.table({name: pa.array(column[new]) for name, column in columns.items()})
