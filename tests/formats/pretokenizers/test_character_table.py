"""The table of characters against the engine that it was asked of, and against Unicode."""

import re
import unicodedata

import numpy as np
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from formats.pretokenizers import characters_kernels as kinds
from formats.pretokenizers import patterns
from formats.pretokenizers.character_table import character_flags, character_table


def test_the_table_holds_the_flags() -> None:
    index, blocks = character_table()
    codes = np.arange(0x110000)
    assert (
        blocks[index[codes >> 8].astype(np.int64) * 256 + (codes & 255)] == character_flags()
    ).all()
    assert index[0] == 0  # ASCII is looked up without the index


def test_planes_that_are_not_asked_for_hold_nothing() -> None:
    text = "".join(map(chr, range(0x40000, 0xE0000)))
    found = Split(Regex(r"[^\p{L}\p{M}\p{N}\p{P}\p{S}\s]+"), "removed").pre_tokenize_str(text)
    assert found == []


def test_what_unicode_has_long_known_is_the_same() -> None:
    flags = character_flags()
    for characters, flag in (("aZéßΩж中กहǅ", kinds.LETTER), ("0٣²Ⅳ", kinds.NUMBER)):
        assert all(flags[ord(c)] & flag for c in characters)
    assert all(flags[ord(c)] & kinds.UPPER for c in "AZÉǅ")
    assert flags[ord("\u0301")] & kinds.MARK
    assert flags[ord("\n")] & kinds.BREAK and flags[ord("\n")] & kinds.SPACE


def test_the_ranges_of_our_cuts_hold_letters_only() -> None:
    """So that every engine, whatever its version of Unicode, keeps them in one piece."""
    flags = character_flags()
    for name in ("HAN", "KATAKANA", "KANA", "SOUTH_EAST_ASIAN", "THAI_LAO_LEADING"):
        for first, last in re.findall("(.)(?:-(.))?", getattr(patterns, name)):
            for code in range(ord(first), ord(last or first) + 1):
                assert flags[code] & kinds.LETTER, f"{name}: {code:04x}"
                assert unicodedata.category(chr(code))[0] == "L", f"{name}: {code:04x}"


def test_the_kernels_know_the_lengths_of_the_expressions() -> None:
    from formats.pretokenizers import scan_kernels

    for name in ("HAN_UNITS", "TAIL_UNITS", "HIRAGANA_UNITS", "SPACELESS_CHARACTERS"):
        assert getattr(scan_kernels, name) == getattr(patterns, name)
