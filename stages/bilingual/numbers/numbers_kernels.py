"""Numbers as values: the same token however a language writes them.

``1,200,000,000``, ``1.200.000.000``, ``1.2 billion``, ``12億`` and ``۱٫۲ میلیارد`` are all 12
times 10^8: significant digits without zeros at the end, and a power of ten.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from formats.identifiers_kernels import mix64
from stages.text_kernels import SPACELESS, WORD, decode, look_up

NOT_A_DIGIT = -1
MOST_PARTS = 8
"""Groups of digits in one number; a longer one is cut into several."""

_SEED = np.uint64(0x9E3779B97F4A7C15)


@kernel()
def digit_value(fold_index: np.ndarray, fold_blocks: np.ndarray, character: Scalar) -> Scalar:
    """0 to 9 for a digit of any script, else ``NOT_A_DIGIT``."""
    folded = np.int64(look_up(fold_index, fold_blocks, character))
    return folded - 0x30 if 0x30 <= folded <= 0x39 else np.int64(NOT_A_DIGIT)


@kernel()
def separates_digits(character: Scalar) -> Scalar:
    """Stands inside a number: . , ' and the Arabic, full-width and narrow-space forms."""
    return (
        character == 0x2E or character == 0x2C or character == 0x27 or character == 0x66B
        or character == 0x66C or character == 0xFF0E or character == 0xFF0C
        or character == 0x202F or character == 0x2019
    )  # fmt: skip


@kernel()
def scale_behind(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The power of ten that the word here names (0: none), and where it ends.

    ``scales``: all words as bytes, where each begins, its power; longer words before their parts.
    """
    begin = position
    if begin < stop and data[begin] == 0x20:
        begin += 1
    elif begin + 1 < stop and data[begin] == 0xC2 and data[begin + 1] == 0xA0:
        begin += 2
    if begin >= stop:
        return np.int64(0), position
    words, offsets, powers = scales
    for word in range(len(powers)):
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
def read_number(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray], scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The 64-bit value of the number at ``position`` (its first digit), and where it ends.

    One separator before three digits divides thousands, one at the end before others decimals.
    What has more than one that is neither (2.4.10) is its digits, one after the other.
    """
    state, pending, power = _SEED, np.int64(0), np.int64(0)
    group, parts, loose = np.int64(0), np.int64(0), np.int64(0)
    end = position
    while position < stop:
        character, after = decode(data, position)
        digit = digit_value(folds[0], folds[1], character)
        if digit < 0:
            if not separates_digits(character) or after >= stop or parts == MOST_PARTS:
                break
            following, _ = decode(data, after)
            if digit_value(folds[0], folds[1], following) < 0:
                break
            loose += parts > 0 and group != 3
            parts += 1
            group = np.int64(0)
            position = after
            continue
        if digit == 0 and state == _SEED:
            pass  # zeros at the front
        elif digit == 0:
            pending += 1
        else:
            for _ in range(pending):
                state = mix64(state)
            pending = np.int64(0)
            state = mix64(state ^ np.uint64(digit))
        group += 1
        position = after
        end = after
    decimals = parts > 0 and group != 3 and loose == 0
    power = pending - (group if decimals else 0)
    if loose == 0:
        more, end = scale_behind(data, end, stop, classes, scales)
        if more:
            power += more
            more, end = scale_behind(data, end, stop, classes, scales)  # 百万, 10 lakh crore
            power += more
    if state == _SEED:
        power = np.int64(0)
    return mix64(state + np.uint64(power + 64)), end
