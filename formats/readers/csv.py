"""CSV with a header line (RFC 4180), and TSV; positions are 1-based line numbers.

The standard library's parser reads one record after the other and goes on behind a bad one, which
no vectorised parser does; CSV is not where large corpora live. A record in quotes may span lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from formats.quarantine import RAW_LIMIT, Quarantine
from formats.readers import SourceFile
from formats.readers.columns import ColumnChoice, choose_columns
from formats.readers.lines import BadPart, LineReader, utf8_error
from formats.readers.streams import ByteStream, Damaged, open_bytes
from formats.readers.tabular import schema_error, tabular_documents

RECORDS_AT_ONCE = 4096


@dataclass(frozen=True)
class _Record:
    """One record as parsed."""

    line: int
    """Where it begins."""
    values: list[str]
    raw: bytes
    error: str | None = None


class _LineFeed:
    """Feeds lines to the parser, and remembers those of the record it is in."""

    def __init__(self, lines: LineReader, file: SourceFile, quarantine: Quarantine) -> None:
        self._file, self._quarantine = file, quarantine
        self._lines = self._read(lines)
        self.breaks_off = False
        self.start_record()

    def start_record(self) -> None:
        """Forget the lines so far."""
        self.first_line, self.raw = 0, b""
        self.error: str | None = None

    def _read(self, lines: LineReader) -> Iterator[tuple[int, bytes]]:
        """Every line with its number and its end; bad parts go to quarantine."""
        file = self._file
        for part in lines:
            if isinstance(part, BadPart):
                self.breaks_off = part.breaks_off
                self._quarantine.add(file.source, file.path, part.position, part.error, part.raw)
                continue
            for index, end in enumerate(part.ends.tolist()):
                line_end = b"\r\n" if part.data[end] == 13 else b"\n"
                yield int(part.numbers[index]), part.line(index) + line_end

    def __iter__(self) -> _LineFeed:
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        self.first_line = self.first_line or number
        if len(self.raw) < RAW_LIMIT:
            self.raw += line[:RAW_LIMIT]
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.error = self.error or utf8_error(line)
            return line.decode("utf-8", "replace")


def read_csv(
    file: SourceFile, quarantine: Quarantine, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Read CSV, or TSV where the name says so, plain or compressed."""
    choice = choose_columns(file.columns)
    entries_before = quarantine.total
    count = 0
    try:
        with open_bytes(file.path) as stream:
            records = _records(stream, file, quarantine, batch_bytes)
            header = next(records, None)
            if header is not None:
                names = _distinct(header.values)
                schema = pa.schema([pa.field(name, pa.large_string()) for name in names])
                error = header.error or schema_error(schema, choice)
                if error is not None:
                    quarantine.add(file.source, file.path, None, error, header.raw)
                    return
                for block in _blocks(records, len(names), file, quarantine, batch_bytes):
                    count += len(block)
                    batch = _columns(block, schema, choice)
                    lines = np.array([record.line for record in block], np.int64)
                    yield from tabular_documents(
                        file, choice, batch, lines, quarantine, batch_bytes
                    )
    except Damaged as damage:
        quarantine.add(file.source, file.path, None, str(damage))
        return
    if count == 0 and quarantine.total == entries_before:
        quarantine.add(file.source, file.path, None, "empty file: it holds no record")


def _records(
    stream: ByteStream, file: SourceFile, quarantine: Quarantine, block_bytes: int
) -> Iterator[_Record]:
    """Parse record by record; what the parser refuses comes with its error."""
    # The limit is the process's, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), file.max_record_bytes))
    feed = _LineFeed(LineReader(stream, block_bytes, file.max_record_bytes), file, quarantine)
    is_tsv = file.path.removesuffix(".gz").removesuffix(".zst").endswith(".tsv")
    parser = csv.reader(feed, delimiter="\t" if is_tsv else ",", strict=True)
    while True:
        feed.start_record()
        try:
            values = next(parser)
        except StopIteration:
            return
        except csv.Error as error:
            if feed.breaks_off:
                return  # the record was cut, and its entry is made
            kind = "too long" if "field limit" in str(error) else "broken CSV"
            yield _Record(feed.first_line, [], feed.raw, f"{kind}: {error}")
            continue
        if values or feed.error:
            yield _Record(feed.first_line, values, feed.raw, feed.error)


def _blocks(
    records: Iterator[_Record], width: int, file: SourceFile, quarantine: Quarantine, size: int
) -> Iterator[list[_Record]]:
    """Good records, some thousands or about ``size`` bytes at a time; the bad to quarantine."""
    block: list[_Record] = []
    block_bytes = 0
    for record in records:
        error = record.error
        if error is None and len(record.values) != width:
            error = f"wrong field count: {len(record.values)} fields under a header of {width}"
        if error is not None:
            quarantine.add(file.source, file.path, record.line, error, record.raw)
            continue
        block.append(record)
        block_bytes += sum(map(len, record.values))
        if len(block) == RECORDS_AT_ONCE or block_bytes >= size:
            yield block
            block, block_bytes = [], 0
    if block:
        yield block


def _columns(block: list[_Record], schema: pa.Schema, choice: ColumnChoice) -> pa.RecordBatch:
    """Records as columns; an empty cell of a mapped field other than the text is null."""
    optional = set(choice.names) - set(choice.of("text"))
    arrays = []
    for name, values in zip(
        schema.names, zip(*(record.values for record in block), strict=True), strict=True
    ):
        cells = [value or None for value in values] if name in optional else values
        arrays.append(pa.array(cells, pa.large_string()))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _distinct(names: list[str]) -> list[str]:
    """Header names, those that come again with a number: ``a, a`` -> ``a, a.1``."""
    distinct: list[str] = []
    for name in names:
        number, candidate = 0, name
        while candidate in distinct:
            number += 1
            candidate = f"{name}.{number}"
        distinct.append(candidate)
    return distinct
