"""Byte-pair merges of one piece of text, exactly as ``tokenizers`` makes them.

The pair of lowest rank is merged first, the leftmost of equal ones; nothing else defines the result
(Sennrich et al. 2016, https://aclanthology.org/P16-1162). A short piece keeps its symbols and the
ranks of its pairs side by side and scans for the lowest, which beats any queue up to some dozens of
symbols; a long one keeps its pairs in a heap, so that ten megabytes without a space take seconds.

Most neighbours are no pair. A filter of eight bits for each row of the table of pairs, a quarter of
a megabyte that stays in the cache, answers for nearly all of them (Bloom 1970, with one hash).

A piece starts from whole characters where ``byte_pairs`` proved that this changes nothing, from
bytes elsewhere: it saves two thirds of the look-ups of Chinese or Thai.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.text_kernels import decode, look_up

NONE = np.uint32(0xFFFFFFFF)
"""No such pair; no such character; no neighbour."""
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
"""A free row of the table of pairs."""
SHORT = 48
"""Symbols that are merged by scanning."""
FILTER_BITS = 3
"""Bits of a pair's hash in the filter, more than the number of its row has."""

_ZERO, _ONE, _TWO, _6 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(6)
_32, _63 = np.uint64(32), np.uint64(63)
_FILTER = np.uint64(FILTER_BITS)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

t = array_types()
I64 = t["i64"].dtype
U64 = t["u64"].dtype


@kernel()
def find_rank(
    pairs: np.ndarray, filter_: np.ndarray, shift: Scalar, left: Scalar, right: Scalar
) -> Scalar:
    """The rank of a pair, or ``NONE``.

    ``pairs``: uint64 [2 * rows], key and rank in turn, open addressing with linear probing;
    ``filter_``: uint64 [rows / 8]; ``shift``: 64 less the bits of a row's number.
    """
    key = np.uint64(left) << _32 | np.uint64(right)
    hashed = key * _GOLDEN
    bit = hashed >> (shift - _FILTER)
    if filter_[bit >> _6] >> (bit & _63) & _ONE == _ZERO:
        return NONE
    row = hashed >> shift << _ONE
    while True:
        found = pairs[row]
        if found == key:
            return np.uint32(pairs[row | _ONE])
        if found == EMPTY:
            return NONE
        row = (row + _TWO) & np.uint64(len(pairs) - 1)


@kernel((t["u32"], t["u32"], t["w_u64"], t["w_u64"], U64))
def fill_pairs(
    left: np.ndarray, right: np.ndarray, pairs: np.ndarray, filter_: np.ndarray, shift: Scalar
) -> None:
    """Enter different merges, uint32 [merges] by rank, into the empty table and its filter."""
    for rank in range(len(left)):
        key = np.uint64(left[rank]) << _32 | np.uint64(right[rank])
        hashed = key * _GOLDEN
        bit = hashed >> (shift - _FILTER)
        filter_[bit >> _6] |= _ONE << (bit & _63)
        row = hashed >> shift << _ONE
        while pairs[row] != EMPTY:
            row = (row + _TWO) & np.uint64(len(pairs) - 1)
        pairs[row] = key
        pairs[row | _ONE] = np.uint64(rank)


@kernel()
def first_symbols(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    byte_tokens: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    symbols: np.ndarray,
) -> Scalar:
    """Write what merging starts from; returns how many symbols.

    ``index`` and ``blocks``: a two-level table, the token of a character or ``NONE``.
    """
    count = np.uint64(0)
    position = start
    while position < end:
        byte = data[np.uint64(position)]
        if byte < 0x80:
            symbols[count] = byte_tokens[byte]
            count += _ONE
            position += 1
            continue
        character, following = decode(data, position)
        token = np.uint32(look_up(index, blocks, character))
        if token != NONE:
            symbols[count] = token
            count += _ONE
            position = following
            continue
        while position < following:
            symbols[count] = byte_tokens[data[np.uint64(position)]]
            count += _ONE
            position += 1
    return np.int64(count)


