"""Text for machines: markup, and keys with their values."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.quality.machine_kernels import measure_machine_text

TAG = re.compile(rb"<[A-Za-z!/?][^<>]{0,1997}>")
PAIR = re.compile(
    rb"(?:[A-Za-z_][A-Za-z0-9._-]*[ \t]?=|(?=[A-Za-z]*[0-9._-])[A-Za-z_][A-Za-z0-9._-]*[ \t]?:)"
    rb"[ \t]*(?!=)[^ \t]"
)


def measured(texts):
    data, offsets = text_buffers(pa.array(texts, pa.large_string()))
    markup, pairs = np.empty((2, len(texts)), np.float32)
    measure_machine_text(data, offsets, np.ones(len(texts), np.bool_), markup, pairs)
    return markup, pairs


def reference(text):
    raw = text.encode()
    lines = [line for line in raw.split(b"\n") if any(byte > 0x20 for byte in line)]
    tags = sum(len(match) for match in TAG.findall(raw))
    pairs = sum(PAIR.match(line) is not None for line in lines)
    page = re.match(rb"[\x00-\x20]*(<!doctype|<html)", raw, re.IGNORECASE)
    return (
        (1 if page else tags / len(raw)) if raw else np.nan,
        pairs / len(lines) if len(lines) >= 4 else np.nan,
    )


@pytest.mark.parametrize(
    ("line", "is_pair"),
    [
        ("page-title = Community", True),
        ("page.title: Community", True),
        ("title=Community", True),
        ("Note: this is prose", False),
        ("x == y", False),
        ("a key = value", False),
        ("empty =", False),
        ("= heading", False),
        ("_key2\t:\tv", True),
    ],
)
def test_keys_and_values(line, is_pair) -> None:
    _, pairs = measured(["\n".join([line] * 4)])
    assert pairs[0] == is_pair


def test_markup_is_counted_in_bytes() -> None:
    markup, _ = measured(["<p>é</p>", "a < b and c > d", "<T", "", "<!-- note -->"])
    np.testing.assert_allclose(markup, [7 / 9, 0, 0, np.nan, 1], rtol=1e-6)


def test_a_page_as_it_is_stored_is_markup_throughout() -> None:
    page = "\n <!doctype html>\n<p>A text.</p>"
    markup, _ = measured([page, "<HTML>", "the <html> tag", "<htm", "<!doc"])
    np.testing.assert_allclose(markup, [1, 1, 6 / 14, 0, 0], rtol=1e-6)


WORDS = ["<a>", "<html", "<!DOCTYPE ", "</b c='d'>", "<", ">", "é", "key", "a.b", "1", "_x"]
PIECES = st.sampled_from([*WORDS, " = ", ": ", "=", " ", "\n", "\n\n"])


@given(st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=4))
def test_as_the_slow_reference_has_it(texts) -> None:
    markup, pairs = measured(texts)
    for row, text in enumerate(texts):
        np.testing.assert_allclose([markup[row], pairs[row]], reference(text), rtol=1e-6)


def test_dead_rows_are_not_measured() -> None:
    data, offsets = text_buffers(pa.array(["<a>", "<b>"], pa.large_string()))
    markup, pairs = np.zeros((2, 2), np.float32)
    measure_machine_text(data, offsets, np.array([False, True]), markup, pairs)
    assert np.isnan(markup[0])
    assert markup[1] == 1
