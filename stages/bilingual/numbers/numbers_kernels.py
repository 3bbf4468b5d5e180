"""Numbers as values: the same token however a language writes them.

``1,200,000,000``, ``1.200.000.000``, ``1.2 billion``, ``12億``, ``11億10000万`` and
``۱٫۲ میلیارد`` are all 12 times 10^8: significant digits without zeros at the end, and a power of
ten.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from formats.identifiers_kernels import mix64
from stages.text_kernels import SPACELESS, WORD, decode, look_up

NOT_A_DIGIT = -1
MOST_PARTS = 8
"""Groups of digits in one number; a longer one is cut into several."""
MOST_TERMS = 4
"""Numbers with a power of ten that are added up: 1兆2345億6789万12."""
LARGEST_POWER = 18


@kernel()
def digit_value(fold_index: np.ndarray, fold_blocks: np.ndarray, character: Scalar) -> Scalar:
    """0 to 9 for a digit of any script, else ``NOT_A_DIGIT``."""
    folded = np.int64(look_up(fold_index, fold_blocks, character))
    return folded - 0x30 if 0x30 <= folded <= 0x39 else np.int64(NOT_A_DIGIT)


@kernel()
def digit_at(
    data: np.ndarray, position: Scalar, stop: Scalar, folds: tuple[np.ndarray, np.ndarray]
) -> Scalar:
    """Is there a digit at this place?"""
    if position >= stop:
        return False
    character, _ = decode(data, position)
    return digit_value(folds[0], folds[1], character) >= 0


@kernel()
def separates_digits(character: Scalar) -> Scalar:
    """Stands inside a number: . , ' and the Arabic, full-width and narrow-space forms."""
    return (
        character == 0x2E or character == 0x2C or character == 0x27 or character == 0x66B
        or character == 0x66C or character == 0xFF0E or character == 0xFF0C
        or character == 0x202F or character == 0x2019
    )  # fmt: skip


@kernel()
def first_word(words: np.ndarray, offsets: np.ndarray, byte: Scalar) -> Scalar:
    """The first word that does not begin with a smaller byte."""
    low, high = np.int64(0), np.int64(len(offsets) - 1)
    while low < high:
        middle = (low + high) >> 1
        if words[offsets[middle]] < byte:
            low = middle + 1
        else:
            high = middle
    return low


@kernel()
def scale_behind(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The power of ten that the word here names (0: none), and where it ends.

    ``scales``: all words as bytes, where each begins, its power; ordered by their first byte,
    longer words before their parts.
    """
    begin = position
    if begin < stop and data[begin] == 0x20:
        begin += 1
    elif begin + 1 < stop and data[begin] == 0xC2 and data[begin + 1] == 0xA0:
        begin += 2
    if begin >= stop:
        return np.int64(0), position
    words, offsets, powers = scales
    for word in range(first_word(words, offsets, data[begin]), len(powers)):
        if words[offsets[word]] != data[begin]:
            break
        length = offsets[word + 1] - offsets[word]
        if length > stop - begin:
            continue
        k = 0
        while k < length and words[offsets[word] + k] == data[begin + k]:
            k += 1
        if k < length:
            continue
        end = begin + length
        if words[offsets[word]] < 0xE0 and end < stop:  # of a script that divides words
            following, _ = decode(data, end)
            kind = look_up(classes[0], classes[1], following)
            if kind & WORD and kind & SPACELESS == 0:
                continue
        return np.int64(powers[word]), end
    return np.int64(0), position


@kernel()
def read_digits(
    data: np.ndarray, position: Scalar, stop: Scalar, folds: tuple[np.ndarray, np.ndarray]
) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """Significant digits (uint64, modulo 2^64), a power of ten, whether loose, and the end.

    One separator before three digits divides thousands, one at the end before others decimals.
    What has more than one that is neither (2.4.10) is loose: its digits, one after the other.
    """
    digits, zeros = np.uint64(0), np.int64(0)
    group, parts, loose = np.int64(0), np.int64(0), np.int64(0)
    end = position
    while position < stop:
        character, after = decode(data, position)
        digit = digit_value(folds[0], folds[1], character)
        if digit < 0:
            if not separates_digits(character) or after >= stop or parts == MOST_PARTS:
                break
            if not digit_at(data, after, stop, folds):
                break
            loose += parts > 0 and group != 3
            parts += 1
            group = np.int64(0)
            position = after
            continue
        if digit == 0:
            zeros += digits != 0
        else:
            for _ in range(zeros + 1):
                digits *= np.uint64(10)
            digits += np.uint64(digit)
            zeros = np.int64(0)
        group += 1
        position = after
        end = after
    decimals = group if parts > 0 and group != 3 and loose == 0 else np.int64(0)
    return digits, zeros - decimals, loose > 0, end


@kernel()
def read_term(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray], scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar, Scalar, Scalar]:  # fmt: skip
    """As ``read_digits``, with the words behind; of loose numbers -1 in place of the words' power.

    Returns:
        Digits, power, the part of it that words name, and the end.
    """
    digits, power, loose, end = read_digits(data, position, stop, folds)
    if loose:
        return digits, power, np.int64(-1), end
    scale, end = scale_behind(data, end, stop, classes, scales)
    if scale:
        more, end = scale_behind(data, end, stop, classes, scales)  # 百万, 10 lakh crore
        scale += more
    return digits, power + scale, scale, end


@kernel()
def power_of_ten(power: Scalar) -> Scalar:
    """Modulo 2^64."""
    result = np.uint64(1)
    for _ in range(power):
        result *= np.uint64(10)
    return result


@kernel()
def read_value(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray], scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar, Scalar]:  # fmt: skip
    """Digits without zeros at the end, their power of ten, and where the number ends.

    Terms are added up while each is less than the word before it names (3万5000, 1억 2000만,
    2 crore 50 lakh); behind a space only such that name a power themselves.
    """
    digits, power, scale, end = read_term(data, position, stop, classes, folds, scales)
    for _ in range(MOST_TERMS - 1):
        if scale <= 0 or power < scale:
            break
        begin = end + (end < stop and data[end] == 0x20)
        if not digit_at(data, begin, stop, folds):
            break
        more, least, name, after = read_term(data, begin, stop, classes, folds, scales)
        if name < 0 or least < 0 or least >= scale or (name == 0 and begin > end):
            break
        if scale > LARGEST_POWER or more >= power_of_ten(scale - least) or more == 0:
            break
        digits = digits * power_of_ten(power - least) + more
        power, scale, end = least, name, after
    if digits == 0:
        power = np.int64(0)
    return digits, power, end


@kernel()
def number_key(digits: Scalar, power: Scalar) -> Scalar:
    """A 64-bit value for a number."""
    return mix64(mix64(digits) + np.uint64(power + 64))


@kernel()
def read_number(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray], scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The 64-bit value of the number at ``position`` (its first digit), and where it ends."""
    digits, power, end = read_value(data, position, stop, classes, folds, scales)
    return number_key(digits, power), end
