"""Signals with datatrove's definitions against a plain reference of them."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.quality.datatrove.definitions import measure
from stages.quality.signals import DATATROVE

from ..test_repetition_kernels import reference as ngrams_of
from .datatrove_reference import signals_of
from .test_token_kernels import words

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")


def measured(*texts, language="en"):
    """Signal -> its value for each text."""
    column = pa.array(texts, pa.large_string())
    living = np.ones(len(texts), np.bool_)
    codes = np.zeros(len(texts), np.int64)
    signals, _ = measure(column, living, codes, [language])
    return dict(zip(DATATROVE, signals.tolist(), strict=True))


FRAGMENTS = [
    *("One", "two", "the", "with", "x1", "12", "naïve", "слово", "don't", "l'eau", "Lorem ipsum"),
    *("javascript", "privacy policy", "{", "}", "[1]", "[edit]", "[citation needed]", "[x]"),
    *(".", "...", "…", "?", "!", '"', "'", ",", "#", "- ", "• ", ")", "。", "—"),
    *(" ", " ", "  ", "\t", "\u3000", "\n", "\n", "\n\n", "\n\n\n"),
    *("It is so.", "The end of it.", "This is a longer line of words, isn't it?\n"),
]


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join),
    st.sampled_from(["en", "fr", "de"]),
)
def test_signals_agree_with_the_reference(text, language):
    found = {name: values[0] for name, values in measured(text, language=language).items()}
    expected = dict.fromkeys(found, math.nan) | signals_of(text, language, STOP_WORDS)
    ngrams = [name for name in found if name.endswith(("gram", "grams"))]
    if parts := words(text, language):
        shares = (value / len(text) for value in ngrams_of(parts))
        expected |= dict(zip(ngrams, shares, strict=True))
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6, nan_ok=True), name


@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_text_is_measured_the_same_alone_and_in_company(texts):
    together = measured(*texts)
    for row, text in enumerate(texts):
        for name, values in measured(text).items():
            assert together[name][row] == pytest.approx(values[0], nan_ok=True), name


def test_dead_rows_are_not_measured():
    column = pa.array(["some text", "some text"], pa.large_string())
    signals, _ = measure(column, np.array([True, False]), np.zeros(2, np.int64), ["en"])
    assert signals[0, 0] == 2
    assert np.isnan(signals[:, 1]).all()
