"""What datatrove's filters ask of a line: its words, its end, the phrases that C4 looks for."""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.quality.datatrove.infix_kernels import SPACE
from stages.quality.datatrove.token_kernels import (
    FACTOR,
    IS_PUNCTUATION,
    IS_TERMINAL,
    SEED,
    split_piece,
)
from stages.quality.marks_kernels import (
    HAS_JAVASCRIPT,
    HAS_LOREM_IPSUM,
    HAS_POLICY,
    may_begin_phrase,
    phrase_flags,
)
from stages.text_kernels import before, decode, look_up

FEWEST_WORDS_OF_A_LINE = 3
LONGEST_WORD = 1000
SHORT_LINE = 30
NEW_LINE, DOT, BULLET, HYPHEN, HASH = 0x0A, 0x2E, 0x2022, 0x2D, 0x23


@kernel()
def hash_bytes(data: np.ndarray, start: Any, end: Any) -> Any:
    """A hash of a stretch of bytes."""
    value = SEED ^ np.uint64(end - start)
    for position in range(start, end):
        value = (value ^ np.uint64(data[position])) * FACTOR
        value ^= value >> np.uint64(29)
    return value


@kernel()
def ends_with_ellipsis(data: np.ndarray, start: Any, end: Any) -> Any:
    """Whether a stretch ends with three full stops or the character for them."""
    if end - start < 3:
        return False
    if data[end - 1] == DOT:
        return data[end - 2] == DOT and data[end - 3] == DOT
    return data[end - 3] == 0xE2 and data[end - 2] == 0x80 and data[end - 1] == 0xA6


@kernel()
def before_citations(data: np.ndarray, start: Any, end: Any) -> Any:
    """Where a line ends without the citations that close it: "so it is.[1][edit]"."""
    edit, needed = b"edit", b"citation needed"
    while end > start and data[end - 1] == 0x5D:
        opening = end - 2
        digits = True
        while opening >= start and data[opening] != 0x5B:
            digits = digits and 0x30 <= data[opening] <= 0x39
            opening -= 1
        if opening < start:
            return end
        size = end - opening - 2
        if not digits:
            equal = size == len(edit)
            for k in range(len(edit)):
                equal = equal and data[opening + 1 + k] == edit[k]
            if size == len(needed):
                equal = True
                for k in range(len(needed)):
                    equal = equal and data[opening + 1 + k] == needed[k]
            if not equal:
                return end
        end = opening
    return end


@kernel()
def closes_a_line(data: np.ndarray, start: Any, end: Any) -> Any:
    """C4: the line ends with . ? ! or a straight quote, and not with an ellipsis."""
    if end == start or data[end - 1] not in (DOT, 0x3F, 0x21, 0x22, 0x27):
        return False
    return data[end - 1] != DOT or not ends_with_ellipsis(data, start, end)


@kernel()
def phrases_in(data: np.ndarray, start: Any, end: Any) -> tuple[Any, Any]:
    """Flags of the phrases anywhere in a line, and whether it has an opening brace."""
    found = 0
    brace = False
    for position in range(start, end - 1):
        if may_begin_phrase(data, position, end):
            found |= phrase_flags(data, position, end)
        brace = brace or data[position] == 0x7B
    return found, brace or data[end - 1] == 0x7B


@kernel()
def sentences_of(flags: np.ndarray, first: Any, last: Any) -> Any:
    """Sentences of the tokens of a line: one begins where something follows a terminal mark."""
    count = np.int64(last > first)
    seen = False
    for token in range(first, last):
        if flags[token] & IS_TERMINAL:
            seen = True
        elif seen and flags[token] & IS_PUNCTUATION == 0:
            count += 1
            seen = False
    return count


@kernel()
def tokenize_line(
    data: np.ndarray,
    start: Any,
    end: Any,
    language: Any,
    tables: Any,
    tokens: Any,
    count: Any,
    ends: np.ndarray,
    line: np.ndarray,
) -> Any:
    """Split a line into tokens; returns how many the document has now.

    ``line`` int64 [4] is filled: where its first piece begins, where its last one ends, how many
    there are, and the characters of the longest.
    """
    line[0] = end
    line[1] = start
    line[2] = line[3] = 0
    position = start
    while position < end:
        character, after = decode(data, position)
        if look_up(tables[0], tables[1], character) & SPACE:
            position = after
            continue
        first = position
        size = np.int64(0)
        while position < end:
            character, after = decode(data, position)
            if look_up(tables[0], tables[1], character) & SPACE:
                break
            position = after
            size += 1
        count = split_piece(data, first, position, language, tables, tokens, count, ends)
        line[0] = min(line[0], first)
        line[1] = position
        line[2] += 1
        line[3] = max(line[3], size)
    return count


@kernel()
def strip(data: np.ndarray, start: Any, end: Any, tables: Any) -> tuple[Any, Any]:
    """A text without the white space at both ends."""
    while start < end:
        character, after = decode(data, start)
        if look_up(tables[0], tables[1], character) & SPACE == 0:
            break
        start = after
    while end > start:
        last = before(data, start, end)
        character, _ = decode(data, last)
        if look_up(tables[0], tables[1], character) & SPACE == 0:
            break
        end = last
    return start, end


@kernel()
def c4_line(
    data: np.ndarray, line: np.ndarray, flags: np.ndarray, first: Any, last: Any, c4: np.ndarray
) -> None:
    """Add a line to C4's counts (lorem ipsum, braces, sentences) if C4 would look so far."""
    start = line[0]
    end = before_citations(data, start, max(start, line[1]))
    if line[3] > LONGEST_WORD or line[2] < FEWEST_WORDS_OF_A_LINE:
        return
    if not closes_a_line(data, start, end):
        return
    found, brace = phrases_in(data, start, end)
    if found & HAS_LOREM_IPSUM:
        c4[0] += 1
    if found & HAS_JAVASCRIPT:
        return
    c4[1] += brace
    if found & HAS_POLICY == 0:
        c4[2] += sentences_of(flags, first, last)
