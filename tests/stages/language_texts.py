"""Texts in many scripts, and the answers of our kernels and of fastText's own library."""

import io
import json

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.language.identify import best_labels

LETTERS = [
    "abcdefghij ABC", "àéîõüß ñç", "абвгде ёжзий", "ابتثج حخدذر", "कखगघ ािीु", "กขคงจ ะาิีเแ",
    "한국어 말씀", "中文字漢語學学", "かなカナ漢字", "αβγδε ς", "אבגד ה", "தமிழ் மொழி", "ქართული",
    "0123456789 .,;:!?()", "\t\n\r\v\f\0  ", "…—“”«»、。", "😀🎉𝒜𠀀", "<>/s_label",
]  # fmt: skip
WORDS = ["</s>", "__label__en", "__label__zz", "<s>", "the", "de", "http://a.b/c?d=e", "x" * 40]

any_text = st.lists(
    st.one_of(
        st.sampled_from(LETTERS).flatmap(lambda letters: st.text(letters, max_size=30)),
        st.sampled_from(WORDS),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
    ),
    max_size=12,
).flatmap(lambda parts: st.sampled_from(["", " "]).map(lambda glue: glue.join(parts)))
"""Strings of many scripts, separators, marks and words that fastText treats apart."""


def model_answers(model, texts):
    """(label, score) of each text by the model alone; label None where there is none."""
    data, offsets = text_buffers(pa.array(texts, pa.large_string()))
    parts = np.column_stack([offsets[:-1], offsets[1:]]).ravel()
    labels, scores = best_labels(data, parts, np.arange(len(texts) + 1), model)
    return [
        (model.labels[label] if label >= 0 else None, float(score))
        for label, score in zip(labels, scores, strict=True)
    ]


def fasttext_answer(reference, text):
    """The same from the fastText library, its probability cut to 1."""
    answer = reference.f.predict(text.replace("\n", " ") + "\n", 1, 0.0, "strict")
    if not answer:
        return None, 0.0
    probability, label = answer[0]
    return label.removeprefix("__label__"), min(1.0, probability)


def assert_same_answers(model, reference, texts, tolerance=1e-5):
    """Labels equal, scores within 1e-5."""
    for text, (label, score) in zip(texts, model_answers(model, texts), strict=True):
        expected, probability = fasttext_answer(reference, text)
        assert label == expected, repr(text[:200])
        assert score == pytest.approx(probability, abs=tolerance), repr(text[:200])


def rows(path, limit=None):
    """The first rows of a development file."""
    found = []
    with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        for line in io.TextIOWrapper(stream, "utf-8"):
            found.append(json.loads(line))
            if len(found) == limit:
                break
    return found
