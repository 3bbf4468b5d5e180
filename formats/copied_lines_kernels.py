"""Lines that two texts share word for word."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64

t = array_types()
I64 = t["i64"].dtype

FNV_OFFSET, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a, 64 bits


@kernel()
def hash_bytes(data: np.ndarray, start: Scalar, stop: Scalar, state: Scalar) -> Scalar:
    """FNV-1a over ``data[start:stop]``, going on from ``state``."""
    for position in range(start, stop):
        state = (state ^ np.uint64(data[position])) * FNV_PRIME
    return state


@kernel()
def is_blank(byte: Scalar) -> Scalar:
    """Space, tab or carriage return: not part of a line at its ends."""
    return byte == 32 or byte == 9 or byte == 13


@kernel()
def long_lines(
    data: np.ndarray, start: Scalar, stop: Scalar, characters: Scalar, hashes: np.ndarray
) -> Scalar:
    """Write the hashes of a text's lines of more than so many characters; return how many.

    Blanks at the ends of a line do not count. No hash is 0.
    """
    count = 0
    while start < stop:
        end = start
        while end < stop and data[end] != 10:
            end += 1
        first, last = start, end
        while first < last and is_blank(data[first]):
            first += 1
        while last > first and is_blank(data[last - 1]):
            last -= 1
        length = 0
        for position in range(first, last):
            length += (data[position] & 0xC0) != 0x80
        if length > characters:
            hashes[count] = mix64(hash_bytes(data, first, last, FNV_OFFSET)) | np.uint64(1)
            count += 1
        start = end + 1
    return count


@kernel()
def share_found(
    wanted: np.ndarray, wanted_count: Scalar, among: np.ndarray, among_count: Scalar,
    table: np.ndarray,
) -> Scalar:  # fmt: skip
    """The share of ``wanted[:wanted_count]`` that occurs in ``among[:among_count]``; 0 of none.

    ``table`` is an open-addressing table, a power of two long and more than ``among_count``.
    """
    if wanted_count == 0:
        return 0.0
    size = 1
    while size <= 2 * among_count:
        size *= 2
    mask = np.uint64(size - 1)
    for slot in range(size):
        table[slot] = 0
    for i in range(among_count):
        at = (among[i] >> np.uint64(1)) & mask
        while table[at] != 0 and table[at] != among[i]:
            at = (at + np.uint64(1)) & mask
        table[at] = among[i]
    found = 0
    for i in range(wanted_count):
        at = (wanted[i] >> np.uint64(1)) & mask
        while table[at] != 0 and table[at] != wanted[i]:
            at = (at + np.uint64(1)) & mask
        found += table[at] == wanted[i]
    return found / wanted_count


@kernel((t["u8"], t["i64"], t["i64"], t["i64"], I64, t["w_f64"]))
def copied_shares(
    data: np.ndarray, offsets: np.ndarray, left: np.ndarray, right: np.ndarray,
    characters: Scalar, shares: np.ndarray,
) -> None:  # fmt: skip
    """How much of one text stands in the other word for word: the larger of the two shares.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [texts + 1].
        left: int64 [pairs], a text of each pair.
        right: int64 [pairs], the other.
        characters: only lines of more characters count.
        shares: float64 [pairs], written: of the long lines of one side, those found in the other.
    """
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    most = longest // (characters + 2) + 1  # a line has its characters and a newline
    left_lines, right_lines = np.empty(most, np.uint64), np.empty(most, np.uint64)
    table = np.empty(4 * most + 4, np.uint64)
    for pair in range(len(shares)):
        one, other = left[pair], right[pair]
        left_count = long_lines(data, offsets[one], offsets[one + 1], characters, left_lines)
        right_count = long_lines(data, offsets[other], offsets[other + 1], characters, right_lines)
        shares[pair] = max(
            share_found(left_lines, left_count, right_lines, right_count, table),
            share_found(right_lines, right_count, left_lines, left_count, table),
        )
