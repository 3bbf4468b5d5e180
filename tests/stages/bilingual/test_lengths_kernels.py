"""Lengths of texts, against plain Python."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stages.bilingual.pairs import lengths


@given(st.lists(st.text(), max_size=6), st.integers(0, 2))
def test_lengths_equal_the_reference(texts, skipped):
    expected = [sum(2 if 0x3000 <= ord(c) <= 0xDFFF else 1 for c in text) for text in texts]
    column = pa.array(texts, pa.large_string()).slice(skipped)
    assert lengths(column).tolist() == expected[skipped:]


def test_translations_are_about_as_long():
    """Characters would say 29 to 10, and 15 to 5."""
    texts = [
        "Open the settings of the app.",
        "打开应用程序的设置。",
        "Save your work.",
        "保存する。",
    ]
    assert lengths(pa.array(texts, pa.large_string())).tolist() == [29, 20, 15, 10]
