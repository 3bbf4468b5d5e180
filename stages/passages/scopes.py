"""Among which documents copies are looked for."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from formats.documents import UNKNOWN_LANGUAGE

Scope = Literal["language", "domain", "source", "all"]
SCOPE_DESCRIPTION = (
    "Documents among which copies are looked for: those of one language, of one host (documents "
    "without a URL then take no part), of one source, or all."
)


def scope_hashes(batch: pa.RecordBatch, scope: str) -> tuple[np.ndarray, np.ndarray]:
    """A number for the scope of each row, and which rows have one.

    Returns:
        uint64 [rows]; bool [rows].
    """
    rows = batch.num_rows
    everywhere = np.ones(rows, np.bool_)
    if scope == "all":
        return np.zeros(rows, np.uint64), everywhere
    if scope == "domain":
        from stages.passages.scope_kernels import hash_hosts

        hashes = np.empty(rows, np.uint64)
        hash_hosts(*text_buffers(pc.fill_null(batch.column("url"), "")), hashes)
        return hashes, hashes != 0
    names = batch.column("source")
    if scope == "language":
        names = pc.coalesce(batch.column("lang"), batch.column("declared_lang"), UNKNOWN_LANGUAGE)
    return _text_hashes(names), everywhere


def _text_hashes(names: pa.Array) -> np.ndarray:
    """uint64 [rows]: a hash of each of a few different names."""
    import xxhash

    encoded = names.dictionary_encode()
    values = [xxhash.xxh3_64_intdigest(name.encode()) for name in encoded.dictionary.to_pylist()]
    return np.array(values, np.uint64)[encoded.indices.to_numpy(zero_copy_only=False)]
