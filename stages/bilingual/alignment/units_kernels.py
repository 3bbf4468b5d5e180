"""Units: what the lexicon counts instead of words, found without a word list in any script.

* A word of letters is its first six characters in lower case, five in Cyrillic, Greek, Arabic and
  Hebrew: endings inflect. Arabic loses its article and the conjunction before it.
* Where no spaces divide words (Han, kana, Thai, Lao, Khmer, Burmese) and in Hangul: pairs of
  neighbouring characters, each with its marks.
* A number is its value, however it is written (1,000 and 1.000 and ١٠٠٠ and 1千 are one unit), and
  so is a month's name beside one.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64
from stages.bilingual.numbers.dates_kernels import month_beside, month_key, read_key
from stages.text_kernels import DIGIT, LETTER, MARK, SPACELESS, WORD, decode, look_up

MOST_UNITS = 256
"""Of one sentence; what follows (a block of code) is not looked at."""
NUMBER = 1
"""The lowest bit of a unit that is a number; words have 0."""

_SEED = np.uint64(0x9E3779B97F4A7C15)
_FACTOR = np.uint64(0x100000001B3)

_t = array_types()
_Tables = tuple[np.ndarray, np.ndarray]


@kernel()
def add_unit(
    units: np.ndarray, places: np.ndarray, first: Scalar, count: Scalar, value: Scalar,
    place: Scalar,
) -> Scalar:  # fmt: skip
    """Insert into the sorted set ``units[first:first + count]``; returns its new size.

    The place is kept of what stands there for the first time.
    """
    if count >= MOST_UNITS:
        return count
    low, high = first, first + count
    while low < high:
        middle = (low + high) >> 1
        if units[middle] < value:
            low = middle + 1
        else:
            high = middle
    if low < first + count and units[low] == value:
        return count
    for at in range(first + count, low, -1):
        units[at] = units[at - 1]
        places[at] = places[at - 1]
    units[low] = value
    places[low] = place
    return count + 1


@kernel()
def add_month(
    units: np.ndarray, places: np.ndarray, first: Scalar, count: Scalar, month: Scalar,
    place: Scalar,
) -> Scalar:  # fmt: skip
    """Insert the number of a month, unless it is 0; returns the new size."""
    if month == 0:
        return count
    return add_unit(units, places, first, count, month_key(month) | np.uint64(NUMBER), place)


@kernel()
def is_arabic(character: Scalar) -> Scalar:
    """A letter of the Arabic block."""
    return 0x621 <= character <= 0x6FF


@kernel()
def skip_article(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """Behind Arabic "wa-" and "al-" or "li-l-" (two bytes a letter), where enough is left."""
    if stop - position >= 10 and data[position] == 0xD9 and data[position + 1] == 0x88:
        position += 2  # waw
    if stop - position >= 10 and data[position + 2] == 0xD9 and data[position + 3] == 0x84:
        alef = data[position] == 0xD8 and data[position + 1] == 0xA7
        lam = data[position] == 0xD9 and data[position + 1] == 0x84
        if alef or lam:
            position += 4
    return position


@kernel()
def read_word(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The unit of the word of letters here, and where it ends."""
    end = position
    arabic = False
    while end < stop:
        character, after = decode(data, end)
        kind = look_up(classes[0], classes[1], character)
        if kind & WORD == 0 or kind & SPACELESS or is_hangul(character):
            break
        arabic = is_arabic(character)
        end = after
    if arabic:
        position = skip_article(data, position, end)
    state = _SEED
    left = 6
    while position < end and left > 0:
        character, position = decode(data, position)
        if 0x370 <= character <= 0x7BF:
            if character >= 0x590 and look_up(classes[0], classes[1], character) & MARK:
                continue  # vowel marks, which are written or not
            left = min(left, 5)
        state = (state ^ np.uint64(look_up(folds[0], folds[1], character))) * _FACTOR
        left -= 1
    return mix64(state) & ~np.uint64(NUMBER), end


@kernel()
def is_hangul(character: Scalar) -> Scalar:
    """A syllable of Hangul."""
    return 0xAC00 <= character <= 0xD7A3


@kernel()
def read_cluster(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray]
) -> tuple[Scalar, Scalar]:
    """A value for the letter here with the marks that follow, and where they end."""
    character, position = decode(data, position)
    value = (_SEED ^ np.uint64(character)) * _FACTOR
    while position < stop and data[position] >= 0x80:
        character, after = decode(data, position)
        if look_up(classes[0], classes[1], character) & MARK == 0:
            break
        value = (value ^ np.uint64(character)) * _FACTOR
        position = after
    return value, position


