"""Kernels of the JSONL reader: lines to spans, spans to Arrow buffers.

``scan_lines``   passes over each line once, checks it against JSON's grammar and notes where the
                 fields of a document lie and where all other members do
``copy_values``  copies one field of every kept line, escapes resolved
``copy_members`` joins the other members of every kept line to one JSON object

A line these cannot vouch for (broken; a mapped key twice; a key written with escapes) is marked
``IRREGULAR`` and left to ``jsonl.regular_line``.
"""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel
from formats.readers.json_kernels import (
    ABSENT,
    ESCAPED,
    NULL,
    PLAIN,
    read_escape,
    skip_spaces,
    skip_string,
    skip_value,
    write_utf8,
)
from formats.readers.vector_kernels import copy_bytes, copy_vector, string_stops, trailing_zeros

t = array_types()
_I64, _B1 = t["i64"].dtype, t["b1"].dtype

PARSED, BLANK, IRREGULAR, SKIPPED = range(4)
"""What became of a line; ``SKIPPED`` is set by the caller for lines not to be looked at."""


@kernel()
def _find_key(
    data: np.ndarray, start: int, end: int, names: np.ndarray, name_offsets: np.ndarray
) -> int:
    """The index of the name that equals ``data[start:end]``, or -1."""
    length = end - start
    for name in range(len(name_offsets) - 1):
        first = name_offsets[name]
        if name_offsets[name + 1] - first != length:
            continue
        same = 0
        while same < length and names[first + same] == data[start + same]:
            same += 1
        if same == length:
            return name
    return -1


@kernel()
def _scan_object(
    data: np.ndarray, position: int, canonical: bool, names: np.ndarray, name_offsets: np.ndarray,
    stack: np.ndarray, found: np.ndarray, member_starts: np.ndarray, member_ends: np.ndarray,
    member_names: np.ndarray, member: int,
) -> int:  # fmt: skip
    """Note the members of the object that begins at ``position`` and fills its line.

    ``found`` int64 [names * 3] receives kind, start and end of the values of known names.

    Returns:
        The number of the next free member; -1: irregular; -2: no room for the members.
    """
    position = skip_spaces(data, position + 1)
    first = True
    while data[position] != 0x7D:  # }
        if not first:
            if data[position] != 0x2C:  # ,
                return -1
            position = skip_spaces(data, position + 1)
        first = False
        if data[position] != 0x22:
            return -1
        member_start = position
        key_end, key_kind = skip_string(data, position + 1)
        if key_end < 0 or (key_kind != PLAIN and not canonical):
            return -1
        position = skip_spaces(data, key_end + 1)
        if data[position] != 0x3A:  # :
            return -1
        value_start = skip_spaces(data, position + 1)
        value_end, kind = skip_value(data, value_start, stack)
        if value_end < 0:
            return -1
        name = _find_key(data, member_start + 1, key_end, names, name_offsets)
        if name >= 0:
            if found[name * 3] != ABSENT:
                return -1
            inner = 1 if kind in (PLAIN, ESCAPED) else 0
            found[name * 3] = kind
            found[name * 3 + 1] = value_start + inner
            found[name * 3 + 2] = value_end - inner
        if member == len(member_starts):
            return -2
        member_starts[member] = member_start
        member_ends[member] = value_end
        member_names[member] = name
        member += 1
        position = skip_spaces(data, value_end)
    position = skip_spaces(data, position + 1)
    return member if data[position] == 10 else -1


@kernel()
def _keep_unmapped(
    first: int, last: int, starts: np.ndarray, name_fields: np.ndarray, kinds: np.ndarray,
    found: np.ndarray, member_starts: np.ndarray, member_ends: np.ndarray,
    member_names: np.ndarray, row: int, lines: int,
) -> int:  # fmt: skip
    """Close up the members of a line that no field took; returns the next free place."""
    kept = first
    for member in range(first, last):
        name = member_names[member]
        if name >= 0:
            slot = name_fields[name] * lines + row
            if kinds[slot] != ABSENT and starts[slot] == found[name * 3 + 1]:
                continue
        member_starts[kept] = member_starts[member]
        member_ends[kept] = member_ends[member]
        kept += 1
    return kept


