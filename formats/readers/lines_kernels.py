"""Kernels that cut a buffer into lines and copy pieces of it."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel
from formats.readers.vector_kernels import copy_bytes, newline_stops, trailing_zeros

t = array_types()
_I64 = t["i64"].dtype


@kernel((t["u8"], _I64))
def behind_last_newline(data: np.ndarray, end: int) -> int:
    """The position behind the last line feed of ``data[:end]``; 0 without one."""
    while end > 0 and data[end - 1] != 10:
        end -= 1
    return end


@kernel((t["u8"], _I64))
def behind_first_newline(data: np.ndarray, end: int) -> int:
    """The position behind the first line feed of ``data[:end]``, padded; 0 without one."""
    for position in range(0, end, 32):
        stops = newline_stops(data, position)
        if stops != 0:
            newline = position + trailing_zeros(stops)
            return newline + 1 if newline < end else 0
    return 0


@kernel((t["u8"], _I64, _I64, t["w_i64"], t["w_i64"]))
def find_lines(data: np.ndarray, start: int, end: int, starts: np.ndarray, ends: np.ndarray) -> int:
    r"""Note where the next lines begin and end, until ``starts`` is full.

    Args:
        data: uint8, padded; ``data[end - 1]`` is a line feed.
        start: the first line's beginning.
        end: where to stop.
        starts: int64 [lines at most], written.
        ends: int64 [lines at most], written: the end without ``\n`` or ``\r\n``.

    Returns:
        How many lines were noted.
    """
    lines, line_start, position = 0, start, start
    while position < end and lines < len(starts):
        stops = newline_stops(data, position)
        while stops != 0 and lines < len(starts):
            newline = position + trailing_zeros(stops)
            if newline >= end:
                break
            starts[lines] = line_start
            bare = newline - 1
            ends[lines] = bare if bare >= line_start and data[bare] == 13 else newline
            lines += 1
            line_start = newline + 1
            stops &= stops - np.uint32(1)
        position += 32
    return lines


@kernel((t["u8"], t["i64"], t["i64"], t["w_u8"], t["w_i64"]))
def copy_spans(
    data: np.ndarray, starts: np.ndarray, ends: np.ndarray, out: np.ndarray, offsets: np.ndarray
) -> None:
    """Copy pieces of a buffer one behind the other.

    Args:
        data: uint8, padded.
        starts: int64 [pieces].
        ends: int64 [pieces].
        out: uint8 [sum of lengths + PADDING], written.
        offsets: int64 [pieces + 1], written.
    """
    written = 0
    offsets[0] = 0
    for piece in range(len(starts)):
        start = starts[piece]
        length = ends[piece] - start
        copy_bytes(data, start, length, out, written)
        written += length
        offsets[piece + 1] = written


@kernel((t["u8"], t["i64"], t["i64"], t["w_b1"]))
def blank_lines(data: np.ndarray, starts: np.ndarray, ends: np.ndarray, blank: np.ndarray) -> None:
    """Mark the lines that hold nothing but spaces, tabs and carriage returns.

    Args:
        data: uint8.
        starts: int64 [lines].
        ends: int64 [lines].
        blank: bool [lines], written.
    """
    for line in range(len(starts)):
        position, end = starts[line], ends[line]
        while position < end and data[position] in (32, 9, 13):
            position += 1
        blank[line] = position == end
