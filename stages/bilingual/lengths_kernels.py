"""How long texts are, so that languages can be compared: ideographs and syllables count twice.

A Chinese text has a quarter of the characters of its English translation, and half of its columns
on a terminal: from U+3000 to U+D7FF (kana, Han, Hangul) a character is two columns wide (Unicode
Standard Annex 11, East Asian Width), which its first byte tells.
"""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel

FIRST_WIDE, LAST_WIDE = 0xE3, 0xED
"""First bytes of U+3000 to U+DFFF."""

_t = array_types()


@kernel((_t["u8"], _t["i64"], _t["w_i64"]))
def count_columns(data: np.ndarray, offsets: np.ndarray, columns: np.ndarray) -> None:
    """The columns that texts take, near enough.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [texts + 1].
        columns: int64 [texts], written.
    """
    for text in range(len(columns)):
        count = 0
        for at in range(offsets[text], offsets[text + 1]):
            byte = data[at]
            count += (byte & 0xC0) != 0x80
            count += FIRST_WIDE <= byte <= LAST_WIDE
        columns[text] = count
