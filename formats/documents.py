"""Documents: the Arrow table that every stage reads and writes, and its Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.identifiers import document_ids, document_numbers, file_key
from formats.storage import atomic_path, filesystem

__all__ = [
    "DOCUMENT_SCHEMA",
    "PARALLEL_FILES",
    "PARALLEL_SOURCE",
    "UNKNOWN_LANGUAGE",
    "DocumentsWriter",
    "document_files",
    "document_ids",
    "document_numbers",
    "file_key",
    "read_documents",
    "split_by_text",
    "write_documents",
]

DOCUMENT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("original_id", pa.string()),
        pa.field("declared_lang", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("lang_score", pa.float32()),
        pa.field("url", pa.string()),
        pa.field("pair_key", pa.string()),
        pa.field("meta", pa.string()),
    ]
)
"""The columns every document has; stages add more after them."""

PARALLEL_SOURCE = "bilingual"
"""The source of the documents that pairing makes of translations."""
PARALLEL_FILES = "-parallel.parquet"
"""How the names of the files end that they are in."""

UNKNOWN_LANGUAGE = "und"
"""Counted as the language of a text that has none (ISO 639-2: undetermined)."""

ROW_GROUP_TEXT_BYTES = 16 << 20
READ_ROWS = 8192
REPEATING_COLUMNS = ("source", "declared_lang", "lang", "drop_stage")
"""Columns of few values: the only ones for which Parquet's dictionaries pay."""


def text_ends(batch: pa.RecordBatch) -> np.ndarray:
    """int64 [rows]: bytes of text in the rows up to and including each row."""
    if "text" not in batch.schema.names:
        return np.zeros(batch.num_rows, np.int64)
    _, offsets = text_buffers(batch.column("text"))
    return offsets[1:] - offsets[0]


def split_by_text(batch: pa.RecordBatch, text_bytes: int) -> Iterator[pa.RecordBatch]:
    """Slices (not copied) of at most so many bytes of text; one longer document stands alone."""
    ends = text_ends(batch)
    start, done = 0, 0
    while start < batch.num_rows:
        stop = max(int(np.searchsorted(ends, done + text_bytes, side="right")), start + 1)
        yield batch if (start, stop) == (0, batch.num_rows) else batch.slice(start, stop - start)
        start, done = stop, int(ends[stop - 1])


class DocumentsWriter:
    """Writes documents to one Parquet file, whole or not at all.

    Row groups end at the first row that completes 16 MiB of text, so that the same rows give the
    same bytes however they were cut into batches. A context manager: what raises inside the block
    leaves no file.
    """

    def __init__(self, path: str, compression: str = "zstd") -> None:
        """Open ``path``, local or URL.

        Args:
            path: file to write.
            compression: ``zstd`` (level 1), ``lz4``, ``snappy``, ``gzip`` or ``none``.
        """
        self.rows = self.text_bytes = 0
        self._compression = compression
        self._schema: pa.Schema | None = None
        self._pending: list[pa.RecordBatch] = []
        self._pending_bytes = 0
        self._writer: Any = None
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_path(path))
        files, inner = filesystem(temporary)
        self._sink = self._stack.enter_context(files.open(inner, "wb"))

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; all batches have the columns of the first.

        Raises:
            ValueError: this one has not.
        """
        if self._schema is None:
            self._schema = batch.schema
        elif batch.schema != self._schema:
            difference = _difference(batch, self._schema)
            raise ValueError(f"a batch has other columns than the first: {difference}")
        ends = text_ends(batch)
        start, done = 0, 0
        while start < batch.num_rows:
            # The group ends with the row that completes it.
            missing = ROW_GROUP_TEXT_BYTES - self._pending_bytes
            stop = int(np.searchsorted(ends, done + missing, side="left")) + 1
            full = stop <= batch.num_rows
            stop = min(stop, batch.num_rows)
            self._pending.append(batch.slice(start, stop - start))
            self._pending_bytes += int(ends[stop - 1]) - done
            start, done = stop, int(ends[stop - 1])
            if full:
                self._write_group()
        self.rows += batch.num_rows
        self.text_bytes += done

    def _write_group(self) -> None:
        if self._writer is None:
            schema = self._schema or DOCUMENT_SCHEMA
            self._writer = _parquet_writer(self._sink, schema, self._compression)
        if self._pending:
            rows = sum(batch.num_rows for batch in self._pending)
            group = pa.Table.from_batches(self._pending, self._schema)
            self._writer.write_table(group, row_group_size=rows)
        self._pending, self._pending_bytes = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._write_group()
        if self._writer is not None:
            self._writer.close()
        # An error of the block reaches ``atomic_path``, which takes the unfinished file away.
        self._stack.__exit__(kind, error, trace)


def write_documents(
    path: str, batches: Iterable[pa.RecordBatch], compression: str = "zstd"
) -> dict[str, int]:
    """Write documents to one Parquet file; see ``DocumentsWriter``.

    Args:
        path: file to write, local or URL.
        batches: rows of one schema; without any the file has no rows and ``DOCUMENT_SCHEMA``.
        compression: as in ``DocumentsWriter``.

    Returns:
        ``rows`` and ``text_bytes`` written.
    """
    with DocumentsWriter(path, compression) as writer:
        for batch in batches:
            writer.write(batch)
    return {"rows": writer.rows, "text_bytes": writer.text_bytes}


def _parquet_writer(sink: Any, schema: pa.Schema, compression: str) -> Any:
    """A Parquet writer with the project's options."""
    import pyarrow.parquet as pq

    return pq.ParquetWriter(
        sink,
        schema,
        compression=compression,
        compression_level=1 if compression == "zstd" else None,
        use_dictionary=[name for name in schema.names if name in REPEATING_COLUMNS],
        write_statistics=[name for name in schema.names if name not in ("text", "meta")],
    )


