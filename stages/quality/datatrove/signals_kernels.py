"""Signals with datatrove's definitions: its words, its lines, its denominators.

As in the four filters of datatrove 0.10 (``pipeline/filters``: ``gopher_quality_filter``,
``gopher_repetition_filter``, ``c4_filters``, ``fineweb_quality_filter``), so that thresholds set
with it mean the same here. Differences: lines end at a line feed alone (``str.splitlines`` knows
eight ends more; ``normalize`` makes them line feeds), and citations such as ``[1]`` are left out
only at the end of a line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.quality.datatrove.infix_kernels import TERMINAL
from stages.quality.datatrove.lines_kernels import (
    BULLET,
    DOT,
    HASH,
    HYPHEN,
    NEW_LINE,
    SHORT_LINE,
    c4_line,
    ends_with_ellipsis,
    hash_bytes,
    strip,
    tokenize_line,
)
from stages.quality.datatrove.token_kernels import HAS_LETTER, IS_WORD
from stages.quality.hashing_kernels import count_duplicates, fill_prefixes
from stages.quality.quality_kernels import count_stop_words
from stages.quality.reading_kernels import count_characters
from stages.quality.repetition_kernels import ORDERS, measure_ngrams, ngram_scratch
from stages.text_kernels import before, decode, look_up

(
    WORDS,
    MEAN_WORD_LENGTH,
    HASH_SIGNS,
    ELLIPSES,
    BULLET_LINES,
    ELLIPSIS_LINES,
    LETTER_WORDS,
    STOP_WORDS,
    DUPLICATE_PARAGRAPHS,
    DUPLICATE_PARAGRAPH_CHARACTERS,
    DUPLICATE_LINES,
    DUPLICATE_LINE_CHARACTERS,
    TOP_2_GRAM,
    TOP_3_GRAM,
    TOP_4_GRAM,
    DUPLICATE_5_GRAMS,
    DUPLICATE_6_GRAMS,
    DUPLICATE_7_GRAMS,
    DUPLICATE_8_GRAMS,
    DUPLICATE_9_GRAMS,
    DUPLICATE_10_GRAMS,
    LOREM_IPSUM_LINES,
    BRACE_LINES,
    SENTENCES,
    TERMINAL_LINES,
    SHORT_LINES,
    DUPLICATE_TEXT_LINE_CHARACTERS,
    NEW_LINES_PER_WORD,
) = range(28)
"""Rows of the output, named in ``signals.DATATROVE``."""


@kernel()
def count_ellipses(data: np.ndarray, start: Any, end: Any) -> tuple[Any, Any]:
    """Ellipses, three full stops or one character, none overlapping; and hash signs."""
    ellipses = hashes = np.int64(0)
    dots = 0
    for position in range(start, end):
        byte = data[position]
        dots = dots + 1 if byte == DOT else 0
        if dots == 3:
            ellipses += 1
            dots = 0
        hashes += byte == HASH
        if byte == 0xA6 and position - start > 1:
            ellipses += data[position - 1] == 0x80 and data[position - 2] == 0xE2
    return ellipses, hashes


@kernel()
def word_signals(tokens: Any, count: Any, signals: np.ndarray) -> None:
    """Fill the signals of words; those with something but symbols in them are counted."""
    _, lengths, flags = tokens
    words = letters = characters = np.int64(0)
    for token in range(count):
        letters += flags[token] & HAS_LETTER != 0
        if flags[token] & IS_WORD:
            words += 1
            characters += lengths[token]
    signals[WORDS] = words
    if words > 0:
        signals[MEAN_WORD_LENGTH] = characters / words
    signals[LETTER_WORDS] = letters / count


_t = array_types()


@kernel()
def measure_document(
    data: np.ndarray,
    start: Any,
    end: Any,
    language: Any,
    tables: Any,
    tokens: Any,
    scratch: Any,
    signals: np.ndarray,
) -> Any:
    """Fill all signals but n-grams and stop words; returns the number of tokens."""
    lines, paragraphs, texts, ends, line, c4, keys = scratch
    flags = tokens[2]
    c4[:] = 0
    count = line_count = paragraph_count = text_lines = np.int64(0)
    bullets = ellipses = terminal = short = new_lines = splits = np.int64(0)
    first, behind = strip(data, start, end, tables)
    begin = np.int64(-1)
    position = start
    while position <= end:
        stop = position
        while stop < end and data[stop] != NEW_LINE:
            stop += 1
        new_lines += stop < end
        splits += stop < end or stop > position
        before_line = count
        count = tokenize_line(data, position, stop, language, tables, tokens, count, ends, line)
        if stop > position:
            characters = count_characters(data, position, stop)
            lines[0][line_count] = hash_bytes(data, position, stop)
            lines[1][line_count] = characters
            line_count += 1
            if begin < 0 and stop > first:
                begin = max(position, first)
        if begin >= 0 and (stop == position or stop >= behind):
            last = min(behind, position - 1 if stop == position else stop)
            if last > begin:
                paragraphs[0][paragraph_count] = hash_bytes(data, begin, last)
                paragraphs[1][paragraph_count] = count_characters(data, begin, last)
                paragraph_count += 1
            begin = np.int64(-1)
        if line[2] > 0:
            texts[0][text_lines] = lines[0][line_count - 1]
            texts[1][text_lines] = characters
            text_lines += 1
            short += characters <= SHORT_LINE
            character, _ = decode(data, before(data, position, stop))
            terminal += look_up(tables[0], tables[1], character) & TERMINAL != 0
            character, _ = decode(data, line[0])
            bullets += character in (BULLET, HYPHEN)
            ellipses += ends_with_ellipsis(data, line[0], line[1])
            c4_line(data, line, flags, before_line, count, c4)
        position = stop + 1
    total = count_characters(data, start, end)
    signals[WORDS] = 0
    if count > 0:
        word_signals(tokens, count, signals)
        found, hashes = count_ellipses(data, start, end)
        signals[HASH_SIGNS] = hashes / count
        signals[ELLIPSES] = found / count
        signals[NEW_LINES_PER_WORD] = new_lines / count
    if splits > 0:
        signals[BULLET_LINES] = bullets / splits
        signals[ELLIPSIS_LINES] = ellipses / splits
    signals[LOREM_IPSUM_LINES] = c4[0]
    signals[BRACE_LINES] = c4[1]
    signals[SENTENCES] = c4[2]
    if text_lines == 0:
        return count
    signals[TERMINAL_LINES] = terminal / text_lines
    signals[SHORT_LINES] = short / text_lines
    repeated, size = count_duplicates(texts[0], texts[1], text_lines, keys)
    signals[DUPLICATE_TEXT_LINE_CHARACTERS] = size / (total - new_lines)
    repeated, size = count_duplicates(lines[0], lines[1], line_count, keys)
    at_start, at_end = data[start] == NEW_LINE, data[end - 1] == NEW_LINE
    repeated += at_start and at_end
    signals[DUPLICATE_LINES] = repeated / (line_count + at_start + at_end)
    signals[DUPLICATE_LINE_CHARACTERS] = size / total
    repeated, size = count_duplicates(paragraphs[0], paragraphs[1], paragraph_count, keys)
    signals[DUPLICATE_PARAGRAPHS] = repeated / paragraph_count
    signals[DUPLICATE_PARAGRAPH_CHARACTERS] = size / total
    return count


@kernel(
    (
        _t["u8"], _t["i64"], _t["b1"], _t["u16"], _t["u16"], _t["i64"], _t["i64"], _t["u64"],
        _t["i64"], _t["i64"], _t["w_f32"],
    )
)  # fmt: skip
def measure(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    languages: np.ndarray,
    stop_lists: np.ndarray,
    stop_keys: np.ndarray,
    stop_numbers: np.ndarray,
    longest_stop_word: np.ndarray,
    out: np.ndarray,
) -> None:
    """Measure every living document of a batch.

    As ``quality_kernels.measure``; ``index`` and ``blocks`` are ``token_classes()``, ``languages``
    int64 [rows] says how words are split (ENGLISH ... OTHER), ``stop_lists`` int64 [rows] numbers
    the stop word tables. ``out`` float32 [28 * rows] is filled.
    """
    rows = len(alive)
    largest = np.int64(0)
    for row in range(rows):
        if alive[row]:
            largest = max(largest, offsets[row + 1] - offsets[row])
    most = largest + 2
    tokens = (np.empty(most, np.uint64), np.empty(most, np.int64), np.empty(most, np.uint8))
    prefixes = (np.empty(most, np.uint64), np.empty(most, np.int64))
    ngrams = np.empty(ORDERS, np.int64)
    space = ngram_scratch(most)
    scratch = (
        (np.empty(most, np.uint64), np.empty(most, np.int64)),
        (np.empty(most, np.uint64), np.empty(most, np.int64)),
        (np.empty(most, np.uint64), np.empty(most, np.int64)),
        np.empty(most, np.int64),
        np.empty(4, np.int64),
        np.empty(3, np.int64),
        space[0],
    )
    signals = np.empty(NEW_LINES_PER_WORD + 1)
    for row in range(rows):
        signals[:] = np.nan
        if alive[row]:
            start, end = offsets[row], offsets[row + 1]
            count = measure_document(
                data, start, end, languages[row], (index, blocks), tokens, scratch, signals
            )
            if count > 0:
                fill_prefixes(tokens[0], tokens[1], count, prefixes[0], prefixes[1])
                measure_ngrams(prefixes[0], prefixes[1], count, 1, 1, 1, space, ngrams)
                total = count_characters(data, start, end)
                for level in range(ORDERS):
                    signals[TOP_2_GRAM + level] = ngrams[level] / total
                if stop_lists[row] >= 0:
                    signals[STOP_WORDS] = count_stop_words(
                        prefixes[0],
                        count,
                        stop_lists[row],
                        stop_keys,
                        stop_numbers,
                        longest_stop_word,
                        count,
                    )
        for signal in range(NEW_LINES_PER_WORD + 1):
            out[signal * rows + row] = signals[signal]
