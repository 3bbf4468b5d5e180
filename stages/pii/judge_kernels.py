"""Whose number a run of digit groups is: a card's, a person's, a telephone's, nobody's."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.characters_kernels import is_ascii_letter, may_end
from stages.pii.checksum_kernels import number_at
from stages.pii.shapes_kernels import (
    ALL_PAIRS,
    BLANK,
    DOT,
    HYPHEN,
    LAST_LANGUAGE_BIT,
    LEADING_ZERO,
    MOST_GROUPS,
    NOTHING,
    PAIRS,
    PHONE,
    POSTAL_CODE,
    SLASH,
    find_shape,
    passes,
    shape,
)
from stages.pii.spans_kernels import is_break, is_date, is_decimal, is_thousands

# Bits of context words that are no kind's own.
PHONE_WORD, IP_WORD, VERSION_WORD, BOOK_WORD = 1, 2, 4, 8
KIND_WORD_SHIFT = 4
"""The bit of a kind's own words is this plus the number of the kind."""

FEWEST_PHONE_DIGITS, MOST_PHONE_DIGITS = 7, 15
"""Beside a word that says so; E.164 allows 15."""


@kernel()
def digits_between(first: Scalar, last: Scalar, span: tuple) -> Scalar:
    """Number of digits of groups ``first`` to ``last`` (not included)."""
    _, firsts, sizes, _, _, _ = span
    return firsts[last - 1] + sizes[last - 1] - firsts[first]


@kernel()
def layout_of(
    first: Scalar,
    last: Scalar,
    opened: Scalar,
    letter: Scalar,
    request: tuple,
    span: tuple,
    tables: tuple,
) -> Scalar:
    """The first wanted layout that groups fit and whose check they pass.

    Args:
        first: the first group.
        last: the group after the last.
        opened: whether a bracket stands before the first.
        letter: whether the last character is a letter.
        request: (language number, bits of kinds wanted, bits of context words).
        span: arrays of a ``Span``.
        tables: (keys, places, layouts) of ``layouts.Tables``.

    Returns:
        The kind, or -1.
    """
    digits, firsts, sizes, gaps, _, _ = span
    keys, places, layouts = tables
    language, wanted, words = request
    for k in range(first, last):
        if sizes[k] > 18:
            return -1
    slot = find_shape(keys, shape(sizes, gaps, first, last, opened, letter))
    if slot < 0:
        return -1
    begin, count = places[slot] & 0xFFFF, places[slot] >> 16
    for row in range(begin, begin + count):
        kind, check, free = layouts[3 * row], layouts[3 * row + 1], layouts[3 * row + 2]
        allowed = (free >> np.uint64(min(language, LAST_LANGUAGE_BIT))) & np.uint64(1)
        allowed |= (words >> (kind + np.uint64(KIND_WORD_SHIFT))) & np.uint64(1)
        if not allowed or not (wanted >> kind) & np.uint64(1):
            continue
        size = digits_between(first, last, span)
        if passes(np.int64(check), digits, firsts[first], size):
            return np.int64(kind)
    return -1


@kernel()
def calling_code(digits: np.ndarray, at: Scalar, size: Scalar, phone_digits: np.ndarray) -> Scalar:
    """Digits of the calling code that ``digits[at:]`` begin with; 0 where there is none."""
    for length in range(1, min(4, size)):
        if phone_digits[number_at(digits, at, length)] and digits[at]:
            return length
    return 0


@kernel()
def is_international(
    first: Scalar, last: Scalar, skip: Scalar, span: tuple, phone_digits: np.ndarray
) -> Scalar:
    """Whether groups are a calling code and a number of a length that its country has.

    ``skip`` digits stand before the code (00). A trunk 0 may stand between: ``+49 (0)30 ...``.
    """
    digits, firsts, _, gaps, _, _ = span
    at = firsts[first] + skip
    size = digits_between(first, last, span) - skip
    code = calling_code(digits, at, size, phone_digits)
    if code == 0 or (last - first == 2 and gaps[first] == DOT):  # +39.920162: a coordinate
        return False
    lengths = phone_digits[number_at(digits, at, code)]
    rest = size - code
    trunk = digits[at + code] == 0
    if code == 1 and digits[at] == 1:  # +1: areas begin with 2 to 9; exchanges too, where unspaced
        spaced = last - first > 1
        return rest == 10 and digits[at + 1] >= 2 and (spaced or digits[at + 4] >= 2)
    if trunk and rest <= 16 and (lengths >> np.uint32(rest - 1)) & np.uint32(1):
        return True
    known = rest <= 15 and (lengths >> np.uint32(rest)) & np.uint32(1)
    plausible = known and (not trunk or lengths & np.uint32(LEADING_ZERO))
    return plausible and (last - first > 1 or number_at(digits, at + code, rest) > 0)


