"""Tokens: what documents of two languages are compared by, found without a word list.

* A word of letters is its first six characters in lower case, five in Cyrillic, Greek, Hebrew and
  Arabic (whose article and conjunction are left out): endings inflect, and names and code look the
  same in every language that leaves them in Latin letters.
* Han and Hangul: pairs of neighbouring characters. Hiragana is left out, it is grammar mostly.
* Other scripts without spaces (Thai, Lao, Khmer, Burmese): pairs of letters with their marks.
* Vietnamese, whose words are several syllables: pairs of neighbouring words besides.
* A number is its value, an address (``https://...``) a token besides the words in it.

A **segment** is a line, or a sentence of a long line; a token counts once in a segment.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64
from stages.bilingual.numbers.numbers_kernels import digit_value, read_number
from stages.text_kernels import (
    BLANK,
    DIGIT,
    LETTER,
    MARK,
    SPACELESS,
    TERMINAL,
    WORD,
    decode,
    look_up,
)

MOST_IN_SEGMENT = 60
"""Tokens; a longer segment is cut into several."""
SENTENCE_TOKENS = 12
"""So many tokens make a sentence's end the end of a segment too."""
SPACED_TOKENS = 40
"""So many do at any space, in scripts without full stops."""

WORDS, HAN, KATAKANA, CLUSTERS, HIRAGANA = 1, 2, 3, 4, 5

_SEED = np.uint64(0x2545F4914F6CDD1D)
_t = array_types()


@kernel()
def step_hash(state: Scalar, value: Scalar) -> Scalar:
    """A hash with one more value."""
    return (state ^ np.uint64(value)) * np.uint64(0x100000001B3) ^ state >> np.uint64(29)


@kernel()
def token_of(state: Scalar) -> Scalar:
    """32 bits of a hash; never 0."""
    mixed = np.uint32(mix64(state) >> np.uint64(32))
    return mixed if mixed != 0 else np.uint32(1)


@kernel()
def add_token(tokens: np.ndarray, first: Scalar, count: Scalar, token: Scalar) -> Scalar:
    """Append to ``tokens[first:first + count]`` unless it is there; returns the new count."""
    for at in range(first, first + count):
        if tokens[at] == token:
            return count
    tokens[first + count] = token
    return count + 1


@kernel()
def script_of(character: Scalar, kind: Scalar) -> Scalar:
    """How a letter makes tokens: ``WORDS``, ``HAN`` (Hangul too), ``KATAKANA``, ..."""
    if 0x3041 <= character <= 0x309F:
        return HIRAGANA
    if 0x30A0 <= character <= 0x30FF or 0xFF66 <= character <= 0xFF9F:
        return KATAKANA
    if 0xAC00 <= character <= 0xD7A3:
        return HAN
    if kind & SPACELESS:
        return HAN if character >= 0x3000 else CLUSTERS
    return WORDS


