"""What can be seen of two sentences without a lexicon: one pass over each side.

Sizes, marks, numbers as values, and character 4-grams of the letters and digits (four characters
tell a copied word from a related one; in scripts with many characters they tell it surely). Of a
long side the first ``MOST_GRAMS`` are looked at. What a translator must leave as it is gives none:
code between back quotes, tags, comments and anchors in braces, addresses.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64
from stages.bilingual.numbers.dates_kernels import month_beside, month_key, read_key
from stages.bilingual.numbers.numbers_kernels import digit_value
from stages.text_kernels import BLANK, PUNCTUATION, WORD, decode, look_up

MOST_GRAMS = 2048
TABLE = 8192
"""Slots for 4-grams: at most half are taken."""
MOST_NUMBERS = 64
MOST_MARKUP = 512
"""Bytes of one piece of code or markup."""

CHARACTERS, LETTERS, TEXT, NUMBERS, QUESTIONS, EXCLAMATIONS, COLONS, STOPS, BRACKETS = range(9)
REPEATED = 9
SIDE = 10
"""Of each side: characters, letters and digits, those of them that are to be translated, numbers,
question marks, exclamation marks, whether it ends with a colon, with the mark that ends a sentence,
brackets, 4-grams seen before."""
COMMON_NUMBERS, COMMON_GRAMS, LONGEST_COPY, LEFT_GRAMS, RIGHT_GRAMS = range(2 * SIDE, 2 * SIDE + 5)
COLUMNS = 2 * SIDE + 5
"""Behind both sides: numbers in common (as multisets), 4-grams of the right side that the left one
has, the most of them in a row, and how many each side has."""

_SEED = np.uint64(0x9E3779B97F4A7C15)
_FACTOR = np.uint64(0x100000001B3)

_t = array_types()


@kernel()
def is_question(character: Scalar) -> Scalar:
    """A question mark of any script; the Greek one is a semicolon, and is left out."""
    return (
        character == 0x3F or character == 0xFF1F or character == 0x61F or character == 0x55E
        or character == 0x1367
    )  # fmt: skip


@kernel()
def is_stop(character: Scalar) -> Scalar:
    """The mark that ends a sentence, in any script."""
    return (
        character == 0x2E or character == 0x21 or character == 0x3F or character == 0x3002
        or character == 0xFF01 or character == 0xFF1F or character == 0xFF0E or character == 0x964
        or character == 0x965 or character == 0x6D4 or character == 0x61F or character == 0x2026
        or character == 0x17D4 or character == 0x104B or character == 0x1362 or character == 0x589
    )  # fmt: skip


@kernel()
def is_bracket(character: Scalar) -> Scalar:
    """A round, square or curly bracket, usual or full-width."""
    return (
        character == 0x28 or character == 0x29 or character == 0x5B or character == 0x5D
        or character == 0x7B or character == 0x7D or character == 0xFF08 or character == 0xFF09
        or character == 0x3010 or character == 0x3011
    )  # fmt: skip


@kernel()
def add_number(numbers: np.ndarray, count: Scalar, value: Scalar) -> Scalar:
    """Insert into the sorted ``numbers[:count]``; returns the new count."""
    if count >= MOST_NUMBERS:
        return count
    at = count
    while at > 0 and numbers[at - 1] > value:
        numbers[at] = numbers[at - 1]
        at -= 1
    numbers[at] = value
    return count + 1


@kernel()
def common_numbers(
    left: np.ndarray, left_count: Scalar, right: np.ndarray, right_count: Scalar
) -> Scalar:
    """How many values two sorted lists share, each as often as both have it."""
    common = a = b = 0
    while a < left_count and b < right_count:
        if left[a] == right[b]:
            common += 1
            a += 1
            b += 1
        elif left[a] < right[b]:
            a += 1
        else:
            b += 1
    return common


@kernel()
def find_slot(table: np.ndarray, stamps: np.ndarray, stamp: Scalar, key: Scalar) -> Scalar:
    """The slot of a key, or the free one where it belongs; a slot of another stamp is free."""
    slot = key & np.uint64(TABLE - 1)
    while stamps[slot] == stamp and table[slot] != key:
        slot = (slot + np.uint64(1)) & np.uint64(TABLE - 1)
    return slot


@kernel()
def behind(data: np.ndarray, position: Scalar, stop: Scalar, closing: Scalar) -> Scalar:
    """The place behind the next closing byte, or ``position`` where none is near."""
    for at in range(position + 1, min(stop, position + MOST_MARKUP)):
        if data[at] == closing:
            return at + 1
    return position


@kernel()
def skip_markup(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """The end of what is not translated and begins here; ``position`` where nothing does."""
    byte = data[position]
    following = data[position + 1] if position + 1 < stop else np.uint8(0)
    if byte == 0x60:  # `code`
        return behind(data, position, stop, 0x60)
    if byte == 0x3C and (following == 0x2F or 0x61 <= following <= 0x7A):  # <tag>
        return behind(data, position, stop, 0x3E)
    if byte == 0x7B:  # {#anchor}
        return behind(data, position, stop, 0x7D)
    if byte == 0x5D and following == 0x28:  # ](address)
        return behind(data, position, stop, 0x29)
    if byte == 0x3A and following == 0x2F:  # ://address
        end = position
        while end < stop and 0x20 < data[end] < 0x7F and data[end] != 0x29 and data[end] != 0x3E:
            end += 1
        return end
    return position


@kernel()
def is_ordinal(data: np.ndarray, begin: Scalar, end: Scalar, stop: Scalar) -> Scalar:
    """The number of an item in a list (``12. ``, ``3) ``), which may be counted anew elsewhere."""
    if end - begin > 3 or end + 1 >= stop or data[end + 1] != 0x20:
        return False
    for at in range(begin, end):
        if not 0x30 <= data[at] <= 0x39:  # the number of a section: 4.2.
            return False
    return data[end] == 0x2E or data[end] == 0x29


@kernel()
def describe_side(
    data: np.ndarray, start: Scalar, stop: Scalar, classes: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray], scales: tuple[np.ndarray, np.ndarray, np.ndarray],
    months: tuple[np.ndarray, np.ndarray], grams: np.ndarray, numbers: np.ndarray,
    out: np.ndarray, column: Scalar,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Count what stands in one sentence.

    Args:
        data: uint8, valid UTF-8.
        start: first byte.
        stop: behind the last.
        classes: of characters.
        folds: of characters as units see them.
        scales: words behind numbers, see ``read_number``.
        months: see ``month_named``.
        grams: uint64 [MOST_GRAMS], written.
        numbers: uint64 [MOST_NUMBERS], written, sorted.
        out: float32, the columns of ``SIDE`` from ``column`` on are written but for REPEATED.
        column: the first.

    Returns:
        How many 4-grams, and a hash of the letters and digits, folded.
    """
    for at in range(SIDE):
        out[column + at] = 0
    count = 0
    filled = np.int64(0)
    whole = _SEED
    one = two = three = np.uint64(0)
    number_end = markup_end = word_start = word_end = ordinal_end = np.int64(-1)
    ordinal = np.uint64(0)
    colon = stop_mark = False
    position = start
    while position < stop:
        begin = position
        if begin >= markup_end:
            markup_end = skip_markup(data, begin, stop)
            hidden = markup_end > begin and data[begin] != 0x60
            if markup_end > begin:
                one = two = three = np.uint64(0)
        character, position = decode(data, position)
        out[column + CHARACTERS] += 1
        kind = look_up(classes[0], classes[1], character)
        if kind & WORD:
            digit = digit_value(folds[0], folds[1], character) >= 0
            starts = begin >= number_end if digit else begin != word_end
            if starts and not (hidden and begin < markup_end):
                month = month_beside(
                    data, word_start, word_end, number_end, begin if digit else -1, months
                )
                if month:
                    count = add_number(numbers, count, month_key(month))
                if month and number_end == ordinal_end:
                    count = add_number(numbers, count, ordinal)
                word_start = np.int64(-1) if digit else begin
            if digit and starts and not (hidden and begin < markup_end):
                value, number_end = read_key(
                    data, start, begin, stop, month, classes, folds, scales
                )
                if out[column + LETTERS] == 0 and is_ordinal(data, begin, number_end, stop):
                    ordinal, ordinal_end = value, number_end
                else:
                    count = add_number(numbers, count, value)
            if not digit:
                word_end = position
            out[column + LETTERS] += 1
            colon = stop_mark = False
            folded = np.uint64(look_up(folds[0], folds[1], character)) + np.uint64(1)
            whole = (whole ^ folded) * _FACTOR
            if begin >= markup_end:
                out[column + TEXT] += 1
                if one != 0 and filled < MOST_GRAMS:
                    state = ((one * _FACTOR ^ two) * _FACTOR ^ three) * _FACTOR ^ folded
                    grams[filled] = mix64(state)
                    filled += 1
                one, two, three = two, three, folded
        elif kind & PUNCTUATION:
            out[column + QUESTIONS] += is_question(character)
            out[column + EXCLAMATIONS] += character == 0x21 or character == 0xFF01
            out[column + BRACKETS] += is_bracket(character)
            colon = character == 0x3A or character == 0xFF1A
            stop_mark |= is_stop(character)
        elif kind & BLANK == 0:
            colon = False
    month = month_beside(data, word_start, word_end, number_end, -1, months)
    if month:
        count = add_number(numbers, count, month_key(month))
    if month and number_end == ordinal_end:
        count = add_number(numbers, count, ordinal)
    out[column + COLONS] = colon
    out[column + STOPS] = stop_mark
    out[column + NUMBERS] = count
    return filled, mix64(whole)


