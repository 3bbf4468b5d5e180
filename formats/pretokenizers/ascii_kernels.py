"""The common case of a word, eight bytes at a time: a space or sign, then letters of ASCII.

Most pieces of European languages are such words. The general steps read a character after the other
through the table; here one load and a few operations on eight bytes find where the letters end.
What is not decided by ASCII alone is left to them.
"""

from __future__ import annotations

import numpy as np

from formats.bit_kernels import load_8, lowest_bit
from formats.compile import Scalar, step

_HIGH = np.uint64(0x8080808080808080)
_LOW = np.uint64(0x7F7F7F7F7F7F7F7F)
_FROM_A = np.uint64(0x0101010101010101 * (0x80 - 0x61))
_BEHIND_Z = np.uint64(0x0101010101010101 * (0x80 - 0x7B))
_APOSTROPHE = 39


@step(forceinline=True)
def _small_letters(word: Scalar) -> Scalar:
    """How many of the first bytes of eight are a to z."""
    seven = word & _LOW
    others = ~((seven + _FROM_A) & ~(seven + _BEHIND_Z) & ~word) & _HIGH
    return np.int64(8) if others == np.uint64(0) else lowest_bit(np.int64(others)) >> 3


@step()
def ascii_word(data: np.ndarray, start: Scalar, end: Scalar) -> Scalar:
    """The end of a word that o200k takes from ``start`` on, or ``start`` where it is not plain.

    Plain: at most one character of ASCII that is no letter, digit or line break, at most one
    capital, then small letters, then what can be no part of the word.
    """
    first = data[np.uint64(start)]
    if first >= 0x80:
        return start
    letter = first | 32
    position = start
    if letter < 97 or letter > 122:
        if first == 10 or first == 13 or (48 <= first <= 57):
            return start
        position += 1
    if position + 8 > len(data):
        return start
    # The first letter may be a capital.
    letters = _small_letters(load_8(data, position) | np.uint64(32))
    if letters == 0:
        return start
    position += letters
    while letters == 8:
        if position + 8 > len(data):
            return start
        letters = _small_letters(load_8(data, position))
        position += letters
    if position >= end:
        return end
    behind = data[np.uint64(position)]
    if behind >= 0x80 or behind == _APOSTROPHE:
        return start
    capital = 65 <= behind <= 90
    return start if capital and not 97 <= data[np.uint64(position - 1)] <= 122 else position
