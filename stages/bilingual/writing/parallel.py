"""What parallel documents are written from, and how they look as rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from formats.documents import DOCUMENT_SCHEMA, PARALLEL_SOURCE

PARALLEL_SCHEMA = DOCUMENT_SCHEMA.append(pa.field("form", pa.string()))
"""Documents, and the form that each is written in."""


@dataclass(frozen=True)
class Parallel:
    """The pairs of a part with all that is written of them."""

    judged: pa.Table
    """``PAIR_SCHEMA``."""
    numbers: np.ndarray
    """int64 [pairs]: the language pair."""
    sentences: pa.Table
    """``SENTENCE_TABLE``, with what was found among all of them."""
    texts: pa.ChunkedArray
    """large_string, documents."""
    left_rows: np.ndarray
    """int64 [pairs], of the texts."""
    right_rows: np.ndarray


def parallel_batch(
    ids: list[str], text: pa.Array, origin: pa.Array, members: tuple[str, str], keys: pa.Array,
    meta: pa.Array, form: str,
) -> pa.RecordBatch:  # fmt: skip
    """Documents as ``PARALLEL_SCHEMA``."""
    count = len(ids)
    columns = {
        "id": pa.array(ids, pa.string()),
        "text": text,
        "source": pa.array([PARALLEL_SOURCE] * count, pa.string()),
        "origin": origin,
        "lang": pa.array(["-".join(members)] * count, pa.string()),
        "lang_score": pa.nulls(count, pa.float32()),
        "pair_key": keys,
        "meta": meta,
        "form": pa.array([form] * count, pa.string()),
    }
    nothing = pa.nulls(count, pa.string())
    arrays = [columns.get(name, nothing) for name in PARALLEL_SCHEMA.names]
    return pa.RecordBatch.from_arrays(arrays, schema=PARALLEL_SCHEMA)