@kernel()
def behind_article(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """Behind Arabic wa- and al- or li-l-, where three letters are left (two bytes each)."""
    if stop - position >= 8 and data[position] == 0xD9 and data[position + 1] == 0x88:
        position += 2
    if stop - position >= 10 and data[position + 2] == 0xD9 and data[position + 3] == 0x84:
        alef = data[position] == 0xD8 and data[position + 1] == 0xA7
        lam = data[position] == 0xD9 and data[position + 1] == 0x84
        if alef or lam:
            position += 4
    return position


@kernel()
def read_word(
    data: np.ndarray, position: Scalar, stop: Scalar, script: Scalar,
    classes: tuple[np.ndarray, np.ndarray], folds: tuple[np.ndarray, np.ndarray],
) -> tuple[Scalar, Scalar, Scalar]:  # fmt: skip
    """The hash of the word's beginning, how many characters that is, and where the word ends."""
    end = position
    first, _ = decode(data, position)
    while end < stop:
        character, after = decode(data, end)
        kind = look_up(classes[0], classes[1], character)
        if kind & WORD == 0:
            break
        if kind & MARK == 0 and script_of(character, kind) != script:
            break
        end = after
    if 0x621 <= first <= 0x6FF:
        position = behind_article(data, position, end)
    most = 5 if 0x370 <= first <= 0x7BF else 6
    state, taken = _SEED, np.int64(0)
    while position < end and taken < most:
        character, position = decode(data, position)
        if 0x590 <= character <= 0x7BF and look_up(classes[0], classes[1], character) & MARK:
            continue  # vowel marks, which are written or not
        state = step_hash(state, look_up(folds[0], folds[1], character))
        taken += 1
    return state, taken, end


@kernel()
def end_of_address(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """Where the address ends whose ``://`` stands here: before a blank, bracket or quote."""
    end = position + 3
    while end < stop:
        byte = data[end]
        if byte <= 0x20 or byte >= 0x80 or byte in (0x22, 0x27, 0x28, 0x29, 0x3C, 0x3E, 0x5D, 0x7C):
            break
        end += 1
    while end > position + 3 and data[end - 1] in (0x2E, 0x2C, 0x2F, 0x3B, 0x3A):
        end -= 1
    return end


@kernel()
def close_segment(
    tokens: np.ndarray, ends: np.ndarray, segments: Scalar, first: Scalar, count: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """End the segment, unless it is empty; returns segments, first, count of the next one."""
    if count == 0:
        return segments, first, count
    ends[segments] = first + count
    return segments + 1, first + count, np.int64(0)


@kernel()
def read_document(
    data: np.ndarray, start: Scalar, stop: Scalar, syllables: Scalar,
    classes: tuple[np.ndarray, np.ndarray], folds: tuple[np.ndarray, np.ndarray],
    scales: tuple[np.ndarray, np.ndarray, np.ndarray], most: Scalar, tokens: np.ndarray,
    first_token: Scalar, ends: np.ndarray, first_segment: Scalar,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Write one document's tokens and where its segments end; returns both counts so far."""
    position, limit = start, first_token + most
    first, count, segments = first_token, np.int64(0), first_segment
    before, last = np.uint64(0), np.int64(0)
    while position < stop and first + count + 4 < limit:
        if count + 4 > MOST_IN_SEGMENT:
            segments, first, count = close_segment(tokens, ends, segments, first, count)
        byte = data[position]
        if byte == 0x0A:
            segments, first, count = close_segment(tokens, ends, segments, first, count)
            position += 1
            last = np.int64(0)
            continue
        character, after = decode(data, position)
        kind = look_up(classes[0], classes[1], character)
        if kind & WORD == 0:
            if byte == 0x3A and stop - position > 4 and data[position + 1] == 0x2F \
                    and data[position + 2] == 0x2F:  # fmt: skip
                state = _SEED
                for k in range(position, end_of_address(data, position, stop)):
                    state = step_hash(state, data[k])
                count = add_token(tokens, first, count, token_of(state))
            sentence = kind & TERMINAL and count >= SENTENCE_TOKENS
            if sentence and byte < 0x80:  # 3.5, example.org
                sentence = after >= stop or data[after] <= 0x20
            if sentence or (kind & BLANK and last == CLUSTERS and count >= SPACED_TOKENS):
                segments, first, count = close_segment(tokens, ends, segments, first, count)
            if kind & BLANK == 0 or last != WORDS:
                last = np.int64(0)
            position = after
            continue
        if kind & DIGIT and digit_value(folds[0], folds[1], character) >= 0:
            state, position = read_number(data, position, stop, classes, folds, scales)
            count = add_token(tokens, first, count, token_of(state))
            last = np.int64(0)
            continue
        script = np.int64(script_of(character, kind))
        if script in (WORDS, KATAKANA):
            state, length, position = read_word(data, position, stop, script, classes, folds)
            position = max(position, after)
            if length > 1:
                count = add_token(tokens, first, count, token_of(state))
            if syllables and last == WORDS:
                count = add_token(tokens, first, count, token_of(step_hash(before, mix64(state))))
            before, last = state, script
            continue
        if script == HIRAGANA or kind & LETTER == 0:
            position, last = after, script
            continue
        state = step_hash(_SEED, character)
        while after < stop and data[after] >= 0x80:
            mark, behind = decode(data, after)
            if look_up(classes[0], classes[1], mark) & MARK == 0:
                break
            state, after = step_hash(state, mark), behind
        if last == script:
            count = add_token(tokens, first, count, token_of(step_hash(before, mix64(state))))
        before, last, position = state, script, after
    segments, first, count = close_segment(tokens, ends, segments, first, count)
    return first, segments


@kernel((
    _t["u8"], _t["i64"], _t["b1"], _t["u16"], _t["u8"], _t["u16"], _t["i32"], _t["u8"], _t["i64"],
    _t["i64"], _t["i64"].dtype, _t["i64"].dtype, _t["w_u32"], _t["w_i64"], _t["w_i64"], _t["w_i64"],
))  # fmt: skip
def read_tokens(
    data: np.ndarray, offsets: np.ndarray, syllables: np.ndarray, index: np.ndarray,
    blocks: np.ndarray, fold_index: np.ndarray, fold_blocks: np.ndarray, scale_words: np.ndarray,
    scale_offsets: np.ndarray, scale_powers: np.ndarray, most: int, row: int, tokens: np.ndarray,
    token_offsets: np.ndarray, ends: np.ndarray, segment_offsets: np.ndarray,
) -> int:  # fmt: skip
    """The tokens of documents from ``row`` on, while there is room for one more.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [documents + 1].
        syllables: bool [documents]: pairs of words are tokens too.
        index: uint16, of ``character_classes()``.
        blocks: uint8, the same.
        fold_index: uint16, of ``folded_characters()``.
        fold_blocks: int32, the same.
        scale_words: uint8, of ``number_words()``, like the next two.
        scale_offsets: int64.
        scale_powers: int64.
        most: tokens of one document; what follows is not looked at.
        row: the first document; those before it are done.
        tokens: uint32 [room], written.
        token_offsets: int64 [documents + 1], written behind ``row``.
        ends: int64 [room], written: where each segment ends, in ``tokens``.
        segment_offsets: int64 [documents + 1], written behind ``row``: into ``ends``.

    Returns:
        The first document that found no room; the number of documents when all did.
    """
    for document in range(row, len(offsets) - 1):
        if token_offsets[document] + most > len(tokens):
            return document
        stop, segments = read_document(
            data, offsets[document], offsets[document + 1], syllables[document], (index, blocks),
            (fold_index, fold_blocks), (scale_words, scale_offsets, scale_powers), most, tokens,
            token_offsets[document], ends, segment_offsets[document],
        )  # fmt: skip
        token_offsets[document + 1] = stop
        segment_offsets[document + 1] = segments
    return len(offsets) - 1
