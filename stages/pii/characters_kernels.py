"""Digits of every script, what may stand between them, and where a number may begin and end.

What a character is to numbers comes from one two-level table: digits of all scripts by value
(Arabic-Indic, Devanagari, Thai, full-width and sixty more), the blanks, hyphens, dots, slashes and
brackets that people put between them, plus and at signs in both widths.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.shapes_kernels import BLANK, CLOSE, DOT, HYPHEN, OPEN, SLASH
from stages.text_kernels import CODE_POINTS, before, code_points, decode, look_up, two_level

PLUS = 7
AT = 8
CURRENCY = 9
"""Also the signs for number, section and degree: what stands at them is no telephone."""
LATIN = 10
"""A letter or mark of Latin outside ASCII."""
ALPHABET = 11
"""A letter of Greek or Cyrillic."""
LETTER = 12
"""A letter or mark of another script."""
DIGIT = 16
"""And the value of the digit added."""

MARKS = {
    BLANK: " \u00a0\u2002\u2003\u2005\u2007\u2009\u202f\u3000",
    HYPHEN: "-\u00ad\u2010\u2011\u2012\u2013\u2212\uff0d\u30fc\ufe63",
    DOT: ".\uff0e",
    SLASH: "/\uff0f",
    OPEN: "(\uff08",
    CLOSE: ")\uff09",
    PLUS: "+\uff0b",
    AT: "@\uff20",
    CURRENCY: "$£¥€₹₩₽₫₺₴₦₱฿￥￡￠№§°%‰#＃",
}


@cache
def number_characters() -> tuple[np.ndarray, np.ndarray]:
    """The two-level table (index, blocks), uint8: 0 or one of the constants above."""
    values = np.zeros(CODE_POINTS, np.uint8)
    for code in (*range(0x80, 0x20000), *range(0x20000, 0x2A6E0, 0x100), *range(0xE0100, 0xE01F0)):
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Nd":
            values[code] = DIGIT + unicodedata.decimal(character)
        elif category[0] in "LM":
            latin = code < 0x250 or 0x300 <= code < 0x370 or 0x1E00 <= code < 0x1F00
            alphabet = code < 0x590 or 0x1F00 <= code < 0x2000
            values[code] = LATIN if latin else ALPHABET if alphabet else LETTER
    values[0x20000:0x32000] = LETTER
    values[0x30:0x3A] = DIGIT + np.arange(10)
    for mark, characters in MARKS.items():
        values[code_points(characters)] = mark
    return two_level(values)


@kernel()
def is_ascii_digit(byte: Scalar) -> Scalar:
    """``0`` to ``9``."""
    return 0x30 <= byte <= 0x39


@kernel()
def is_ascii_letter(byte: Scalar) -> Scalar:
    """``A`` to ``Z`` in both cases."""
    return 0x61 <= (byte | 0x20) <= 0x7A


@kernel()
def is_ascii_word(byte: Scalar) -> Scalar:
    """A letter, a digit or an underscore."""
    return is_ascii_letter(byte) or is_ascii_digit(byte) or byte == 0x5F


@kernel()
def read(data: np.ndarray, at: Scalar, characters: tuple) -> tuple:
    """What the character at a place is to numbers, and where the next one begins."""
    code, after = decode(data, at)
    return np.int64(look_up(characters[0], characters[1], code)), after


@kernel()
def read_back(data: np.ndarray, low: Scalar, at: Scalar, characters: tuple) -> tuple:
    """What the character before a place is to numbers, and where it begins; ``low < at``."""
    begin = before(data, low, at)
    code, _ = decode(data, begin)
    return np.int64(look_up(characters[0], characters[1], code)), begin


@kernel()
def next_trigger(data: np.ndarray, at: Scalar, end: Scalar, characters: tuple) -> Scalar:
    """The next digit or at sign of any script, or ``end``. Sixteen bytes at a time through ASCII.

    Outside ASCII only characters of blocks with digits are looked up: UTF-8 shows by its first
    byte that Latin, Cyrillic, Han, kana and Hangul have none.
    """
    while at < end:
        while at + 16 <= end:
            hit = np.uint8(0)
            for k in range(16):
                byte = data[at + k]
                hit |= (
                    np.uint8(byte - np.uint8(0x30) < np.uint8(10)) | (byte == 0x40) | (byte > 0x7F)
                )
            if hit:
                break
            at += 16
        while at < end and data[at] < 0x80:
            if is_ascii_digit(data[at]) or data[at] == 0x40:
                return at
            at += 1
        while at < end and data[at] >= 0x80:
            lead = data[at]
            if lead < 0xE0:
                if lead == 0xD9 or lead == 0xDB or lead == 0xDF:
                    kind, _ = read(data, at, characters)
                    if kind >= DIGIT:
                        return at
                at += 2
            elif lead < 0xF0:
                if lead == 0xE0 or lead == 0xE1 or lead == 0xEA or lead == 0xEF:
                    kind, _ = read(data, at, characters)
                    if kind >= DIGIT or kind == AT:
                        return at
                at += 3
            else:
                kind, _ = read(data, at, characters)
                if kind >= DIGIT:
                    return at
                at += 4
    return end


@kernel()
def may_begin(data: np.ndarray, low: Scalar, at: Scalar, characters: tuple) -> Scalar:
    """Whether a number may begin at ``at``: not inside a word, a path, a decimal or a price."""
    if at <= low:
        return True
    byte = data[at - 1]
    if byte >= 0x80:
        kind, _ = read_back(data, low, at, characters)
        return kind not in (LATIN, ALPHABET, CURRENCY, PLUS, AT) and kind < DIGIT
    if byte == 0x20 or byte == 0x0A:
        return True
    if is_ascii_word(byte):
        return False
    for sign in b"#=&%$*^~@+\\":
        if byte == sign:
            return False
    earlier = data[at - 2] if at - 2 >= low else np.uint8(0x20)
    if byte == 0x2E or byte == 0x2C or byte == 0x3A:  # . , :
        return not is_ascii_digit(earlier)
    if byte == 0x2D or byte == 0x2F:  # - /
        return not is_ascii_word(earlier) and (earlier != byte or byte == 0x2F)
    return True


@kernel()
def may_end(data: np.ndarray, at: Scalar, end: Scalar, characters: tuple) -> Scalar:
    """Whether a number may end before ``at``."""
    if at >= end:
        return True
    byte = data[at]
    if byte >= 0x80:
        kind, _ = read(data, at, characters)
        return kind not in (LATIN, ALPHABET, CURRENCY, PLUS, AT) and kind < DIGIT
    if byte == 0x20 or byte == 0x0A:
        return True
    if is_ascii_word(byte):
        return False
    for sign in b"%=*^@$+":
        if byte == sign:
            return False
    later = data[at + 1] if at + 1 < end else np.uint8(0x20)
    if byte == 0x2E or byte == 0x2C or byte == 0x3A:
        return not is_ascii_digit(later)
    if byte == 0x2D or byte == 0x2F:
        return not is_ascii_word(later)
    return True
