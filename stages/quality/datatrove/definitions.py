"""datatrove's definitions and defaults (``preset: datatrove``): as it decides, only faster.

For corpora that are to be comparable with one filtered by datatrove 0.10, and for thresholds set
with it (FineWeb-2's). In English, French, German, Spanish and Russian, with the same thresholds,
its four filters and these rules agree on more than 99 in 100 documents (``benchmarks/quality.py
--decisions``). Other languages are split by the same rules, which datatrove does not do; Chinese,
Japanese, Thai and their neighbours need a dictionary there and are better served by our own
definitions.

What is wrong in it and kept here: punctuation counts as words, so ``gopher_letter_words`` falls
where much of it stands; repeated n-grams overlap and count the blanks between their words, so
``repetition_top_2_gram`` may exceed 1; C4 asks for the full stop of English at the end of each line
and for three words between blanks, and so drops every line of Chinese; one brace drops a page; the
stop words are English's in every language (``thresholds: DIR`` brings others). Our own definitions
(``stages.quality.rules``) do none of that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from stages.quality.rules import AT_LEAST, AT_MOST, Rule
from stages.quality.signals import DATATROVE
from stages.quality.stop_words import StopWords, build

RULES = (
    Rule("gopher_short_doc", "gopher", "words", AT_LEAST, 50),
    Rule("gopher_long_doc", "gopher", "words", AT_MOST, 100_000),
    Rule("gopher_below_avg_word_length", "gopher", "mean_word_length", AT_LEAST, 3),
    Rule("gopher_above_avg_word_length", "gopher", "mean_word_length", AT_MOST, 10),
    Rule("gopher_hash_signs", "gopher", "hash_signs", AT_MOST, 0.1),
    Rule("gopher_ellipses", "gopher", "ellipses", AT_MOST, 0.1),
    Rule("gopher_bullet_lines", "gopher", "bullet_lines", AT_MOST, 0.9),
    Rule("gopher_ellipsis_lines", "gopher", "ellipsis_lines", AT_MOST, 0.3),
    Rule("gopher_letter_words", "gopher", "letter_words", AT_LEAST, 0.8),
    Rule("gopher_stop_words", "gopher", "stop_words", AT_LEAST, 2),
    Rule("repetition_paragraphs", "repetition", "duplicate_paragraphs", AT_MOST, 0.3),
    Rule("repetition_paragraph_size", "repetition", "duplicate_paragraph_characters", AT_MOST, 0.2),
    Rule("repetition_lines", "repetition", "duplicate_lines", AT_MOST, 0.3),
    Rule("repetition_line_size", "repetition", "duplicate_line_characters", AT_MOST, 0.2),
    Rule("repetition_top_2_gram", "repetition", "top_2_gram", AT_MOST, 0.2),
    Rule("repetition_top_3_gram", "repetition", "top_3_gram", AT_MOST, 0.18),
    Rule("repetition_top_4_gram", "repetition", "top_4_gram", AT_MOST, 0.16),
    Rule("repetition_5_grams", "repetition", "duplicate_5_grams", AT_MOST, 0.15),
    Rule("repetition_6_grams", "repetition", "duplicate_6_grams", AT_MOST, 0.14),
    Rule("repetition_7_grams", "repetition", "duplicate_7_grams", AT_MOST, 0.13),
    Rule("repetition_8_grams", "repetition", "duplicate_8_grams", AT_MOST, 0.12),
    Rule("repetition_9_grams", "repetition", "duplicate_9_grams", AT_MOST, 0.11),
    Rule("repetition_10_grams", "repetition", "duplicate_10_grams", AT_MOST, 0.10),
    Rule("c4_lorem_ipsum", "c4", "lorem_ipsum_lines", AT_MOST, 0),
    Rule("c4_brace_lines", "c4", "brace_lines", AT_MOST, 0),
    Rule("c4_sentences", "c4", "sentences", AT_LEAST, 5),
    Rule("fineweb_line_ends", "fineweb", "terminal_lines", AT_LEAST, 0.12),
    Rule("fineweb_short_lines", "fineweb", "short_lines", AT_MOST, 0.67),
    Rule("fineweb_duplicate_lines", "fineweb", "duplicate_text_line_characters", AT_MOST, 0.01),
    Rule("fineweb_new_lines", "fineweb", "new_lines_per_word", AT_MOST, 0.3),
)
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Gopher's, in any language (Rae et al. 2021)."""
SPLITTERS = ("en", "fr", "de", "es")
"""Languages with rules for words of their own, in the order of ``token_kernels``."""


def splitter(language: str) -> int:
    """How the kernel splits words of a language (ENGLISH ... OTHER)."""
    return SPLITTERS.index(language) if language in SPLITTERS else len(SPLITTERS)


def split(text: str, language: str) -> tuple[np.ndarray, np.ndarray]:
    """The words of a text: hashes (uint64) and lengths in characters (int64)."""
    from stages.quality.datatrove.classes import token_classes
    from stages.quality.datatrove.token_kernels import split_tokens

    data = np.frombuffer(text.encode(), np.uint8)
    hashes = np.zeros(len(data) + 1, np.uint64)
    lengths = np.zeros(len(data) + 1, np.int64)
    flags = np.zeros(len(data) + 1, np.uint8)
    count = split_tokens(data, *token_classes(), splitter(language), hashes, lengths, flags)
    return hashes[:count], lengths[:count]


def token_key(text: str, language: str) -> tuple[int, int]:
    """The hash under which the kernel meets a word, and how many words it is."""
    from stages.quality.hashing_kernels import hash_sequence

    hashes, _ = split(text, language)
    return int(hash_sequence(hashes)), len(hashes)


def stop_word_tables(lists: Sequence[tuple[str, Sequence[str]]]) -> StopWords:
    """Tables of words as they are written, as datatrove compares them."""
    return build(lists, token_key, any_case=False, strict=False)


def stop_words_of(language: str) -> tuple[str, ...]:
    """English's, whatever the language."""
    return STOP_WORDS


@cache
def stop_words() -> StopWords:
    """The English ones for every language."""
    tables = stop_word_tables([("en", STOP_WORDS)])
    return StopWords(tables.numbers, tables.keys, tables.words, tables.longest, otherwise=0)


def measure(
    column: pa.Array,
    living: np.ndarray,
    codes: np.ndarray,
    names: list[str],
    wanted: Collection[str] | None = None,
    stops: StopWords | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Measure documents; see ``stages.quality.measuring.measure``.

    All signals are measured whatever is ``wanted``; no document is said to be spaceless.
    """
    from stages.quality.datatrove import signals_kernels as kernels
    from stages.quality.datatrove.classes import token_classes

    data, offsets = text_buffers(column)
    stops = stops or stop_words()
    out = np.empty((len(DATATROVE), len(living)), np.float32)
    kernels.measure(
        data,
        offsets,
        living,
        *token_classes(),
        np.array([splitter(name) for name in names], np.int64)[codes],
        stops.lists(names)[codes],
        stops.keys,
        stops.words,
        stops.longest,
        out.reshape(-1),
    )
    return out, np.zeros(len(living), np.float32)
