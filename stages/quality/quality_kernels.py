"""All quality signals of a batch in one kernel: scan, count, divide.

``signals.OWN`` names them in the order of the output. A signal is NaN where it has no meaning (no
words, no lines, no list of stop words for the language); rules skip it then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.quality.hashing_kernels import count_duplicates, find_slot, power, sequence_hash
from stages.quality.marks_kernels import (
    ENDS_WITH_ELLIPSIS,
    ENDS_WITH_MARK,
    HAS_BRACE,
    HAS_JAVASCRIPT,
    HAS_LOREM_IPSUM,
    HAS_POLICY,
    HAS_SENTENCE,
    IS_BULLET,
    IS_CODE,
)
from stages.quality.repetition_kernels import ORDERS, measure_ngrams, ngram_scratch
from stages.quality.short_kernels import LABEL_WORDS, text_size
from stages.quality.sizes_kernels import THREE_WORDS, UNIT
from stages.quality.words_kernels import (
    ADDRESS_SIZE,
    CHARACTERS,
    ELLIPSES,
    ENDED_PARAGRAPHS,
    HASH_SIGNS,
    LETTER_WORDS,
    LINES,
    LINK_BYTES,
    LINK_SIZE,
    LONGEST_WORD,
    PARAGRAPHS,
    SENTENCES,
    SIZE,
    SPACELESS_WORDS,
    TOTALS,
    WORD_CHARACTERS,
    WORDS,
    line_arrays,
    scan_document,
)

(
    WORD_COUNT,
    MEAN_WORD_LENGTH,
    HASHES_PER_WORD,
    ELLIPSES_PER_WORD,
    BULLET_LINES,
    ELLIPSIS_LINES,
    LETTER_SHARE,
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
    LONGEST,
    JAVASCRIPT_LINES,
    POLICY_LINES,
    BRACE_LINES,
    LINK_LINES,
    LINK_SHARE,
    FEW_WORD_LINES,
    SENTENCE_COUNT,
    TERMINAL_LINES,
    SHORT_LINES,
    LINES_PER_WORD,
    BARE_LINES,
    CODE_LINES,
    PUNCTUATED_LINES,
    MEAN_LINE_LENGTH,
    LINE_LENGTH_VARIATION,
    TEXT_WORDS,
    SPACELESS,
) = range(40)
"""Rows of the output, as in ``signals.OWN``; the last: the share of words in spaceless scripts."""

SHORT_LINE = 30
"""Code points, FineWeb; half of it in spaceless scripts, whose characters say about twice as
much."""
FEWEST_LINES = 4
"""Shares of lines are NaN below: of one or two lines they say nothing."""
FEWEST_REPEATS = 4
"""Of a top n-gram: one name said three times is a fifth of a text of fifty words."""
FLAG_SIGNALS = (
    (HAS_SENTENCE, TERMINAL_LINES),
    (IS_BULLET, BULLET_LINES),
    (ENDS_WITH_ELLIPSIS, ELLIPSIS_LINES),
    (HAS_JAVASCRIPT, JAVASCRIPT_LINES),
    (HAS_POLICY, POLICY_LINES),
    (HAS_BRACE, BRACE_LINES),
    (HAS_LOREM_IPSUM, LOREM_IPSUM_LINES),
    (IS_CODE, CODE_LINES),
    (ENDS_WITH_MARK, PUNCTUATED_LINES),
)
"""Flag of a line -> the signal that counts the lines that have it."""
NOT_BARE = IS_BULLET | ENDS_WITH_MARK | IS_CODE
LINE_PART, STOP_WORD_PART, DUPLICATE_PART, NGRAM_PART = 1, 2, 4, 8
"""What ``measure`` does beyond the scan, as bits: it can be left out where nobody asks for it."""
ALL_PARTS = LINE_PART | STOP_WORD_PART | DUPLICATE_PART | NGRAM_PART
PART_OF_SIGNAL = (
    dict.fromkeys(range(STOP_WORDS, STOP_WORDS + 1), STOP_WORD_PART)
    | dict.fromkeys(range(DUPLICATE_PARAGRAPHS, TOP_2_GRAM), DUPLICATE_PART)
    | dict.fromkeys(range(TOP_2_GRAM, DUPLICATE_10_GRAMS + 1), NGRAM_PART)
    | dict.fromkeys(
        (
            BULLET_LINES, ELLIPSIS_LINES, LOREM_IPSUM_LINES, JAVASCRIPT_LINES, POLICY_LINES,
            BRACE_LINES, LINK_LINES, FEW_WORD_LINES, TERMINAL_LINES, SHORT_LINES, LINES_PER_WORD,
            BARE_LINES,
            CODE_LINES, PUNCTUATED_LINES, MEAN_LINE_LENGTH, LINE_LENGTH_VARIATION,
        ),
        LINE_PART,
    )
)  # fmt: skip
"""Signal -> the part that measures it; the others come from the scan itself."""
STOP_WINDOW = 2000
"""Stop words are looked for among so many words from the start: more changes no answer."""
STOP_SLOTS_BITS = 8
STOP_SLOTS = 1 << STOP_SLOTS_BITS
"""Slots of a language's table of stop words: at most 64 words, three spellings each."""
LONGEST_STOP_WORD = 4
"""Words of ours that a stop word may have: "และ" is three."""


