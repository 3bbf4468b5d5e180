"""The sentence pairs of pairs of documents: cut, aligned, described, judged.

    table = sentence_pairs(texts, left_rows, right_rows, ("en", "th"), limits)

All documents given are aligned at once, since each teaches how to align the others; a caller that
has more text than it may hold gives it in parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers, text_column
from stages.bilingual.alignment.aligner import Alignment, learn_alignment
from stages.bilingual.alignment.units import Units, units_of
from stages.bilingual.scoring.describing import Known, Side, describe
from stages.bilingual.scoring.probability import probabilities
from stages.bilingual.scoring.rules import SentenceLimits, drop_reasons
from stages.bilingual.sentences.segment_kernels import STARTS_PARAGRAPH
from stages.bilingual.sentences.segmenting import Sentences, segment

SCORED_FIELDS = (
    pa.field("left_text", pa.large_string(), nullable=False),
    pa.field("right_text", pa.large_string(), nullable=False),
    pa.field("left_start", pa.int64(), nullable=False),
    pa.field("left_end", pa.int64(), nullable=False),
    pa.field("right_start", pa.int64(), nullable=False),
    pa.field("right_end", pa.int64(), nullable=False),
    pa.field("score", pa.float32(), nullable=False),
)
"""What a pair of sentences is, where it stands in the documents' texts (bytes), and its score."""
SENTENCE_FIELDS = (
    pa.field("document_pair", pa.int64(), nullable=False),
    *SCORED_FIELDS,
    pa.field("drop_reason", pa.string()),
    pa.field("starts_paragraph", pa.bool_(), nullable=False),
    pa.field("left_gap", pa.uint8(), nullable=False),
    pa.field("right_gap", pa.uint8(), nullable=False),
    pa.field("left_hash", pa.uint64(), nullable=False),
    pa.field("right_hash", pa.uint64(), nullable=False),
    pa.field("sentences", pa.int64(), nullable=False),
)
"""A pair of sentences, or of runs of them, in the order of the left document. ``document_pair`` is
the number of the documents' pair; starts and ends are bytes of the document's text; the hashes are
of letters and digits alone; ``sentences`` counts those of both sides; a gap is what stands before a
side where the one before it ends: ``NOTHING``, ``SPACE``, or else ``LINE_END``."""
NOTHING, SPACE, LINE_END = range(3)
SENTENCE_TABLE = pa.schema(SENTENCE_FIELDS)


@dataclass(frozen=True)
class SentencePairs:
    """The pairs of sentences of some pairs of documents."""

    table: pa.Table
    """``SENTENCE_TABLE``."""
    sentences: np.ndarray
    """int64 [pairs of documents]: sentences of both sides, paired or not."""


@dataclass(frozen=True)
class _Documents:
    """The documents of one side, each once."""

    sentences: Sentences
    units: Units
    begins: np.ndarray
    """int64 [documents]: first byte."""
    numbers: np.ndarray
    """int64 [pairs]: the document of each pair."""


