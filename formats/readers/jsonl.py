"""JSON lines: the hot path, from a byte buffer to Arrow buffers without a Python object a line.

Kernels check every line against JSON's grammar and note where its values lie; texts are copied
once. Lines the kernels cannot vouch for are parsed by the standard library, one by one: a good
one (a key twice, a key written with escapes) is put back in the canonical spelling, which is never
longer, and scanned again; a bad one is quarantined with the parser's complaint.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_column
from formats.quarantine import RAW_LIMIT, Quarantine
from formats.readers import SourceFile
from formats.readers import jsonl_kernels as kernels
from formats.readers.assemble import document_batches, string_column
from formats.readers.columns import DOCUMENT_COLUMNS, FIELDS, ColumnChoice, choose_columns
from formats.readers.json_kernels import (
    ABSENT,
    ESCAPED,
    LITERAL,
    MAX_DEPTH,
    NESTED,
    NULL,
    NUMBER,
    PLAIN,
)
from formats.readers.lines import BadPart, LineBlock, LineReader, utf8_error
from formats.readers.segments import named_by_segment, open_lines
from formats.readers.streams import Damaged
from formats.readers.vector_kernels import PADDING

_TEXT, _QUALITY = FIELDS.index("text"), FIELDS.index("quality")
_KIND_NAMES = {
    PLAIN: "a string",
    ESCAPED: "a string",
    NUMBER: "a number",
    LITERAL: "true or false",
    NESTED: "an object or array",
}


def read_jsonl(
    file: SourceFile, quarantine: Quarantine, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Read JSON lines, plain or compressed; positions are 1-based line numbers."""
    choice = choose_columns(file.columns)
    opened, file = file, named_by_segment(file)
    records = 0
    try:
        with open_lines(opened) as (stream, first_line):
            for part in LineReader(stream, batch_bytes, file.max_record_bytes, first_line):
                if isinstance(part, BadPart):
                    quarantine.add(file.source, file.path, part.position, part.error, part.raw)
                    records += 1
                    continue
                scan = _Scan(part, choice)
                for index, error in scan.errors():
                    number = int(part.numbers[index])
                    quarantine.add(file.source, file.path, number, error, scan.raw(index))
                records += scan.records
                kept = scan.kept()
                positions = part.numbers[kept]
                yield from document_batches(file, positions, scan.columns(kept), batch_bytes)
    except Damaged as damage:
        quarantine.add(file.source, file.path, None, str(damage))
        return
    if not records and not file.start:
        quarantine.add(file.source, file.path, None, "empty file: it holds no record")


class BadLine(ValueError):  # noqa: N818 - turned into a quarantine entry, never raised to users
    """A line that is no record; the text is a quarantine error."""


