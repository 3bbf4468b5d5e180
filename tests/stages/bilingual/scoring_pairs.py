"""Pairs of sentences described as an aligner would, for tests."""

import numpy as np
import pyarrow as pa

from stages.bilingual.alignment.aligner import learn_alignment
from stages.bilingual.alignment.units import units_of
from stages.bilingual.scoring.describing import Known, Side, describe
from stages.bilingual.sentences.segmenting import Sentences


def one_document(texts):
    """A document whose sentences are given."""
    data = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in data], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    counts = np.array([0, len(data)], np.int64)
    whole = np.frombuffer(b"".join(data) + b"\0", np.uint8)
    return Sentences(whole, counts, starts, ends, np.zeros(len(data), np.uint8))


def described(pairs, languages=("en", "th")):
    """What is known of pairs of sentences, without a lexicon."""
    documents = [one_document([pair[side] for pair in pairs]) for side in (0, 1)]
    units = [units_of(document) for document in documents]
    alignment = learn_alignment(*units, np.zeros(1, np.int64), np.zeros(1, np.int64), passes=1)
    words = alignment.vocabulary
    rows = np.arange(len(pairs))
    sides = [
        Side(document.data, document.starts, document.ends, rows, rows + 1, unit.offsets,
             unit.places, numbers, language)
        for document, unit, numbers, language in zip(
            documents, units, (words.left_numbers, words.right_numbers), languages, strict=True
        )
    ]  # fmt: skip
    lexicons = [(rows, lexicon) for _, lexicon in alignment.lexicons]
    return describe(*sides, Known(words, alignment.models, lexicons))


def large(texts):
    return pa.array(texts, pa.large_string())