@kernel()
def merge_short(
    symbols: np.ndarray,
    ranks: np.ndarray,
    count: Scalar,
    pairs: np.ndarray,
    filter_: np.ndarray,
    shift: Scalar,
    merged: np.ndarray,
) -> Scalar:
    """Merge ``symbols[:count]`` in place by scanning; returns how many remain."""
    for i in range(count - 1):
        at = np.uint64(i)
        ranks[at] = find_rank(pairs, filter_, shift, symbols[at], symbols[at + _ONE])
    while count > 1:
        lowest = NONE
        for i in range(count - 1):
            lowest = min(lowest, ranks[np.uint64(i)])
        if lowest == NONE:
            break
        at = np.uint64(0)
        while ranks[at] != lowest:
            at += _ONE
        symbols[at] = merged[lowest]
        count -= 1
        for i in range(np.int64(at) + 1, count):
            symbols[np.uint64(i)] = symbols[np.uint64(i) + _ONE]
        for i in range(np.int64(at) + 1, count - 1):
            ranks[np.uint64(i)] = ranks[np.uint64(i) + _ONE]
        if at > np.uint64(0):
            ranks[at - _ONE] = find_rank(pairs, filter_, shift, symbols[at - _ONE], symbols[at])
        if np.int64(at) + 1 < count:
            ranks[at] = find_rank(pairs, filter_, shift, symbols[at], symbols[at + _ONE])
    return count


@kernel()
def _push(heap: np.ndarray, size: Scalar, entry: Scalar) -> None:
    """Add an entry to a binary heap of ``size``; the smallest stands first."""
    hole = np.uint64(size)
    while hole > np.uint64(0):
        parent = (hole - _ONE) >> _ONE
        if heap[parent] <= entry:
            break
        heap[hole] = heap[parent]
        hole = parent
    heap[hole] = entry


@kernel()
def _pop(heap: np.ndarray, size: Scalar) -> None:
    """Take the first of ``size`` entries out."""
    last = np.uint64(size - 1)
    entry = heap[last]
    hole = np.uint64(0)
    while True:
        child = (hole << _ONE) + _ONE
        if child >= last:
            break
        if child + _ONE < last and heap[child + _ONE] < heap[child]:
            child += _ONE
        if heap[child] >= entry:
            break
        heap[hole] = heap[child]
        hole = child
    heap[hole] = entry


@kernel()
def merge_long(
    symbols: np.ndarray,
    scratch: np.ndarray,
    heap: np.ndarray,
    count: Scalar,
    pairs: np.ndarray,
    filter_: np.ndarray,
    shift: Scalar,
    merged: np.ndarray,
) -> Scalar:
    """Merge ``symbols[:count]`` in place through a heap; returns how many remain.

    ``scratch``: uint32 [3 * count] at least; ``heap``: uint64 [3 * count] at least. An entry holds
    the rank of a pair and the place of its left symbol; it is stale where the place has another
    rank by now.
    """
    ranks, left, right = scratch[:count], scratch[count : 2 * count], scratch[2 * count :]
    size = np.int64(0)
    for i in range(count):
        at = np.uint64(i)
        left[at] = np.uint32(i - 1) if i > 0 else NONE
        right[at] = np.uint32(i + 1) if i + 1 < count else NONE
        ranks[at] = NONE
        if i + 1 < count:
            ranks[at] = find_rank(pairs, filter_, shift, symbols[at], symbols[at + _ONE])
        if ranks[at] != NONE:
            _push(heap, size, np.uint64(ranks[at]) << _32 | at)
            size += 1
    while size > 0:
        first = heap[0]
        _pop(heap, size)
        size -= 1
        at = first & np.uint64(NONE)
        rank = np.uint32(first >> _32)
        if ranks[at] != rank:
            continue
        gone = np.uint64(right[at])
        symbols[at] = merged[rank]
        ranks[gone] = NONE
        right[at] = right[gone]
        ranks[at] = NONE
        if right[at] != NONE:
            behind = np.uint64(right[at])
            left[behind] = np.uint32(at)
            ranks[at] = find_rank(pairs, filter_, shift, symbols[at], symbols[behind])
            if ranks[at] != NONE:
                _push(heap, size, np.uint64(ranks[at]) << _32 | at)
                size += 1
        if left[at] != NONE:
            ahead = np.uint64(left[at])
            ranks[ahead] = find_rank(pairs, filter_, shift, symbols[ahead], symbols[at])
            if ranks[ahead] != NONE:
                _push(heap, size, np.uint64(ranks[ahead]) << _32 | ahead)
                size += 1
    kept = np.int64(0)
    at = np.uint64(0)
    while True:
        symbols[np.uint64(kept)] = symbols[at]
        kept += 1
        if right[at] == NONE:
            return kept
        at = np.uint64(right[at])
