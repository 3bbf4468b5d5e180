"""The sentences of documents: one pass over the UTF-8 bytes."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.bilingual.sentences.boundary_kernels import (
    ALWAYS,
    CASED_UPPER,
    DOT,
    LETTER_OR_MARK,
    LOWER,
    SPACES_DIVIDE,
    SPACES_NEEDED,
    end_of_marks,
    first_letter,
    is_quote,
    skip_blanks,
    stop_ends,
)
from stages.bilingual.sentences.lines_kernels import (
    CODE,
    HEADING,
    TABLE_ROW,
    fence_end,
    fence_length,
    goes_on,
    is_wrapped,
    line_end,
    line_kind,
    marker_end,
    trim,
)
from stages.text_kernels import before, decode, look_up

STARTS_LINE = 8
STARTS_PARAGRAPH = 16

SEMICOLON = 0x3B

LEAST_BETWEEN_SPACES = 22
"""Characters before a space that may divide Thai or Lao sentences."""

_t = array_types()


@kernel()
def is_small_kana(character: Scalar) -> Scalar:
    """Hiragana, which after a closed quote goes on with the sentence (「…。」と言った)."""
    return 0x3041 <= character <= 0x309F


@kernel()
def is_greek(data: np.ndarray, start: Scalar, position: Scalar) -> Scalar:
    """Does a Greek letter stand before ``position``? Then a semicolon is a question mark."""
    character, _ = decode(data, before(data, start, position))
    return 0x370 <= character <= 0x3FF or 0x1F00 <= character <= 0x1FFF


@kernel()
def ends_sentence(
    data: np.ndarray, start: Scalar, mark: Scalar, stop: Scalar, language: Scalar,
    ordinals: np.ndarray, table: tuple[np.ndarray, np.ndarray],
    classes: tuple[np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Look at the terminator at ``mark``: whether the sentence ends, and where its marks do."""
    after, terminators, always, closed = end_of_marks(data, mark, stop, classes[0], classes[1])
    following = skip_blanks(data, after, stop)
    if following >= stop:
        return True, after
    character, kind = first_letter(data, following, stop, classes[0], classes[1])
    if always:
        quoted = closed and following == after
        comma = character == 0xFF0C or character == 0x3001 or character == 0x2C
        return not (comma or (quoted and is_small_kana(character))), after
    if following == after:  # no space: only where the script needs none
        uncased = kind & LETTER_OR_MARK and kind & (LOWER | CASED_UPPER | SPACES_DIVIDE) == 0
        return uncased and character >= 0x2E80 and data[mark] != DOT, after
    if kind & LOWER:
        return False, after
    if data[mark] != DOT or terminators > 1:
        return True, after
    upper = (kind & CASED_UPPER) != 0
    if upper and is_quote(data, mark + 1, stop):
        return True, after
    return stop_ends(data, start, mark, upper, language, ordinals, table, classes), after


@kernel()
def divides(
    data: np.ndarray, start: Scalar, space: Scalar, stop: Scalar, classes: tuple[np.ndarray, ...]
) -> Scalar:  # fmt: skip
    """May the space here divide two Thai or Lao sentences?

    Letters of the script stand on both sides, and enough characters since ``start``.
    """
    following = skip_blanks(data, space, stop)
    if following >= stop or space <= start:
        return False
    character, _ = decode(data, before(data, start, space))
    if look_up(classes[0], classes[1], character) & SPACES_DIVIDE == 0:
        return False
    character, _ = decode(data, following)
    if look_up(classes[0], classes[1], character) & SPACES_DIVIDE == 0:
        return False
    length = 0
    for position in range(start, space):
        length += (data[position] & 0xC0) != 0x80
        if length >= LEAST_BETWEEN_SPACES:
            return True
    return False


@kernel()
def emit(
    outputs: tuple[np.ndarray, np.ndarray, np.ndarray], count: Scalar, start: Scalar, stop: Scalar,
    kind: Scalar,
) -> Scalar:  # fmt: skip
    """Write one sentence while there is room; returns how many there are."""
    if count < len(outputs[0]):
        outputs[0][count] = start
        outputs[1][count] = stop
        outputs[2][count] = kind
    return count + 1


