"""The hash of a key and the copied share, against plain Python."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.bilingual.bilingual_kernels import copied_shares, hash_keys

MASK = 2**64 - 1


def column(texts):
    return text_buffers(pa.array(texts, pa.large_string()))


def hashes(sources, keys, wanted=None):
    found = np.empty(len(keys), np.uint64)
    wanted = np.ones(len(keys), np.bool_) if wanted is None else np.array(wanted)
    hash_keys(*column(sources), *column(keys), wanted, found)
    return found.tolist()


def reference_hash(source, key):
    state = 0xCBF29CE484222325
    for byte in (source + "\0" + key).encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ state >> 27) * 0x94D049BB133111EB) & MASK
    return state ^ state >> 31


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=20)), max_size=5))
def test_the_hash_of_a_key_is_fnv_1a_mixed(rows):
    sources, keys = [row[0] for row in rows], [row[1] for row in rows]
    assert hashes(sources, keys) == [reference_hash(*row) for row in rows]


def test_rows_without_a_key_hash_to_nothing():
    assert hashes(["web", "web"], ["a", ""], wanted=[True, False])[1] == 0


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
