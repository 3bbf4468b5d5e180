"""Text that is for machines: markup, and lines that give a key its value."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

t = array_types()

LONGEST_TAG = 2000
FEWEST_LINES = 4
NEWLINE, SPACE, TAB, RETURN = 0x0A, 0x20, 0x09, 0x0D
PAGE_BEGINNINGS = tuple(
    np.frombuffer(beginning, np.uint8) | np.uint8(0x20) for beginning in (b"<!doctype", b"<html")
)
"""In lower case, as bytes with the bit of lower case set."""


@kernel()
def is_letter(byte: Scalar) -> Scalar:
    """An ASCII letter."""
    return 0x61 <= (byte | 0x20) <= 0x7A


@kernel()
def behind_tag(data: np.ndarray, at: Scalar, end: Scalar) -> Scalar:
    """Where the tag ends that begins with the ``<`` at ``at``; ``at`` itself where none does."""
    if at + 1 >= end:
        return at
    following = data[at + 1]
    if not (is_letter(following) or following in (0x21, 0x2F, 0x3F)):  # ! / ?
        return at
    last = min(end, at + LONGEST_TAG)
    place = at + 1
    while place < last and data[place] != 0x3E and data[place] != 0x3C:
        place += 1
    return place + 1 if place < last and data[place] == 0x3E else at


@kernel()
def begins_page(data: np.ndarray, start: Scalar, end: Scalar) -> Scalar:
    """Whether the first that is not blank is ``<!doctype`` or ``<html``, in any case."""
    while start < end and data[start] <= SPACE:
        start += 1
    for number in range(len(PAGE_BEGINNINGS)):
        beginning = PAGE_BEGINNINGS[number]
        equal = start + len(beginning) <= end
        place = np.int64(0)
        while equal and place < len(beginning):
            equal = (data[start + place] | 0x20) == beginning[place]
            place += 1
        if equal:
            return True
    return False


@kernel()
def gives_value(data: np.ndarray, start: Scalar, end: Scalar) -> Scalar:
    """Whether a line reads ``some.key = value``, or ``some-key: value``; "Note: this" is prose."""
    if start >= end or not (is_letter(data[start]) or data[start] == 0x5F):
        return False
    place, joined = start, False
    while place < end:
        byte = data[place]
        if byte in (0x2D, 0x2E, 0x5F) or 0x30 <= byte <= 0x39:  # - . _ or a digit
            joined = True
        elif not is_letter(byte):
            break
        place += 1
    if place < end and data[place] in (SPACE, TAB):
        place += 1
    if place >= end or not (data[place] == 0x3D or (data[place] == 0x3A and joined)):
        return False
    place += 1
    while place < end and data[place] in (SPACE, TAB):
        place += 1
    return place < end and data[place] != 0x3D


@kernel((t["u8"], t["i64"], t["b1"], t["w_f32"], t["w_f32"]))
def measure_machine_text(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    markup: np.ndarray,
    key_value_lines: np.ndarray,
) -> None:
    """How much of each document is for machines.

    Args:
        data: uint8 [bytes].
        offsets: int64 [rows + 1].
        alive: bool [rows].
        markup: float32 [rows], written: share of bytes in tags of HTML or XML, 1 where the document
            begins as a page of HTML does; NaN where dead or empty.
        key_value_lines: float32 [rows], written: share of lines that are not blank; NaN below four.
    """
    for row in range(len(alive)):
        markup[row] = key_value_lines[row] = np.nan
        start, end = offsets[row], offsets[row + 1]
        if not alive[row] or start == end:
            continue
        tags, lines, pairs = 0, 0, 0
        line, blank, place = start, True, start
        while place < end:
            byte = data[place]
            if byte == NEWLINE:
                if not blank:
                    lines += 1
                    pairs += gives_value(data, line, place)
                line, blank = place + 1, True
            elif byte == 0x3C:
                behind = behind_tag(data, place, end)
                tags += behind - place
                blank = False
            elif byte > SPACE:
                blank = False
            place += 1
        if not blank:
            lines += 1
            pairs += gives_value(data, line, end)
        markup[row] = 1 if begins_page(data, start, end) else tags / (end - start)
        if lines >= FEWEST_LINES:
            key_value_lines[row] = pairs / lines
