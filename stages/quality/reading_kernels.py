"""Reading one word: where it ends, its hash, its length; and counting code points.

Most words are a few ASCII letters before a blank. They are read eight bytes at a time, as one
number (``stages.dedup.fold_kernels``); every other word goes character by character and has the
same hash wherever it stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.dedup.fold_kernels import (
    ABOVE_9,
    ABOVE_Z,
    BELOW_0,
    BELOW_A,
    CASE,
    HIGHS,
    LOWS,
    ONES,
    U1,
    U7,
    U56,
    before_first,
    load8,
)
from stages.text_kernels import MARK, SPACELESS, WORD, decode, look_up

SEED = np.uint64(0x243F6A8885A308D3)
"""First 64 bits of the fraction of pi."""
FACTOR = np.uint64(0x9FB21C651E98DF25)
"""Odd multiplier of XXH3 (rrmxmx)."""
TAG = np.uint64(1) << np.uint64(63)
"""Keeps eight ASCII bytes, of which none has its high bit, apart from a code point."""
ARABIC_MARKS = (0x0610, 0x0670)
"""Marks in this range are vowel signs that may be written or not: no part of a word's identity."""


@kernel(forceinline=True)
def ascii_kinds(eight: Any) -> tuple[Any, Any]:
    """Which of eight bytes are ASCII letters, and which digits: the high bit of every byte."""
    plain = HIGHS & ~eight
    low = (eight | CASE) & LOWS
    letters = ((low + BELOW_A) ^ (low + ABOVE_Z)) & plain
    low = eight & LOWS
    return letters, ((low + BELOW_0) ^ (low + ABOVE_9)) & plain


@kernel(forceinline=True)
def add_block(value: Any, block: Any) -> Any:
    """A word's hash with up to eight more ASCII letters and digits (the bytes as a number)."""
    value = (value ^ block ^ TAG) * FACTOR
    return value ^ (value >> np.uint64(29))


@kernel(forceinline=True)
def finish(value: Any) -> Any:
    """A word's hash when all of it was added."""
    return value ^ (value >> np.uint64(32))


@kernel()
def read_word(
    data: np.ndarray, position: Any, end: Any, index: np.ndarray, blocks: np.ndarray
) -> tuple[Any, Any, Any, Any]:
    """The word at ``position``: (where it ends, hash, code points, classes of its characters).

    Not for words that begin with a character of a spaceless script. The hash is of runs of ASCII,
    cut after eight (``add_block``), and of single other characters.
    """
    value = SEED
    length = np.int64(0)
    kinds = np.int64(0)
    block = np.uint64(0)
    shift = np.uint64(0)
    while position < end:
        byte = np.int64(data[np.uint64(position)])
        if byte < 0x80:
            kind = np.int64(blocks[np.uint64(byte)])
            if kind & WORD == 0:
                break
            block |= np.uint64(byte) << shift
            shift += np.uint64(8)
            if shift == np.uint64(64):
                value = add_block(value, block)
                block = shift = np.uint64(0)
            length += 1
            kinds |= kind
            position += 1
            continue
        character, after = decode(data, position)
        kind = np.int64(look_up(index, blocks, character))
        if kind & WORD == 0 or kind & SPACELESS:
            break
        if shift != 0:
            value = add_block(value, block)
            block = shift = np.uint64(0)
        if kind & MARK == 0 or not ARABIC_MARKS[0] <= character <= ARABIC_MARKS[1]:
            value = (value ^ np.uint64(character)) * FACTOR
        length += 1
        kinds |= kind
        position = after
    if shift != 0:
        value = add_block(value, block)
    return position, finish(value), length, kinds


@kernel(forceinline=True)
def ascii_word(data: np.ndarray, position: Any, end: Any) -> tuple[Any, Any, Any]:
    """The word at ``position`` if it is of ASCII letters and digits.

    Returns:
        size: its bytes, 0 where it is no such word or too near the end to be sure.
        value: the hash, as ``read_word`` has it.
        letters: whether it has one.
    """
    value = SEED
    start = position
    found = np.uint64(0)
    while position + 8 <= end:
        eight = load8(data, position)
        letters, digits = ascii_kinds(eight)
        mask, size = before_first(HIGHS & ~(letters | digits))
        found |= letters & mask
        position += np.int64(size)
        if size < np.uint64(8):
            if data[np.uint64(position)] >= 0x80:
                break
            if size > np.uint64(0):
                value = add_block(value, eight & mask)
            return position - start, finish(value), found != 0
        value = add_block(value, eight)
    return np.int64(0), value, False


@kernel()
def count_characters(data: np.ndarray, start: Any, end: Any) -> Any:
    """Code points of a stretch: its bytes without those that continue one."""
    size = np.int64(0)
    continuing = np.uint64(0)
    while start + 8 <= end:
        eight = load8(data, start)
        bits = (eight & ~(eight << U1) & HIGHS) >> U7
        continuing += bits * ONES >> U56
        start += 8
        size += 8
    while start < end:
        continuing += np.uint64(data[start] & 0xC0 == 0x80)
        start += 1
        size += 1
    return size - np.int64(continuing)
