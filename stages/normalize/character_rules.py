"""Which characters are what: the sets behind the table that the kernels of ``normalize`` read."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from stages.normalize import change_kernels as change
from stages.normalize import character_kernels as flag
from stages.text_kernels import CODE_POINTS, categories, code_points, two_level

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
    (0x1E900, 0x1E95F),  # Adlam
)
"""Scripts whose spelling uses ZWNJ or ZWJ (The Unicode Standard, chapters 9, 12, 13 and 19)."""

ZERO_SPACING_RANGES = (
    (0x0E80, 0x0EFF),  # Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0xA9E0, 0xA9FF),  # Burmese extended B
    (0xAA60, 0xAADF),  # Burmese extended A, Tai Viet
)
"""Scripts whose writers type U+200B between words (The Unicode Standard, chapter 16). Thai is not
among them: there it comes from editors, in one page of a hundred, and separates nothing in most."""

INVISIBLE = (
    "\u00ad"  # soft hyphen
    "\u2060\ufeff"  # word joiner, byte order mark
    "\u2061\u2062\u2063\u2064\u206a\u206b\u206c\u206d\u206e\u206f"  # operators, old controls
    "\ufff9\ufffa\ufffb\ufffc"  # interlinear annotation, object replacement
    "\U000e0001"  # language tag
)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Text is stored in reading order (UAX #9); these only say how it is laid out, and can hide it."""
BLANKS = (
    "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000"
)
LINE_BREAKS = "\r\v\f\x85\u2028\u2029"

LATIN_LEADS = [*range(0xC2, 0xF5), *map(ord, "ĂĹĐ")]
"""Bytes C2..F4 read as Latin-1 or Windows-1252; C3, C5 and D0 read as Windows-1250."""
OTHER_LEADS = "РСГВطظعغ√├╨╤Γ锛銆鐨涓縺繧繝"
"""D0, D1, C3, C2 read as Windows-1251; D8 to DB as 1256; C3 in Mac Roman; C3, D0, D1, E2 in code
page 437; the commonest first two bytes of Chinese text in GBK, of Japanese text in Shift_JIS."""
OTHER_TAILS = (
    "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø"  # Mac Roman
    "ÿÖÜ₧ƒ⌐¬½¼¡«»░▒▓"  # code page 437, without its box drawing
)
THAI_LAO_WATCHED = (
    "\u0e33\u0e40\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4d"  # sara am, sara e, tone marks, nikhahit
    "\u0eb3\u0ec0\u0ec8\u0ec9\u0eca\u0ecb\u0ecc\u0ecd"
)
THAI_GLYPHS = (0xF700, 0xF71A)
"""Private use of old Windows fonts: Thai marks moved left or down, letters without their foot."""


def tails(*encodings: str) -> np.ndarray:
    """The code points that bytes 80..BF become in the given encodings."""
    later = bytes(range(0x80, 0xC0))
    return code_points(sorted(set("".join(later.decode(name, "ignore") for name in encodings))))


def folded_arabic_forms() -> np.ndarray:
    """Code points of the Arabic letters and ligatures of letters in presentation form."""
    from stages.normalize.arabic_forms import LETTERS

    return code_points(sorted(LETTERS))


