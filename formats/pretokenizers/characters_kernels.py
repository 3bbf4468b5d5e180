"""What a character is to a pattern: flags from a table, read while UTF-8 is decoded.

The table is ``character_table``'s. Text must be valid UTF-8; nothing is read past the end of it.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, step

LETTER = 1
"""``\\p{L}``."""
UPPER = 2
"""``\\p{Lu}`` or ``\\p{Lt}``: may not end a word of o200k that goes on in lower case."""
LOWER = 4
"""``\\p{Ll}``: may not stand among the capitals a word of o200k begins with."""
MARK = 8
"""``\\p{M}``."""
NUMBER = 16
"""``\\p{N}``."""
SPACE = 32
"""``\\s``, line breaks included."""
BREAK = 64
"""A carriage return or a line feed."""
SIGN = 128
"""``\\p{P}`` or ``\\p{S}``."""
CJK = 256
"""In DeepSeek's range of Han and kana."""
HAN_KATAKANA = 512
"""A Han character or katakana, for our own cuts."""
HIRAGANA = 1024
"""Hiragana, and the long vowel mark that katakana has too."""
SPACELESS = 2048
"""A letter of Thai, Lao, Burmese or Khmer."""
LEADING = 4096
"""A vowel sign that Thai and Lao write before its consonant: a syllable begins with it."""
STACKER = 8192
"""The sign of Burmese and Khmer after which a letter stands below another."""


@step()
def character(
    data: np.ndarray, position: Scalar, index: np.ndarray, blocks: np.ndarray
) -> tuple[Scalar, Scalar]:
    """The flags of the character that begins at ``position`` and where the next one begins.

    Indices are unsigned: Numba asks of a signed one whether it counts from the end.
    """
    at = np.uint64(position)
    first = np.uint64(data[at])
    if first < np.uint64(0x80):
        return np.int64(blocks[first]), position + 1
    low = np.uint64(0x3F)
    second = np.uint64(data[at + np.uint64(1)]) & low
    if first < np.uint64(0xE0):
        code = (first & np.uint64(0x1F)) << np.uint64(6) | second
        length = 2
    else:
        third = np.uint64(data[at + np.uint64(2)]) & low
        if first < np.uint64(0xF0):
            code = (first & np.uint64(0x0F)) << np.uint64(12) | second << np.uint64(6) | third
            length = 3
        else:
            fourth = np.uint64(data[at + np.uint64(3)]) & low
            code = (
                (first & np.uint64(7)) << np.uint64(18)
                | second << np.uint64(12)
                | third << np.uint64(6)
                | fourth
            )
            length = 4
    row = np.uint64(index[code >> np.uint64(8)]) << np.uint64(8)
    return np.int64(blocks[row | (code & np.uint64(0xFF))]), position + length
