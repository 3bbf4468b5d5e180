"""Steps: does a sentence end at this terminator?

The marks of most scripts end a sentence wherever they stand (``。``, ``।``, ``؟``, ``။``). The full
stop, the question and the exclamation mark of Latin, Cyrillic and their neighbours also stand in
numbers, names and abbreviations: they need a space after them, no small letter after that, and no
abbreviation, initial or ordinal before.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64
from stages.text_kernels import before, decode, look_up

ALWAYS = 1
"""Ends a sentence, whatever follows."""
SPACES_NEEDED = 2
"""Ends a sentence before a space."""
CLOSES = 4
"""A quote or bracket that still belongs to the sentence that ended."""
LOWER = 8
CASED_UPPER = 16
LETTER_OR_MARK = 32
SPACES_DIVIDE = 64
"""Thai and Lao: sentences are divided by spaces."""
OPENS = 128

NEVER_ENDS = 1
SELDOM_ENDS = 2

DOT = 0x2E
LONGEST_ABBREVIATION = 24
"""Bytes; a longer word is none."""
_FNV_OFFSET, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a


@kernel((array_types()["u8"], *[array_types()["i64"].dtype] * 3))
def word_hash(data: np.ndarray, start: Scalar, stop: Scalar, language: Scalar) -> Scalar:
    """A hash of ``data[start:stop]`` in a language; never 0."""
    state = (_FNV_OFFSET ^ np.uint64(language)) * _FNV_PRIME
    for position in range(start, stop):
        state = (state ^ np.uint64(data[position])) * _FNV_PRIME
    return mix64(state) | np.uint64(1)


@kernel()
def abbreviation_kind(
    data: np.ndarray, start: Scalar, stop: Scalar, language: Scalar, hashes: np.ndarray,
    kinds: np.ndarray,
) -> Scalar:  # fmt: skip
    """``NEVER_ENDS``, ``SELDOM_ENDS`` or 0."""
    wanted = word_hash(data, np.int64(start), np.int64(stop), np.int64(language))
    mask = np.uint64(len(hashes) - 1)
    at = wanted & mask
    while hashes[at] != 0:
        if hashes[at] == wanted:
            return np.int64(kinds[at])
        at = (at + np.uint64(1)) & mask
    return np.int64(0)


@kernel()
def is_blank(byte: Scalar) -> Scalar:
    """ASCII white space."""
    return byte == 0x20 or (0x09 <= byte <= 0x0D)


@kernel()
def blank_width(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """Bytes of the white space character here: ASCII, U+00A0, U+2000-200B, U+3000; 0 if none."""
    byte = data[position]
    if byte < 0x80:
        return np.int64(1) if is_blank(byte) else np.int64(0)
    if byte == 0xC2 and data[position + 1] == 0xA0:
        return np.int64(2)
    if byte == 0xE3 and data[position + 1] == 0x80 and data[position + 2] == 0x80:
        return np.int64(3)
    if byte == 0xE2 and data[position + 1] == 0x80 and 0x80 <= data[position + 2] <= 0x8B:
        return np.int64(3)
    return np.int64(0)


@kernel()
def skip_blanks(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """The first position at or after this one that is not white space."""
    while position < stop:
        width = blank_width(data, position, stop)
        if width == 0:
            return position
        position += width
    return position


@kernel()
def skip_footnote(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """Behind ``[12]``, if one begins here."""
    if position >= stop or data[position] != 0x5B:
        return position
    at = position + 1
    while at < stop and 0x30 <= data[at] <= 0x39:
        at += 1
    return at + 1 if at > position + 1 and at < stop and data[at] == 0x5D else position


@kernel()
def skip_spaced_quote(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """Behind a space and ``»``, if nothing but a space follows (« French »; not »German«)."""
    at = skip_blanks(data, position, stop)
    if at == position or at + 1 >= stop or data[at] != 0xC2 or data[at + 1] != 0xBB:
        return position
    ends = at + 2 >= stop or blank_width(data, at + 2, stop) > 0
    return at + 2 if ends and at - position <= 3 else position


@kernel()
def end_of_marks(
    data: np.ndarray, position: Scalar, stop: Scalar, index: np.ndarray, blocks: np.ndarray
) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """Read the run of terminators, then closing quotes, brackets and footnotes.

    The character here counts as a terminator, whatever it is.

    Returns:
        Where it ends; how many terminators; whether one of them always ends a sentence; whether
        anything closed after them.
    """
    terminators = np.int64(1)
    character, position = decode(data, position)
    always = (look_up(index, blocks, character) & ALWAYS) != 0
    closed = False
    while position < stop:
        character, after = decode(data, position)
        kind = look_up(index, blocks, character)
        if kind & (ALWAYS | SPACES_NEEDED) and not closed:
            terminators += 1
            always |= (kind & ALWAYS) != 0
        elif not kind & CLOSES:
            after = max(
                skip_footnote(data, position, stop), skip_spaced_quote(data, position, stop)
            )
            if after == position:
                break
            closed = True
        else:
            closed = True
        position = after
    return position, terminators, always, closed


@kernel()
def first_letter(
    data: np.ndarray, position: Scalar, stop: Scalar, index: np.ndarray, blocks: np.ndarray
) -> tuple[Scalar, Scalar]:
    """The character that the next sentence would begin with: it and its class, or 0, 0.

    Quotes, brackets and a dash ("— he said") are skipped.
    """
    while position < stop:
        character, after = decode(data, position)
        kind = look_up(index, blocks, character)
        dash = character == 0x2D or character == 0x2013 or character == 0x2014
        if kind & OPENS == 0 and not dash:
            return character, np.int64(kind)
        position = skip_blanks(data, after, stop) if dash else after
    return np.int64(0), np.int64(0)


@kernel()
def word_before(
    data: np.ndarray, start: Scalar, position: Scalar, index: np.ndarray, blocks: np.ndarray
) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """The word that ends at ``position``: letters, marks, digits, stops and hyphens inside.

    Returns:
        Its first byte; its letters and marks; its digits; its stops.
    """
    letters = digits = stops = np.int64(0)
    at = position
    while at > start and position - at <= LONGEST_ABBREVIATION:
        previous = before(data, start, at)
        character, _ = decode(data, previous)
        if 0x30 <= character <= 0x39:
            digits += 1
        elif character == DOT:
            stops += 1
        elif look_up(index, blocks, character) & LETTER_OR_MARK:
            letters += 1
        elif character != 0x2D:
            break
        at = previous
    return at, letters, digits, stops


@kernel()
def is_quote(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """Does a quote stand here: " ' ’ ” »?"""
    if position >= stop:
        return False
    byte = data[position]
    if byte < 0x80:
        return byte == 0x22 or byte == 0x27
    character, _ = decode(data, position)
    return character == 0x2019 or character == 0x201D or character == 0xBB


@kernel()
def stop_ends(
    data: np.ndarray, start: Scalar, position: Scalar, upper_follows: Scalar, language: Scalar,
    ordinals: np.ndarray, table: tuple[np.ndarray, np.ndarray],
    classes: tuple[np.ndarray, np.ndarray],
) -> Scalar:  # fmt: skip
    """Does the single full stop at ``position`` end the sentence that began at ``start``?

    Something that is no small letter follows.
    """
    first, letters, digits, stops = word_before(data, start, position, classes[0], classes[1])
    if first == position or position - first > LONGEST_ABBREVIATION:
        return True
    if letters == 0 and digits > 0:
        enumerates = first == start and digits <= 3
        return not (enumerates or (ordinals[language] and digits <= 2))
    if digits > 0:
        return True
    kind = abbreviation_kind(data, first, position, language, table[0], table[1])
    if kind == NEVER_ENDS:
        return False
    if kind == SELDOM_ENDS:
        return upper_follows
    if letters == 1:  # an initial or a part of "z. B.", but for "can't."
        return first > start and is_quote(data, before(data, start, first), stop=position)
    return stops == 0 or letters > 2 * (stops + 1)  # "e.g." and "U.S.A." against "example.com."
