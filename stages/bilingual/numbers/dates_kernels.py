"""Steps: the months that are written as words, beside a number.

``3 March 2020``, ``3. März 2020``, ``2020年3月3日``, ``2020-03-03`` and ``๓ มีนาคม ๒๕๖๓`` are all
the numbers 3, 3 and 2020, in some order: a month's name counts as its number where a number stands
just before it or just behind it, and a Thai year (of the Buddhist era) as the common one.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.bilingual.numbers.numbers_kernels import number_key, read_value

MOST_BEFORE, MOST_BEHIND = 6, 5
"""Bytes between a number and the month behind it (``3rd of March``), and between a month and the
number behind it (``marzo de 2020``)."""
LONGEST = 64
"""Bytes of a month's name."""
THAI = 16
"""Added to the number of a month whose name is Thai."""
BUDDHIST = 543
"""Years that the Buddhist era is ahead."""

FIRST_BITS = 40
"""Of a name's hash, which do not tell its slot: the last ones depend on its last bytes alone."""

_SEED = np.uint64(0x9E3779B97F4A7C15)
_FACTOR = np.uint64(0x100000001B3)


@kernel()
def hash_bytes(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """Of a range of bytes, never 0."""
    state = _SEED
    for at in range(start, stop):
        state = (state ^ np.uint64(data[at])) * _FACTOR
    return state | np.uint64(1)


@kernel()
def month_named(
    data: np.ndarray, start: Scalar, stop: Scalar, months: tuple[np.ndarray, np.ndarray]
) -> Scalar:
    """The number of the month that has this name, and ``THAI`` more where it is Thai; 0: none.

    ``months``: keys uint64 [slots, a power of two], 0 where free, and numbers uint8.
    """
    if start >= stop or stop - start > LONGEST:
        return np.int64(0)
    key = hash_bytes(data, start, stop)
    last = np.uint64(len(months[0]) - 1)
    slot = (key >> np.uint64(FIRST_BITS)) & last
    while months[0][slot] != 0:
        if months[0][slot] == key:
            return np.int64(months[1][slot])
        slot = (slot + np.uint64(1)) & last
    return np.int64(0)


@kernel()
def month_beside(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    number_end: Scalar,
    following: Scalar,
    months: tuple[np.ndarray, np.ndarray],
) -> Scalar:
    """The month that the word ``start:end`` names, 0 where no number is beside it.

    Args:
        data: uint8, valid UTF-8.
        start: of the word, -1: there is none.
        end: behind it.
        number_end: where the last number ends, -1: there is none.
        following: where a number begins behind the word, -1: none does.
        months: see ``month_named``.
    """
    if start < 0:
        return np.int64(0)
    before = 0 <= number_end <= start <= number_end + MOST_BEFORE
    if before or end <= following <= end + MOST_BEHIND:
        return month_named(data, start, end, months)
    return np.int64(0)


@kernel()
def buddhist_before(data: np.ndarray, start: Scalar, position: Scalar) -> Scalar:
    """Does the Thai sign of the Buddhist era end here, or a space before?"""
    if position > start and data[position - 1] == 0x20:
        position -= 1
    if position - start < 8:
        return False
    first = np.int64(data[position - 6]) << 8 | np.int64(data[position - 5])
    second = np.int64(data[position - 2]) << 8 | np.int64(data[position - 1])
    return (
        data[position - 8] == 0xE0 and data[position - 7] == 0xB8 and first == 0x9E2E
        and data[position - 4] == 0xE0 and data[position - 3] == 0xB8 and second == 0xA82E
    )  # fmt: skip


@kernel()
def common_year(digits: Scalar, power: Scalar) -> Scalar:
    """The key of a number behind a Thai month: a year of the Buddhist era by its common number."""
    year = np.int64(digits)
    for _ in range(min(max(power, 0), 4)):
        year *= 10
    if power < 0 or not 2400 <= year < 2700:
        return number_key(digits, power)
    year -= BUDDHIST
    zeros = np.int64(0)
    while year % 10 == 0:
        year //= 10
        zeros += 1
    return number_key(np.uint64(year), zeros)


@kernel()
def read_key(
    data: np.ndarray, start: Scalar, position: Scalar, stop: Scalar, month: Scalar,
    classes: tuple[np.ndarray, np.ndarray], folds: tuple[np.ndarray, np.ndarray],
    scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The key of the number here, and where it ends.

    ``start`` is where the sentence begins, ``month`` what stands before the number (0: no month).
    """
    digits, power, end = read_value(data, position, stop, classes, folds, scales)
    if month & THAI or buddhist_before(data, start, position):
        return common_year(digits, power), end
    return number_key(digits, power), end


@kernel()
def month_key(month: Scalar) -> Scalar:
    """The key of a month's number."""
    number = month & (THAI - 1)
    return (
        number_key(np.uint64(1), np.int64(1))
        if number == 10
        else number_key(np.uint64(number), np.int64(0))
    )