@kernel((
    _t["u8"], _t["i64"], _t["i64"], _t["u8"], _t["i64"], _t["i64"], _t["u16"], _t["u8"],
    _t["u16"], _t["i32"], _t["u8"], _t["i64"], _t["i64"], _t["u64"], _t["u8"], _t["w_f32"],
    _t["w_u64"], _t["w_u64"],
))  # fmt: skip
def describe_pairs(
    left: np.ndarray, left_starts: np.ndarray, left_ends: np.ndarray, right: np.ndarray,
    right_starts: np.ndarray, right_ends: np.ndarray, class_index: np.ndarray,
    class_blocks: np.ndarray, fold_index: np.ndarray, fold_blocks: np.ndarray, words: np.ndarray,
    word_offsets: np.ndarray, powers: np.ndarray, month_keys: np.ndarray, months: np.ndarray,
    out: np.ndarray, left_hashes: np.ndarray, right_hashes: np.ndarray,
) -> None:  # fmt: skip
    """Write ``COLUMNS`` numbers for every pair.

    Args:
        left: uint8, valid UTF-8.
        left_starts: int64 [pairs].
        left_ends: int64 [pairs].
        right: uint8.
        right_starts: int64 [pairs].
        right_ends: int64 [pairs].
        class_index: uint16, of ``character_classes()``.
        class_blocks: uint8, the same.
        fold_index: uint16, of ``folded_characters()``.
        fold_blocks: int32, the same.
        words: uint8, of ``number_words()``.
        word_offsets: int64, the same.
        powers: int64, the same.
        month_keys: uint64, of ``month_table()``.
        months: uint8, the same.
        out: float32 [pairs * COLUMNS], written.
        left_hashes: uint64 [pairs], written: of the letters and digits, folded.
        right_hashes: uint64 [pairs], written.
    """
    classes, folds = (class_index, class_blocks), (fold_index, fold_blocks)
    scales, names = (words, word_offsets, powers), (month_keys, months)
    grams, others = np.empty(MOST_GRAMS, np.uint64), np.empty(MOST_GRAMS, np.uint64)
    numbers, counted = np.empty(MOST_NUMBERS, np.uint64), np.empty(MOST_NUMBERS, np.uint64)
    table, stamps = np.empty(TABLE, np.uint64), np.zeros(TABLE, np.int64)
    stamp = np.int64(0)
    for pair in range(len(left_starts)):
        base = pair * COLUMNS
        filled, left_hashes[pair] = describe_side(
            left, left_starts[pair], left_ends[pair], classes, folds, scales, names,
            grams, numbers, out,
            base,
        )  # fmt: skip
        beside, right_hashes[pair] = describe_side(
            right, right_starts[pair], right_ends[pair], classes, folds, scales, names,
            others, counted,
            out, base + SIDE,
        )  # fmt: skip
        common = common_numbers(
            numbers, np.int64(out[base + NUMBERS]), counted, np.int64(out[base + SIDE + NUMBERS])
        )
        repeated = 0
        stamp += 2
        for at in range(beside):
            slot = find_slot(table, stamps, stamp - 1, others[at])
            repeated += stamps[slot] == stamp - 1
            table[slot], stamps[slot] = others[at], stamp - 1
        out[base + SIDE + REPEATED] = repeated
        repeated = 0
        for at in range(filled):
            slot = find_slot(table, stamps, stamp, grams[at])
            repeated += stamps[slot] == stamp
            table[slot], stamps[slot] = grams[at], stamp
        out[base + REPEATED] = repeated
        shared = run = longest = 0
        for at in range(beside):
            slot = find_slot(table, stamps, stamp, others[at])
            run = run + 1 if stamps[slot] == stamp else 0
            shared += run > 0
            longest = max(longest, run)
        out[base + COMMON_NUMBERS] = common
        out[base + COMMON_GRAMS] = shared
        out[base + LONGEST_COPY] = longest
        out[base + LEFT_GRAMS], out[base + RIGHT_GRAMS] = filled, beside
