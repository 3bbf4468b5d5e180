"""A scanner for every named pattern: where the next piece ends, without a regular expression.

Equal to the expressions of ``patterns``, alternative by alternative, in their order. What an
expression finds by going back, the steps find by remembering the place on the way.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from formats.pretokenizers.characters_kernels import (
    BREAK,
    CJK,
    HAN_KATAKANA,
    HIRAGANA,
    LEADING,
    LETTER,
    MARK,
    NUMBER,
    SIGN,
    SPACE,
    SPACELESS,
    STACKER,
    character,
)
from formats.pretokenizers.words_kernels import (
    BREAKS_ALONE,
    BREAKS_NEVER,
    END_WHOLE,
    blanks,
    breaks,
    cased_word,
    contraction,
    digits,
    run,
    run_without,
)

OWN, O200K, CL100K, LLAMA3, DEEPSEEK, GPT2 = 0, 1, 2, 3, 4, 5
"""The scanners; qwen2 is llama3's with other digits."""

# formats/pretokenizers/patterns.py has the same numbers in its expressions.
HAN_UNITS, TAIL_UNITS, HIRAGANA_UNITS, SPACELESS_CHARACTERS = 16, 12, 16, 32
_SLASH, _NO_SLASH = 47, 10

t = array_types()
I64 = t["i64"].dtype


@step()
def _o200k(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    most: Scalar,
) -> tuple[Scalar, Scalar]:
    """The end of o200k's next piece, and the flags of its letters."""
    flags, following = character(data, start, index, blocks)
    found, capitals = np.int64(-1), start
    seen = np.int64(0)
    if flags & (BREAK | LETTER | NUMBER) == 0:
        found, capitals, seen = cased_word(data, following, end, index, blocks)
        if capitals == following:
            capitals = start
    if found < 0 and flags & (LETTER | MARK):
        without_first, capitals_only, seen = cased_word(data, start, end, index, blocks)
        found = without_first
        capitals = max(capitals, capitals_only)
    if found < 0 and capitals > start:
        found = capitals
    if found >= 0:
        return contraction(data, found, end, 32), seen
    if flags & NUMBER:
        return digits(data, start, end, index, blocks, most), np.int64(0)
    return _signs_or_blanks(data, start, end, index, blocks, _SLASH, BREAKS_ALONE), np.int64(0)


@step()
def _signs_or_blanks(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    slash: Scalar,
    rule: Scalar,
) -> Scalar:
    r"""`` ?[^\s\p{L}\p{N}]+[\r\n]*`` or else blanks."""
    signs = start + 1 if data[start] == 32 else start
    behind = run_without(data, signs, end, index, blocks, SPACE | LETTER | NUMBER)
    if behind > signs:
        return behind if rule == BREAKS_NEVER else breaks(data, behind, end, slash)
    return blanks(data, start, end, index, blocks, rule)


@step()
def _simple(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    most: Scalar,
    rule: Scalar,
) -> Scalar:
    """The next piece of cl100k, llama3 or qwen2."""
    behind = contraction(data, start, end, 32)
    if behind > start:
        return behind
    flags, following = character(data, start, index, blocks)
    if flags & LETTER:
        return run(data, following, end, index, blocks, LETTER)
    if flags & NUMBER:
        return digits(data, start, end, index, blocks, most)
    if flags & BREAK == 0:
        behind = run(data, following, end, index, blocks, LETTER)
        if behind > following:
            return behind
    return _signs_or_blanks(data, start, end, index, blocks, _NO_SLASH, rule)


@step()
def _gpt2(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    most: Scalar,
) -> Scalar:
    """The next piece of gpt2."""
    behind = contraction(data, start, end, 0)
    if behind > start:
        return behind
    first = start + 1 if data[start] == 32 else start
    if first < end:
        flags, _ = character(data, first, index, blocks)
        if flags & LETTER:
            return run(data, first, end, index, blocks, LETTER)
        if flags & NUMBER:
            return digits(data, first, end, index, blocks, most)
    return _signs_or_blanks(data, start, end, index, blocks, _NO_SLASH, BREAKS_NEVER)


@step()
def _span(
    data: np.ndarray, start: Scalar, end: Scalar, index: np.ndarray, blocks: np.ndarray
) -> Scalar:
    """Where DeepSeek's first two cuts next fall: digits, Han with kana, and the rest part."""
    flags, following = character(data, start, index, blocks)
    if flags & NUMBER:
        return run(data, following, end, index, blocks, NUMBER)
    if flags & CJK:
        while following < end:
            flags, behind = character(data, following, index, blocks)
            if flags & CJK == 0 or flags & NUMBER:
                break
            following = behind
        return following
    return run_without(data, following, end, index, blocks, NUMBER | CJK)


