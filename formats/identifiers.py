"""Document ids: unique, stable, never random.

An id is 32 hexadecimal digits made of the file's key (source name and path relative to the
source's root) and the position in the file. The corpus may move and the run may be split over any
number of workers: the ids stay. The first 16 digits are the document's number, the uint64 that
token shards carry; the last 16 make the id unique where two numbers of 10^10 documents meet.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers


def file_key(source: str, relative_path: str) -> int:
    """The 64-bit key of a file: xxh3_64 of the source's name, a NUL and the relative path."""
    import xxhash

    return xxhash.xxh3_64_intdigest(f"{source}\0{relative_path}".encode("utf-8", "surrogateescape"))


def document_ids(file_key: int, positions: np.ndarray) -> pa.Array:
    """The ids of the documents at these positions of a file.

    Args:
        file_key: the file's key.
        positions: int64 [rows], line or row numbers.

    Returns:
        string [rows], 32 lowercase hexadecimal digits each.
    """
    from formats.identifiers_kernels import write_ids

    rows = len(positions)
    digits = np.empty(rows * 32, np.uint8)
    signed_key = file_key - (1 << 64) if file_key >= 1 << 63 else file_key
    write_ids(signed_key, np.ascontiguousarray(positions, np.int64), digits)
    offsets = np.arange(0, (rows + 1) * 32, 32, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(digits)]
    return pa.Array.from_buffers(pa.string(), rows, buffers)


def document_numbers(ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The numbers that ids begin with.

    Returns:
        uint64 [rows]; never 2^64 - 1.

    Raises:
        ValueError: a text does not begin with 16 lowercase hexadecimal digits.
    """
    from formats.identifiers_kernels import parse_numbers

    data, offsets = text_buffers(ids)
    numbers = np.empty(len(offsets) - 1, np.uint64)
    bad_row = parse_numbers(data, np.ascontiguousarray(offsets), numbers)
    if bad_row >= 0:
        raise ValueError(
            f"row {bad_row}: {ids[bad_row].as_py()!r} is no document id "
            "(32 lowercase hexadecimal digits)"
        )
    return numbers