@kernel()
def scan_block(
    data: np.ndarray, start: Scalar, stop: Scalar, flags: Scalar, language: Scalar,
    ordinals: np.ndarray, table: tuple[np.ndarray, np.ndarray],
    classes: tuple[np.ndarray, np.ndarray],
    outputs: tuple[np.ndarray, np.ndarray, np.ndarray], count: Scalar,
) -> Scalar:  # fmt: skip
    """Cut a trimmed line, or lines that go on, into sentences."""
    blocks = classes[1]
    kind = flags & 7
    sentence = start
    spaces_divide = False
    position = marker_end(data, start, stop)
    while position < stop:
        byte = data[position]
        if byte < 0x80:
            found = blocks[np.uint64(byte)]
            after = position + 1
            if byte == SEMICOLON and position > start and is_greek(data, start, position):
                found |= SPACES_NEEDED
        else:
            character, after = decode(data, position)
            found = look_up(classes[0], blocks, character)
            spaces_divide |= (found & SPACES_DIVIDE) != 0
        if found & (ALWAYS | SPACES_NEEDED):
            ends, after = ends_sentence(
                data, sentence, position, stop, language, ordinals, table, classes
            )
            if ends:
                count = emit(outputs, count, sentence, after, flags)
                flags = kind
                after = skip_blanks(data, after, stop)
                sentence = after
                spaces_divide = False
        elif byte == 0x20 and spaces_divide and divides(data, sentence, position, stop, classes):
            count = emit(outputs, count, sentence, position, flags)
            flags = kind
            after = skip_blanks(data, position, stop)
            sentence = after
            spaces_divide = False
        position = after
    if sentence < stop:
        count = emit(outputs, count, sentence, stop, flags)
    return count


@kernel()
def segment_document(
    data: np.ndarray, start: Scalar, stop: Scalar, language: Scalar, ordinals: np.ndarray,
    table: tuple[np.ndarray, np.ndarray], classes: tuple[np.ndarray, np.ndarray],
    outputs: tuple[np.ndarray, np.ndarray, np.ndarray], count: Scalar,
) -> Scalar:  # fmt: skip
    """Write the sentences of ``data[start:stop]``; returns how many there are in all."""
    wrapped = is_wrapped(data, start, stop, classes[0], classes[1])
    paragraph = STARTS_PARAGRAPH
    position = start
    while position < stop:
        end = line_end(data, position, stop)
        first, last = trim(data, position, end)
        position = end + 1
        if first >= last:
            paragraph = STARTS_PARAGRAPH
            continue
        flags = STARTS_LINE | paragraph
        paragraph = 0
        if fence_length(data, first, last) > 0:
            end = fence_end(data, first, end, stop)
            first, last = trim(data, first, end)
            count = emit(outputs, count, first, last, flags | CODE)
            position = end + 1
            continue
        kind = line_kind(data, first, last)
        if kind in (HEADING, TABLE_ROW):
            count = emit(outputs, count, first, last, flags | kind)
            continue
        line_first = first
        while wrapped and position < stop:
            end = line_end(data, position, stop)
            next_first, next_last = trim(data, position, end)
            if not goes_on(data, line_first, last, next_first, next_last, classes[0], classes[1]):
                break
            line_first, last = next_first, next_last
            position = end + 1
        count = scan_block(
            data, first, last, flags | kind, language, ordinals, table, classes, outputs, count
        )
    return count


@kernel((
    _t["u8"], _t["i64"], _t["u8"], _t["b1"], _t["u64"], _t["u8"], _t["u16"], _t["u8"],
    _t["i64"].dtype, _t["w_i64"], _t["w_i64"], _t["w_i64"], _t["w_u8"],
))  # fmt: skip
def segment_documents(
    data: np.ndarray, offsets: np.ndarray, languages: np.ndarray, ordinals: np.ndarray,
    hashes: np.ndarray, kinds: np.ndarray, index: np.ndarray, blocks: np.ndarray, first: int,
    document_offsets: np.ndarray, starts: np.ndarray, ends: np.ndarray, flags: np.ndarray,
) -> int:  # fmt: skip
    """Write the sentences of documents from ``first`` on, while there is room.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [documents + 1].
        languages: uint8 [documents], numbers of ``abbreviations().languages``.
        ordinals: bool [languages].
        hashes: uint64, the table of abbreviations.
        kinds: uint8, the same.
        index: uint16, of ``sentence_classes()``.
        blocks: uint8, the same.
        first: the first document; those before it are done.
        document_offsets: int64 [documents + 1], written behind ``first``.
        starts: int64 [room], written: the first byte of a sentence in ``data``.
        ends: int64 [room], written: behind its last byte.
        flags: uint8 [room], written: its kind and what it begins.

    Returns:
        The first document whose sentences found no room; the number of documents when all did.
    """
    outputs = (starts, ends, flags)
    table = (hashes, kinds)
    classes = (index, blocks)
    for row in range(first, len(offsets) - 1):
        count = segment_document(
            data, offsets[row], offsets[row + 1], np.int64(languages[row]), ordinals, table,
            classes, outputs, document_offsets[row],
        )  # fmt: skip
        if count > len(starts):
            return row
        document_offsets[row + 1] = count
    return len(offsets) - 1
