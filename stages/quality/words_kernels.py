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
from stages.quality.hashing_kernels import BASE
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
    address_end,
    code_mark,
    ends_here,
    is_bullet,
    is_code,
    may_begin_phrase,
    phrase_flags,
    seen_ellipsis,
)
from stages.quality.reading_kernels import FACTOR, SEED, ascii_word, count_characters, read_word
from stages.quality.sizes_kernels import THREE_WORDS, UNIT, size_of_word
from stages.text_kernels import (
    BLANK,
    CLOSING,
    DIGIT,
    LETTER,
    MARK,
    SPACELESS,
    TERMINAL,
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
ADDRESS_SIZE = 14
"""Of the words in addresses."""
LINK_SIZE = 15
"""Of the words outside addresses in lines that are a link (``IS_LINK``); at least one a line."""
TOTALS = 16

NEW_LINE = 0x0A
LINK_PART = 3


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
        words: (prefix uint64, reach int64), filled with one entry a word behind a first 0: running
            sums of the words' hashes (the polynomial of ``repetition_kernels``) and code points.
        lines: ``line_arrays``, filled with one entry a line or paragraph.
        totals: int64 [TOTALS], filled.
    """
    index, blocks = tables
    prefix, word_reach = words
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
    address_before = np.int64(0)
    link_first = False
    dots = 0
    code_marks = np.int64(0)
    last = np.int64(0)
    word = np.int64(0)
    size = np.int64(0)
    value = np.uint64(0)
    hashed = np.uint64(0)
    word_characters = np.int64(0)
    letter_words = np.int64(0)
    spaceless_words = np.int64(0)
    longest_word = np.int64(0)
    prefix[0] = 0
    word_reach[0] = 0
    character = after = kind = np.int64(0)
    known = False  # the three are those of what stands at position
    position = start
    while position <= end:
        byte = np.int64(NEW_LINE) if position == end else np.int64(data[np.uint64(position)])
        if byte == NEW_LINE:
            if word > first_word:
                if flags & ENDS_SENTENCE:
                    flags |= HAS_SENTENCE
                address = LINK_PART * (totals[LINK_BYTES] - links_before) >= length
                if link_first and address and flags & HAS_SENTENCE == 0:
                    flags |= IS_LINK
                    outside = size - size_before - totals[ADDRESS_SIZE] + address_before
                    totals[LINK_SIZE] += max(outside, UNIT)
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
            position += 1
            links_before = totals[LINK_BYTES]
            address_before = totals[ADDRESS_SIZE]
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
        if byte == 0x20:
            reach += length > 0
            position += 1
            continue
        if byte < 0x80:
            character = byte
            after = position + 1
            kind = np.int64(blocks[np.uint64(byte)])
        elif not known:
            character, after = decode(data, position)
            kind = np.int64(look_up(index, blocks, character))
        known = False
        if kind & (LETTER | DIGIT):
            if byte < 0x80 and may_begin_phrase(data, position, end):
                found = phrase_flags(data, position, end)
                flags |= found & ~IS_LINK
                if found & IS_LINK and position >= link_end:
                    link_first = link_first or word == first_word
                    link_end = address_end(data, position, end)
                    totals[LINK_BYTES] += link_end - position
            in_address = position < link_end
            if kind & SPACELESS:
                value = (SEED ^ np.uint64(character)) * FACTOR
                part = size_of_word(character, kind)
                extent = np.int64(1)
                kinds = kind
                position = after
                while position < end and data[np.uint64(position)] >= 0x80:
                    character, after = decode(data, position)
                    kind = np.int64(look_up(index, blocks, character))
                    known = kind & MARK == 0
                    if known:
                        break
                    value = (value ^ np.uint64(character)) * FACTOR
                    extent += 1
                    kinds |= kind
                    position = after
                value ^= value >> np.uint64(32)
            else:
                extent = np.int64(0)
                if byte < 0x80:
                    extent, value, letters = ascii_word(data, position, end)
                    kinds = np.int64(LETTER) * letters
                    position += extent
                if extent == 0:
                    position, value, extent, kinds = read_word(data, position, end, index, blocks)
                part = size_of_word(character, kinds)
            hashed = hashed * BASE + value
            word_characters += extent
            word += 1
            prefix[np.uint64(word)] = hashed
            word_reach[np.uint64(word)] = word_characters
            size += part
            if in_address:
                totals[ADDRESS_SIZE] += part
            reach += extent
            length = reach
            line_hash = (line_hash ^ value) * FACTOR
            line_hash ^= line_hash >> np.uint64(32)
            flags &= ~(ENDS_SENTENCE | ENDS_WITH_ELLIPSIS | ENDS_WITH_MARK)
            heading = False
            dots = 0
            last = np.int64(0)
            letter_words += part * (kinds & LETTER)
            spaceless_words += (kinds & SPACELESS) != 0
            longest_word = max(longest_word, extent)
            if position < end and data[np.uint64(position)] == 0x20:
                reach += 1
                position += 1
                known = False
            continue
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
            if character >= 0x80 or MARKS[np.uint64(character)]:
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
    totals[CHARACTERS] = count_characters(data, start, end)


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
    size = np.int64(len(data))
    prefix = np.empty(size + 1, np.uint64)
    reach = np.empty(size + 1, np.int64)
    scan_document(
        data, np.int64(0), size, (index, blocks), (prefix, reach), line_arrays(size), totals
    )
    for word in range(totals[WORDS]):
        hashes[word] = prefix[word + 1] - prefix[word] * BASE
        lengths[word] = reach[word + 1] - reach[word]
    return totals[WORDS]
