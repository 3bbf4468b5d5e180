"""The properties of one character that normalisation asks for, and the steps that use them.

Whether text is in normal form C is decided as in UAX #15, section 9 (quick check), with one
refinement: a character that could combine with the one before it ("maybe") counts only when the
last starter begins some composition, so that Bengali, Tamil and Korean text does not go to Python
because of its ordinary vowel signs.

The table (``character_rules``) holds uint32 flags: below ``1 << 17`` the change that a character
takes part in (``change_kernels``), above it what the character is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.normalize.change_kernels import INVISIBLE_REMOVED, REMOVED, SELECTORS_REMOVED
from stages.text_kernels import before, decode, look_up

STANDS_BY = 1 << 17
"""Stays or goes depending on its neighbours: joiners, zero-width space, selectors, tags."""
NEVER_COMPOSED = 1 << 18
"""NFC_Quick_Check = No."""
COMPOSES_BACK = 1 << 19
"""May combine with a character before it (NFC_Quick_Check = Maybe)."""
COMBINING = 1 << 20
"""Canonical combining class above 0."""
COMPOSES_FORWARD = 1 << 21
"""A starter that may combine with a character after it, or was made so itself."""
JOINS = 1 << 22
"""Of a script in which joiners carry meaning."""
EMOJI = 1 << 23
BLANK = 1 << 24
SPACES_ZERO = 1 << 25
"""Of a script that separates words with the zero-width space."""
SELECTS_NOTHING = 1 << 26
"""A variation selector after it has no meaning."""
MOJIBAKE_LEAD = 1 << 27
"""What the first byte of a UTF-8 sequence looks like in a wrong encoding."""
LATIN_TAIL = 1 << 28
"""What a later byte of a UTF-8 sequence looks like in Latin-1, Windows-1252 or -1250,"""
CYRILLIC_TAIL = 1 << 29
"""in Windows-1251,"""
OTHER_TAIL = 1 << 30
"""in Mac Roman or code page 437,"""
ARABIC_TAIL = 1 << 31
"""in Windows-1256."""

VOWEL_SEPARATOR = 0x180E
ZERO_WIDTH_JOINER = 0x200D
BLACK_FLAG = 0x1F3F4
MOST_TAGS = 7
"""A flag of a region has at most six letters (UTS #51, emoji tag sequences), then the end tag."""


@kernel()
def needs_composition(
    data: np.ndarray,
    start: Any,
    position: Any,
    flags: Any,
    tables: Any,
) -> Any:
    """Whether the character at ``position`` (with any of the three NFC flags) breaks form C.

    Looks back as far as the last starter; ``data[start:position]`` holds the document so far.
    """
    index, blocks, class_index, class_blocks = tables
    if flags & NEVER_COMPOSED:
        return True
    character, _ = decode(data, position)
    combining = look_up(class_index, class_blocks, character)
    here = position
    while here > start:
        here = before(data, start, here)
        earlier, _ = decode(data, here)
        earlier_class = look_up(class_index, class_blocks, earlier)
        if combining != 0 and earlier_class > combining:
            return True
        if earlier_class == 0:
            forward = np.int64(look_up(index, blocks, earlier)) & COMPOSES_FORWARD
            return (flags & COMPOSES_BACK) != 0 and forward != 0
        if (flags & COMPOSES_BACK) == 0:
            return False  # in order after a mark: nothing to compose
    return False


@kernel()
def ends_blank(data: np.ndarray, start: Any, end: Any, tables: Any) -> Any:
    """Whether ``data[start:end]`` ends with a blank (not a new line)."""
    if end <= start or 0x20 < data[end - 1] < 0x80:
        return False
    character, _ = decode(data, before(data, start, end))
    return np.int64(look_up(tables[0], tables[1], character)) & BLANK != 0


@kernel()
def character_before(data: np.ndarray, start: Any, position: Any) -> Any:
    """The character before ``position``; a new line at the start of the document."""
    if position <= start:
        return np.int64(0x0A)
    character, _ = decode(data, before(data, start, position))
    return character


@kernel()
def flags_after(data: np.ndarray, position: Any, end: Any, tables: Any) -> Any:
    """Flags of the next character that neither goes nor stands by; 0 at the end."""
    while position < end:
        character, position = decode(data, position)
        flags = np.int64(look_up(tables[0], tables[1], character))
        if flags & (REMOVED | STANDS_BY) == 0:
            return flags
    return np.int64(0)


@kernel()
def tags_before(data: np.ndarray, start: Any, position: Any) -> Any:
    """How many tags stand between a black flag and ``position``; -1 where there is no such flag."""
    count = 0
    while position > start and count <= MOST_TAGS:
        position = before(data, start, position)
        character, _ = decode(data, position)
        if character == BLACK_FLAG:
            return count
        if not 0xE0000 <= character < 0xE0080:
            return -1
        count += 1
    return -1


@kernel()
def stays(
    data: np.ndarray, start: Any, position: Any, character: Any, later: Any, tables: Any
) -> Any:
    """Whether a character that stands by carries meaning after ``data[start:position]``.

    ``later``: flags of what follows. A joiner next to a letter of a script that uses joiners, or
    between emoji; a zero-width space between two letters of a script that spaces so; a variation
    selector after something that has variants; tags after the black flag.
    """
    previous = character_before(data, start, position)
    earlier = np.int64(look_up(tables[0], tables[1], previous))
    kind = np.int64(look_up(tables[0], tables[1], character))
    if kind & SELECTORS_REMOVED:
        if character >= 0xE0100:  # ideographic variation sequences
            return 0x3400 <= previous < 0xA000 or 0xF900 <= previous < 0xFB00 or (
                0x20000 <= previous < 0x40000
            )  # fmt: skip
        if character >= 0xE0000:
            return 0 <= tags_before(data, start, position) < MOST_TAGS
        if character < 0x1900:  # Mongolian
            follows = 0x1800 <= previous < 0x18B0 or 0xA840 <= previous < 0xA878
            return follows or (character == VOWEL_SEPARATOR and later & JOINS != 0)
        return earlier & (SELECTS_NOTHING | STANDS_BY | BLANK) == 0
    if earlier & STANDS_BY and not is_selector(previous):
        return False
    if kind & INVISIBLE_REMOVED:
        return earlier & later & SPACES_ZERO != 0
    if (earlier | later) & JOINS:
        return True
    return character == ZERO_WIDTH_JOINER and earlier & later & EMOJI != 0


@kernel()
def is_selector(character: Any) -> Any:
    """A variation selector: a joiner may follow it, as in a heart on fire."""
    return 0xFE00 <= character < 0xFE10 or 0x180B <= character < 0x1810


@kernel()
def is_disordered(character: Any, following: Any) -> Any:
    """Whether two neighbours of Thai or Lao are in the wrong order, or stand for one.

    Lao lies 128 code points after Thai, letter for letter.
    """
    if character >= 0xF700:  # a glyph of an old Thai font
        return True
    if character >> 7 != following >> 7:
        return False
    first = character & 0x7F
    second = following & 0x7F
    is_tone = 0x48 <= second <= 0x4B
    if first == 0x33:  # sara am, tone
        return is_tone
    if first == 0x4D:  # nikhahit, (tone,) sara aa
        return second == 0x32 or is_tone
    if first == 0x40:  # sara e, sara e
        return second == 0x40
    return second == 0x31 or 0x34 <= second <= 0x39 or second == 0x3B  # tone, vowel
