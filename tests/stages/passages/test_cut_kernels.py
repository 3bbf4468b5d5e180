"""What exactly goes with a passage, and how much is left."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.passages.cut_kernels import characters_left, whole_lines
from stages.passages.cutting import copy_ranges, cut_texts


def arrays(ranges):
    rows, begins, ends = (np.array(column, np.int64) for column in zip(*ranges, strict=True))
    return rows, begins, ends


def without_lines(texts, lines):
    """The texts without some of their lines; ``lines``: (text, line), rising."""
    column = pa.array(texts, pa.large_string())
    ranges = []
    for row, line in lines:
        split = texts[row].split("\n")
        begin = sum(len(part.encode()) + 1 for part in split[:line])
        ranges.append((row, begin, begin + len(split[line].encode())))
    out = [np.empty(len(ranges), np.int64) for _ in range(3)]
    count = whole_lines(*text_buffers(column), *arrays(ranges), *out)
    rows, begins, ends = (some[:count].tolist() for some in out)
    lists = [[[x for r, x in zip(rows, some, strict=True) if r == row] for row in range(len(texts))]
             for some in (begins, ends)]  # fmt: skip
    cut, _ = cut_texts(column, *(pa.array(some, pa.list_(pa.int64())) for some in lists))
    return cut.to_pylist()


@pytest.mark.parametrize(
    ("text", "lines", "left"),
    [
        ("A\n\nB\n\nC", [2], "A\n\nC"),
        ("A\n\nB\n\nC", [4], "A\n\nB"),
        ("A\n\nB\n\nC", [0], "B\n\nC"),
        ("A\n\nB\n\nC\n", [2, 4], "A"),
        ("A\n\n\n\nB\n \n  C", [4], "A\n\n\n\n  C"),
        ("A\nB\n\nC", [1], "A\n\nC"),
        ("A\nB\n\nC", [1, 3], "A"),
        ("A\nB\nC", [1], "A\nC"),
        ("A\n\nB\nC", [2], "A\n\nC"),
        ("A", [0], ""),
        ("จบ\n\nก ข\n\nค", [2], "จบ\n\nค"),
    ],
)
def test_what_is_left_reads_as_if_the_line_had_never_been_there(text, lines, left):
    assert without_lines([text], [(0, line) for line in lines]) == [left]


def reference(text, cut):
    """Lines one by one: a cut one goes, blank ones after it where nothing is left to set apart."""
    left, after_cut = [], False
    lines = text.split("\n")
    for number, line in enumerate(lines):
        set_apart = not left or not left[-1].strip()
        after_cut = number in cut or (after_cut and not line.strip() and set_apart)
        if not after_cut:
            left.append(line)
    return "\n".join(left)


@given(st.lists(st.sampled_from(["", " ", "aé", "ข b", "c"]), min_size=1, max_size=8), st.data())
def test_it_agrees_with_a_line_by_line_reading(lines, data):
    filled = [n for n, line in enumerate(lines) if line.strip()]
    cut = data.draw(st.sets(st.sampled_from(filled))) if filled else set()
    text = "\n".join(lines)
    if cut:
        [left] = without_lines([text], [(0, line) for line in sorted(cut)])
        assert [x for x in left.split("\n") if x.strip()] == [
            x for n, x in enumerate(lines) if x.strip() and n not in cut
        ]
        assert re.sub(r"\s*$", "", left) == re.sub(r"\s*$", "", reference(text, cut))


@given(st.lists(st.text("aé ข\n", max_size=12), min_size=1, max_size=4), st.data())
def test_ranges_are_cut_copied_and_counted(texts, data):
    column = pa.array(["before", *texts], pa.large_string())[1:]
    ranges, left = [], []
    for row, text in enumerate(texts):
        places = st.integers(0, len(text))
        points = sorted(data.draw(st.sets(places, max_size=4)))
        pairs = list(zip(points[::2], points[1::2], strict=False))
        ranges += [(row, begin, end) for begin, end in pairs]
        left.append("".join(c for i, c in enumerate(text) if not any(b <= i < e for b, e in pairs)))
    as_bytes = [(r, len(texts[r][:b].encode()), len(texts[r][:e].encode())) for r, b, e in ranges]
    lists = [
        pa.array([[x[at] for x in as_bytes if x[0] == row] for row in range(len(texts))],
                 pa.list_(pa.int64()))
        for at in (1, 2)
    ]  # fmt: skip
    cut, times = cut_texts(column, *lists)
    assert cut.to_pylist() == left
    assert times.tolist() == [sum(r == row for r, _, _ in ranges) for row in range(len(texts))]
    if not ranges:
        assert cut is column
        return
    copied = copy_ranges(column, *arrays(as_bytes))
    assert copied.to_pylist() == [texts[r][b:e] for r, b, e in ranges]
    rows = np.unique(arrays(as_bytes)[0])
    counted = np.empty(len(rows), np.int64)
    characters_left(*text_buffers(column), rows, *arrays(as_bytes), counted)
    assert counted.tolist() == [len(re.sub(r"\s", "", left[row])) for row in rows]
