"""Text as tokens between spaces: what a classifier of words reads, in training and afterwards.

One pass over the UTF-8 bytes with one table look-up per character. Nothing allocates.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.text_kernels import decode, look_up
from stages.windows_kernels import window

t = array_types()
I64 = t["i64"].dtype

BLANK, NEWLINE, LETTER, SYLLABLE, MARK, NUMBER, SYMBOL, SKIPPED = range(8)
"""Kinds of characters: see ``tokens.character_kinds``."""

KIND_BITS = 8
"""A table entry: the kind, and above so many bits how the character is written in UTF-8, first byte
lowest; 0: as it stands."""
LONGEST = 60
"""Bytes of a token; the rest of a longer one is left out (no word of any language is longer)."""
DIGITS = 4
"""A number of more digits is written with so many."""
REPEATS = 3
"""A mark that is repeated more often is written so often; a line break, twice."""
GROWTH = 4
"""Bytes of tokens to a byte of text at most: ``\\n`` becomes ``¶ ``, a letter of two bytes one of
three and a space."""


@kernel(forceinline=True)
def put(
    data: np.ndarray, position: Scalar, after: Scalar, spelling: Scalar, out: np.ndarray, at: Scalar
) -> Scalar:
    """Write a character's spelling, or its own bytes; return the position after them."""
    if spelling == np.uint64(0):
        for source in range(position, after):
            out[at] = data[source]
            at += 1
        return at
    while spelling != np.uint64(0):
        out[at] = np.uint8(spelling & np.uint64(0xFF))
        spelling >>= np.uint64(8)
        at += 1
    return at


@kernel(forceinline=True)
def joins(
    kind: Scalar, character: Scalar, open_kind: Scalar, last: Scalar, gap: Scalar
) -> Scalar:  # fmt: skip
    """Is the character part of the token before it?

    Args:
        kind: of the character.
        character: its code point.
        open_kind: kind of the token before it, BLANK at the beginning.
        last: the code point that this token is made of, if it is of marks.
        gap: was there a blank in between?
    """
    if kind == NEWLINE:
        return open_kind == NEWLINE
    if gap:
        return False
    if kind == MARK:
        return open_kind in (LETTER, SYLLABLE)
    if kind == SYMBOL:
        return open_kind == SYMBOL and character == last
    return kind in (LETTER, NUMBER) and open_kind == kind


@kernel(forceinline=True)
def has_room(kind: Scalar, length: Scalar, count: Scalar) -> Scalar:
    """Is another character of a token written? ``length`` in bytes and ``count`` so far."""
    if kind == NEWLINE:
        return count < 2
    if kind == NUMBER:
        return count < DIGITS
    if kind == SYMBOL:
        return count < REPEATS
    return length < LONGEST


@kernel(forceinline=True)
def write_letters(
    data: np.ndarray, position: Scalar, stop: Scalar, out: np.ndarray, at: Scalar, limit: Scalar
) -> tuple[Scalar, Scalar]:
    """Write the ASCII letters at ``position`` in lower case: most of most texts, so on its own.

    Returns:
        where reading stopped (at what is no ASCII letter), where writing did.
    """
    while position < stop:
        byte = data[position] | np.uint8(0x20)
        if byte < 97 or byte > 122:
            break
        if at < limit:
            out[at] = byte
            at += 1
        position += 1
    return position, at


@kernel(forceinline=True)
def write_tokens(
    data: np.ndarray, position: Scalar, stop: Scalar,
    index: np.ndarray, blocks: np.ndarray, out: np.ndarray, at: Scalar,
) -> Scalar:  # fmt: skip
    """Write the tokens of ``data[position:stop]``, a space after each.

    Args:
        data: uint8, valid UTF-8.
        position: first byte to read.
        stop: byte after the last.
        index: uint16, see ``tokens.character_kinds``.
        blocks: uint64.
        out: uint8, written.
        at: where in ``out`` the first token begins.

    Returns:
        where writing stopped.
    """
    open_kind, last, gap = np.int64(BLANK), np.int64(-1), False
    begin, count = at, 0
    while position < stop:
        if open_kind == LETTER and not gap:
            position, at = write_letters(data, position, stop, out, at, begin + LONGEST)
            if position >= stop:
                break
        character, after = decode(data, position)
        entry = look_up(index, blocks, character)
        kind = np.int64(entry & np.uint64((1 << KIND_BITS) - 1))
        if kind == SKIPPED:
            position = after
            continue
        if kind == BLANK:
            gap = True
            position = after
            continue
        spelling = entry >> np.uint64(KIND_BITS)
        if joins(kind, character, open_kind, last, gap):
            if has_room(open_kind, at - begin, count):
                at = put(data, position, after, spelling, out, at)
            count += 1
        else:
            if open_kind != BLANK:
                out[at] = 32
                at += 1
            begin, count = at, 1
            at = put(data, position, after, spelling, out, at)
            open_kind = np.int64(LETTER) if kind == MARK else kind
            last = character
        gap = False
        position = after
    if open_kind != BLANK:
        out[at] = 32
        at += 1
    return at


@kernel((t["u8"], t["i64"], t["b1"], I64, I64, t["u16"], t["u64"], t["w_u8"], t["w_i64"]))
def tokens_of(
    data: np.ndarray, offsets: np.ndarray, wanted: np.ndarray, windows: Scalar, size: Scalar,
    index: np.ndarray, blocks: np.ndarray, out: np.ndarray, out_offsets: np.ndarray,
) -> None:  # fmt: skip
    """The tokens of each text, one after the other.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [rows + 1].
        wanted: bool [rows]; the others have no token.
        windows: in how many windows a long text is read; 0: whole.
        size: bytes of a window; a text of at most ``windows * size`` bytes is read whole.
        index: uint16, see ``tokens.character_kinds``.
        blocks: uint64.
        out: uint8 [GROWTH * bytes], written.
        out_offsets: int64 [rows + 1], written.
    """
    at = 0
    out_offsets[0] = 0
    for row in range(len(offsets) - 1):
        start, stop = offsets[row], offsets[row + 1]
        if not wanted[row]:
            stop = start
        if windows == 0 or stop - start <= windows * size:
            at = write_tokens(data, start, stop, index, blocks, out, at)
        else:
            for number in range(windows):
                begin, end = window(data, start, stop, number, windows, size)
                at = write_tokens(data, begin, end, index, blocks, out, at)
        out_offsets[row + 1] = at


@kernel((t["u8"], t["i64"], t["b1"], I64, I64, t["w_u8"], t["w_i64"]))
def windows_of(
    data: np.ndarray, offsets: np.ndarray, wanted: np.ndarray, windows: Scalar, size: Scalar,
    out: np.ndarray, out_offsets: np.ndarray,
) -> None:  # fmt: skip
    """As ``tokens_of``, but the bytes as they stand, a space between two windows.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [rows + 1].
        wanted: bool [rows]; the others are empty.
        windows: in how many windows a long text is read, at least 1.
        size: bytes of a window.
        out: uint8 [bytes + rows * windows], written.
        out_offsets: int64 [rows + 1], written.
    """
    at = 0
    out_offsets[0] = 0
    for row in range(len(offsets) - 1):
        start, stop = offsets[row], offsets[row + 1]
        if not wanted[row]:
            stop = start
        whole = stop - start <= windows * size
        for number in range(1 if whole else windows):
            begin, end = start, stop
            if not whole:
                begin, end = window(data, start, stop, number, windows, size)
            for position in range(begin, end):
                out[at] = data[position]
                at += 1
            out[at] = 32
            at += 1
        out_offsets[row + 1] = at
