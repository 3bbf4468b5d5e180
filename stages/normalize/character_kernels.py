"""The rules of one character for normalisation: a table of flags, and the steps that use it.

Whether text is in normal form C is decided as in UAX #15, section 9 (quick check), with one
refinement: a character that could combine with the one before it ("maybe") counts only when the
last starter is the first half of some composition, so that Bengali, Tamil and Korean text does not
go to Python because of its ordinary vowel signs.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

import numpy as np

from formats.compile import kernel
from stages.text_kernels import (
    CODE_POINTS,
    before,
    categories,
    code_points,
    decode,
    look_up,
    two_level,
)

# What a character is.
REMOVED = 1
JOINER = 2
LINE_BREAK = 4
NEVER_COMPOSED = 8
"""NFC_Quick_Check = No."""
COMPOSES_BACK = 16
"""May combine with a character before it (NFC_Quick_Check = Maybe)."""
COMBINING = 32
"""Canonical combining class above 0."""
MOJIBAKE_LEAD = 64
"""What the first byte of a UTF-8 sequence looks like in a wrong encoding."""
COMPOSES_FORWARD = 128
JOINS = 256
"""Of a script in which joiners carry meaning."""
EMOJI = 512
BLANK = 1024
LATIN_TAIL = 2048
"""What a later byte of a UTF-8 sequence looks like in Latin-1, Windows-1252 or -1250,"""
CYRILLIC_TAIL = 4096
"""in Windows-1251,"""
OTHER_TAIL = 8192
"""in Mac Roman or code page 437."""
ZERO_WIDTH_JOINER = 0x200D

JOINING_RANGES = (
    (0x0600, 0x08FF),  # Arabic, Syriac, Thaana, N'Ko, Mandaic, Arabic extended
    (0x0900, 0x0DFF),  # Devanagari to Sinhala
    (0x0F00, 0x109F),  # Tibetan, Burmese
    (0x1780, 0x18AF),  # Khmer, Mongolian
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1C4F),  # Balinese to Lepcha
    (0xA840, 0xA8FF),  # Phags-pa, Saurashtra, Devanagari extended
    (0xA980, 0xA9DF),  # Javanese
    (0xABC0, 0xABFF),  # Meetei Mayek
    (0xFB50, 0xFDFF),  # Arabic presentation forms A
    (0xFE70, 0xFEFC),  # Arabic presentation forms B
    (0x10A00, 0x10FFF),  # Kharoshthi to Chorasmian
    (0x11000, 0x11FFF),  # Brahmi and its descendants
)
"""Scripts whose spelling uses ZWNJ or ZWJ (The Unicode Standard, chapters 9, 12 and 13)."""

INVISIBLE = (
    "\u00ad"  # soft hyphen
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # bidi controls
    "\u200b\u2060\ufeff"  # zero-width space, word joiner, byte order mark
    "\u2061\u2062\u2063\u2064\u206a\u206b\u206c\u206d\u206e\u206f"  # operators, old controls
    "\ufff9\ufffa\ufffb\ufffc"  # interlinear annotation, object replacement
)
BLANKS = (
    "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000"
)
LINE_BREAKS = "\r\v\f\x85\u2028\u2029"

LATIN_LEADS = [*range(0xC2, 0xF5), *map(ord, "ĂĹĐ")]
"""Bytes C2..F4 read as Latin-1 or Windows-1252; C3, C5 and D0 read as Windows-1250."""
CYRILLIC_LEADS = "РСГВ"
"""D0, D1, C3, C2 read as Windows-1251."""
OTHER_LEADS = "√├╨╤Γ"
"""C3 in Mac Roman; C3, D0, D1, E2 in code page 437."""
OTHER_TAILS = (
    "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø"  # Mac Roman
    "ÿÖÜ₧ƒ⌐¬½¼¡«»░▒▓"  # code page 437, without its box drawing
)


def tails(*encodings: str) -> np.ndarray:
    """The code points that bytes 80..BF become in the given encodings."""
    later = bytes(range(0x80, 0xC0))
    return code_points(sorted(set("".join(later.decode(name, "ignore") for name in encodings))))


@cache
def character_rules() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two two-level tables: flags (index, uint16 blocks), combining class (index, uint8 blocks)."""
    flags = np.zeros(CODE_POINTS, np.uint16)
    classes = np.zeros(CODE_POINTS, np.uint8)
    category = categories()
    for c in np.flatnonzero(category.astype("S1") == b"M").tolist():
        classes[c] = unicodedata.combining(chr(c))
    flags[classes > 0] |= COMBINING
    for c in range(0x30000):  # no composition beyond; Hangul below
        pair = unicodedata.decomposition(chr(c)) if not 0xAC00 <= c <= 0xD7A3 else ""
        if not pair or pair.startswith("<"):
            continue
        if not unicodedata.is_normalized("NFC", chr(c)):
            flags[c] |= NEVER_COMPOSED
        elif " " in pair:
            first, second = (int(part, 16) for part in pair.split())
            flags[first] |= COMPOSES_FORWARD
            flags[second] |= COMPOSES_BACK
    flags[0x1100:0x1113] |= COMPOSES_FORWARD  # Hangul jamo: leading, vowel, trailing
    flags[0x1161:0x1176] |= COMPOSES_BACK
    flags[0x11A8:0x11C3] |= COMPOSES_BACK
    flags[0xAC00:0xD7A4:28] |= COMPOSES_FORWARD  # syllables that have no trailing consonant yet
    flags[category == b"Cc"] |= REMOVED
    flags[code_points("\t\n" + LINE_BREAKS)] &= ~np.uint16(REMOVED)
    flags[code_points(INVISIBLE)] |= REMOVED
    flags[code_points("\u200c\u200d")] |= JOINER
    flags[code_points(LINE_BREAKS)] |= LINE_BREAK
    flags[code_points(BLANKS)] |= BLANK
    flags[LATIN_LEADS] |= MOJIBAKE_LEAD
    flags[code_points(CYRILLIC_LEADS + OTHER_LEADS)] |= MOJIBAKE_LEAD
    flags[tails("latin-1", "cp1252", "cp1250")] |= LATIN_TAIL
    flags[tails("cp1251")] |= CYRILLIC_TAIL
    flags[code_points(OTHER_TAILS)] |= OTHER_TAIL
    for first, last in JOINING_RANGES:
        part = flags[first : last + 1]
        kind = category[first : last + 1].astype("S1")
        part[(kind == b"L") | (kind == b"M")] |= JOINS
    flags[0xFE0F] |= EMOJI
    flags[0x20E3] |= EMOJI
    flags[0x2190:0x2C00][category[0x2190:0x2C00] == b"So"] |= EMOJI
    flags[0x1F000:0x1FB00] |= EMOJI  # pictographs and skin tones
    flags[code_points("♀♂⚕⚖✈❤↔↕")] |= EMOJI
    return (*two_level(flags), *two_level(classes))


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
            forward = look_up(index, blocks, earlier) & COMPOSES_FORWARD
            return (flags & COMPOSES_BACK) != 0 and forward != 0
        if (flags & COMPOSES_BACK) == 0:
            return False  # in order after a mark: nothing to compose
    return False