@kernel()
def count_stop_words(
    prefix: np.ndarray,
    count: Any,
    language: Any,
    keys: np.ndarray,
    numbers: np.ndarray,
    longest: np.ndarray,
    window: Any,
) -> Any:
    """Distinct stop words of a language in the first ``window`` words of a document.

    Args:
        prefix: running hashes of its words.
        count: how many words.
        language: number of the language.
        keys: uint64 [languages * STOP_SLOTS], hash tables of ``sequence_hash``, 0 where empty.
        numbers: int64, the same shape: number of the stop word (0..63) in a slot.
        longest: int64 [languages]: words of the language's longest stop word.
        window: how many words are looked at.
    """
    table = keys[language * STOP_SLOTS : (language + 1) * STOP_SLOTS]
    seen = np.uint64(0)
    for order in range(1, longest[language] + 1):
        factor = power(order)
        for position in range(min(count, window) - order + 1):
            key = sequence_hash(prefix, position, order, factor)
            slot = find_slot(table, STOP_SLOTS_BITS, key)
            if table[slot] == key:
                seen |= np.uint64(1) << np.uint64(numbers[language * STOP_SLOTS + slot])
    distinct = 0
    while seen != 0:
        seen &= seen - np.uint64(1)
        distinct += 1
    return distinct


@kernel()
def line_signals(lines: Any, count: Any, spaceless: Any, signals: np.ndarray) -> None:
    """Fill the signals that are shares of lines.

    Args:
        lines: ``line_arrays`` of the document.
        count: how many lines it has, at least one.
        spaceless: whether it is written without spaces between words.
        signals: float64 [rows of the output].
    """
    _, lengths, sizes, flags, _, _ = lines
    longest = SHORT_LINE // 2 if spaceless else SHORT_LINE
    for flag, signal in FLAG_SIGNALS:
        have = np.int64(0)
        for line in range(count):
            have += (flags[line] & flag) != 0
        signals[signal] = have / count
    few = words = short = bare = total = squares = np.int64(0)
    for line in range(count):
        total += lengths[line]
        squares += lengths[line] * lengths[line]
        words += sizes[line]
        few += sizes[line] * (sizes[line] < THREE_WORDS)
        short += lengths[line] <= longest
        bare += lengths[line] <= longest and flags[line] & NOT_BARE == 0
    signals[FEW_WORD_LINES] = few / words
    signals[SHORT_LINES] = short / count
    signals[BARE_LINES] = bare / count
    mean = total / count
    signals[MEAN_LINE_LENGTH] = mean
    signals[LINE_LENGTH_VARIATION] = np.sqrt(max(squares / count - mean * mean, 0.0)) / mean


@kernel()
def repetition_signals(
    words: Any,
    lines: Any,
    totals: np.ndarray,
    spaceless: Any,
    parts: Any,
    scratch: Any,
    ngrams: np.ndarray,
    signals: np.ndarray,
) -> None:
    """Fill the signals of repeated lines and paragraphs, and of n-grams, as ``parts`` says."""
    line_hashes, line_lengths, _, _, paragraph_hashes, paragraph_lengths = lines
    keys = scratch[0]
    prefix, reach = words
    size = totals[CHARACTERS]
    if parts & NGRAM_PART:
        stretch = 2 if spaceless else 1
        joiner = 0 if spaceless else 1
        measure_ngrams(
            prefix, reach, totals[WORDS], stretch, joiner, FEWEST_REPEATS, scratch, ngrams
        )
        for level in range(len(ngrams)):
            signals[TOP_2_GRAM + level] = min(ngrams[level] / size, 1.0)
    if not parts & DUPLICATE_PART:
        return
    count = totals[LINES]
    duplicates, length = count_duplicates(line_hashes, line_lengths, count, keys)
    signals[DUPLICATE_LINES] = duplicates / count
    signals[DUPLICATE_LINE_CHARACTERS] = length / size
    count = totals[PARAGRAPHS]
    duplicates, length = count_duplicates(paragraph_hashes, paragraph_lengths, count, keys)
    signals[DUPLICATE_PARAGRAPHS] = duplicates / count
    signals[DUPLICATE_PARAGRAPH_CHARACTERS] = length / size