def _difference(batch: pa.RecordBatch, schema: pa.Schema) -> str:
    """Name the columns in which a batch differs from a schema."""
    first = {f"{field.name}: {field.type}" for field in schema}
    here = {f"{field.name}: {field.type}" for field in batch.schema}
    parts = [f"missing {name}" for name in sorted(first - here)]
    parts += [f"unexpected {name}" for name in sorted(here - first)]
    return ", ".join(parts) or "another order, or other nullability"


def document_files(path: str) -> list[str]:
    """The Parquet files of a folder, by name; a file is its own list.

    Raises:
        FileNotFoundError: neither file nor folder is there.
    """
    files, inner = filesystem(path)
    if files.isdir(inner):
        names = (name for name in files.ls(inner, detail=False) if name.endswith(".parquet"))
        return [files.unstrip_protocol(name) if "://" in path else name for name in sorted(names)]
    if not files.exists(inner):
        raise FileNotFoundError(f"no documents at {path}")
    return [path]


def read_documents(
    path: str, columns: Sequence[str] | None = None, schema: pa.Schema | None = None
) -> Iterator[pa.RecordBatch]:
    """Read documents back from a Parquet file, or from all of a folder in the order of names.

    Args:
        path: file or folder, local or URL.
        columns: the columns wanted, in this order; None: all.
        schema: instead of ``columns``: these, of which a file may lack some; they are null then.
    """
    import pyarrow.parquet as pq

    for name in document_files(path):
        files, inner = filesystem(name)
        with files.open(inner, "rb") as stream:
            parquet = pq.ParquetFile(stream)
            wanted = None if columns is None else list(columns)
            if schema is not None:
                wanted = [column for column in schema.names if column in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(READ_ROWS, columns=wanted, use_threads=False):
                if schema is not None:
                    yield _as_schema(batch, schema)
                else:
                    yield batch if wanted is None else batch.select(wanted)


def _as_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the schema's columns; null where it has none of that name."""
    columns = [
        batch.column(field.name).cast(field.type)
        if field.name in batch.schema.names
        else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, names=schema.names)


def documents_schema(paths: Sequence[str]) -> pa.Schema:
    """All columns that documents files have together; read from their ends, not their rows."""
    import pyarrow.parquet as pq

    schemas = []
    for path in paths:
        files, inner = filesystem(path)
        with files.open(inner, "rb") as stream:
            schemas.append(pq.read_schema(stream).remove_metadata())
    return pa.unify_schemas(schemas) if schemas else DOCUMENT_SCHEMA