@kernel()
def looks_misread(data: np.ndarray, after: Any, end: Any, lead: Any, tables: Any) -> Any:
    """Whether the lead character before ``after`` is followed by what its tails would look like.

    A candidate only: ftfy judges it. Where sound text has the same pairs, more is asked for.
    """
    index, blocks, _, _ = tables
    tail = LATIN_TAIL
    count = 1
    if 0xE0 <= lead <= 0xEF:
        count = 2
    elif 0xF0 <= lead <= 0xF4:
        count = 3
    elif 0x400 <= lead < 0x500:
        tail = CYRILLIC_TAIL
    elif lead >= 0x370:
        tail = OTHER_TAIL
    previous = np.int64(0)
    for _ in range(count):
        if after >= end or data[after] < 0x80:
            return False
        character, after = decode(data, after)
        if look_up(index, blocks, character) & tail == 0:
            return False
        if previous == 0xA0 and character == 0xBB:  # French: "é »"
            return False
        previous = character
    if tail == CYRILLIC_TAIL:  # Ukrainian "Рі": only where the next pair begins at once
        if after >= end or data[after] < 0x80:
            return False
        character, _ = decode(data, after)
        return 0x400 <= character < 0x500 and look_up(index, blocks, character) & MOJIBAKE_LEAD != 0
    return True


@kernel()
def is_control(character: Any) -> Any:
    """C0, delete, C1."""
    return character < 0x20 or 0x7F <= character < 0xA0


@kernel()
def ends_blank(data: np.ndarray, start: Any, end: Any, tables: Any) -> Any:
    """Whether ``data[start:end]`` ends with a blank (not a new line)."""
    if end <= start or 0x20 < data[end - 1] < 0x80:
        return False
    character, _ = decode(data, before(data, start, end))
    return look_up(tables[0], tables[1], character) & BLANK != 0


@kernel()
def flags_before(data: np.ndarray, start: Any, position: Any, tables: Any) -> Any:
    """Flags of the character before ``position``; 0 at the start of the document."""
    if position <= start:
        return np.int64(0)
    character, _ = decode(data, before(data, start, position))
    return np.int64(look_up(tables[0], tables[1], character))


@kernel()
def flags_after(data: np.ndarray, position: Any, end: Any, tables: Any) -> Any:
    """Flags of the next character that is neither removed nor a joiner; 0 at the end."""
    while position < end:
        character, position = decode(data, position)
        flags = np.int64(look_up(tables[0], tables[1], character))
        if flags & (REMOVED | JOINER) == 0:
            return flags
    return np.int64(0)


@kernel()
def keeps_joiner(character: Any, earlier: Any, later: Any) -> Any:
    """Whether a joiner carries meaning between characters with the given flags."""
    if earlier & JOINER:
        return False
    if (earlier | later) & JOINS:
        return True
    return character == ZERO_WIDTH_JOINER and earlier & later & EMOJI != 0