@cache
def character_rules(wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two two-level tables: flags (index, uint32 blocks), combining class (index, uint8 blocks).

    Args:
        wanted: the changes that may be made, bits of ``change_kernels``; no character says that it
            takes part in another.
    """
    category = categories()
    major = category.astype("S1")
    flags = np.zeros(CODE_POINTS, np.uint32)
    classes = np.zeros(CODE_POINTS, np.uint8)
    for c in np.flatnonzero(major == b"M").tolist():
        classes[c] = unicodedata.combining(chr(c))
    _add_removed(flags, category)
    _add_folded(flags)
    _add_what_stands_by(flags, category, major)
    flags &= np.uint32(wanted | ~np.uint32(flag.STANDS_BY - 1))
    standing = flags & np.uint32(flag.STANDS_BY - 1) & np.uint32(change.CONDITIONAL) != 0
    flags[~standing] &= ~np.uint32(flag.STANDS_BY)
    if wanted & change.COMPOSED:
        _add_composition(flags, classes)
    if wanted & change.MOJIBAKE_REPAIRED:
        _add_mojibake(flags)
    flags[code_points(BLANKS)] |= np.uint32(flag.BLANK)
    return (*two_level(flags), *two_level(classes))


def _add_removed(flags: np.ndarray, category: np.ndarray) -> None:
    """Control characters and noncharacters, invisible ones, line ends, private use."""
    flags[category == b"Cc"] |= change.CONTROLS_REMOVED
    flags[code_points("\t\n" + LINE_BREAKS)] = 0
    flags[0xFDD0:0xFDF0] |= change.CONTROLS_REMOVED
    flags[0xFFFE::0x10000] |= change.CONTROLS_REMOVED
    flags[0xFFFF::0x10000] |= change.CONTROLS_REMOVED
    flags[code_points(INVISIBLE)] |= change.INVISIBLE_REMOVED
    flags[code_points(BIDI)] |= change.BIDI_REMOVED
    flags[category == b"Co"] |= change.PRIVATE_REMOVED
    flags[code_points(LINE_BREAKS)] |= change.LINE_ENDS_CHANGED
    flags[0x0A] |= change.BLANKS_TRIMMED | change.BLANK_LINES_REMOVED


def _add_folded(flags: np.ndarray) -> None:
    """Characters that a Python function may fold; they are looked at only where they stand."""
    flags[ord("&")] |= change.ENTITIES_DECODED
    flags[folded_arabic_forms()] |= change.ARABIC_FORMS_FOLDED
    flags[code_points(THAI_LAO_WATCHED)] |= change.THAI_LAO_ORDERED
    flags[THAI_GLYPHS[0] : THAI_GLYPHS[1] + 1] |= change.THAI_LAO_ORDERED
    flags[0xFF66:0xFFA0] |= change.KANA_WIDENED
    for first, last in (("０", "９"), ("Ａ", "Ｚ"), ("ａ", "ｚ")):
        flags[ord(first) : ord(last) + 1] |= change.LATIN_NARROWED


def _add_what_stands_by(flags: np.ndarray, category: np.ndarray, major: np.ndarray) -> None:
    """Joiners, the zero-width space, selectors and tags, and what gives them meaning."""
    flags[code_points("\u200c\u200d")] = change.JOINERS_REMOVED | flag.STANDS_BY
    flags[0x200B] = change.INVISIBLE_REMOVED | flag.STANDS_BY
    for first, last in (
        (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0020, 0xE007F), (0xE0100, 0xE01EF),
    ):  # fmt: skip
        flags[first : last + 1] = change.SELECTORS_REMOVED | flag.STANDS_BY
    for ranges, property_, kinds in (
        (JOINING_RANGES, flag.JOINS, (b"L", b"M")),
        (ZERO_SPACING_RANGES, flag.SPACES_ZERO, (b"L", b"M", b"N")),
    ):
        for first, last in ranges:
            part = flags[first : last + 1]
            part[np.isin(major[first : last + 1], kinds)] |= np.uint32(property_)
    flags[0xFE0F] |= flag.EMOJI
    flags[0x20E3] |= flag.EMOJI
    flags[0x2190:0x2C00][category[0x2190:0x2C00] == b"So"] |= np.uint32(flag.EMOJI)
    flags[0x1F000:0x1FB00] |= np.uint32(flag.EMOJI)  # pictographs and skin tones
    flags[code_points("♀♂⚕⚖✈❤↔↕")] |= np.uint32(flag.EMOJI)
    flags[:0x250] |= np.uint32(flag.SELECTS_NOTHING)
    flags[code_points("0123456789#*©®")] &= ~np.uint32(flag.SELECTS_NOTHING)


def _add_composition(flags: np.ndarray, classes: np.ndarray) -> None:
    """What the quick check for normal form C asks for."""
    flags[classes > 0] |= np.uint32(flag.COMBINING)
    for c in range(0x30000):  # no composition beyond; Hangul below
        pair = unicodedata.decomposition(chr(c)) if not 0xAC00 <= c <= 0xD7A3 else ""
        if not pair or pair.startswith("<"):
            continue
        if not unicodedata.is_normalized("NFC", chr(c)):
            flags[c] |= np.uint32(flag.NEVER_COMPOSED)
        elif " " in pair:
            first, second = (int(part, 16) for part in pair.split())
            flags[[first, c]] |= np.uint32(flag.COMPOSES_FORWARD)  # c: é + cedilla is ȩ + acute
            flags[second] |= np.uint32(flag.COMPOSES_BACK)
    flags[0x1100:0x1113] |= np.uint32(flag.COMPOSES_FORWARD)  # Hangul jamo: leading,
    flags[0x1161:0x1176] |= np.uint32(flag.COMPOSES_BACK)  # vowel,
    flags[0x11A8:0x11C3] |= np.uint32(flag.COMPOSES_BACK)  # trailing
    flags[0xAC00:0xD7A4:28] |= np.uint32(flag.COMPOSES_FORWARD)  # no trailing consonant yet


def _add_mojibake(flags: np.ndarray) -> None:
    """What the bytes of UTF-8 become in the encodings that it is taken for."""
    flags[LATIN_LEADS] |= np.uint32(flag.MOJIBAKE_LEAD)
    flags[code_points(OTHER_LEADS)] |= np.uint32(flag.MOJIBAKE_LEAD)
    flags[0x80:0xA0] |= np.uint32(flag.MOJIBAKE_LEAD)
    flags[0x1B] |= np.uint32(flag.MOJIBAKE_LEAD)
    flags[tails("latin-1", "cp1252", "cp1250")] |= np.uint32(flag.LATIN_TAIL)
    flags[tails("cp1251")] |= np.uint32(flag.CYRILLIC_TAIL)
    flags[tails("cp1256")] |= np.uint32(flag.ARABIC_TAIL)
    flags[code_points(OTHER_TAILS)] |= np.uint32(flag.OTHER_TAIL)
