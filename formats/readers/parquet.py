"""Parquet files, row group by row group; positions are 0-based row numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from formats.quarantine import Quarantine
from formats.readers import SourceFile
from formats.readers.columns import choose_columns
from formats.readers.tabular import schema_error, tabular_documents, wanted_columns
from formats.storage import open_input

MIN_ROWS, MAX_ROWS = 64, 1 << 16
"""Rows read at once, whatever the text's mean length says."""


class DamagedTable(Exception):  # noqa: N818 - turned into a quarantine entry
    """Arrow cannot read on; the text is a quarantine error."""


@contextmanager
def arrow_damage() -> Iterator[None]:
    """Turn Arrow's complaints about bytes into ``DamagedTable``; a store's errors pass.

    Arrow raises ``OSError`` for damaged content; only an error of the operating system has a
    number.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        message = " ".join(str(error).split())
        raise DamagedTable(f"damaged: {message or type(error).__name__}") from error


def read_parquet(
    file: SourceFile, quarantine: Quarantine, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Read a Parquet file; only the columns that are wanted are decoded."""
    choice = choose_columns(file.columns)
    is_first = file.start == 0  # of the segments: it says what is wrong with the whole file
    groups: list[int] = []
    row = 0
    with open_input(file.path) as stream:
        try:
            with arrow_damage():
                parquet = _open(stream)
                error = schema_error(parquet.schema_arrow, choice)
                names = wanted_columns(parquet.schema_arrow, choice)
            if error is not None:
                if is_first:
                    quarantine.add(file.source, file.path, None, error)
                return
            rows = _rows_at_once(parquet, choice.of("text"), batch_bytes)
            groups, row = _row_groups(parquet.metadata, file)
            batches = parquet.iter_batches(rows, groups, columns=names, use_threads=False)
            while True:
                with arrow_damage():
                    batch = next(batches, None)
                if batch is None:
                    break
                positions = np.arange(row, row + batch.num_rows)
                row += batch.num_rows
                yield from tabular_documents(
                    file, choice, batch, positions, quarantine, batch_bytes
                )
        except DamagedTable as damage:
            if groups or is_first:
                error = f"{damage} (after {row:,} rows)" if row else str(damage)
                quarantine.add(file.source, file.path, None, error)
            return
        if is_first and parquet.metadata.num_rows == 0:
            quarantine.add(file.source, file.path, None, "empty file: it holds no row")


def _open(stream: Any) -> Any:
    """Open a Parquet file that is read piece by piece, not ahead."""
    import pyarrow.parquet as pq

    if stream.seek(0, 2) == 0:
        raise DamagedTable("empty file: it has no bytes")
    stream.seek(0)
    return pq.ParquetFile(stream, pre_buffer=False, buffer_size=1 << 20)


def _row_groups(metadata: Any, file: SourceFile) -> tuple[list[int], int]:
    """The row groups that begin in the file's segment, and the number of their first row."""
    groups: list[int] = []
    row = first_row = 0
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        begins = _first_byte(row_group)
        if file.start <= begins and (file.end is None or begins < file.end):
            first_row = first_row if groups else row
            groups.append(group)
        row += row_group.num_rows
    return groups, first_row


def _first_byte(row_group: Any) -> int:
    """Where a row group's pages begin in the file."""
    chunks = (row_group.column(index) for index in range(row_group.num_columns))
    return min((c.dictionary_page_offset or c.data_page_offset for c in chunks), default=0)


def _rows_at_once(parquet: Any, text_names: tuple[str, ...], batch_bytes: int) -> int:
    """How many rows hold about ``batch_bytes`` of text, by what the file says of itself."""
    metadata = parquet.metadata
    text_bytes = 0
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for index in range(row_group.num_columns):
            column = row_group.column(index)
            if column.path_in_schema in text_names:
                text_bytes += column.total_uncompressed_size
    mean = max(text_bytes // max(metadata.num_rows, 1), 1)
    return int(min(max(batch_bytes // mean, MIN_ROWS), MAX_ROWS))