@kernel()
def read_units(
    data: np.ndarray, position: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray], scales: tuple[np.ndarray, np.ndarray, np.ndarray],
    months: tuple[np.ndarray, np.ndarray], units: np.ndarray, places: np.ndarray, first: Scalar,
) -> Scalar:  # fmt: skip
    """Write the distinct units of one sentence, sorted, from ``first`` on; returns how many.

    A unit's place is how much of the sentence is before it, in 256ths.
    """
    count = np.int64(0)
    begin, size, place = position, max(stop - position, 1), np.int64(0)
    previous = np.uint64(0)  # the cluster just before, 0 where none is
    alone = False
    word_start = word_end = number_end = np.int64(-1)
    while position < stop and count < MOST_UNITS:
        place = ((position - begin) << 8) // size
        byte = data[position]
        if byte < 0x80 and look_up(classes[0], classes[1], np.int64(byte)) & WORD == 0:
            position += 1
            if alone:
                count = add_unit(
                    units, places, first, count, mix64(previous) & ~np.uint64(NUMBER), place
                )
            previous = np.uint64(0)
            alone = False
            continue
        character, after = decode(data, position)
        kind = look_up(classes[0], classes[1], character)
        if kind & SPACELESS or is_hangul(character):
            if position != word_end:
                month = month_beside(data, word_start, word_end, number_end, np.int64(-1), months)
                count = add_month(units, places, first, count, month, place)
                word_start = position
            value, position = read_cluster(data, position, stop, classes)
            word_end = position
            if previous != 0:
                both = mix64(previous * _FACTOR ^ value)
                count = add_unit(units, places, first, count, both & ~np.uint64(NUMBER), place)
            alone = previous == 0
            previous = value
            continue
        if alone:
            count = add_unit(
                units, places, first, count, mix64(previous) & ~np.uint64(NUMBER), place
            )
        previous = np.uint64(0)
        alone = False
        folded = look_up(folds[0], folds[1], character)
        if kind & DIGIT and 0x30 <= folded <= 0x39:
            month = month_beside(data, word_start, word_end, number_end, position, months)
            count = add_month(units, places, first, count, month, place)
            word_start = np.int64(-1)
            unit, position = read_key(data, begin, position, stop, month, classes, folds, scales)
            count = add_unit(units, places, first, count, unit | np.uint64(NUMBER), place)
            number_end = position
        elif kind & (LETTER | DIGIT):
            month = month_beside(data, word_start, word_end, number_end, np.int64(-1), months)
            count = add_month(units, places, first, count, month, place)
            word_start = position
            unit, position = read_word(data, position, stop, classes, folds)
            word_end = position
            count = add_unit(units, places, first, count, unit, place)
        else:
            position = after
    if alone:
        count = add_unit(units, places, first, count, mix64(previous) & ~np.uint64(NUMBER), place)
    month = month_beside(data, word_start, word_end, number_end, np.int64(-1), months)
    return add_month(units, places, first, count, month, place)


@kernel((
    _t["u8"], _t["i64"], _t["i64"], _t["u16"], _t["u8"], _t["u16"], _t["i32"], _t["u8"],
    _t["i64"], _t["i64"], _t["u64"], _t["u8"], _t["i64"].dtype,
    _t["w_i64"], _t["w_u64"], _t["w_u8"], _t["w_i32"],
))  # fmt: skip
def units_of_sentences(
    data: np.ndarray, starts: np.ndarray, ends: np.ndarray, index: np.ndarray, blocks: np.ndarray,
    fold_index: np.ndarray, fold_blocks: np.ndarray, words: np.ndarray, word_offsets: np.ndarray,
    powers: np.ndarray, month_keys: np.ndarray, months: np.ndarray, first: int, offsets: np.ndarray,
    units: np.ndarray, places: np.ndarray, lengths: np.ndarray,
) -> int:  # fmt: skip
    """Write the units and the length of sentences from ``first`` on, while there is room.

    Args:
        data: uint8, valid UTF-8.
        starts: int64 [sentences].
        ends: int64 [sentences].
        index: uint16, of ``character_classes()``.
        blocks: uint8, the same.
        fold_index: uint16, of ``folded_characters()``.
        fold_blocks: int32, the same.
        words: uint8, of ``number_words()``.
        word_offsets: int64, the same.
        powers: int64, the same.
        month_keys: uint64, of ``month_table()``.
        months: uint8, the same.
        first: the first sentence; those before it are done.
        offsets: int64 [sentences + 1], written behind ``first``.
        units: uint64 [room], written: the sorted distinct units of each sentence.
        places: uint8 [room], written: where in its sentence each begins, in 256ths.
        lengths: int32 [sentences], written: characters.

    Returns:
        The first sentence that found no room; the number of sentences when all did.
    """
    for row in range(first, len(starts)):
        if offsets[row] + MOST_UNITS > len(units):
            return row
        count = read_units(
            data, starts[row], ends[row], (index, blocks), (fold_index, fold_blocks),
            (words, word_offsets, powers), (month_keys, months), units, places, offsets[row],
        )  # fmt: skip
        offsets[row + 1] = offsets[row] + count
        length = 0
        for position in range(starts[row], ends[row]):
            length += (data[position] & 0xC0) != 0x80
        lengths[row] = length
    return len(starts)
