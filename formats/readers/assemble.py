"""From columns to record batches of documents: the last step of every reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import DOCUMENT_SCHEMA, split_by_text
from formats.identifiers import document_ids, file_key
from formats.readers import SourceFile

QUALITY_FIELD = pa.field("quality", pa.float32())
MAX_COLUMN_BYTES = (1 << 31) - 1
"""A ``string`` column cannot hold more."""


def document_batches(
    file: SourceFile,
    positions: np.ndarray,
    columns: Mapping[str, pa.Array],
    batch_bytes: int,
) -> Iterator[pa.RecordBatch]:
    """Complete columns to documents, cut at ``batch_bytes`` of text.

    Args:
        file: where the rows come from.
        positions: int64 [rows], line or row numbers.
        columns: document columns [rows]; ``text`` (large_string, no nulls) must be there, those
            that are not become null. ``quality`` comes behind the schema's own.
        batch_bytes: text in a batch; one longer document stands alone.
    """
    rows = len(positions)
    if rows == 0:
        return
    path = _sayable(file.path)
    lines = pa.array(positions).cast(pa.string())
    made = {
        "id": document_ids(file_key(file.source, file.relative_path), positions),
        "source": pa.repeat(pa.scalar(file.source, pa.string()), rows),
        "origin": pc.binary_join_element_wise(pa.scalar(f"{path}#"), lines, ""),
        **columns,
    }
    schema = DOCUMENT_SCHEMA.append(QUALITY_FIELD) if "quality" in columns else DOCUMENT_SCHEMA
    arrays = [made[f.name] if f.name in made else pa.nulls(rows, f.type) for f in schema]
    yield from split_by_text(pa.RecordBatch.from_arrays(arrays, schema=schema), batch_bytes)


def string_column(data: np.ndarray, offsets: np.ndarray, valid: np.ndarray) -> pa.Array:
    """A ``string`` column over the given bytes.

    Args:
        data: uint8, valid UTF-8 between the offsets.
        offsets: int64 [rows + 1].
        valid: bool [rows], False where the value is null.
    """
    if offsets[-1] > MAX_COLUMN_BYTES:
        raise ValueError("a block of records holds more than 2 GiB in one column beside the text")
    bitmap = None
    if not valid.all():
        bitmap = pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(valid), buffers)


def _sayable(path: str) -> str:
    """The path as UTF-8 can hold it: a local name may be any bytes."""
    return path if path.isascii() else path.encode("utf-8", "replace").decode()
