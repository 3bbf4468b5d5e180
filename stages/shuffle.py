"""A shuffle by files: every map task writes one file, every reduce task reads a range of each.

``write_shuffle`` sorts a table by bucket and writes one Arrow IPC file in which record batch ``b``
holds the rows of bucket ``b``. The footer of an IPC file is an offset index of its batches, so
``read_shuffle`` memory-maps each file and touches the pages of its own bucket only. M map tasks
and B buckets make M files, never M x B.

A bucket is a range of the 64-bit key (the top bits), so rows with equal keys always meet, buckets
are equally full when keys are hashes, and a sorted bucket follows on the one before it. The number
of buckets belongs to the data (``bucket_count``), never to the number of workers: the same input
gives the same files on a laptop and on a cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from formats.storage import atomic_path, filesystem, is_local, open_input

MAX_BUCKETS = 1 << 31


def bucket_count(rows: int, rows_per_bucket: int = 1 << 20) -> int:
    """How many buckets a shuffle of ``rows`` records gets: a function of the data alone."""
    return max(1, -(-rows // rows_per_bucket))


def buckets_of(keys: np.ndarray, buckets: int) -> np.ndarray:
    """The bucket of each key: ``key * buckets >> 64``, in 64-bit arithmetic without overflow.

    ``buckets_of([0, 2**63, 2**64 - 1], 4)`` is ``[0, 2, 3]``.

    Args:
        keys: uint64 [rows], evenly spread (a hash).
        buckets: 1 to 2^31.

    Returns:
        int64 [rows], each in [0, buckets); never decreasing where keys do not.
    """
    if not 1 <= buckets <= MAX_BUCKETS:
        raise ValueError(f"buckets is {buckets}: it must be between 1 and {MAX_BUCKETS}")
    if keys.dtype != np.uint64:
        raise TypeError(f"keys are {keys.dtype}: a shuffle needs uint64")
    half = np.uint64(32)
    count = np.uint64(buckets)
    carry = ((keys & np.uint64(0xFFFFFFFF)) * count) >> half
    return (((keys >> half) * count + carry) >> half).astype(np.int64)


def write_shuffle(path: str, table: pa.Table, keys: np.ndarray, buckets: int) -> None:
    """Write a map task's rows, stably sorted by bucket, as one IPC file with a batch per bucket.

    Args:
        path: where the file appears when it is whole (local or URL).
        table: the rows, any columns.
        keys: uint64 [rows], evenly spread.
        buckets: the number of record batches; an empty bucket has an empty one.
    """
    if len(keys) != table.num_rows:
        raise ValueError(f"{len(keys)} keys for {table.num_rows} rows")
    of_row = buckets_of(keys, buckets)
    if buckets <= 1 << 16:
        of_row = of_row.astype(np.uint16)  # NumPy sorts 16-bit integers by radix
    ends = np.cumsum(np.bincount(of_row, minlength=buckets))
    table = table.unify_dictionaries()
    if (of_row[1:] < of_row[:-1]).any():  # else texts would be copied for nothing
        table = table.combine_chunks().take(pa.array(np.argsort(of_row, kind="stable")))
    with atomic_path(path) as temporary, ipc_writer(temporary, table.schema) as writer:
        start = 0
        for end in ends.tolist():
            writer.write_batch(_one_batch(table.slice(start, end - start)))
            start = end


def read_shuffle(paths: Sequence[str], bucket: int) -> pa.Table:
    """The rows of one bucket from all files: in the order of the paths, then of the rows.

    Local files are memory-mapped: the columns point into them, nothing is copied.

    Args:
        paths: files written by ``write_shuffle`` with one schema and one number of buckets.
        bucket: which record batch.
    """
    if not paths:
        raise ValueError("read_shuffle needs at least one file to know the columns")
    return pa.Table.from_batches([open_ipc(path).get_batch(bucket) for path in paths])


def open_ipc(path: str, columns: Sequence[str] | None = None) -> Any:
    """A reader of an Arrow IPC file: memory-mapped where local, by ranges where remote.

    Args:
        path: of the file.
        columns: those wanted; others are not decompressed. None: all.
    """
    source = pa.memory_map(path) if is_local(path) else pa.PythonFile(open_input(path), mode="r")
    reader = pa.ipc.open_file(source)
    if columns is None:
        return reader
    fields = sorted(reader.schema.get_field_index(name) for name in columns)
    return pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=fields))


@contextmanager
def ipc_writer(path: str, schema: pa.Schema) -> Iterator[Any]:
    """An uncompressed (so: mappable, the same bytes everywhere) Arrow IPC file being written."""
    files, inner = filesystem(path)
    with files.open(inner, "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        yield writer


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    """The table as exactly one record batch, also when it has no rows."""
    columns = [
        column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        for column in table.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)
