"""Changing text: characters taken away, line ends and blanks, and columns put together.

Work is done on a column of the few documents that need it (``gather``); ``rewrite`` cleans their
characters, and ``replace_rows`` puts new texts in the places of old ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.normalize.change_kernels import (
    BLANK_LINES_REMOVED,
    BLANKS_TRIMMED,
    CONDITIONAL,
    LINE_ENDS_CHANGED,
    REMOVED,
    REWRITE,
)
from stages.normalize.character_kernels import BLANK, STANDS_BY, ends_blank, flags_after, stays
from stages.normalize.inspect_kernels import MOST_LINE_BREAKS, skip_plain
from stages.text_kernels import before, decode, look_up

_t = array_types()


@kernel()
def copy(data: np.ndarray, start: Any, end: Any, out: np.ndarray, here: Any) -> Any:
    """Append ``data[start:end]`` to ``out`` at ``here``; returns the position after it.

    Indices that count from 0 need no check for negative ones, so the loop becomes a memcpy.
    """
    source = data[start:end]
    target = out[here : here + end - start]
    for k in range(len(source)):
        target[k] = source[k]
    return here + end - start


@kernel()
def end_line(
    out: np.ndarray, start: Any, here: Any, line_breaks: Any, changes: Any, tables: Any
) -> Any:
    """Write a new line after ``out[start:here]``, trimmed; the ``line_breaks``-th in a row.

    Returns the position after it and the changes.
    """
    wanted = np.int64(look_up(tables[0], tables[1], 0x0A))
    here, changes = trim_blanks(out, start, here, changes, tables)
    if line_breaks > MOST_LINE_BREAKS and wanted & BLANK_LINES_REMOVED:
        if line_breaks == MOST_LINE_BREAKS + 1:
            here -= MOST_LINE_BREAKS - 2
        return here, changes | BLANK_LINES_REMOVED
    out[here] = 0x0A
    return here + 1, changes


@kernel()
def trim_blanks(out: np.ndarray, start: Any, end: Any, changes: Any, tables: Any) -> Any:
    """The end of ``out[start:end]`` without the blanks it ends with, and the changes."""
    if np.int64(look_up(tables[0], tables[1], 0x0A)) & BLANKS_TRIMMED:
        while ends_blank(out, start, end, tables):
            end = before(out, start, end)
            changes |= BLANKS_TRIMMED
    return end, changes


@kernel()
def rewrite_document(
    data: np.ndarray, start: Any, end: Any, out: np.ndarray, out_start: Any, tables: Any
) -> Any:
    """Write the cleaned document to ``out`` from ``out_start``; returns (its end, the changes).

    ``data[pending:position]`` is sound and not yet copied: runs are copied whole.
    """
    index, blocks, _, _ = tables
    changes = np.int64(0)
    line_breaks = 0
    here = out_start
    position = start
    pending = start
    while position < end:
        byte = data[position]
        if 0x20 < byte < 0x7F:
            line_breaks = 0
            position = skip_plain(data, position + 1, end)
            continue
        character, after = decode(data, position)
        flags = np.int64(look_up(index, blocks, character))
        if flags & (REMOVED | LINE_ENDS_CHANGED | STANDS_BY) == 0 and character != 0x0A:
            if flags & BLANK == 0:
                line_breaks = 0
            position = after
            continue
        here = copy(data, pending, position, out, here)
        pending = after
        if flags & LINE_ENDS_CHANGED:
            changes |= LINE_ENDS_CHANGED
            if character == 0x0D and after < end and data[after] == 0x0A:
                after += 1
                pending = after
            character = 0x0A
        if character == 0x0A:
            line_breaks += 1
            here, changes = end_line(out, out_start, here, line_breaks, changes, tables)
        elif flags & STANDS_BY == 0:
            changes |= flags & REMOVED
        elif stays(out, out_start, here, character, flags_after(data, after, end, tables), tables):
            line_breaks = 0
            pending = position
        else:
            changes |= flags & CONDITIONAL
        position = after
    here = copy(data, pending, end, out, here)
    return trim_blanks(out, out_start, here, changes, tables)


@kernel(
    (
        _t["u8"], _t["i64"], _t["w_i32"], _t["u16"], _t["u32"], _t["u16"], _t["u8"],
        _t["w_u8"], _t["w_i64"],
    )
)  # fmt: skip
def rewrite(
    data: np.ndarray,
    offsets: np.ndarray,
    needs: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    class_index: np.ndarray,
    class_blocks: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Copy a text column, cleaning the documents that need it.

    ``needs`` int32 [rows]: a bit of ``REWRITE`` asks for cleaning; on return, the changes made.
    The four tables are ``character_rules``. ``out`` is as long as the text (cleaning never adds
    a byte); ``out_offsets`` int64 [rows + 1] is filled.
    """
    tables = (index, blocks, class_index, class_blocks)
    here = np.int64(0)
    out_offsets[0] = 0
    for row in range(len(needs)):
        start = offsets[row]
        end = offsets[row + 1]
        if needs[row] & REWRITE:
            here, changes = rewrite_document(data, start, end, out, here, tables)
            needs[row] = changes
        else:
            here = copy(data, start, end, out, here)
            needs[row] = 0
        out_offsets[row + 1] = here


@kernel((_t["u8"], _t["i64"], _t["i64"], _t["w_u8"], _t["w_i64"]))
def gather(
    data: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Copy the texts of ``rows`` to a column of their own; ``out`` has room for them."""
    here = np.int64(0)
    out_offsets[0] = 0
    for k in range(len(rows)):
        here = copy(data, offsets[rows[k]], offsets[rows[k] + 1], out, here)
        out_offsets[k + 1] = here


@kernel((_t["u8"], _t["i64"], _t["u8"], _t["i64"], _t["i64"], _t["w_u8"], _t["w_i64"]))
def replace_rows(
    data: np.ndarray,
    offsets: np.ndarray,
    new_data: np.ndarray,
    new_offsets: np.ndarray,
    rows: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Copy a text column with the texts of ``rows`` (ascending) replaced by the new ones.

    ``out`` has room for all; ``out_offsets`` int64 [rows of the column + 1] is filled. What lies
    between two replaced rows is copied at once.
    """
    here = np.int64(0)
    done = 0
    out_offsets[0] = 0
    for k in range(len(rows) + 1):
        until = rows[k] if k < len(rows) else len(offsets) - 1
        shift = here - offsets[done]
        here = copy(data, offsets[done], offsets[until], out, here)
        for row in range(done, until):
            out_offsets[row + 1] = offsets[row + 1] + shift
        if k < len(rows):
            here = copy(new_data, new_offsets[k], new_offsets[k + 1], out, here)
            out_offsets[until + 1] = here
            done = until + 1
