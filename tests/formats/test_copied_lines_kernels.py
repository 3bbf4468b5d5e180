"""The copied share of two texts, against plain Python."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from formats.copied_lines_kernels import copied_shares


def column(texts):
    return text_buffers(pa.array(texts, pa.large_string()))


def shares(*pairs, characters=20):
    texts = [text for pair in pairs for text in pair]
    found = np.empty(len(pairs), np.float64)
    left = np.arange(0, len(texts), 2, dtype=np.int64)
    copied_shares(*column(texts), left, left + 1, characters, found)
    return found.tolist()


def reference_share(left, right, characters):
    def lines(text):
        found = [line.strip(" \t\r") for line in text.split("\n")]
        return [line for line in found if len(line) > characters]

    def found(some, others):
        return sum(line in others for line in some) / len(some) if some else 0.0

    return max(found(lines(left), lines(right)), found(lines(right), lines(left)))


line = st.text("ab é中 \t\r", max_size=6)
page = st.lists(
    st.one_of(line, st.sampled_from(["same line", " same line\r", "中文中文"])), max_size=8
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(page.map("\n".join), page.map("\n".join)), max_size=4), st.integers(0, 5))
def test_copied_shares_equal_the_reference(pairs, characters):
    expected = [reference_share(left, right, characters) for left, right in pairs]
    assert shares(*pairs, characters=characters) == pytest.approx(expected)


def test_short_lines_are_no_evidence_and_either_side_may_be_the_copy():
    long, other = "a line of more than twenty characters", "quite another line, just as long"
    assert shares(("short\nlines", "short\nlines")) == [0.0]
    assert shares((f"{long}\n{other}", f"  {long}")) == [1.0]
    assert shares(
        (f"{long}\n{other}", f"{long}\n日本語で書かれた別の行、二十文字より長いもの")
    ) == [0.5]