@kernel((
    t["u8"], t["i64"], t["i64"], _I64, _B1, t["u8"], t["i64"], t["i64"], t["w_u8"], t["w_i64"],
    t["w_i64"], t["w_i64"], t["w_i64"], t["w_u8"], t["w_u8"], t["w_i64"], t["w_i64"], t["w_i64"],
    t["w_i64"], t["w_i64"],
))  # fmt: skip
def scan_lines(
    data: np.ndarray, line_starts: np.ndarray, rows: np.ndarray, member: int, canonical: bool,
    names: np.ndarray, name_offsets: np.ndarray, name_fields: np.ndarray, stack: np.ndarray,
    found: np.ndarray,
    member_starts: np.ndarray, member_ends: np.ndarray, member_names: np.ndarray,
    status: np.ndarray, kinds: np.ndarray, starts: np.ndarray, ends: np.ndarray,
    first_members: np.ndarray, last_members: np.ndarray, progress: np.ndarray,
) -> int:  # fmt: skip
    """Find the fields and the other members of lines.

    Args:
        data: uint8, padded; every line ends in a line feed.
        line_starts: int64 [lines].
        rows: int64: the lines to look at.
        member: the first free place for members.
        canonical: the lines are as orjson writes them: keys are compared as they stand.
        names: uint8, the known keys one behind the other; those of a field by falling rank.
        name_offsets: int64 [names + 1].
        name_fields: int64 [names], the field each name stands for.
        stack: uint8 [MAX_DEPTH], scratch.
        found: int64 [names * 3], scratch.
        member_starts: int64, written: where members begin.
        member_ends: int64, written.
        member_names: int64, written: scratch.
        status: uint8 [lines], written: ``PARSED``, ``BLANK`` or ``IRREGULAR``.
        kinds: uint8 [fields * lines], written: what the field's value is.
        starts: int64 [fields * lines], written: of a string, behind the quote.
        ends: int64 [fields * lines], written.
        first_members: int64 [lines], written: the line's members in ``member_starts``.
        last_members: int64 [lines], written.
        progress: int64 [1], written: how many of ``rows`` are done. Fewer than there are: there
            was no room for the next line's members.

    Returns:
        The first free place for members.
    """
    lines = len(line_starts)
    fields = len(kinds) // lines if lines else 0
    for done in range(len(rows)):
        progress[0] = done
        row = rows[done]
        for k in range(fields):
            kinds[k * lines + row] = ABSENT
        first_members[row] = member
        last_members[row] = member
        position = skip_spaces(data, line_starts[row])
        if data[position] == 10:
            status[row] = BLANK
            continue
        status[row] = IRREGULAR
        if data[position] != 0x7B:
            continue
        found[:] = 0
        last = _scan_object(
            data, position, canonical, names, name_offsets, stack, found,
            member_starts, member_ends, member_names, member,
        )  # fmt: skip
        if last == -2:
            return member
        if last < 0:
            continue
        status[row] = PARSED
        # A field takes its first name that has a value; without one, its first name that is null.
        for name in range(len(name_fields)):
            kind = found[name * 3]
            slot = name_fields[name] * lines + row
            better = kinds[slot] == ABSENT or (kinds[slot] == NULL and kind != NULL)
            if kind != ABSENT and better:
                kinds[slot] = kind
                starts[slot] = found[name * 3 + 1]
                ends[slot] = found[name * 3 + 2]
        member = _keep_unmapped(
            member, last, starts, name_fields, kinds, found, member_starts, member_ends,
            member_names, row, lines,
        )  # fmt: skip
        last_members[row] = member
    progress[0] = len(rows)
    return member


@kernel((t["u8"], t["u8"], t["i64"], t["i64"], t["w_u8"], t["w_i64"]))
def copy_values(
    data: np.ndarray, kinds: np.ndarray, starts: np.ndarray, ends: np.ndarray,
    out: np.ndarray, offsets: np.ndarray,
) -> None:  # fmt: skip
    """Copy one field's values one behind the other: strings unescaped, the rest as it stands.

    Args:
        data: uint8, padded.
        kinds: uint8 [rows]; ``ABSENT`` and ``NULL`` give empty texts.
        starts: int64 [rows].
        ends: int64 [rows].
        out: uint8 [sum of lengths + PADDING at least], written.
        offsets: int64 [rows + 1], written.
    """
    written = 0
    offsets[0] = 0
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind != ABSENT and kind != NULL:
            position, end = starts[row], ends[row]
            if kind == ESCAPED:
                while position < end:  # the quote behind the string is a stop as well
                    if data[position] == 0x5C:
                        position, code = read_escape(data, position)
                        written = write_utf8(code, out, written)
                        continue
                    copy_vector(data, position, out, written)
                    stops = string_stops(data, position)
                    run = 32 if stops == 0 else trailing_zeros(stops)
                    position += run
                    written += run
            else:
                copy_bytes(data, position, end - position, out, written)
                written += end - position
        offsets[row + 1] = written


@kernel((t["i64"], t["i64"], t["i64"], t["i64"], t["w_i64"]))
def member_bytes(
    member_starts: np.ndarray, member_ends: np.ndarray, first: np.ndarray, last: np.ndarray,
    offsets: np.ndarray,
) -> None:  # fmt: skip
    """Offsets of the objects that ``copy_members`` will write; nothing for a row without members.

    Args:
        member_starts: int64.
        member_ends: int64.
        first: int64 [rows].
        last: int64 [rows].
        offsets: int64 [rows + 1], written.
    """
    offsets[0] = 0
    for row in range(len(first)):
        size = 0
        for member in range(first[row], last[row]):
            size += member_ends[member] - member_starts[member] + 1
        offsets[row + 1] = offsets[row] + (size + 1 if size else 0)


@kernel((t["u8"], t["i64"], t["i64"], t["i64"], t["i64"], t["i64"], t["w_u8"]))
def copy_members(
    data: np.ndarray, member_starts: np.ndarray, member_ends: np.ndarray, first: np.ndarray,
    last: np.ndarray, offsets: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Join the members of every row to a JSON object.

    Args:
        data: uint8.
        member_starts: int64.
        member_ends: int64.
        first: int64 [rows].
        last: int64 [rows].
        offsets: int64 [rows + 1], of ``member_bytes``.
        out: uint8 [offsets[-1] + PADDING], written.
    """
    for row in range(len(first)):
        written = offsets[row]
        for member in range(first[row], last[row]):
            out[written] = 0x7B if member == first[row] else 0x2C
            written += 1
            start = member_starts[member]
            length = member_ends[member] - start
            copy_bytes(data, start, length, out, written)
            written += length
        if last[row] > first[row]:
            out[written] = 0x7D