@kernel()
def link_share(totals: np.ndarray) -> Any:
    """Share of the words, addresses left out, that stand in lines which are a link.

    Of words, since a page that explains its links has long lines too; without addresses, since they
    are as long as a site makes them. An address alone counts for one word.
    """
    rest = totals[SIZE] - totals[ADDRESS_SIZE]
    return totals[LINK_SIZE] / max(rest, totals[LINK_SIZE], 1)


@kernel()
def word_signals(totals: np.ndarray, size: Any, signals: np.ndarray) -> None:
    """Fill the signals that need neither lines nor n-grams; ``size`` is in bytes."""
    signals[LINK_SHARE] = totals[LINK_BYTES] / size
    words = totals[SIZE] / UNIT
    signals[MEAN_WORD_LENGTH] = totals[WORD_CHARACTERS] / words
    signals[HASHES_PER_WORD] = totals[HASH_SIGNS] / words
    signals[ELLIPSES_PER_WORD] = totals[ELLIPSES] / words
    signals[LETTER_SHARE] = totals[LETTER_WORDS] / totals[SIZE]
    signals[LONGEST] = totals[LONGEST_WORD]
    signals[SENTENCE_COUNT] = totals[SENTENCES]
    signals[SPACELESS] = totals[SPACELESS_WORDS] / totals[WORDS]


_t = array_types()


@kernel(
    (
        _t["u8"], _t["i64"], _t["b1"], _t["u16"], _t["u8"], _t["u16"], _t["u8"], _t["i64"],
        _t["u64"], _t["i64"], _t["i64"], _t["i64"].dtype, _t["w_f32"],
    )
)  # fmt: skip
def measure(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    text_index: np.ndarray,
    text_blocks: np.ndarray,
    languages: np.ndarray,
    stop_keys: np.ndarray,
    stop_numbers: np.ndarray,
    longest_stop_word: np.ndarray,
    parts: Any,
    out: np.ndarray,
) -> None:
    """Measure every living document of a batch.

    The text is ``data`` and ``offsets``; ``index`` and ``blocks`` are ``character_classes()``,
    ``text_index`` and ``text_blocks`` are ``short.text_letters()``;
    ``languages`` int64 [rows] numbers the stop word tables (see ``count_stop_words``; -1: none).
    ``out`` float32 [(SPACELESS + 1) * rows] is filled, one signal after the other: NaN for dead
    rows and for signals whose part (``PART_OF_SIGNAL``) is not in ``parts``; only the counts of
    words where a document has none.
    """
    rows = len(alive)
    largest = np.int64(0)
    for row in range(rows):
        if alive[row]:
            largest = max(largest, offsets[row + 1] - offsets[row])
    most_words = largest // 2 + 2
    words = (np.empty(most_words, np.uint64), np.empty(most_words, np.int64))
    lines = line_arrays(largest)
    scratch = ngram_scratch(most_words)
    totals = np.empty(TOTALS, np.int64)
    ngrams = np.empty(ORDERS, np.int64)
    signals = np.empty(SPACELESS + 1)
    for row in range(rows):
        signals[:] = np.nan
        if alive[row]:
            start = offsets[row]
            scan_document(data, start, offsets[row + 1], (index, blocks), words, lines, totals)
            count = totals[WORDS]
            signals[WORD_COUNT] = totals[SIZE] / UNIT
            if totals[SIZE] < LABEL_WORDS * UNIT:
                document = (data, start, offsets[row + 1])
                size = text_size(document, index, blocks, text_index, text_blocks, lines)
                signals[TEXT_WORDS] = size / UNIT
            if count > 0:
                spaceless = 2 * totals[SPACELESS_WORDS] >= count
                word_signals(totals, offsets[row + 1] - start, signals)
                if totals[LINES] >= FEWEST_LINES and parts & LINE_PART:
                    line_signals(lines, totals[LINES], spaceless, signals)
                    ended = totals[ENDED_PARAGRAPHS] / totals[PARAGRAPHS]
                    signals[TERMINAL_LINES] = max(signals[TERMINAL_LINES], ended)
                    signals[LINK_LINES] = link_share(totals)
                    signals[LINES_PER_WORD] = totals[LINES] * UNIT / totals[SIZE]
                repetition_signals(words, lines, totals, spaceless, parts, scratch, ngrams, signals)
                if languages[row] >= 0 and parts & STOP_WORD_PART:
                    signals[STOP_WORDS] = count_stop_words(
                        words[0],
                        count,
                        languages[row],
                        stop_keys,
                        stop_numbers,
                        longest_stop_word,
                        STOP_WINDOW,
                    )
        for signal in range(SPACELESS + 1):
            out[signal * rows + row] = signals[signal]