def sentence_pairs(
    texts: pa.Array,
    left_rows: np.ndarray,
    right_rows: np.ndarray,
    languages: tuple[str, str],
    limits: SentenceLimits,
) -> SentencePairs:
    """Find and judge the sentence pairs of pairs of documents.

    Args:
        texts: large_string, documents.
        left_rows: int64 [pairs], the left document of each pair.
        right_rows: int64 [pairs].
        languages: ISO 639 codes of left and right.
        limits: of the language pair.
    """
    left, right = (
        _documents(texts, rows, language)
        for rows, language in zip((left_rows, right_rows), languages, strict=True)
    )
    counts = [np.diff(side.sentences.document_offsets)[side.numbers] for side in (left, right)]
    alignment = learn_alignment(left.units, right.units, left.numbers, right.numbers)
    beads = alignment.beads
    pair = np.repeat(np.arange(len(left_rows)), np.diff(beads.pair_offsets))
    both = (beads.left_ends > beads.left_starts) & (beads.right_ends > beads.right_starts)
    pair = pair[both]
    words = alignment.vocabulary
    sides = [
        _side(documents, pair, starts[both], ends[both], numbers, language)
        for documents, starts, ends, numbers, language in (
            (left, beads.left_starts, beads.left_ends, words.left_numbers, languages[0]),
            (right, beads.right_starts, beads.right_ends, words.right_numbers, languages[1]),
        )
    ]
    described = describe(sides[0], sides[1], _known(alignment, both))
    scores = probabilities(described)
    columns: dict[str, pa.Array] = {"document_pair": pa.array(pair)}
    for name, side, documents in (("left", sides[0], left), ("right", sides[1], right)):
        begins = documents.begins[documents.numbers[pair]]
        columns[f"{name}_text"] = _texts(side)
        columns[f"{name}_start"] = pa.array(side.starts - begins)
        columns[f"{name}_end"] = pa.array(side.ends - begins)
        columns[f"{name}_gap"] = pa.array(_gaps(side, pair), pa.uint8())
    flags = left.sentences.flags[sides[0].first_sentences]
    columns |= {
        "score": pa.array(scores),
        "drop_reason": drop_reasons(described, scores, limits),
        "starts_paragraph": pa.array((flags & STARTS_PARAGRAPH) != 0),
        "left_hash": pa.array(described.left_hashes),
        "right_hash": pa.array(described.right_hashes),
        "sentences": pa.array(_sizes(sides[0]) + _sizes(sides[1])),
    }
    table = pa.table([columns[name] for name in SENTENCE_TABLE.names], schema=SENTENCE_TABLE)
    return SentencePairs(table, counts[0] + counts[1])


def _documents(texts: pa.Array, rows: np.ndarray, language: str) -> _Documents:
    distinct, numbers = np.unique(rows, return_inverse=True)
    column = texts.take(pa.array(distinct))
    sentences = segment(column, [language.partition("-")[0]] * len(distinct))
    begins = text_buffers(column)[1][:-1]
    return _Documents(sentences, units_of(sentences), begins, numbers.astype(np.int64))


def _side(
    documents: _Documents, pair: np.ndarray, starts: np.ndarray, ends: np.ndarray,
    numbers: np.ndarray, language: str,
) -> Side:  # fmt: skip
    """One side of the beads, whose sentences are counted from the document's first."""
    offsets = documents.sentences.document_offsets[documents.numbers[pair]]
    first, last = offsets + starts, offsets + ends
    return Side(
        documents.sentences.data, documents.sentences.starts[first],
        documents.sentences.ends[last - 1], first, last, documents.units.offsets,
        documents.units.places, numbers, language,
    )  # fmt: skip


def _known(alignment: Alignment, both: np.ndarray) -> Known:
    """What judges the beads that have both sides: of each the lexicon that has not seen it."""
    rows = np.cumsum(both) - 1
    lexicons = [(rows[beads[both[beads]]], lexicon) for beads, lexicon in alignment.lexicons]
    return Known(alignment.vocabulary, alignment.models, lexicons)


def _texts(side: Side) -> pa.Array:
    from stages.bilingual.scoring.copy_kernels import copy_ranges

    borders = np.append(0, np.cumsum(side.ends - side.starts)).astype(np.int64)
    out = np.empty(int(borders[-1]), np.uint8)
    copy_ranges(side.data, side.starts, borders, out)
    return text_column(out, borders)


def _gaps(side: Side, pair: np.ndarray) -> np.ndarray:
    """What stands before each sentence, int64 [pairs of sentences]."""
    gaps = np.full(len(pair), LINE_END)
    sizes = side.starts[1:] - side.ends[:-1]
    follows = pair[1:] == pair[:-1]
    gaps[1:][follows & (sizes == 0)] = NOTHING
    single = np.flatnonzero(follows & (sizes == 1)) + 1
    gaps[single[side.data[side.starts[single] - 1] == ord(" ")]] = SPACE
    return gaps


def _sizes(side: Side) -> np.ndarray:
    return side.last_sentences - side.first_sentences
