"""Writing a shard file: an Arrow IPC stream, hashed while it is written.

The same rows give the same bytes: batches have a fixed number of rows, and neither uncompressed
nor lz4 streams depend on the Arrow version (zstd's do).
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from formats.shards import COMPONENT, INPUT_IDS, RAGGED, shard_schema
from formats.storage import atomic_path, filesystem

Compression = Literal["none", "lz4", "zstd"]

BATCH_BYTES = 16 << 20
BATCH_ROWS = 1024


def rows_per_batch(sequence_length: int, dtype: np.dtype[Any]) -> int:
    """Rows of every record batch of a file but its last: at most 1,024 and about 16 MiB."""
    return max(1, min(BATCH_ROWS, BATCH_BYTES // (sequence_length * dtype.itemsize)))


class ShardWriter:
    """Writes one shard file; it appears when it is whole. ``sha256`` is known after ``close``."""

    def __init__(
        self,
        path: str,
        sequence_length: int,
        dtype: np.dtype[Any] | type[np.generic],
        compression: Compression = "none",
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.schema = shard_schema(sequence_length, self.dtype)
        self.batch_rows = rows_per_batch(sequence_length, self.dtype)
        self.rows = 0
        self._last_rows = self.batch_rows
        self._open = ExitStack()
        files, inner = filesystem(self._open.enter_context(atomic_path(path)))
        self._sink = _HashingSink(self._open.enter_context(files.open(inner, "wb")))
        options = pa.ipc.IpcWriteOptions(compression=None if compression == "none" else compression)
        stream = self._open.enter_context(pa.PythonFile(self._sink, "w"))
        self._writer = self._open.enter_context(
            pa.ipc.new_stream(stream, self.schema, options=options)
        )

    def append(
        self,
        input_ids: np.ndarray,
        component: np.ndarray,
        row_offsets: np.ndarray,
        document_starts: np.ndarray,
        document_ids: np.ndarray,
        document_offsets: np.ndarray,
    ) -> None:
        """Write one record batch.

        Args:
            input_ids: [rows, sequence_length] of the file's dtype.
            component: [rows].
            row_offsets: [rows + 1]; row i has the pieces row_offsets[i]..row_offsets[i + 1].
            document_starts: [pieces], the first of a row is 0.
            document_ids: uint64 [pieces].
            document_offsets: [pieces].

        Raises:
            ValueError: when a batch follows one that is not full: readers count on full ones.
        """
        rows = len(component)
        if self._last_rows != self.batch_rows or not 0 < rows <= self.batch_rows:
            raise ValueError(
                f"a batch of {rows} rows after one of {self._last_rows}: all but the last of a "
                f"file have {self.batch_rows} rows"
            )
        if input_ids.dtype != self.dtype:
            raise ValueError(f"tokens of {input_ids.dtype} for a file of {self.dtype}")
        offsets = pa.array(np.ascontiguousarray(row_offsets, np.int32))
        pieces = {
            "document_starts": document_starts,
            "document_ids": document_ids,
            "document_offsets": document_offsets,
        }
        flat = pa.array(np.ascontiguousarray(input_ids).reshape(-1))
        columns = {
            INPUT_IDS: pa.FixedSizeListArray.from_arrays(flat, input_ids.shape[1]),
            COMPONENT: pa.array(np.ascontiguousarray(component, np.uint16)),
        } | {
            name: pa.ListArray.from_arrays(
                offsets, pa.array(np.ascontiguousarray(pieces[name], kind))
            )
            for name, kind in RAGGED.items()
        }
        arrays = [columns[name] for name in self.schema.names]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
        self.rows += rows
        self._last_rows = rows

    @property
    def sha256(self) -> str:
        """Of all bytes written so far."""
        return self._sink.digest.hexdigest()

    def close(self) -> None:
        """Finish the file and give it its name."""
        self._open.close()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)


class _HashingSink:
    """A binary file that takes the digest of what passes through it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    closed = False

    def write(self, data: Any) -> int:
        self.digest.update(data)
        written: int = self._stream.write(data)
        return written

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """The stream belongs to the writer, which closes it."""
        self.closed = True