def regular_line(raw: bytes) -> bytes:
    r"""The same object as orjson writes it: every key once and with the fewest escapes.

    ``b'{"a":1, "t\u0065xt":"x", "a":2}'`` -> ``b'{"a":2,"text":"x"}'``. Numbers keep their
    spelling. The result is never longer than the line.

    Raises:
        BadLine: the line is no JSON object, or holds half a surrogate pair.
    """
    import orjson

    try:
        value = json.loads(
            raw.decode(),
            parse_int=_fragment,
            parse_float=_fragment,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise BadLine(f"broken JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise BadLine("broken JSON: nested too deeply") from error
    if not isinstance(value, dict):
        raise BadLine(f"not an object: the line is {_describe(value)}")
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        if "surrogate" in str(error):
            raise BadLine("lone surrogate: an escape is half of a surrogate pair") from error
        raise BadLine(f"broken JSON: nested too deeply ({error})") from error


def _fragment(number: str) -> Any:
    """A number that keeps its spelling."""
    import orjson

    return orjson.Fragment(number)


def _refuse_constant(name: str) -> NoReturn:
    """NaN and the infinities are Python's extension, not JSON."""
    raise BadLine(f"broken JSON: {name} is not JSON")


def _describe(value: Any) -> str:
    """What a line holds instead of an object."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return "an array"
    return "a string" if isinstance(value, str) else "a number"


class _Scan:
    """Where everything lies in the lines of one block."""

    def __init__(self, block: LineBlock, choice: ColumnChoice) -> None:
        self._block, self._choice = block, choice
        lines = len(block.starts)
        self._status = np.full(lines, kernels.SKIPPED, np.uint8)
        self._kinds = np.zeros(len(FIELDS) * lines, np.uint8)
        self._starts = np.zeros(len(FIELDS) * lines, np.int64)
        self._ends = np.zeros(len(FIELDS) * lines, np.int64)
        self._first_members = np.zeros(lines, np.int64)
        self._last_members = np.zeros(lines, np.int64)
        self._member_starts = np.empty(16 * lines + 64, np.int64)
        self._member_ends = np.empty_like(self._member_starts)
        self._members = 0
        self._errors: dict[int, str] = {}
        self._mended: dict[int, bytes] = {}
        self._run()
        self.records = int(np.count_nonzero(self._status != kernels.BLANK))
        """Lines that are not blank."""

    def _run(self) -> None:
        """Scan all lines; put irregular ones in order and scan them again."""
        not_utf8 = self._block.not_utf8()
        for index in not_utf8.tolist():
            self._errors[index] = utf8_error(self._block.line(index))
        rows = np.arange(len(self._status))
        self._scan(np.delete(rows, not_utf8) if len(not_utf8) else rows, canonical=False)
        irregular = np.flatnonzero(self._status == kernels.IRREGULAR)
        if not len(irregular):
            return
        mended = [index for index in irregular.tolist() if self._mend(index)]
        self._scan(np.array(mended, np.int64), canonical=True)
        for index in mended:
            if self._status[index] == kernels.IRREGULAR:
                self._errors[index] = "broken JSON: nested too deeply"

    def _scan(self, rows: np.ndarray, canonical: bool) -> None:
        """Run the kernel over some lines; where members need more room, give it and go on."""
        progress = np.zeros(1, np.int64)
        stack = np.empty(MAX_DEPTH, np.uint8)
        found = np.empty(len(self._choice.names) * 3, np.int64)
        while True:
            self._members = kernels.scan_lines(
                self._block.data, self._block.starts, rows, self._members, canonical,
                self._choice.key_bytes, self._choice.key_offsets, self._choice.key_fields,
                stack, found, self._member_starts, self._member_ends,
                np.empty_like(self._member_starts), self._status, self._kinds, self._starts,
                self._ends, self._first_members, self._last_members, progress,
            )  # fmt: skip
            if progress[0] == len(rows):
                return
            rows = rows[progress[0] :]
            room = np.empty_like(self._member_starts)
            self._member_starts = np.concatenate([self._member_starts, room])
            self._member_ends = np.concatenate([self._member_ends, room])

    def _mend(self, index: int) -> bool:
        """Rewrite an irregular line in its place; False, and an error noted, where it is bad."""
        raw = self._block.line(index)
        try:
            regular = regular_line(raw)
        except BadLine as error:
            self._errors[index] = str(error)
            return False
        assert len(regular) <= len(raw), "canonical JSON is longer than what it was read from"
        self._mended[index] = raw[:RAW_LIMIT]
        start = self._block.starts[index]
        stop = start + len(regular)
        self._block.data[start:stop] = np.frombuffer(regular, np.uint8)
        self._block.data[stop : self._block.ends[index]] = 32
        return True

    def raw(self, index: int) -> bytes:
        """A line as it was read."""
        return self._mended[index] if index in self._mended else self._block.line(index)

    def _field(self, field: int) -> slice:
        """The part of the field-by-line arrays that is one field's."""
        lines = len(self._status)
        return slice(field * lines, (field + 1) * lines)

    def _usable(self) -> tuple[np.ndarray, np.ndarray]:
        """Texts that are proper strings; qualities that are numbers or not there: bool [lines]."""
        text, quality = self._kinds[self._field(_TEXT)], self._kinds[self._field(_QUALITY)]
        # A string with \u0000 too: an escape that somebody wrote into valid JSON, not, as a raw NUL
        # would be in a file, a sign of something that is no text.
        good_text = (text == PLAIN) | (text == ESCAPED)
        return good_text, (quality == ABSENT) | (quality == NULL) | (quality == NUMBER)

    def kept(self) -> np.ndarray:
        """int64: the lines that are documents."""
        text, quality = self._usable()
        return np.flatnonzero((self._status == kernels.PARSED) & text & quality)

    def errors(self) -> Iterator[tuple[int, str]]:
        """The lines that are not, in order, and why."""
        text, quality = self._usable()
        parsed = self._status == kernels.PARSED
        for index in np.flatnonzero(parsed & ~(text & quality)).tolist():
            self._errors[index] = self._field_error(index, bool(text[index]))
        for index in sorted(self._errors):
            yield index, self._errors[index]

    def _field_error(self, index: int, text_is_good: bool) -> str:
        """Why a well-formed line is no document."""
        field = _QUALITY if text_is_good else _TEXT
        kind = int(self._kinds[self._field(field)][index])
        if text_is_good:
            name = self._choice.of("quality")[0]
            return f"wrong type: {name!r} is {_KIND_NAMES[kind]}, not a number"
        names = " or ".join(map(repr, self._choice.of("text")))
        if kind == ABSENT:
            return f"missing text: the record has no {names}"
        if kind == NULL:
            return f"missing text: {names} is null"
        return f"wrong type: {names} is {_KIND_NAMES[kind]}, not a string"

    def columns(self, kept: np.ndarray) -> dict[str, pa.Array]:
        """The document columns of the kept lines, copied out of the block."""
        made = {"text": text_column(*self._values(_TEXT, kept)[:2])}
        for field, column in DOCUMENT_COLUMNS.items():
            made[column] = string_column(*self._values(FIELDS.index(field), kept))
        if self._choice.has_quality:
            numbers = string_column(*self._values(_QUALITY, kept))
            made["quality"] = pc.cast(numbers, pa.float64()).cast(pa.float32(), safe=False)
        if self._choice.keep_meta:
            made["meta"] = self._meta(kept)
        return made

    def _values(self, field: int, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bytes, offsets and validity of one field."""
        part = self._field(field)
        kinds, starts, ends = (a[part][kept] for a in (self._kinds, self._starts, self._ends))
        valid = (kinds != ABSENT) & (kinds != NULL)
        offsets = np.empty(len(kept) + 1, np.int64)
        out = np.empty(int((ends - starts)[valid].sum()) + PADDING, np.uint8)
        kernels.copy_values(self._block.data, kinds, starts, ends, out, offsets)
        return out, offsets, valid

    def _meta(self, kept: np.ndarray) -> pa.Array:
        """All other members as JSON objects; null where there are none."""
        members = self._member_starts, self._member_ends
        first, last = self._first_members[kept], self._last_members[kept]
        offsets = np.empty(len(kept) + 1, np.int64)
        kernels.member_bytes(*members, first, last, offsets)
        out = np.empty(int(offsets[-1]) + PADDING, np.uint8)
        kernels.copy_members(self._block.data, *members, first, last, offsets, out)
        return string_column(out, offsets, last > first)
