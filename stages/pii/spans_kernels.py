"""Reading a run of digit groups: their values, sizes, places, and what stands between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.characters_kernels import DIGIT, is_ascii_letter, is_ascii_word, may_end, read
from stages.pii.shapes_kernels import BLANK, CLOSE, DOT, HYPHEN, NOTHING, OPEN, SLASH

SPAN_GROUPS = 16
"""Of one span; the rest of a longer table of numbers is a span of its own."""
GROUP_DIGITS = 31
SPAN_DIGITS = SPAN_GROUPS * 6
"""Longer ones are no numbers of anybody."""


class Span(NamedTuple):
    """Scratch that one span is read into."""

    digits: np.ndarray
    """uint8: values, a final letter as 10 + its place in the alphabet."""
    firsts: np.ndarray
    """int64: each group's first digit in ``digits``."""
    sizes: np.ndarray
    """int64: each group's number of digits."""
    gaps: np.ndarray
    """int64: what follows each group, ``NOTHING`` after the last."""
    begins: np.ndarray
    """int64: each group's first byte."""
    ends: np.ndarray
    """int64: the byte after each group."""


@kernel()
def read_group(
    data: np.ndarray,
    at: Scalar,
    end: Scalar,
    group: Scalar,
    used: Scalar,
    span: tuple,
    characters: tuple,
) -> tuple:
    """Read the digits that begin at ``at``; returns (byte after them, digits used so far)."""
    digits, firsts, sizes, _, begins, ends = span
    firsts[group] = used
    begins[group] = at
    size = 0
    while at < end:
        kind, after = read(data, at, characters)
        if kind < DIGIT:
            break
        if size < GROUP_DIGITS and used + size < SPAN_DIGITS:
            digits[used + size] = kind - DIGIT
        size += 1
        at = after
    sizes[group] = size
    ends[group] = at
    return at, used + size


@kernel()
def closes(data: np.ndarray, at: Scalar, end: Scalar, characters: tuple) -> Scalar:
    """Whether only digits, one or more, stand between ``at`` and a closing bracket."""
    begin = at
    while at < end:
        kind, after = read(data, at, characters)
        if kind < DIGIT:
            return kind == CLOSE and at > begin
        at = after
    return False


@kernel()
def read_gap(
    data: np.ndarray, at: Scalar, end: Scalar, bracket: Scalar, characters: tuple
) -> tuple:
    """What stands between two groups: (gap, byte after it); ``NOTHING`` where no group follows.

    ``bracket`` says that the group before stands in one, which must close now.
    """
    if at >= end:
        return NOTHING, at
    gap, at = read(data, at, characters)
    if bracket != (gap == CLOSE) or gap == NOTHING or gap > CLOSE or at >= end:
        return NOTHING, at
    kind, after = read(data, at, characters)
    if gap in (BLANK, HYPHEN) and kind == OPEN:
        gap, at = OPEN, after
    elif gap == CLOSE and kind in (BLANK, HYPHEN):
        at = after
    if at >= end or (gap == OPEN and not closes(data, at, end, characters)):
        return NOTHING, at
    kind, _ = read(data, at, characters)
    return (gap if kind >= DIGIT else NOTHING), at


@kernel()
def read_span(
    data: np.ndarray, at: Scalar, end: Scalar, opened: Scalar, span: tuple, characters: tuple
) -> tuple:
    """Read the groups that begin with the digit at ``at`` into ``span``.

    Args:
        data: uint8, the text.
        at: the first digit.
        end: of the document.
        opened: whether the first group stands in brackets.
        span: arrays of a ``Span``.
        characters: the table of ``number_characters``.

    Returns:
        Number of groups, and the value of the letter that may end the number (-1: none).
    """
    _, _, _, gaps, _, ends = span
    groups = 0
    used = 0
    bracket = opened
    while True:
        at, used = read_group(data, at, end, groups, used, span, characters)
        groups += 1
        gap, after = read_gap(data, at, end, bracket, characters)
        if groups == SPAN_GROUPS or used + GROUP_DIGITS > SPAN_DIGITS:
            gap = NOTHING
        if gap == NOTHING and bracket and groups > 1:
            groups -= 1  # "(123)" at the end is a remark
            gaps[groups - 1] = NOTHING
            break
        gaps[groups - 1] = gap
        if gap == NOTHING:
            break
        bracket = gap == OPEN
        at = after
    return groups, final_letter(data, ends[groups - 1], end, characters)


@kernel()
def final_letter(data: np.ndarray, at: Scalar, end: Scalar, characters: tuple) -> Scalar:
    """The capital letter, x or k that ends a number, after a hyphen or blank perhaps: 10 to 35."""
    if at < end and (data[at] == 0x2D or data[at] == 0x20):
        at += 1
    if at >= end or not is_ascii_letter(data[at]):
        return -1
    letter = np.int64(data[at])
    if letter >= 0x61 and letter != 0x78 and letter != 0x6B:
        return -1
    if at + 1 < end and (is_ascii_word(data[at + 1]) or not may_end(data, at + 1, end, characters)):
        return -1
    return (letter & 0xDF) - 0x41 + 10


@kernel()
def is_thousands(first: Scalar, last: Scalar, span: tuple) -> Scalar:
    """1 234 567, 1.234.567: what a large number looks like."""
    _, _, sizes, gaps, _, _ = span
    if last - first < 2 or sizes[first] > 3:
        return False
    for k in range(first, last - 1):
        if sizes[k + 1] != 3 or (gaps[k] != BLANK and gaps[k] != DOT):
            return False
    return True


@kernel()
def is_date(first: Scalar, last: Scalar, span: tuple) -> Scalar:
    """31.12.1999, 2024-01-31, 1990-1995, 08.00-16.30, 12 30 45: dates, years, times of day."""
    digits, firsts, sizes, gaps, _, _ = span
    count = last - first
    if count < 2:
        return False
    pairs = True
    years = 0
    for k in range(first, last):
        if sizes[k] > 2:
            pairs = False
        if sizes[k] == 4 and (digits[firsts[k]] == 1 or digits[firsts[k]] == 2):
            head = digits[firsts[k]] * 10 + digits[firsts[k] + 1]
            years += 15 <= head <= 21
    if pairs:
        return count <= 4
    if count == 2:
        return years == 2
    small = 0
    for k in range(first, min(last, first + 3)):
        small += sizes[k] <= 2
    return years >= 1 and small == 2 and gaps[first] == gaps[first + 1]


@kernel()
def is_decimal(first: Scalar, last: Scalar, span: tuple) -> Scalar:
    """3.14159265, 1.2.34567: one dot, or the dots of a version, with a group of one digit."""
    _, _, sizes, gaps, _, _ = span
    single = False
    for k in range(first, last):
        single |= sizes[k] == 1
        if k + 1 < last and gaps[k] != DOT:
            return False
    return last - first == 2 or (last - first > 2 and single)


@kernel()
def is_break(gap: Scalar) -> Scalar:
    """Whether one number may end and another begin here."""
    return gap in (BLANK, SLASH)
