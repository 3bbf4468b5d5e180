"""Words as datatrove has them in English, French, German, Spanish and Russian: spaCy's rules.

What stands between blanks is taken apart: marks off its front and its end, and at marks inside it
(hyphens between letters, say) unless it is an address. Each piece is a token, the marks too. The
rules are those of spaCy 3.8 (``lang/punctuation.py`` and its variants for fr, de and es); left out
are its lists of exceptions (abbreviations with a full stop, emoticons, units after numbers), of
which only English contractions are done, by their endings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.quality.datatrove.infix_kernels import (
    AFFIX,
    ALPHA,
    APOSTROPHE,
    BACKTICK,
    BEFORE_STOP,
    CASELESS,
    CURRENCY,
    DIGIT,
    DOT,
    ENGLISH,
    EQUAL,
    FRENCH,
    GERMAN,
    HYPHEN,
    ICON,
    LETTER,
    LOWER,
    OTHER,
    PERCENT,
    PLUS,
    PUNCTUATION,
    QUOTE,
    RIGHT_QUOTE,
    SECTION,
    SLASH,
    SPACE,
    SPANISH,
    SYMBOL,
    TERMINAL,
    UPPER,
    class_at,
    infix_end,
    is_address,
)
from stages.text_kernels import before, decode, look_up

# What a token is.
HAS_LETTER = 1
IS_WORD = 2
"""Something in it is no symbol."""
IS_PUNCTUATION = 4
"""Nothing in it but punctuation."""
IS_TERMINAL = 8
"""It is one mark that ends a sentence."""

SEED = np.uint64(0x243F6A8885A308D3)
FACTOR = np.uint64(0x9FB21C651E98DF25)


@kernel()
def add_token(data: np.ndarray, start: Any, end: Any, tables: Any, tokens: Any, count: Any) -> Any:
    """Write down the token ``data[start:end]``; returns how many there are now."""
    if start >= end:
        return count
    hashes, lengths, flags = tokens
    value = SEED
    length = np.int64(0)
    letters = symbols = np.int64(0)
    every = np.int64(-1)
    position = start
    while position < end:
        character, position = decode(data, position)
        kind = np.int64(look_up(tables[0], tables[1], character))
        value = (value ^ np.uint64(character)) * FACTOR
        letters |= kind
        every &= kind
        length += 1
    symbols = every & SYMBOL
    flag = np.int64(0)
    if letters & LETTER:
        flag |= HAS_LETTER
    if symbols == 0:
        flag |= IS_WORD
    if every & PUNCTUATION:
        flag |= IS_PUNCTUATION
    if length == 1 and every & TERMINAL:
        flag |= IS_TERMINAL
    hashes[count] = value ^ (value >> np.uint64(32))
    lengths[count] = length
    flags[count] = flag
    return count + 1


@kernel()
def prefix_end(data: np.ndarray, start: Any, end: Any, language: Any, tables: Any) -> Any:
    """Where the mark at the front ends; ``start`` where there is none."""
    character, after = decode(data, start)
    if character == DOT:
        if after < end and data[after] == DOT:
            while after < end and data[after] == DOT:
                after += 1
            return after
        return start
    if character == PLUS:
        return start if class_at(data, after, end, tables) & DIGIT else after
    kind = np.int64(look_up(tables[0], tables[1], character))
    if kind & (AFFIX | CURRENCY):
        twice = language == GERMAN and character == BACKTICK and after < end
        return after + 1 if twice and data[after] == BACKTICK else after
    if language == FRENCH and after < end and character | 0x20 in (0x64, 0x6C, 0x6E):
        following, behind = decode(data, after)
        quote = following in (APOSTROPHE, RIGHT_QUOTE)
        return behind if quote and class_at(data, behind, end, tables) & ALPHA else start
    return start


@kernel()
def contraction_start(data: np.ndarray, start: Any, end: Any, tables: Any) -> Any:
    """Where n't, 'm, 'll, 'd, 're or 've begins at the end of a word of letters, else ``end``."""
    here = end
    for _ in range(4):
        here = before(data, start, here)
        if here <= start:
            return end
        character, after = decode(data, here)
        if character in (APOSTROPHE, RIGHT_QUOTE):
            break
    else:
        return end
    size = end - after
    first = data[after] | 0x20 if size > 0 else 0
    second = data[after + 1] | 0x20 if size > 1 else 0
    begin = here
    if size == 1 and first == 0x74 and data[here - 1] | 0x20 == 0x6E:
        begin = here - 1
    elif not (
        (size == 1 and (first == 0x6D or first == 0x64))
        or (size == 2 and first == 0x6C and second == 0x6C)
        or (size == 2 and second == 0x65 and (first == 0x72 or first == 0x76))
    ):
        return end
    position = start
    while position < begin:
        if class_at(data, position, end, tables) & ALPHA == 0:
            return end
        _, position = decode(data, position)
    return begin if begin > start else end


@kernel()
def stop_ends(data: np.ndarray, start: Any, last: Any, language: Any, tables: Any) -> Any:
    """Whether the full stop at ``last`` is a mark of its own."""
    if last == start:
        return False
    here = before(data, start, last)
    kind = class_at(data, here, last, tables)
    if language == GERMAN:
        kind &= ~DIGIT
    marks = LOWER | CASELESS | DIGIT | QUOTE
    if language != FRENCH:
        marks |= BEFORE_STOP
    byte = data[here]
    if kind & marks or byte in (PLUS, PERCENT, HYPHEN):
        return True
    if language == FRENCH and byte in (0x28, 0x29, 0x3A, 0x3F):
        return True
    if here == start or kind & UPPER == 0:
        return False
    return class_at(data, before(data, start, here), last, tables) & (UPPER | CASELESS) != 0


@kernel()
def suffix_start(data: np.ndarray, start: Any, end: Any, language: Any, tables: Any) -> Any:
    """Where the mark at the end begins; ``end`` where there is none."""
    last = before(data, start, end)
    character, _ = decode(data, last)
    if character == DOT:
        if last > start and data[last - 1] == DOT:
            while last > start and data[last - 1] == DOT:
                last -= 1
            return last
        return last if stop_ends(data, start, last, language, tables) else end
    kind = np.int64(look_up(tables[0], tables[1], character))
    previous = class_at(data, before(data, start, last), last, tables) if last > start else 0
    if kind & AFFIX:
        if character == PERCENT:
            return last if previous & DIGIT and language != SPANISH else end
        if character in (EQUAL, SECTION):
            return end
        if kind & ICON and language == FRENCH:
            return end
        return last
    if kind & CURRENCY or character == PLUS:
        return last if previous & DIGIT else end
    if language == GERMAN:
        return last if character == SLASH else end
    if last > start and character | 0x20 == 0x73 and language in (ENGLISH, OTHER):
        quote = before(data, start, last)
        mark, _ = decode(data, quote)
        if mark in (APOSTROPHE, RIGHT_QUOTE):
            return quote
    if language == ENGLISH and kind & ALPHA:
        return contraction_start(data, start, end, tables)
    return end


@kernel()
def split_middle(
    data: np.ndarray, start: Any, end: Any, language: Any, tables: Any, tokens: Any, count: Any
) -> Any:
    """The tokens of what is left between the marks at both ends; returns how many there are."""
    if is_address(data, start, end, tables):
        return add_token(data, start, end, tables, tokens, count)
    first = here = start
    while here < end:
        after = infix_end(data, start, here, end, language, tables)
        if after > here:
            if here > first:
                count = add_token(data, first, here, tables, tokens, count)
                count = add_token(data, here, after, tables, tokens, count)
                first = after
            here = after
            continue
        character, here = decode(data, here)
        if language == FRENCH and (character in (APOSTROPHE, RIGHT_QUOTE)):
            mark = before(data, start, here)
            left = class_at(data, before(data, start, mark), mark, tables) if mark > start else 0
            if left & ALPHA and class_at(data, here, end, tables) & ALPHA:
                count = add_token(data, first, here, tables, tokens, count)
                first = here
    return add_token(data, first, end, tables, tokens, count)


@kernel()
def split_piece(
    data: np.ndarray,
    start: Any,
    end: Any,
    language: Any,
    tables: Any,
    tokens: Any,
    count: Any,
    ends: np.ndarray,
) -> Any:
    """The tokens of what stands between two blanks; returns how many there are now.

    Args:
        data: uint8; the piece is ``data[start:end]``.
        start: its first byte.
        end: the byte after its last.
        language: one of ENGLISH, FRENCH, GERMAN, SPANISH, OTHER.
        tables: ``token_classes()``.
        tokens: (hashes uint64, lengths int64, flags uint8), filled from ``count`` on.
        count: how many there are.
        ends: int64, room for the marks at the end of a piece.
    """
    marks = np.int64(0)
    moved = True
    while moved and start < end:
        after = prefix_end(data, start, end, language, tables)
        moved = after > start
        if moved:
            count = add_token(data, start, after, tables, tokens, count)
            start = after
        mark = suffix_start(data, start, end, language, tables) if start < end else end
        if mark < end:
            ends[marks] = end
            marks += 1
            end = mark
            moved = True
    if start < end:
        count = split_middle(data, start, end, language, tables, tokens, count)
    begin = end
    while marks > 0:
        marks -= 1
        count = add_token(data, begin, ends[marks], tables, tokens, count)
        begin = ends[marks]
    return count


_t = array_types()


@kernel(
    (
        _t["u8"], _t["u16"], _t["u16"], _t["i64"].dtype, _t["w_u64"], _t["w_i64"], _t["w_u8"],
    )
)  # fmt: skip
def split_tokens(
    data: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    language: Any,
    hashes: np.ndarray,
    lengths: np.ndarray,
    flags: np.ndarray,
) -> Any:
    """The tokens of one text; returns how many. For stop words and tests."""
    tables = (index, blocks)
    ends = np.empty(len(data) + 1, np.int64)
    count = np.int64(0)
    position = np.int64(0)
    size = np.int64(len(data))
    while position < size:
        character, after = decode(data, position)
        if look_up(index, blocks, character) & SPACE:
            position = after
            continue
        start = position
        while position < size:
            character, after = decode(data, position)
            if look_up(index, blocks, character) & SPACE:
                break
            position = after
        tokens = (hashes, lengths, flags)
        count = split_piece(data, start, position, language, tables, tokens, count, ends)
    return count
