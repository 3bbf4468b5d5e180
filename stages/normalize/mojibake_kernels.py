"""Which characters look like text decoded with a wrong encoding: candidates, judged in Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.normalize.character_kernels import (
    ARABIC_TAIL,
    CYRILLIC_TAIL,
    LATIN_TAIL,
    MOJIBAKE_LEAD,
    OTHER_TAIL,
)
from stages.text_kernels import decode, look_up


@kernel()
def looks_misread(
    data: np.ndarray, position: Any, after: Any, end: Any, lead: Any, tables: Any
) -> Any:
    """Whether the lead character at ``position`` begins what UTF-8 looks like when misread.

    Where sound text has the same pairs of characters, more is asked for.
    """
    index, blocks, _, _ = tables
    if lead == 0x1B:  # ISO 2022: escape, dollar, a letter or bracket
        return after + 1 < end and data[after] == 0x24 and data[after + 1] >= 0x28
    if lead >= 0x4E00:  # rare characters that UTF-8 in GBK or Shift_JIS is full of
        return True
    if lead < 0x100 and four_letters(data, position, end):
        return True
    tail = LATIN_TAIL
    count = 1
    twice = False
    if 0xE0 <= lead <= 0xEF:
        count = 2
    elif 0xF0 <= lead <= 0xF4:
        count = 3
    elif 0x400 <= lead < 0x500:
        tail = CYRILLIC_TAIL
        twice = True  # Ukrainian "Рі" is sound, "РіСЃ" is not
    elif 0x600 <= lead < 0x700:
        tail = ARABIC_TAIL
        twice = True
    elif lead >= 0x370:
        tail = OTHER_TAIL
    previous = np.int64(0)
    for _ in range(count):
        if after >= end or data[after] < 0x80:
            return False
        character, after = decode(data, after)
        if np.int64(look_up(index, blocks, character)) & tail == 0:
            return False
        if previous == 0xA0 and character == 0xBB:  # French: "é »"
            return False
        previous = character
    if twice:
        if after >= end or data[after] < 0x80:
            return False
        character, _ = decode(data, after)
        same_script = character >> 8 == lead >> 8
        return same_script and np.int64(look_up(index, blocks, character)) & MOJIBAKE_LEAD != 0
    return True


@kernel()
def four_letters(data: np.ndarray, position: Any, end: Any) -> Any:
    """Whether four letters of U+00C0 to U+00FF follow each other (bytes C3 xx): no language does.

    It is what Cyrillic, Arabic, Thai or Chinese in an old encoding look like as Latin-1.
    """
    return (
        position + 8 <= end
        and data[position] == 0xC3
        and data[position + 2] == 0xC3
        and data[position + 4] == 0xC3
        and data[position + 6] == 0xC3
    )
