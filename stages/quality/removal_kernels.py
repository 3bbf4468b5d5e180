"""Removing the lines that C4 removes (``remove_lines: [c4]`` of the stage ``quality``).

A line goes if it has fewer than three words, mentions JavaScript, is a policy notice, or ends no
sentence (datatrove's ``c4_filters.py``). Lines are judged by ``scan_document``, one at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.quality.marks_kernels import (
    ENDS_SENTENCE,
    HAS_JAVASCRIPT,
    HAS_POLICY,
)
from stages.quality.sizes_kernels import THREE_WORDS
from stages.quality.words_kernels import LINES, NEW_LINE, TOTALS, line_arrays, scan_document

_t = array_types()


@kernel()
def stays(lines: Any, totals: np.ndarray, by_line_end: Any) -> Any:
    """Whether the one line that was scanned stays."""
    if totals[LINES] == 0:
        return False
    flags = lines[3][0]
    if lines[2][0] < THREE_WORDS or flags & (HAS_JAVASCRIPT | HAS_POLICY):
        return False
    return not by_line_end or flags & ENDS_SENTENCE != 0


@kernel(
    (
        _t["u8"], _t["i64"], _t["b1"], _t["b1"], _t["u16"], _t["u8"], _t["w_u8"], _t["w_i64"],
        _t["w_i32"],
    )
)  # fmt: skip
def keep_lines(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    by_line_end: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Copy a text column without the lines that go; dead rows are copied whole.

    ``by_line_end`` bool [rows] says where the rule on line ends holds. ``out`` is as long as the
    text; ``out_offsets`` int64 [rows + 1] and ``counts`` int32 [rows], the lines with something in
    them that went, are filled.
    """
    largest = np.int64(0)
    for row in range(len(alive)):
        largest = max(largest, offsets[row + 1] - offsets[row])
    words = (np.empty(largest // 2 + 2, np.uint64), np.empty(largest // 2 + 2, np.int64))
    lines = line_arrays(largest)
    totals = np.empty(TOTALS, np.int64)
    here = np.int64(0)
    out_offsets[0] = 0
    for row in range(len(alive)):
        end = offsets[row + 1]
        position = offsets[row]
        first = here
        counts[row] = 0
        while position < end:
            stop = position
            while stop < end and (data[stop] != NEW_LINE or not alive[row]):
                stop += 1
            keep = not alive[row]
            if not keep:
                scan_document(data, position, stop, (index, blocks), words, lines, totals)
                keep = stays(lines, totals, by_line_end[row])
            if keep:
                if here > first:
                    out[here] = NEW_LINE
                    here += 1
                for k in range(stop - position):
                    out[here + k] = data[position + k]
                here += stop - position
            counts[row] += not keep and stop > position
            position = stop + 1
        out_offsets[row + 1] = here