@kernel()
def is_trunk(first: Scalar, last: Scalar, opened: Scalar, span: tuple, lengths: Scalar) -> Scalar:
    """Whether groups are a number with a trunk 0, of a length of the language's countries."""
    digits, firsts, sizes, gaps, _, _ = span
    at = firsts[first]
    size = digits_between(first, last, span)
    count = last - first
    if (
        digits[at]
        or size < 7
        or not digits[at + 1]
        or not (lengths >> np.uint32(size)) & np.uint32(1)
    ):
        return False
    if count < 2 or count > 6 or sizes[first] > 6 or (count == 2 and gaps[first] == DOT):
        return False
    pairs = 0
    for k in range(first, last):
        if sizes[k] < 2 and not (k == first and opened):
            return False
        pairs += sizes[k] == 2
        if k > first and sizes[k] == 2 and not lengths & np.uint32(PAIRS):
            return False
        if k + 1 < last and (gaps[k] == DOT) != (gaps[first] == DOT):  # 024.951 3861
            return False
        if k > first and gaps[k] == SLASH:  # 0208/0201/0212
            return False
    unusual = count < 5 or not lengths & np.uint32(ALL_PAIRS) or is_series(first, last, span)
    if pairs == count and unusual:
        return False
    if count == 2 and sizes[first + 1] == 4 and digits[firsts[first + 1]] in (1, 2):
        head = digits[firsts[first + 1]] * 10 + digits[firsts[first + 1] + 1]
        if head in (19, 20):  # 046110 2008: a page and a year
            return False
    if count == 2 and sizes[first] == 4 and sizes[first + 1] == 4:  # ISSN
        return False
    if lengths & np.uint32(POSTAL_CODE) and is_postal_code(first, last, span):
        return False
    return not is_date(first, last, span) and not is_binary(at, size, digits)


@kernel()
def is_postal_code(first: Scalar, last: Scalar, span: tuple) -> Scalar:
    """02110-1301: a ZIP code with the four digits of its delivery route."""
    _, _, sizes, gaps, _, _ = span
    return (
        last - first == 2 and gaps[first] == HYPHEN and sizes[first] == 5 and sizes[first + 1] == 4
    )


@kernel()
def is_binary(at: Scalar, size: Scalar, digits: np.ndarray) -> Scalar:
    """Nothing but zeros and ones."""
    binary = True
    for k in range(at, at + size):
        binary &= digits[k] <= 1
    return binary


@kernel()
def is_series(first: Scalar, last: Scalar, span: tuple) -> Scalar:
    """01 02 03 04 05: pairs that grow by the same step."""
    digits, firsts, _, _, _, _ = span
    step = number_at(digits, firsts[first + 1], 2) - number_at(digits, firsts[first], 2)
    for k in range(first + 1, last - 1):
        if number_at(digits, firsts[k + 1], 2) - number_at(digits, firsts[k], 2) != step:
            return False
    return True


@kernel()
def is_four_pairs(first: Scalar, last: Scalar, span: tuple) -> Scalar:
    """21 23 45 67, as numbers of eight digits are written in Denmark, Norway and West Africa."""
    _, _, sizes, gaps, _, _ = span
    if last - first != 4 or gaps[first] == HYPHEN:
        return False
    even = True
    for k in range(first, last):
        even &= sizes[k] == 2 and (k + 1 == last or gaps[k] == gaps[first])
    return even


@kernel()
def is_phone_beside_word(first: Scalar, last: Scalar, near: Scalar, span: tuple) -> Scalar:
    """Whether groups can be a telephone number where a word before says that one comes."""
    digits, firsts, _, _, _, _ = span
    size = digits_between(first, last, span)
    if not FEWEST_PHONE_DIGITS <= size <= MOST_PHONE_DIGITS or last - first > MOST_GROUPS:
        return False
    if is_decimal(first, last, span):
        return False
    if is_date(first, last, span):
        return near and is_four_pairs(first, last, span)
    if is_thousands(first, last, span):
        return near
    zeros = 0
    for k in range(firsts[first] + size - 5, firsts[first] + size):
        zeros += digits[k] == 0
    return zeros < 5 or near


