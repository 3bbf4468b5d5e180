"""Arrow IPC files and streams; positions are 0-based row numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from formats.quarantine import Quarantine
from formats.readers import SourceFile
from formats.readers.columns import choose_columns
from formats.readers.parquet import DamagedTable, arrow_damage
from formats.readers.tabular import schema_error, tabular_documents
from formats.storage import is_local, open_input

FILE_MAGIC = b"ARROW1"
MAX_ROWS = 1 << 16


def read_arrow(
    file: SourceFile, quarantine: Quarantine, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Read an Arrow IPC file or stream, told apart by the first bytes; local files are mapped."""
    choice = choose_columns(file.columns)
    row = 0
    try:
        with _open(file.path) as (schema, batches):
            error = schema_error(schema, choice)
            if error is not None:
                quarantine.add(file.source, file.path, None, error)
                return
            while True:
                with arrow_damage():
                    batch = next(batches, None)
                if batch is None:
                    break
                for start in range(0, batch.num_rows, MAX_ROWS):
                    part = batch.slice(start, MAX_ROWS)
                    positions = np.arange(row, row + part.num_rows)
                    row += part.num_rows
                    yield from tabular_documents(
                        file, choice, part, positions, quarantine, batch_bytes
                    )
    except DamagedTable as damage:
        error = f"{damage} (after {row:,} rows)" if row else str(damage)
        quarantine.add(file.source, file.path, None, error)
        return
    if row == 0:
        quarantine.add(file.source, file.path, None, "empty file: it holds no row")


@contextmanager
def _open(path: str) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """The schema and the batches of a file or a stream."""
    with open_input(path) as plain:
        head = plain.read(len(FILE_MAGIC))
        if not head:
            raise DamagedTable("empty file: it has no bytes")
        plain.seek(0)
        source: Any = pa.memory_map(path) if is_local(path) else pa.PythonFile(plain, "r")
        with source:
            with arrow_damage():
                if head == FILE_MAGIC:
                    reader = pa.ipc.open_file(source)
                    batches = (reader.get_batch(k) for k in range(reader.num_record_batches))
                else:
                    reader = pa.ipc.open_stream(source)
                    batches = iter(reader)
            yield reader.schema, batches
