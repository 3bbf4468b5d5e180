"""Scanning text for what normalisation would change, and changing it.

``inspect`` reads every document once and says what it needs (almost always: nothing);
``rewrite`` writes a new buffer in which the documents that need it are cleaned and the others
copied; ``splice`` puts documents that Python rewrote (composition, repaired encodings) in place.
Runs of plain ASCII are skipped eight bytes at a time; other characters cost one table look-up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.normalize.character_kernels import (
    BLANK,
    COMBINING,
    COMPOSES_BACK,
    JOINER,
    LINE_BREAK,
    MOJIBAKE_LEAD,
    NEVER_COMPOSED,
    REMOVED,
    ends_blank,
    flags_after,
    flags_before,
    is_control,
    keeps_joiner,
    looks_misread,
    needs_composition,
)
from stages.text_kernels import before, decode, look_up

ATTENTION = (
    REMOVED | JOINER | LINE_BREAK | NEVER_COMPOSED | COMPOSES_BACK | COMBINING | MOJIBAKE_LEAD
)

# What was done to a document: the bits of the column ``normalize_changes``.
CONTROLS_REMOVED = 1
"""Control characters (C0 without tab and new line, C1, delete)."""
LINE_ENDS_CHANGED = 2
"""CR LF, CR, form feed, next line, line and paragraph separators became new lines."""
INVISIBLE_REMOVED = 4
"""Zero-width spaces, byte order marks, soft hyphens, bidi controls, joiners without meaning."""
BLANKS_TRIMMED = 8
"""Blanks at the ends of lines."""
BLANK_LINES_REMOVED = 16
"""More than two blank lines in a row became one."""
COMPOSED = 32
"""Brought to Unicode normal form C."""
MOJIBAKE_REPAIRED = 64
"""Text that had been decoded with a wrong encoding."""
REWRITE = (
    CONTROLS_REMOVED | LINE_ENDS_CHANGED | INVISIBLE_REMOVED | BLANKS_TRIMMED | BLANK_LINES_REMOVED
)

# What ``inspect`` may add: not a change yet.
MOJIBAKE_SUSPECTED = 1 << 16
HAS_TEXT = 1 << 17
"""There is something else than blanks (and than what is removed)."""

MOST_LINE_BREAKS = 3
"""In a row, that is two blank lines; more become two (one blank line)."""

_t = array_types()


@kernel()
def skip_plain(data: np.ndarray, position: Any, end: Any) -> Any:
    """The next position whose byte is not printable ASCII or a space; eight bytes at a time."""
    while position + 8 <= end:
        high = np.uint8(0)
        for k in range(8):
            byte = data[position + k]
            high |= (byte < 0x20) | (byte > 0x7E)
        if high != 0:
            break
        position += 8
    while position < end and 0x20 <= data[position] < 0x7F:
        position += 1
    return position


@kernel()
def inspect_document(data: np.ndarray, start: Any, end: Any, tables: Any) -> Any:
    """The bits of what one document needs (see the constants above).

    The bits of ``REWRITE`` only say that something is to do: ``rewrite_document`` says what.
    """
    index, blocks, _, _ = tables
    found = 0
    line_breaks = 0
    marks_end = np.int64(-1)
    position = start
    while position < end:
        byte = data[position]
        if 0x20 < byte < 0x7F:
            line_breaks = 0
            found |= HAS_TEXT
            position = skip_plain(data, position + 1, end)
            continue
        if byte == 0x20 or byte == 0x09:
            position += 1
            continue
        if byte == 0x0A:
            if ends_blank(data, start, position, tables):
                found |= BLANKS_TRIMMED
            line_breaks += 1
            if line_breaks > MOST_LINE_BREAKS:
                found |= BLANK_LINES_REMOVED
            position += 1
            continue
        character, after = decode(data, position)
        flags = np.int64(look_up(index, blocks, character))
        if flags & (REMOVED | LINE_BREAK | JOINER | BLANK) == 0:
            line_breaks = 0
            found |= HAS_TEXT
        if flags & ATTENTION:
            if flags & ATTENTION == COMBINING:  # the order counts only after another mark
                consecutive = marks_end == position and found & COMPOSED == 0
                if consecutive and needs_composition(data, start, position, flags, tables):
                    found |= COMPOSED
            else:
                found = inspect_character(
                    data, start, end, position, after, character, flags, found, tables
                )
            if flags & COMBINING:
                marks_end = after
        position = after
    if ends_blank(data, start, end, tables):
        found |= BLANKS_TRIMMED
    return found


@kernel()
def inspect_character(
    data: np.ndarray,
    start: Any,
    end: Any,
    position: Any,
    after: Any,
    character: Any,
    flags: Any,
    found: Any,
    tables: Any,
) -> Any:
    """The bits found so far with those that one conspicuous character adds."""
    if flags & REMOVED:
        found |= CONTROLS_REMOVED if is_control(character) else INVISIBLE_REMOVED
    if flags & LINE_BREAK:
        found |= LINE_ENDS_CHANGED
    if flags & JOINER:
        earlier = flags_before(data, start, position, tables)
        if not keeps_joiner(character, earlier, flags_after(data, after, end, tables)):
            found |= INVISIBLE_REMOVED
    if 0x80 <= character < 0xA0:
        found |= MOJIBAKE_SUSPECTED
    if flags & MOJIBAKE_LEAD and looks_misread(data, after, end, character, tables):
        found |= MOJIBAKE_SUSPECTED
    may_compose = flags & (NEVER_COMPOSED | COMPOSES_BACK | COMBINING) and found & COMPOSED == 0
    if may_compose and needs_composition(data, start, position, flags, tables):
        found |= COMPOSED
    return found


@kernel((_t["u8"], _t["i64"], _t["b1"], _t["u16"], _t["u16"], _t["u16"], _t["u8"], _t["w_i32"]))
def inspect(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    class_index: np.ndarray,
    class_blocks: np.ndarray,
    needs: np.ndarray,
) -> None:
    """Fill ``needs`` [rows] with the bits of every living document (0 for the others)."""
    tables = (index, blocks, class_index, class_blocks)
    for row in range(len(needs)):
        needs[row] = 0
        if alive[row]:
            needs[row] = inspect_document(data, offsets[row], offsets[row + 1], tables)


@kernel()
def trim_blanks(out: np.ndarray, start: Any, end: Any, tables: Any) -> Any:
    """The end of ``out[start:end]`` without the blanks it ends with."""
    while ends_blank(out, start, end, tables):
        end = before(out, start, end)
    return end


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
def rewrite_document(
    data: np.ndarray, start: Any, end: Any, out: np.ndarray, out_start: Any, tables: Any
) -> Any:
    """Write the cleaned document to ``out`` from ``out_start``; returns (its end, the changes).

    ``data[pending:position]`` is sound and not yet copied: runs are copied whole.
    """
    index, blocks, _, _ = tables
    changes = 0
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
        if flags & (REMOVED | LINE_BREAK | JOINER) == 0 and character != 0x0A:
            if flags & BLANK == 0:
                line_breaks = 0
            position = after
            continue
        here = copy(data, pending, position, out, here)
        pending = after
        if flags & LINE_BREAK:
            changes |= LINE_ENDS_CHANGED
            if character == 0x0D and after < end and data[after] == 0x0A:
                after += 1
                pending = after
            character = 0x0A
        if character == 0x0A:
            trimmed = trim_blanks(out, out_start, here, tables)
            if trimmed < here:
                changes |= BLANKS_TRIMMED
                here = trimmed
            line_breaks += 1
            if line_breaks <= MOST_LINE_BREAKS:
                out[here] = 0x0A
                here += 1
            else:
                changes |= BLANK_LINES_REMOVED
                if line_breaks == MOST_LINE_BREAKS + 1:
                    here -= MOST_LINE_BREAKS - 2
        elif flags & REMOVED:
            changes |= CONTROLS_REMOVED if is_control(character) else INVISIBLE_REMOVED
        elif keeps_joiner(
            character,
            flags_before(out, out_start, here, tables),
            flags_after(data, after, end, tables),
        ):
            line_breaks = 0
            pending = position
        else:
            changes |= INVISIBLE_REMOVED
        position = after
    here = copy(data, pending, end, out, here)
    trimmed = trim_blanks(out, out_start, here, tables)
    if trimmed < here:
        changes |= BLANKS_TRIMMED
    return trimmed, changes


@kernel(
    (
        _t["u8"], _t["i64"], _t["w_i32"], _t["u16"], _t["u16"], _t["u16"], _t["u8"],
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
    The four tables are ``character_rules()``. ``out`` is as long as the text (cleaning never adds
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


@kernel((_t["u8"], _t["i64"], _t["u8"], _t["i64"], _t["i64"], _t["w_u8"], _t["w_i64"]))
def splice(
    data: np.ndarray,
    offsets: np.ndarray,
    new_data: np.ndarray,
    new_offsets: np.ndarray,
    rows: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Copy a text column with the texts of ``rows`` (ascending) replaced by the new ones.

    ``out`` has room for all; ``out_offsets`` int64 [rows of the column + 1] is filled.
    """
    here = np.int64(0)
    out_offsets[0] = 0
    replaced = 0
    for row in range(len(offsets) - 1):
        if replaced < len(rows) and rows[replaced] == row:
            here = copy(new_data, new_offsets[replaced], new_offsets[replaced + 1], out, here)
            replaced += 1
        else:
            here = copy(data, offsets[row], offsets[row + 1], out, here)
        out_offsets[row + 1] = here
