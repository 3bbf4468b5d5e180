"""Arrow columns as the flat NumPy arrays that kernels read, and back, without copying."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def text_buffers(column: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The bytes and the offsets of a ``large_string`` (or ``large_binary``) column.

    A null is an empty text. ``string`` columns are widened.

    Returns:
        data: uint8 [bytes], read-only; may hold bytes before the first offset.
        offsets: int64 [rows + 1]; text i is ``data[offsets[i]:offsets[i + 1]]``.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not (pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)):
        column = column.cast(pa.large_string())
    _, offset_buffer, data_buffer = column.buffers()
    if len(column) == 0 or offset_buffer is None:
        return np.zeros(0, np.uint8), np.zeros(len(column) + 1, np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64, len(column) + 1, column.offset * 8)
    if data_buffer is None or data_buffer.size == 0:
        return np.zeros(0, np.uint8), offsets
    return np.frombuffer(data_buffer, np.uint8), offsets


def text_column(data: np.ndarray, offsets: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """A ``large_string`` column over the given bytes and offsets, not copied.

    Args:
        data: uint8 [bytes], valid UTF-8 between the offsets (the caller vouches for it).
        offsets: int64 [rows + 1].
        valid: bool [rows], False where the value is null; None: no nulls.
    """
    rows = len(offsets) - 1
    bitmap = None
    if valid is not None and not valid.all():
        bitmap = pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), rows, buffers)