@kernel()
def phone_of(
    first: Scalar,
    groups: Scalar,
    opened: Scalar,
    words: tuple,
    span: tuple,
    plans: tuple,
    ends: tuple,
) -> Scalar:
    """The group after the telephone number that begins at ``first``, or ``first``.

    Args:
        first: the first group.
        groups: of the span.
        opened: whether a bracket stands before the first.
        words: (bits of context words on the line, bits of those that are near).
        span: arrays of a ``Span``.
        plans: (telephone lengths by calling code, bits of lengths with trunk 0 in the language).
        ends: (data, end of the document, table of characters).
    """
    digits, firsts, sizes, gaps, _, stops = span
    phone_digits, trunk = plans
    found, near = words
    data, end, characters = ends
    beside = found & np.uint64(PHONE_WORD)
    for last in range(groups, first, -1):
        if last < groups and not is_break(gaps[last - 1]):
            continue
        if last == groups and not may_end(data, stops[last - 1], end, characters):
            continue
        follows = last == groups or digits[firsts[last]] == 0
        if follows and is_trunk(first, last, opened, span, trunk):
            return last
        double = digits[firsts[first]] == 0 and digits[firsts[first] + 1] == 0 and sizes[first] > 2
        if double and last - first > 1 and is_international(first, last, 2, span, phone_digits):
            return last
        near_phone = near & np.uint64(PHONE_WORD) != 0
        if beside and is_phone_beside_word(first, last, near_phone, span):
            return last
    return first


@kernel()
def is_wanted(wanted: Scalar, kind: Scalar) -> Scalar:
    """Whether the bit of a kind is set."""
    return (wanted >> np.uint64(kind)) & np.uint64(1) != 0


@kernel()
def with_letter(
    data: np.ndarray,
    first: Scalar,
    last: Scalar,
    opened: Scalar,
    letter: Scalar,
    asked: tuple,
    span: tuple,
    layouts: tuple,
) -> tuple:
    """The kind of a number whose last character is a letter (-1: none), and its end."""
    digits, firsts, sizes, gaps, _, ends = span
    used = firsts[last - 1] + sizes[last - 1]
    digits[used] = letter
    stop = ends[last - 1]
    if is_ascii_letter(data[stop]):
        sizes[last - 1] += 1
        kind = layout_of(first, last, opened, True, asked, span, layouts)
        sizes[last - 1] -= 1
        return kind, stop + 1
    gaps[last - 1] = HYPHEN if data[stop] == 0x2D else BLANK
    firsts[last], sizes[last] = used, 1
    kind = layout_of(first, last + 1, opened, True, asked, span, layouts)
    gaps[last - 1] = NOTHING
    return kind, stop + 2


@kernel()
def number_from(
    data: np.ndarray,
    end: Scalar,
    first: Scalar,
    groups: Scalar,
    marks: tuple,
    letter: Scalar,
    request: tuple,
    words: tuple,
    tables: tuple,
) -> tuple:
    """The number that begins with a group: (kind or -1, group after it, byte after it).

    Args:
        data: uint8, the text.
        end: of the document.
        first: the group.
        groups: of the span.
        marks: whether (a bracket, a plus) stands before the first group.
        letter: the value of the letter that ends the span, or -1.
        request: (language number, bits of kinds wanted, last scope wanted, bits of trunk lengths).
        words: bits of context words on the line, and near.
        tables: (characters, layouts, phone lengths, context words, scratch, span).
    """
    characters, layouts, phone_digits, _, _, span = tables
    language, wanted, _, trunk = request
    opened, plus = marks
    _, _, _, gaps, _, ends = span
    phone = is_wanted(wanted, PHONE)
    asked = (language, wanted, words[0])
    for last in range(groups, first, -1):
        whole = last == groups
        if not whole and not is_break(gaps[last - 1]):
            continue
        if whole and letter >= 0 and last - first < MOST_GROUPS:
            kind, stop = with_letter(data, first, last, opened, letter, asked, span, layouts)
            if kind >= 0:
                return kind, last, stop
        if whole and not may_end(data, ends[last - 1], end, characters):
            continue
        if plus and phone and is_international(first, last, 0, span, phone_digits):
            return PHONE, last, ends[last - 1]
        if last - first <= MOST_GROUPS and not plus:
            kind = layout_of(first, last, opened, False, asked, span, layouts)
            if kind >= 0:
                return kind, last, ends[last - 1]
    if not phone:
        return -1, first, 0
    last = phone_of(
        first, groups, opened, words, span, (phone_digits, trunk), (data, end, characters)
    )
    return (PHONE if last > first else -1), last, ends[max(last - 1, 0)]
