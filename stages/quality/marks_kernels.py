"""What marks and phrases say of the line they stand on: flags of a line, and how each is found."""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.quality.sizes_kernels import UNIT
from stages.text_kernels import BLANK, CLOSING, TERMINAL, decode, look_up

# What a line has: flags.
ENDS_SENTENCE = 1
"""It ends with a terminal mark (quotes and brackets aside)."""
IS_BULLET = 2
ENDS_WITH_ELLIPSIS = 4
HAS_JAVASCRIPT = 8
HAS_POLICY = 16
HAS_BRACE = 32
IS_LINK = 64
"""The line begins with a link, a third of it or more is an address, and no sentence ends in it."""
HAS_LOREM_IPSUM = 128
HAS_SENTENCE = 256
"""A sentence ends in it, at its end or before."""
IS_CODE = 512
"""At least two marks of programs (``code_mark``), one for three words; or one, and a brace or a
semicolon at the end."""
ENDS_WITH_MARK = 1024
"""It ends with a mark of prose or verse, a comma say (quotes and brackets aside)."""

PHRASES = (
    (b"lorem ipsum", HAS_LOREM_IPSUM),
    (b"javascript", HAS_JAVASCRIPT),
    (b"terms of use", HAS_POLICY),
    (b"privacy policy", HAS_POLICY),
    (b"cookie policy", HAS_POLICY),
    (b"uses cookies", HAS_POLICY),
    (b"use of cookies", HAS_POLICY),
    (b"use cookies", HAS_POLICY),
    (b"http://", IS_LINK),
    (b"https://", IS_LINK),
    (b"www.", IS_LINK),
)
"""Looked for where a word begins, in any case. C4 (datatrove's c4_filters.py), and addresses."""
PHRASE_BYTES = np.frombuffer(b"".join(p for p, _ in PHRASES), np.uint8)
PHRASE_STARTS = np.cumsum([0] + [len(p) for p, _ in PHRASES])
PHRASE_FLAGS = np.array([flag for _, flag in PHRASES])
BEGINNINGS = np.zeros(256, np.int64)
"""The first three bytes of the phrases that begin with a byte, as a number; few words have them."""
for _phrase, _ in PHRASES:
    BEGINNINGS[_phrase[0]] = int.from_bytes(_phrase[:3], "little")
CODE_MARKS = np.zeros(128, np.uint8)
CODE_MARKS[[ord(mark) for mark in "{}=<>\\_"]] = 1
MARKS = np.zeros(128, np.uint8)
MARKS[[ord(mark) for mark in ".,;:!?-"]] = 1
BRACES = (0x7B, 0x7D, 0x3B)
"""Braces and the semicolon."""

BULLETS_BEFORE_BLANK = "-*+"
BULLETS = "•‣▪●◦○■□⁃∙・·"


@kernel(forceinline=True)
def may_begin_phrase(data: np.ndarray, position: Any, end: Any) -> Any:
    """Whether the first three bytes at ``position`` are those of a phrase, in any case."""
    first = np.int64(data[np.uint64(position)]) | 0x20
    second = np.int64(data[np.uint64(min(position + 1, end - 1))])
    third = np.int64(data[np.uint64(min(position + 2, end - 1))])
    return BEGINNINGS[np.uint64(first)] == first | (second | 0x20) << 8 | (third | 0x20) << 16


@kernel()
def phrase_flags(data: np.ndarray, position: Any, end: Any) -> Any:
    """Flags of the phrases that begin at ``position``; ASCII letters in any case."""
    found = 0
    for number in range(len(PHRASE_FLAGS)):
        first = PHRASE_STARTS[number]
        size = PHRASE_STARTS[number + 1] - first
        if position + size > end:
            continue
        equal = True
        for k in range(size):
            byte = data[position + k]
            if 0x41 <= byte <= 0x5A:
                byte |= 0x20
            if byte != PHRASE_BYTES[first + k]:
                equal = False
                break
        if equal:
            found |= PHRASE_FLAGS[number]
    return found


@kernel()
def is_bullet(data: np.ndarray, character: Any, after: Any, end: Any) -> Any:
    """Whether a line that begins with this character is an item of a list."""
    if character < 0x80:
        marks = character == 0x2D or character == 0x2A or character == 0x2B
        return marks and after < end and data[after] <= 0x20
    if character == 0xB7 or character == 0x30FB or character == 0x2022 or character == 0x2023:
        return True
    if character == 0x2043 or character == 0x2219 or character == 0x25E6:
        return True
    return character in (0x25A0, 0x25A1, 0x25AA, 0x25CB, 0x25CF)


@kernel()
def address_end(data: np.ndarray, position: Any, end: Any) -> Any:
    """Where the address at ``position`` ends: before a blank, a quote or a closing bracket."""
    while position < end:
        byte = data[position]
        if byte <= 0x20 or byte == 0x22 or byte == 0x29 or byte == 0x3E:
            break
        position += 1
    return position


@kernel(forceinline=True)
def is_alphanumeric(byte: Any) -> Any:
    """Whether a byte is an ASCII letter or digit."""
    return 0x30 <= byte <= 0x39 or 0x61 <= byte | 0x20 <= 0x7A


@kernel(forceinline=True)
def code_mark(data: np.ndarray, character: Any, start: Any, after: Any, end: Any) -> Any:
    """Whether a mark is one of programs.

    Braces, ``=``, ``<``, ``>``, the backslash and the underscore; a bracket right behind a word, as
    in ``f(x)``; a full stop between letters, as in ``a.b``.
    """
    if character >= 0x80:
        return False
    if CODE_MARKS[np.uint64(character)]:
        return True
    if after - 1 == start or not is_alphanumeric(data[np.uint64(after - 2)]):
        return False
    if character == 0x28 or character == 0x5B:
        return True
    return character == 0x2E and after < end and 0x61 <= data[after] | 0x20 <= 0x7A


@kernel(forceinline=True)
def ends_here(data: np.ndarray, after: Any, end: Any, index: np.ndarray, blocks: np.ndarray) -> Any:
    """Whether an ASCII terminal mark before ``after`` ends a sentence rather than a number."""
    if after >= end:
        return True
    character, _ = decode(data, after)
    return look_up(index, blocks, character) & (BLANK | CLOSING | TERMINAL) != 0


@kernel()
def is_code(code_marks: Any, last: Any, size: Any) -> Any:
    """Whether a line is one of a program, by its marks, its last one and the size of its words."""
    if code_marks >= 2 and 3 * code_marks * UNIT >= size:
        return True
    return last in BRACES


@kernel()
def seen_ellipsis(data: np.ndarray, start: Any, after: Any) -> Any:
    """Whether the ellipsis that ends at ``after`` follows another one: "……" is one ellipsis."""
    here = after - 6
    if here < start:
        return False
    return data[here] == 0xE2 and data[here + 1] == 0x80 and data[here + 2] == 0xA6
