"""Marks inside a piece of text that split it, and the addresses that nothing splits.

The rules for infixes and the pattern for URLs of spaCy 3.8; see ``token_kernels``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.text_kernels import before, decode, look_up

# What a character is (``classes``).
LOWER = 1
UPPER = 2
CASELESS = 4
DIGIT = 8
"""0 to 9."""
AFFIX = 16
"""Split off the front; off the end too but for ``=``, ``%`` and the section sign."""
QUOTE = 32
CURRENCY = 64
ICON = 128
LETTER = 256
SYMBOL = 512
TERMINAL = 1024
PUNCTUATION = 2048
SPACE = 4096
BEFORE_STOP = 8192

ALPHA = LOWER | UPPER | CASELESS

# How a language differs from the rules that all share.
ENGLISH, FRENCH, GERMAN, SPANISH, OTHER = range(5)

APOSTROPHE, RIGHT_QUOTE = 0x27, 0x2019
DOT, HYPHEN, PLUS, SLASH, PERCENT = 0x2E, 0x2D, 0x2B, 0x2F, 0x25
EQUAL, SECTION, BACKTICK = 0x3D, 0xA7, 0x60


@kernel()
def class_at(data: np.ndarray, position: Any, end: Any, tables: Any) -> Any:
    """The class of the character at ``position``, 0 at the end."""
    if position >= end:
        return np.int64(0)
    character, _ = decode(data, position)
    return np.int64(look_up(tables[0], tables[1], character))


@kernel()
def in_host(data: np.ndarray, position: Any) -> Any:
    """Whether a byte may stand in the name of a host."""
    byte = data[position]
    return (
        byte >= 0x80
        or 0x30 <= byte <= 0x39
        or 0x61 <= byte | 0x20 <= 0x7A
        or byte == HYPHEN
        or byte == 0x5F
    )


@kernel()
def host_at(data: np.ndarray, position: Any, end: Any, tables: Any) -> Any:
    """Whether an address begins with a host: names and dots, the last name of small letters."""
    dots = 0
    name = position
    while position < end and (in_host(data, position) or data[position] == DOT):
        if data[position] == DOT:
            edge = position == name or data[position - 1] in (HYPHEN, 0x5F)
            if edge or data[name] == HYPHEN or data[name] == 0x5F:
                return False
            dots += 1
            name = position + 1
        position += 1
    if dots == 0 or position - name < 2:
        return False
    while name < position:
        character, name = decode(data, name)
        if np.int64(look_up(tables[0], tables[1], character)) & (LOWER | CASELESS) == 0:
            return False
    if position < end and data[position] == 0x3A:
        digits = position + 1
        while digits < end and 0x30 <= data[digits] <= 0x39:
            digits += 1
        if not 2 <= digits - position - 1 <= 5:
            return False
        position = digits
    return position == end or data[position] in (SLASH, 0x3F, 0x23)


@kernel()
def is_address(data: np.ndarray, start: Any, end: Any, tables: Any) -> Any:
    """Whether the whole piece is an address, with or without its protocol."""
    host = start
    for position in range(start + 2, end - 2):
        byte = data[position]
        if byte == 0x3A and data[position + 1] == SLASH and data[position + 2] == SLASH:
            host = position + 3
            break
        if not (in_host(data, position) or byte in (PLUS, DOT)):
            break
    at = end
    while at > host and data[at - 1] != 0x40:
        at -= 1
    if at > host + 1 and host_at(data, at, end, tables):
        return True
    return host_at(data, host, end, tables)


@kernel()
def infix_end(data: np.ndarray, start: Any, here: Any, end: Any, language: Any, tables: Any) -> Any:
    """Where the mark inside a piece that begins at ``here`` ends; ``here`` where there is none."""
    character, after = decode(data, here)
    kind = np.int64(look_up(tables[0], tables[1], character))
    if kind & (LETTER | DIGIT):
        return here
    if character == DOT and after < end and data[after] == DOT:
        while after < end and data[after] == DOT:
            after += 1
        return after
    if character == 0x2026 or kind & ICON:
        return after
    left = class_at(data, before(data, start, here), here, tables) if here > start else 0
    right = class_at(data, after, end, tables)
    words = left & ALPHA != 0 and right & ALPHA != 0
    if character == DOT:
        quote = 0 if language == GERMAN else QUOTE
        if left & (LOWER | CASELESS | quote) and right & (UPPER | CASELESS | quote):
            return after
        return here
    if character == 0x2C:
        return after if words else here
    if character == 0x3A or character == 0x3C or character == 0x3E or character == EQUAL:
        if language != GERMAN and left & DIGIT and right & ALPHA:
            return after
        return after if words else here
    if character == SLASH:
        if language == GERMAN:
            number = ALPHA | DIGIT
            return after if left & number and right & number else here
        return after if left & (ALPHA | DIGIT) and right & ALPHA else here
    if left & DIGIT and character in (HYPHEN, PLUS, 0x2A, 0x5E):
        if language == GERMAN:
            return after if character == HYPHEN and right & DIGIT else here
        follows = right & DIGIT or (after < end and data[after] == HYPHEN)
        if follows and not (language == SPANISH and character == HYPHEN):
            return after
    if language == GERMAN:
        if character == HYPHEN and left & ALPHA and after < end and data[after] == HYPHEN:
            return after + 1 if class_at(data, after + 1, end, tables) & ALPHA else here
        inside = (kind & QUOTE and character != APOSTROPHE) or character in (
            0x21, 0x3F, 0x28, 0x29, 0x5B, 0x5D,
        )  # fmt: skip
        return after if words and inside else here
    if language == SPANISH:
        return here
    if character in (HYPHEN, 0x2013, 0x2014, 0x7E):
        number = DIGIT if language == ENGLISH else 0
        if left & (ALPHA | number) == 0:
            return here
        for _ in range(3):
            if class_at(data, after, end, tables) & ALPHA:
                return after
            if character == 0x7E or character == 0x2013 or after >= end:
                return here
            following, behind = decode(data, after)
            if following != character:
                return here
            after = behind
    return here
