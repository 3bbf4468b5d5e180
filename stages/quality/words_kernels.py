"""One pass over a document's bytes: its words, its lines, and what stands on them.

``scan_document`` fills flat arrays with one entry per word and per line; everything that quality
rules ask for is then arithmetic on those arrays (``quality_kernels``) and no step reads the
text again. Definitions:

* word: see ``stages.text_kernels``; identity is by hash of its code points, case kept,
  Arabic vowel signs left out.
* size of a word: 1, or the part of a word that a character of a script without spaces is
  (``sizes_kernels``). Where words are counted, their sizes are added up.
* line: what stands between new lines, blanks at both ends left out; only lines with a word count,
  so rules of dashes, lone braces and the borders of tables are no lines.
* paragraph: lines up to an empty line.
* sentence: three words (rounded) and more that a terminal mark ends (before a blank, a closing
  quote or the end, or anywhere if the mark is not ASCII) or the end of the line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.quality.marks_kernels import (
    ENDS_SENTENCE,
    ENDS_WITH_ELLIPSIS,
    ENDS_WITH_MARK,
    HAS_BRACE,
    HAS_SENTENCE,
    IS_BULLET,
    IS_CODE,
    IS_LINK,
    MARKS,
    SECOND_BYTES,
    address_end,
    code_mark,
    ends_here,
    is_bullet,
    is_code,
    phrase_flags,
    seen_ellipsis,
)
from stages.quality.sizes_kernels import THREE_WORDS, size_of_word
from stages.text_kernels import (
    BLANK,
    CLOSING,
    DIGIT,
    LETTER,
    MARK,
    SPACELESS,
    TERMINAL,
    WORD,
    decode,
    look_up,
)

# What a document has: positions in ``totals``.
CHARACTERS = 0
WORDS = 1
WORD_CHARACTERS = 2
LETTER_WORDS = 3
"""Size of the words with a letter."""
SPACELESS_WORDS = 4
LONGEST_WORD = 5
HASH_SIGNS = 6
ELLIPSES = 7
LINES = 8
PARAGRAPHS = 9
SENTENCES = 10
ENDED_PARAGRAPHS = 11
"""Paragraphs with the end of a sentence in their last line."""
LINK_BYTES = 12
"""Bytes of addresses: after http://, https://, www. and "](" up to a blank or what closes them."""
SIZE = 13
"""Of all words."""
TOTALS = 14

SEED = np.uint64(0x243F6A8885A308D3)
"""First 64 bits of the fraction of pi."""
FACTOR = np.uint64(0x9FB21C651E98DF25)
"""Odd multiplier of XXH3 (rrmxmx)."""
NEW_LINE = 0x0A
ARABIC_MARKS = (0x0610, 0x0670)
"""Marks in this range are vowel signs that may be written or not: no part of a word's identity."""
LINK_PART = 3


@kernel()
def read_word(
    data: np.ndarray, position: Any, end: Any, index: np.ndarray, blocks: np.ndarray
) -> tuple[Any, Any, Any, Any]:
    """The word at ``position``: (where it ends, hash, code points, classes of its characters)."""
    character, position = decode(data, position)
    kind = look_up(index, blocks, character)
    kinds = kind
    value = (SEED ^ np.uint64(character)) * FACTOR
    length = np.int64(1)
    alone = kind & SPACELESS
    while position < end:
        byte = data[position]
        if byte < 0x80:
            kind = blocks[byte]
            if kind & WORD == 0 or alone != 0:
                break
            value = (value ^ np.uint64(byte)) * FACTOR
            length += 1
            kinds |= kind
            position += 1
            continue
        character, after = decode(data, position)
        kind = look_up(index, blocks, character)
        if kind & WORD == 0:
            break
        if kind & MARK == 0 and (alone | (kind & SPACELESS)) != 0:
            break
        if kind & MARK == 0 or not ARABIC_MARKS[0] <= character <= ARABIC_MARKS[1]:
            value = (value ^ np.uint64(character)) * FACTOR
        length += 1
        kinds |= kind
        position = after
    return position, value ^ (value >> np.uint64(32)), length, kinds


