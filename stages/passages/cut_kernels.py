"""Where exactly a passage is cut: on blanks, so that what is left on either side stays apart."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.pii.replace_kernels import copy

NEW_LINE = 0x0A
BLANK = 0x20
"""Bytes up to this one are white space or control characters, all of them ASCII."""

t = array_types()
I64 = t["i64"].dtype


@kernel((t["u8"], t["i64"], t["i64"], t["w_u8"]))
def gather(data: np.ndarray, begins: np.ndarray, borders: np.ndarray, out: np.ndarray) -> None:
    """Copy ranges of bytes one behind the other.

    Args:
        data: uint8 [bytes].
        begins: int64 [ranges].
        borders: int64 [ranges + 1]: where each stands in ``out``; their differences are the sizes.
        out: uint8 [borders[-1]], written.
    """
    for k in range(len(begins)):
        size = borders[k + 1] - borders[k]
        copy(data, begins[k], begins[k] + size, out, borders[k])


@kernel()
def back_over_blanks(data: np.ndarray, start: Scalar, at: Scalar) -> Scalar:
    """The first of the blanks that end at ``at``."""
    while at > start and data[at - 1] <= BLANK:
        at -= 1
    return at


@kernel()
def over_blanks(data: np.ndarray, at: Scalar, stop: Scalar) -> Scalar:
    """Behind the blanks that begin at ``at``."""
    while at < stop and data[at] <= BLANK:
        at += 1
    return at


@kernel()
def over_line_end(data: np.ndarray, at: Scalar, stop: Scalar) -> Scalar:
    """Behind the new line that follows on blanks at ``at``; ``at`` where none does."""
    here = at
    while here < stop and data[here] <= BLANK:
        if data[here] == NEW_LINE:
            return here + 1
        here += 1
    return here if here == stop else at


@kernel()
def after_blank_line(data: np.ndarray, start: Scalar, at: Scalar) -> Scalar:
    """Whether the text begins, or a paragraph has just ended, before the line at ``at``."""
    lines = 0
    while at > start and data[at - 1] <= BLANK:
        at -= 1
        lines += data[at] == NEW_LINE
    return at == start or lines >= 2


@kernel((t["u8"], t["i64"], t["i64"], t["i64"], t["i64"], t["w_i64"], t["w_i64"], t["w_i64"]))
def whole_lines(
    data: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    out_rows: np.ndarray,
    out_begins: np.ndarray,
    out_ends: np.ndarray,
) -> int:
    r"""Widen ranges of whole lines so that what is left reads as if they had never been there.

    Lines that follow on each other are one range. A range takes its last line's end with it; the
    blank lines behind it too, where a blank line (or nothing) stands before it; at the end of the
    text the blanks before it. ``A\n\nB\n\nC`` without B is ``A\n\nC``, without C ``A\n\nB``.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        rows: int64 [ranges], rising.
        begins: int64 [ranges], rising in a row: from the text's first byte, where a line begins.
        ends: int64 [ranges]: where one ends, its new line not counted.
        out_rows: int64 [ranges], written.
        out_begins: int64 [ranges], written.
        out_ends: int64 [ranges], written.

    Returns:
        How many ranges were written.
    """
    count = 0
    k = 0
    while k < len(rows):
        row = rows[k]
        start, stop = offsets[row], offsets[row + 1]
        begin = start + begins[k]
        lonely = after_blank_line(data, start, begin)
        end = begin
        while k < len(rows) and rows[k] == row and start + begins[k] <= end:
            end = over_line_end(data, start + ends[k], stop)
            k += 1
            while lonely:
                beyond = over_line_end(data, end, stop)
                if beyond == end:
                    break
                end = beyond
        if over_blanks(data, end, stop) == stop:
            begin, end = back_over_blanks(data, start, begin), stop
            while count > 0 and out_rows[count - 1] == row and begin <= start + out_ends[count - 1]:
                count -= 1  # nothing but blanks is between it and the range before
                begin = back_over_blanks(data, start, start + out_begins[count])
        out_rows[count] = row
        out_begins[count] = begin - start
        out_ends[count] = end - start
        count += 1
    return count


@kernel((t["u8"], t["i64"], t["i64"], t["i64"], t["i64"], t["i64"], t["w_i64"]))
def characters_left(
    data: np.ndarray,
    offsets: np.ndarray,
    wanted: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    left: np.ndarray,
) -> None:
    """Count the characters, blanks aside, that some texts have outside of ranges.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        wanted: int64 [wanted]: which texts, rising.
        rows: int64 [ranges], rising; all of them wanted.
        begins: int64 [ranges], rising in a row: from the text's first byte.
        ends: int64 [ranges].
        left: int64 [wanted], written.
    """
    k = 0
    for i in range(len(wanted)):
        row = wanted[i]
        at, stop = offsets[row], offsets[row + 1]
        total = 0
        while at < stop:
            inside = k < len(rows) and rows[k] == row
            until = offsets[row] + begins[k] if inside else stop
            for place in range(at, until):
                byte = data[place]
                total += byte > BLANK and (byte & 0xC0) != 0x80
            at = until
            if inside:
                at = offsets[row] + ends[k]
                k += 1
        left[i] = total
