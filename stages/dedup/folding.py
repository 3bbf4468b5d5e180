"""What one character is to a deduplication key: its kind and its folded spelling.

The key of a document is made from *folded* characters; the document itself is never changed.
Folding takes away what two copies of a page differ in without meaning anything:

* case (Unicode case folding where it maps one character to one: ``Σ σ ς`` are one),
* width and presentation forms (NFKC where it maps one letter to one letter or one digit to one:
  ``Ａ`` is ``a``, ``ﾊ`` is ``ハ``, ``ﻛ`` is ``ك``; ``²``, ``ﷲ`` and Korean jamo stay as they are),
* Arabic and Hebrew vowel points, tatweel, joiners, soft hyphens and variation selectors, which are
  skipped as if they were not there.

Marks of all other scripts are kept: in Thai ``เก่า`` (old) and ``เก้า`` (nine) differ in one only.
In scripts that write no space between words every letter, with its marks, is a token of its own.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np

from stages.dedup.fold_kernels import CLUSTER, DIGIT, MARK, SEPARATOR, SKIPPED, WORD

CLUSTER_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # ideographic iteration mark, closing mark, zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3031, 0x303C),  # kana repeat marks, more Hangzhou numerals, masu mark
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Myanmar extended B
    (0xAA60, 0xAA7F),  # Myanmar extended A
    (0xF900, 0xFAFF),  # Han, compatibility
    (0x1AFF0, 0x1B16F),  # Kana supplements
    (0x20000, 0x3FFFD),  # Han, extensions B and later; planes 2 and 3 hold nothing else
)
"""Inclusive ranges whose letters are tokens of their own (Unicode, Blocks.txt)."""

SKIPPED_RANGES = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5), (0x05C7, 0x05C7),
    (0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06DC),
    (0x06DF, 0x06E4), (0x06E7, 0x06E8), (0x06EA, 0x06ED), (0x08D3, 0x08E1), (0x08E3, 0x08FF),
    (0x200C, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x2069),  # joiners, direction
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xE0100, 0xE01EF),  # variation selectors, BOM
)  # fmt: skip
"""Inclusive ranges that a key does not see (second to fourth line: Hebrew and Arabic points)."""

HANGUL_JAMO_RANGES = ((0x3131, 0x318E), (0xFFA0, 0xFFDC))
"""Compatibility jamo: NFKC would turn them into conjoining ones, which mean something else."""


class FoldTable(NamedTuple):
    """A two-level table: entry ``pages[code_point >> 8] * 256 + (code_point & 255)``."""

    pages: np.ndarray
    """uint16 [0x1100]"""
    kinds: np.ndarray
    """uint8 [entries]: kind, plus ``DIGIT``, plus 16 times the bytes of the folded spelling."""
    folded: np.ndarray
    """uint32 [entries]: UTF-8 of the folded character, first byte lowest; 0 where not kept."""


def fold(character: str) -> str:
    """The folded spelling, one character: ``fold("Ａ") == "a"``, ``fold("ß") == "ß"``."""
    wide = character
    if not _within(ord(character), HANGUL_JAMO_RANGES):
        compatible = unicodedata.normalize("NFKC", character)
        if len(compatible) == 1 and _same_class(character, compatible):
            wide = compatible
    for folded in (wide.casefold(), wide.lower()):
        if len(folded) == 1:
            return folded
    return wide


def kind(character: str) -> int:
    """What the character is to a key: one of the kinds, plus ``DIGIT``."""
    code_point = ord(character)
    if _within(code_point, SKIPPED_RANGES):
        return SKIPPED
    if code_point >> 17 == 1:  # planes 2 and 3: Han throughout, whatever is assigned today
        return CLUSTER
    category = unicodedata.category(character)
    if category[0] == "M":
        return MARK
    if category == "Nd":
        return WORD + DIGIT
    if not (character.isalnum() or category[0] == "L"):
        return SEPARATOR
    return CLUSTER if _within(ord(fold(character)), CLUSTER_RANGES) else WORD


@cache
def fold_table() -> FoldTable:
    """The table over all of Unicode, as this Python's ``unicodedata`` knows it.

    A character that it does not know yet is a separator. Built once in a process (0.3 s).
    """
    pages = np.zeros(0x1100, np.uint16)
    kinds = [np.zeros(256, np.uint8)]
    folded = [np.zeros(256, np.uint32)]
    for page in (*range(0x400), 0xE01):
        page_kinds, page_folded = _han_page(page) if 0x200 <= page < 0x400 else _page(page)
        if page_kinds.any():
            pages[page] = len(kinds)
            kinds.append(page_kinds)
            folded.append(page_folded)
    return FoldTable(pages, np.concatenate(kinds), np.concatenate(folded))


def _page(page: int) -> tuple[np.ndarray, np.ndarray]:
    """Kinds and spellings of 256 code points."""
    kinds = np.zeros(256, np.uint8)
    folded = np.zeros(256, np.uint32)
    for low in range(256):
        code_point = page << 8 | low
        if 0xD800 <= code_point <= 0xDFFF:
            continue
        character = chr(code_point)
        of_character = kind(character)
        if of_character in (SEPARATOR, SKIPPED):
            kinds[low] = of_character
            continue
        spelling = fold(character).encode()
        kinds[low] = of_character | len(spelling) << 4
        folded[low] = int.from_bytes(spelling, "little")
    return kinds, folded


def _han_page(page: int) -> tuple[np.ndarray, np.ndarray]:
    """As ``_page`` for planes 2 and 3: four bytes, folded to themselves."""
    code_points = np.arange(page << 8, (page + 1) << 8, dtype=np.uint32)
    folded = np.full(256, 0x808080F0, np.uint32)
    for byte, (shift, bits) in enumerate(((18, 0x07), (12, 0x3F), (6, 0x3F), (0, 0x3F))):
        folded |= (code_points >> np.uint32(shift) & np.uint32(bits)) << np.uint32(8 * byte)
    return np.full(256, CLUSTER | 4 << 4, np.uint8), folded


def _same_class(left: str, right: str) -> bool:
    """Both letters, or both decimal digits."""
    categories = unicodedata.category(left), unicodedata.category(right)
    return categories == ("Nd", "Nd") or categories[0][0] == categories[1][0] == "L"


def _within(code_point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code_point <= last for first, last in ranges)
