"""Within what documents are compared: all together, those of a language, or those of a source."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import UNKNOWN_LANGUAGE

Scope = Literal["language", "source", "all"]


def scope_hashes(batch: pa.RecordBatch, scope: Scope) -> np.ndarray:
    """What to mix into the keys of documents so that those of two scopes never meet.

    Args:
        batch: with ``lang`` or ``source``; a missing column or a null is one scope of its own.
        scope: see above.

    Returns:
        uint64 [rows]: XXH3 of the language or the source; 0 for all documents together.
    """
    from xxhash import xxh3_64_intdigest

    column = {"language": "lang", "source": "source", "all": ""}[scope]
    if column not in batch.schema.names:
        return np.zeros(batch.num_rows, np.uint64)
    names = pc.fill_null(pc.cast(batch.column(column), pa.string()), UNKNOWN_LANGUAGE)
    names = names.dictionary_encode()
    hashes = [
        xxh3_64_intdigest(f"{scope}:{name}".encode()) for name in names.dictionary.to_pylist()
    ]
    of_row = names.indices.to_numpy(zero_copy_only=False)
    return np.array(hashes, np.uint64)[of_row] if hashes else np.zeros(0, np.uint64)
