"""Reading every document once, to say what normalisation would change: almost always nothing.

Runs of plain ASCII are skipped eight bytes at a time; other characters cost one table look-up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.normalize.change_kernels import (
    ARABIC_FORMS_FOLDED,
    BLANK_LINES_REMOVED,
    BLANKS_TRIMMED,
    COMPOSED,
    CONDITIONAL,
    ENTITIES_DECODED,
    HAS_TEXT,
    KANA_WIDENED,
    LATIN_NARROWED,
    LINE_ENDS_CHANGED,
    MOJIBAKE_REPAIRED,
    REMOVED,
    THAI_LAO_ORDERED,
)
from stages.normalize.character_kernels import (
    BLANK,
    COMBINING,
    COMPOSES_BACK,
    MOJIBAKE_LEAD,
    NEVER_COMPOSED,
    STANDS_BY,
    ends_blank,
    flags_after,
    is_disordered,
    needs_composition,
    stays,
)
from stages.normalize.mojibake_kernels import looks_misread
from stages.text_kernels import decode, look_up

CERTAIN = REMOVED | LINE_ENDS_CHANGED | ARABIC_FORMS_FOLDED | KANA_WIDENED | LATIN_NARROWED
"""A character with one of these bits is reason enough to look at its document."""
NORMAL_FORM = NEVER_COMPOSED | COMPOSES_BACK | COMBINING
ATTENTION = CERTAIN | THAI_LAO_ORDERED | STANDS_BY | NORMAL_FORM | MOJIBAKE_LEAD
NO_TEXT = REMOVED | LINE_ENDS_CHANGED | STANDS_BY | BLANK

MOST_LINE_BREAKS = 3
"""In a row, that is two blank lines; more become two (one blank line)."""
MOST_ENTITY_BYTES = 32
"""From ``&`` to ``;``: the longest name of HTML has 31 letters."""

_t = array_types()


@kernel()
def skip_plain(data: np.ndarray, position: Any, end: Any) -> Any:
    """The next position whose byte is not printable ASCII, or is ``&``; eight bytes at a time."""
    while position + 8 <= end:
        special = np.uint8(0)
        for k in range(8):
            byte = data[position + k]
            special |= (byte < 0x20) | (byte > 0x7E) | (byte == 0x26)
        if special != 0:
            break
        position += 8
    while position < end and 0x20 <= data[position] < 0x7F and data[position] != 0x26:
        position += 1
    return position


@kernel()
def begins_entity(data: np.ndarray, position: Any, end: Any) -> Any:
    """Whether the ``&`` at ``position`` begins a character reference, such as ``&amp;``."""
    last = min(end, position + MOST_ENTITY_BYTES)
    for here in range(position + 1, last):
        byte = data[here]
        if byte == 0x3B:
            return here > position + 2
        letter = 0x61 <= byte | 0x20 <= 0x7A
        digit = 0x30 <= byte <= 0x39
        if not letter and not digit and not (byte == 0x23 and here == position + 1):
            return False
    return False


@kernel()
def inspect_document(data: np.ndarray, start: Any, end: Any, tables: Any) -> Any:
    """The bits of what one document needs (``change_kernels``), and HAS_TEXT.

    They say that something is to be looked at; whoever changes the text says what was changed.
    """
    index, blocks, _, _ = tables
    at_line_end = np.int64(look_up(index, blocks, 0x0A))
    at_ampersand = np.int64(look_up(index, blocks, 0x26)) & ENTITIES_DECODED
    found = np.int64(0)
    line_breaks = 0
    marks_end = np.int64(-1)
    position = start
    while position < end:
        byte = data[position]
        if 0x20 < byte < 0x7F:
            line_breaks = 0
            found |= HAS_TEXT
            if byte == 0x26 and at_ampersand and begins_entity(data, position, end):
                found |= ENTITIES_DECODED
            position = skip_plain(data, position + 1, end)
            continue
        if byte == 0x20 or byte == 0x09:
            position += 1
            continue
        if byte == 0x0A:
            if ends_blank(data, start, position, tables):
                found |= at_line_end & BLANKS_TRIMMED
            line_breaks += 1
            if line_breaks > MOST_LINE_BREAKS:
                found |= at_line_end & BLANK_LINES_REMOVED
            position += 1
            continue
        character, after = decode(data, position)
        flags = np.int64(look_up(index, blocks, character))
        while flags & (ATTENTION | NO_TEXT) == 0 and after < end and data[after] >= 0x80:
            found |= HAS_TEXT
            line_breaks = 0
            position = after
            character, after = decode(data, position)
            flags = np.int64(look_up(index, blocks, character))
        if flags & NO_TEXT == 0:
            line_breaks = 0
            found |= HAS_TEXT
        if flags & ATTENTION:
            if flags & ATTENTION == COMBINING:  # the order counts only after another mark
                consecutive = marks_end == position and found & COMPOSED == 0
                if consecutive and needs_composition(data, start, position, flags, tables):
                    found |= COMPOSED
            else:
                found |= inspect_character(
                    data, start, end, position, after, character, flags, found, tables
                )
            if flags & COMBINING:
                marks_end = after
        position = after
    if ends_blank(data, start, end, tables):
        found |= at_line_end & BLANKS_TRIMMED
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
    """The bits that one conspicuous character adds to those found so far."""
    more = np.int64(0)
    if flags & STANDS_BY == 0:
        more = flags & CERTAIN
    if flags & THAI_LAO_ORDERED and found & THAI_LAO_ORDERED == 0:
        following = np.int64(0)
        if after < end:
            following, _ = decode(data, after)
        if is_disordered(character, following):
            more |= THAI_LAO_ORDERED
    if flags & STANDS_BY:
        later = flags_after(data, after, end, tables)
        if not stays(data, start, position, character, later, tables):
            more |= flags & CONDITIONAL
    if flags & MOJIBAKE_LEAD and found & MOJIBAKE_REPAIRED == 0:
        is_control = 0x80 <= character < 0xA0
        if is_control or looks_misread(data, position, after, end, character, tables):
            more |= MOJIBAKE_REPAIRED
    may_compose = flags & NORMAL_FORM and found & COMPOSED == 0
    if may_compose and needs_composition(data, start, position, flags, tables):
        more |= COMPOSED
    return more


@kernel((_t["u8"], _t["i64"], _t["b1"], _t["u16"], _t["u32"], _t["u16"], _t["u8"], _t["w_i32"]))
def inspect(
    data: np.ndarray,
    offsets: np.ndarray,
    chosen: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    class_index: np.ndarray,
    class_blocks: np.ndarray,
    needs: np.ndarray,
) -> None:
    """Fill ``needs`` [rows] with the bits of every chosen document; the others stay as they are.

    The four tables are those of ``character_rules``.
    """
    tables = (index, blocks, class_index, class_blocks)
    for row in range(len(needs)):
        if chosen[row]:
            needs[row] = inspect_document(data, offsets[row], offsets[row + 1], tables)
