"""Steps: what a line is (text, heading, list item, table row, code), and where it goes on."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.bilingual.sentences.boundary_kernels import (
    ALWAYS,
    CASED_UPPER,
    CLOSES,
    LOWER,
    SPACES_NEEDED,
    skip_blanks,
)
from stages.text_kernels import before, decode, look_up

PROSE = 0
HEADING = 1
LIST_ITEM = 2
TABLE_ROW = 3
CODE = 4

LEAST_WRAPPED = 40
"""Bytes: a shorter line ends because its author ended it."""
WRAPPED_SHARE = 3
"""One line end in so many goes on in a small letter: the text was wrapped to a width."""


@kernel()
def line_end(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """The position of the next new line, or ``stop``."""
    while position < stop and data[position] != 0x0A:
        position += 1
    return position


@kernel()
def trim(data: np.ndarray, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """The range without blanks at its ends; empty ranges end where they begin."""
    start = skip_blanks(data, start, stop)
    while stop > start:
        previous = before(data, start, stop)
        if skip_blanks(data, previous, stop) != stop:
            break
        stop = previous
    return start, stop


@kernel()
def fence_length(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """How many ``` or ~~~ marks a trimmed line begins with; 0 for fewer than three."""
    mark = data[start] if start < stop else np.uint8(0)
    if mark != 0x60 and mark != 0x7E:
        return np.int64(0)
    at = start
    while at < stop and data[at] == mark:
        at += 1
    return at - start if at - start >= 3 else np.int64(0)


@kernel()
def fence_end(data: np.ndarray, start: Scalar, line_stop: Scalar, stop: Scalar) -> Scalar:
    """The end of the line that closes the fence which ``start`` opens; that line's end if none."""
    wanted = fence_length(data, start, line_stop)
    position = line_stop + 1
    while position < stop:
        end = line_end(data, position, stop)
        first, last = trim(data, position, end)
        found = fence_length(data, first, last)
        if found >= wanted and data[first] == data[start] and found == last - first:
            return end
        position = end + 1
    return line_stop


@kernel()
def marker_end(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """Behind a list marker (one of ``-*+>•``, or ``1.``, ``2)``, and a space), or ``start``."""
    byte = data[start]
    at = start + 1
    if byte == 0xE2 and start + 3 < stop and data[start + 1] == 0x80 and data[start + 2] == 0xA2:
        at = start + 3
    elif 0x30 <= byte <= 0x39:
        while at < stop and 0x30 <= data[at] <= 0x39:
            at += 1
        if at - start > 3 or at >= stop or (data[at] != 0x2E and data[at] != 0x29):
            return start
        at += 1
    elif byte != 0x2D and byte != 0x2A and byte != 0x2B and byte != 0x3E:
        return start
    return at + 1 if at < stop and data[at] == 0x20 else start


@kernel()
def line_kind(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """The kind of a trimmed line that is not empty and no code fence."""
    byte = data[start]
    if byte == 0x23:
        at = start
        while at < stop and data[at] == 0x23:
            at += 1
        return HEADING if at < stop and data[at] == 0x20 else PROSE
    if byte == 0x7C:
        return TABLE_ROW
    return LIST_ITEM if marker_end(data, start, stop) > start else PROSE


@kernel()
def ends_open(
    data: np.ndarray, start: Scalar, stop: Scalar, index: np.ndarray, blocks: np.ndarray
) -> Scalar:
    """Does a trimmed line of enough bytes end without a terminator or colon?"""
    if stop - start < LEAST_WRAPPED:
        return False
    at = stop
    while at > start:
        previous = before(data, start, at)
        character, _ = decode(data, previous)
        kind = look_up(index, blocks, character)
        if kind & (ALWAYS | SPACES_NEEDED) or character == 0x3A:
            return False
        if kind & CLOSES == 0:
            return True
        at = previous
    return True


@kernel()
def begins_with(
    data: np.ndarray, start: Scalar, stop: Scalar, index: np.ndarray, blocks: np.ndarray
) -> Scalar:
    """The class of a trimmed line's first character."""
    character, _ = decode(data, start)
    return np.int64(look_up(index, blocks, character))


@kernel()
def is_wrapped(
    data: np.ndarray, start: Scalar, stop: Scalar, index: np.ndarray, blocks: np.ndarray
) -> Scalar:
    """Was this document broken into lines of a width? Then a line end need not end a sentence."""
    line_ends = small = 0
    position = start
    first = last = start
    while position < stop:
        end = line_end(data, position, stop)
        next_first, next_last = trim(data, position, end)
        if next_last > next_first and last > first and last - first >= LEAST_WRAPPED:
            line_ends += 1
            open_ended = ends_open(data, first, last, index, blocks)
            kind = begins_with(data, next_first, next_last, index, blocks)
            small += open_ended and (kind & LOWER) != 0
        first, last = next_first, next_last
        position = end + 1
    return small * WRAPPED_SHARE > line_ends


@kernel()
def goes_on(
    data: np.ndarray, start: Scalar, stop: Scalar, next_start: Scalar, next_stop: Scalar,
    index: np.ndarray, blocks: np.ndarray,
) -> Scalar:  # fmt: skip
    """In a wrapped document: does a (trimmed) line go on in the next one?

    A line that ends in a terminator is joined too: whether its sentence ends is the terminator's
    question. A short line is not, nor is a heading, a list item or code after it.
    """
    if stop - start < LEAST_WRAPPED or next_stop <= next_start:
        return False
    if fence_length(data, next_start, next_stop) > 0:
        return False
    if line_kind(data, next_start, next_stop) != PROSE:
        return False
    kind = begins_with(data, next_start, next_stop, index, blocks)
    return (kind & (LOWER | CASED_UPPER)) != 0 or next_stop - next_start >= LEAST_WRAPPED
