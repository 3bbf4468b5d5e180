"""Lines: the kernels against plain Python, and blocks that do not depend on the buffer."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.readers.lines import BadPart, LineReader, is_utf8, utf8_error
from formats.readers.lines_kernels import (
    behind_first_newline,
    behind_last_newline,
    blank_lines,
    copy_spans,
    find_lines,
)
from formats.readers.vector_kernels import PADDING

texts = st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b" ", b"x" * 40, b"\xc3\xa9"]))


class Pieces:
    """A stream that hands out a few bytes at a time."""

    def __init__(self, content, step):
        self.content, self.step = content, step

    def readinto(self, view):
        size = min(len(view), self.step, len(self.content))
        view[:size] = self.content[:size]
        self.content = self.content[size:]
        return size


def padded(content):
    return np.frombuffer(content + b"\xff" * PADDING, np.uint8)


def reference_lines(content):
    """Line by line: (start, end without its line end)."""
    spans, start = [], 0
    for line in content.split(b"\n")[:-1]:
        spans.append((start, start + len(line.removesuffix(b"\r"))))
        start += len(line) + 1
    return spans


@settings(deadline=None)
@given(texts, st.integers(1, 5))
def test_find_lines(pieces, room):
    content = b"".join(pieces) + b"\n"
    data, start, found = padded(content), 0, []
    while start < len(content):
        starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
        lines = find_lines(data, start, len(content), starts, ends)
        found += zip(starts[:lines].tolist(), ends[:lines].tolist(), strict=True)
        start = content.index(b"\n", ends[lines - 1]) + 1
    assert found == reference_lines(content)


@settings(deadline=None)
@given(texts)
def test_first_and_last_newline(pieces):
    content = b"".join(pieces)
    assert behind_first_newline(padded(content), len(content)) == content.find(b"\n") + 1
    assert behind_last_newline(padded(content), len(content)) == content.rfind(b"\n") + 1


@settings(deadline=None)
@given(texts)
def test_copy_spans_and_blank_lines(pieces):
    content = b"".join(pieces) + b"\n"
    spans = np.array(reference_lines(content), np.int64)
    starts, ends = np.ascontiguousarray(spans[:, 0]), np.ascontiguousarray(spans[:, 1])
    expected = [content[start:end] for start, end in spans]
    out = np.empty(sum(map(len, expected)) + PADDING, np.uint8)
    offsets = np.empty(len(spans) + 1, np.int64)
    copy_spans(padded(content), starts, ends, out, offsets)
    copied = [out[a:b].tobytes() for a, b in itertools.pairwise(offsets)]
    assert copied == expected
    blank = np.empty(len(spans), np.bool_)
    blank_lines(padded(content), starts, ends, blank)
    assert blank.tolist() == [not line.strip(b" \t\r") for line in expected]


@settings(max_examples=300, deadline=None)
@given(texts, st.integers(1, 60), st.integers(1, 50), st.integers(1, 90))
def test_blocks_hold_every_line_once(pieces, block_bytes, step, max_record_bytes):
    """Whatever the buffer: the same lines with the same numbers, too long ones apart."""
    content = b"".join(pieces)
    got, too_long = {}, []
    for part in LineReader(Pieces(content, step), block_bytes, max_record_bytes):
        if isinstance(part, BadPart):
            too_long.append(part.position)
        else:
            got |= {int(part.numbers[k]): part.line(k) for k in range(len(part.starts))}
    closed = content if content.endswith(b"\n") or not content else content + b"\n"
    lines = {k + 1: closed[a:b] for k, (a, b) in enumerate(reference_lines(closed))}
    # A carriage return counts as long as its line feed has not been seen.
    surely = [k for k, line in lines.items() if len(line) > max_record_bytes]
    assert set(surely) <= set(too_long)
    assert all(len(lines[k]) >= max_record_bytes for k in too_long)
    assert got == {k: line for k, line in lines.items() if k not in too_long}


def test_utf8():
    assert is_utf8(np.frombuffer("aé中😀".encode(), np.uint8))
    assert is_utf8(np.zeros(0, np.uint8))
    assert not is_utf8(np.frombuffer(b"a\xed\xa0\x80", np.uint8))
    assert utf8_error(b"a\xff") == "not UTF-8: byte 0xff at offset 1: invalid start byte"
