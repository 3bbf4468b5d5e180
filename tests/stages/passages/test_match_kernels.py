"""Passages compared with their copies, and trimmed to whole words."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.passages.list_columns import in_large_groups
from stages.passages.match_kernels import trim, verify
from stages.passages.substring_steps import last_at_or_before, merged
from stages.text_kernels import character_classes

Short = st.text("ab", max_size=10)


@given(Short, Short, st.integers(0, 10), st.integers(0, 10), st.integers(1, 4), st.integers(0, 3))
def test_a_passage_grows_as_far_as_both_agree(text, copy, begin, there, size, margin):
    if begin + size > len(text):
        return
    column, heads = (pa.array(["xx", some], pa.large_string()) for some in (text, copy))
    begins, ends = np.array([begin]), np.array([begin + size])
    equal = np.empty(1, np.bool_)
    one = np.ones(1, np.int64)
    places = (one, np.array([there]))
    verify(
        *text_buffers(column), one, begins, ends, np.array([margin]),
        *text_buffers(heads), *places, equal,
    )  # fmt: skip
    assert bool(equal[0]) == (copy[there : there + size] == text[begin : begin + size])
    if equal[0]:
        left = right = 0
        while left < min(margin, begin, there) and text[begin - left - 1] == copy[there - left - 1]:
            left += 1
        after, behind = text[begin + size :], copy[there + size :]
        while right < min(margin, len(after), len(behind)) and after[right] == behind[right]:
            right += 1
        assert (begins[0], ends[0]) == (begin - left, begin + size + right)


def left_of(text, passages):
    """The text without passages (of bytes) as they are trimmed."""
    column = pa.array(["", text], pa.large_string())
    rows, begins, ends = (
        np.array(x, np.int64) for x in zip(*[(1, *p) for p in passages], strict=True)
    )
    out = [np.empty(len(rows), np.int64) for _ in range(3)]
    count = trim(*text_buffers(column), rows, begins, ends, *character_classes(), *out)
    data, at, left = text.encode(), 0, b""
    for row, begin, end in zip(*(some[:count].tolist() for some in out), strict=True):
        assert row == 1
        left += data[at:begin]
        at = end
    return (left + data[at:]).decode()


@pytest.mark.parametrize(
    ("text", "passage", "left"),
    [
        ("one two three", "ne two thr", "one three"),
        ("one two three", "two ", "one three"),
        ("one two three", "one two ", "three"),
        ("one two three", " two three", "one"),
        ("one\ntwo\nthree", "\ntwo\n", "one\nthree"),
        ("one\ntwo\nthree", "two", "one\nthree"),
        ("one. Two three. Four", ". Two three. ", "one. Four"),
        ("say (one two) now", "one two", "say () now"),
        ("一二三四五", "二三四", "一五"),
        ("甲ก้乙", "甲ก", "ก้乙"),
        ("กข้าวค", "ข้", "กาวค"),
        ("abc", "b", "abc"),
    ],
)
def test_what_is_left_is_whole_words(text, passage, left):
    begin = len(text[: text.index(passage)].encode())
    assert left_of(text, [(begin, begin + len(passage.encode()))]) == left


@given(st.lists(st.sampled_from(["ab", "é", "中", "ก้", " ", "\n", ". "]), max_size=12), st.data())
def test_words_and_letters_stay_whole_and_nothing_else_is_lost(pieces, data):
    text = "".join(pieces)
    size = len(text.encode())
    points = sorted(data.draw(st.lists(st.integers(0, size), min_size=4, max_size=4)))
    passages = [(points[0], points[2]), (points[1], points[3])]
    left = left_of(text, passages)
    assert left.encode().decode() == left
    outside = text.encode()[: points[0]].decode("utf-8", "ignore")
    assert (
        left.replace(" ", "")
        .replace("\n", "")
        .startswith(outside.replace(" ", "").replace("\n", ""))
    )


Ranges = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(1, 5)), max_size=8)


@given(Ranges)
def test_merged_ranges_cover_the_same_bytes(ranges):
    columns = [np.array([r[at] for r in ranges], np.int64) for at in range(3)]
    rows, begins, ends = merged(columns[0], columns[1], columns[1] + columns[2])
    covered = [(r, at) for r, b, e in zip(rows, begins, ends, strict=True) for at in range(b, e)]
    assert len(set(covered)) == len(covered)
    assert set(covered) == {(r, at) for r, b, n in ranges for at in range(b, b + n)}
    touching = zip(rows[1:], rows[:-1], begins[1:], ends[:-1], strict=True)
    assert not any(row == before and begin <= end for row, before, begin, end in touching)


@given(Ranges.filter(bool), st.data())
def test_the_range_that_holds_a_place_is_found(ranges, data):
    columns = [np.array([r[at] for r in ranges], np.int64) for at in range(3)]
    rows, begins, ends = merged(columns[0], columns[1], columns[1] + columns[2])
    wanted = data.draw(st.lists(st.sampled_from(ranges), max_size=5))
    nodes, places = (np.array([r[at] for r in wanted], np.int64) for at in (0, 1))
    found = last_at_or_before(rows, begins, nodes, places)
    assert (rows[found] == nodes).all()
    assert ((begins[found] <= places) & (places < ends[found])).all()


@given(st.lists(st.integers(0, 4)), st.integers(0, 3))
def test_large_groups(keys, limit):
    large = in_large_groups(np.array(keys, np.uint64), limit)
    assert large.tolist() == [keys.count(key) > limit for key in keys]