@kernel()
def scan_document(
    data: np.ndarray, start: Any, end: Any, tables: Any, words: Any, lines: Any, totals: np.ndarray
) -> None:
    """Read a document once.

    Args:
        data: uint8; the document is ``data[start:end]``.
        start: its first byte.
        end: the byte after its last.
        tables: ``character_classes()``.
        words: (hashes uint64, lengths int64), filled with one entry a word.
        lines: ``line_arrays``, filled with one entry a line or paragraph.
        totals: int64 [TOTALS], filled.
    """
    index, blocks = tables
    word_hashes, word_lengths = words
    line_hashes, line_lengths, line_sizes, line_flags, paragraph_hashes, paragraph_lengths = lines
    totals[:] = 0
    paragraph_hash = SEED
    paragraph_length = np.int64(0)
    ended = 0
    line_hash = SEED
    reach = np.int64(0)  # code points since the line's first that is no blank
    length = np.int64(0)  # the same up to the last that is none
    flags = 0
    first_word = np.int64(0)
    size_before = np.int64(0)
    sentence_start = np.int64(0)
    heading = False
    link_end = start
    links_before = np.int64(0)
    link_first = False
    dots = 0
    code_marks = np.int64(0)
    last = np.int64(0)
    word = np.int64(0)
    size = np.int64(0)
    word_characters = np.int64(0)
    letter_words = np.int64(0)
    spaceless_words = np.int64(0)
    longest_word = np.int64(0)
    characters = np.int64(0)
    position = start
    while position <= end:
        if position == end or data[position] == NEW_LINE:
            if word > first_word:
                if flags & ENDS_SENTENCE:
                    flags |= HAS_SENTENCE
                if link_first and LINK_PART * (totals[LINK_BYTES] - links_before) >= length:
                    flags |= IS_LINK
                if code_marks > 0 and is_code(code_marks, last, size - size_before):
                    flags |= IS_CODE
                line = totals[LINES]
                line_hashes[line] = line_hash
                line_lengths[line] = length
                line_sizes[line] = size - size_before
                line_flags[line] = flags
                totals[LINES] = line + 1
                totals[SENTENCES] += size - sentence_start >= THREE_WORDS
                paragraph_hash = (paragraph_hash ^ line_hash) * FACTOR
                paragraph_hash ^= paragraph_hash >> np.uint64(32)
                paragraph_length += length
                ended = flags & HAS_SENTENCE
            if paragraph_length > 0 and (length == 0 or position == end):
                paragraph_hashes[totals[PARAGRAPHS]] = paragraph_hash
                paragraph_lengths[totals[PARAGRAPHS]] = paragraph_length
                totals[PARAGRAPHS] += 1
                totals[ENDED_PARAGRAPHS] += ended != 0
                paragraph_hash = SEED
                paragraph_length = np.int64(0)
            if position == end:
                break
            characters += 1
            position += 1
            links_before = totals[LINK_BYTES]
            link_first = False
            line_hash = SEED
            reach = np.int64(0)
            length = np.int64(0)
            flags = 0
            first_word = word
            size_before = size
            sentence_start = size
            heading = False
            dots = 0
            code_marks = np.int64(0)
            last = np.int64(0)
            continue
        if data[position] == 0x20:
            characters += 1
            reach += length > 0
            position += 1
            continue
        character, after = decode(data, position)
        kind = look_up(index, blocks, character)
        if kind & (LETTER | DIGIT):
            second = SECOND_BYTES[data[position] | 0x20]
            if second != 0 and position + 1 < end and data[position + 1] | 0x20 == second:
                found = phrase_flags(data, position, end)
                flags |= found & ~IS_LINK
                if found & IS_LINK and position >= link_end:
                    link_first = link_first or word == first_word
                    link_end = address_end(data, position, end)
                    totals[LINK_BYTES] += link_end - position
            position, value, extent, kinds = read_word(data, position, end, index, blocks)
            word_hashes[word] = value
            word_lengths[word] = extent
            word += 1
            part = size_of_word(character, kinds)
            size += part
            characters += extent
            reach += extent
            length = reach
            line_hash = (line_hash ^ value) * FACTOR
            line_hash ^= line_hash >> np.uint64(32)
            flags &= ~(ENDS_SENTENCE | ENDS_WITH_ELLIPSIS | ENDS_WITH_MARK)
            heading = False
            dots = 0
            last = np.int64(0)
            word_characters += extent
            letter_words += part * (kinds & LETTER)
            spaceless_words += (kinds & SPACELESS) != 0
            longest_word = max(longest_word, extent)
            continue
        characters += 1
        position = after
        if kind & BLANK:
            if length > 0:
                reach += 1
            continue
        if length == 0 and is_bullet(data, character, after, end):
            flags |= IS_BULLET
        reach += 1
        length = reach
        line_hash = (line_hash ^ np.uint64(character)) * FACTOR
        heading = heading and character == 0x23
        flags &= ~ENDS_WITH_ELLIPSIS
        dots = dots + 1 if character == 0x2E else 0
        last = character
        if position > link_end:
            code_marks += code_mark(data, character, start, after, end)
        if kind & CLOSING == 0:
            flags &= ~ENDS_WITH_MARK
            if character >= 0x80 or MARKS[character]:
                flags |= ENDS_WITH_MARK
        if kind & TERMINAL:
            flags |= ENDS_SENTENCE
            if dots == 3 or (character == 0x2026 and not seen_ellipsis(data, start, position)):
                totals[ELLIPSES] += 1
            if dots >= 3 or character == 0x2026:
                flags |= ENDS_WITH_ELLIPSIS
            if character >= 0x80 or ends_here(data, after, end, index, blocks):
                if size - sentence_start >= THREE_WORDS:
                    totals[SENTENCES] += 1
                    flags |= HAS_SENTENCE
                sentence_start = size
        elif kind & CLOSING == 0:
            flags &= ~ENDS_SENTENCE
        if character == 0x23:
            heading = heading or length == 1
            totals[HASH_SIGNS] += not heading
        elif character == 0x7B or character == 0x7D:
            flags |= HAS_BRACE
        elif character == 0x5B:
            link_first = link_first or word == first_word
        elif character == 0x28 and length > 1 and data[after - 2] == 0x5D:
            link_end = address_end(data, after, end)
            totals[LINK_BYTES] += link_end - after
    totals[WORDS] = word
    totals[SIZE] = size
    totals[WORD_CHARACTERS] = word_characters
    totals[LETTER_WORDS] = letter_words
    totals[SPACELESS_WORDS] = spaceless_words
    totals[LONGEST_WORD] = longest_word
    totals[CHARACTERS] = characters


@kernel(_nrt=True)
def line_arrays(most_bytes: Any) -> Any:
    """Room for the lines and paragraphs of a document: a word and a new line each."""
    most = most_bytes // 2 + 2
    return (
        np.empty(most, np.uint64),
        np.empty(most, np.int64),
        np.empty(most, np.int64),
        np.empty(most, np.int64),
        np.empty(most, np.uint64),
        np.empty(most, np.int64),
    )


_t = array_types()


@kernel((_t["u8"], _t["u16"], _t["u8"], _t["w_u64"], _t["w_i64"]))
def split_words(
    data: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    hashes: np.ndarray,
    lengths: np.ndarray,
) -> int:
    """The words of one text (a list of stop words, say): hashes and lengths; returns how many."""
    totals = np.empty(TOTALS, np.int64)
    lines = line_arrays(np.int64(len(data)))
    scan_document(
        data, np.int64(0), np.int64(len(data)), (index, blocks), (hashes, lengths), lines, totals
    )
    return totals[WORDS]