@step()
def _deepseek(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    most: Scalar,
) -> Scalar:
    """The next piece of DeepSeek's third cut, within what the first two left."""
    flags, following = character(data, start, index, blocks)
    if flags & NUMBER:
        return digits(data, start, end, index, blocks, most)
    if flags & (LETTER | MARK):
        return run(data, following, end, index, blocks, LETTER | MARK)
    if data[start] < 128 and flags & SIGN:
        behind = following
        while behind < end and 97 <= data[behind] | 32 <= 122:
            behind += 1
        if behind > following:
            return behind
    if flags & (BREAK | SIGN) == 0:
        behind = run(data, following, end, index, blocks, LETTER | MARK)
        if behind > following:
            return behind
    signs = start + 1 if data[start] == 32 else start
    behind = run(data, signs, end, index, blocks, SIGN)
    if behind > signs:
        return breaks(data, behind, end, _NO_SLASH)
    if flags & SPACE:
        return blanks(data, start, end, index, blocks, BREAKS_ALONE)
    # No alternative begins here: such characters make a piece up to where one does.
    while following < end:
        flags, behind = character(data, following, index, blocks)
        if flags & (LETTER | MARK | SIGN | SPACE | NUMBER):
            break
        if behind < end:
            flags, _ = character(data, behind, index, blocks)
            if flags & (LETTER | MARK):
                break
        following = behind
    return following


@step()
def _units(
    data: np.ndarray,
    position: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    wanted: Scalar,
    most: Scalar,
) -> Scalar:
    """Letters of a kind, each with its marks, so many at most."""
    for _ in range(most):
        if position >= end:
            break
        flags, following = character(data, position, index, blocks)
        if flags & wanted == 0:
            break
        position = run(data, following, end, index, blocks, MARK)
    return position


@step()
def _without_spaces(
    data: np.ndarray, start: Scalar, end: Scalar, index: np.ndarray, blocks: np.ndarray
) -> Scalar:
    """Our cut in a run of Han, kana or a script of South-East Asia that begins at ``start``."""
    if start >= end:
        return start
    flags, position = character(data, start, index, blocks)
    if flags & HAN_KATAKANA:
        behind = _units(data, start, end, index, blocks, HAN_KATAKANA, HAN_UNITS)
        return _units(data, behind, end, index, blocks, HIRAGANA, TAIL_UNITS)
    if flags & HIRAGANA:
        return _units(data, start, end, index, blocks, HIRAGANA, HIRAGANA_UNITS)
    if flags & SPACELESS == 0:
        return start
    before_leading, before_letter = start, start
    stacked = np.int64(0)
    for _ in range(SPACELESS_CHARACTERS):
        if position >= end:
            return position
        flags, following = character(data, position, index, blocks)
        if flags & (SPACELESS | MARK) == 0:
            return position
        if flags & LEADING:
            before_leading = position
        if flags & MARK == 0 and not stacked:
            before_letter = position
        stacked = flags & STACKER
        last, position = position, following
    if before_leading > start:
        return before_leading
    return before_letter if before_letter > start else last


@step()
def _own(
    data: np.ndarray, start: Scalar, end: Scalar, index: np.ndarray, blocks: np.ndarray
) -> Scalar:
    """Our next cut within a piece of o200k."""
    position = start
    while position < end:
        flags, following = character(data, position, index, blocks)
        first = position if flags & (LETTER | MARK) else following
        behind = _without_spaces(data, first, end, index, blocks)
        if behind > first:
            return behind if position == start else position
        position = following
    return end


@kernel((I64, I64, t["u8"], t["i64"], t["u16"], t["u16"], t["w_i64"]))
def cut_texts(
    pattern: Scalar,
    most_digits: Scalar,
    data: np.ndarray,
    offsets: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    ends: np.ndarray,
) -> int:
    """Cut texts.

    Args:
        pattern: one of the scanners above.
        most_digits: in one piece.
        data: uint8 [bytes], valid UTF-8.
        offsets: int64 [texts + 1].
        index: of ``character_table``.
        blocks: of ``character_table``.
        ends: int64 [bytes of the texts], written: where each piece ends in ``data``.

    Returns:
        How many pieces there are.
    """
    count = 0
    for text in range(len(offsets) - 1):
        position, stop = offsets[text], offsets[text + 1]
        span, seen = position, np.int64(0)
        while position < stop:
            if pattern == OWN:
                if position >= span:
                    span, seen = _o200k(data, position, stop, index, blocks, most_digits)
                if seen & (HAN_KATAKANA | HIRAGANA | SPACELESS):
                    position = _own(data, position, span, index, blocks)
                else:
                    position = span
            elif pattern == O200K:
                position, seen = _o200k(data, position, stop, index, blocks, most_digits)
            elif pattern == DEEPSEEK:
                if position >= span:
                    span = _span(data, position, stop, index, blocks)
                position = _deepseek(data, position, span, index, blocks, most_digits)
            elif pattern == GPT2:
                position = _gpt2(data, position, stop, index, blocks, most_digits)
            else:
                rule = END_WHOLE if pattern == CL100K else BREAKS_ALONE
                position = _simple(data, position, stop, index, blocks, most_digits, rule)
            ends[count] = position
            count += 1
    return count
