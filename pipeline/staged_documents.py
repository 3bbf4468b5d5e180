"""Documents that went through a recipe's stages outside of a run, to be learned from.

``calibrate`` and ``train-quality`` choose, prepare and count documents alike: by a key that does
not depend on the order of reading, as the stages before them leave the text, by language.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import UNKNOWN_LANGUAGE, document_numbers
from pipeline.map_pass import apply_guarded
from stages.base import MapStage, mark_dropped
from stages.quality.rules import language_key


def through_stages(batch: pa.RecordBatch, stages: Sequence[MapStage]) -> pa.RecordBatch:
    """The batch as the stages leave it; what they drop stays."""
    batch = mark_dropped(batch, "", pa.nulls(batch.num_rows, pa.string()))
    for stage in stages:
        batch = apply_guarded(stage, batch)
    return batch


def languages_of(batch: pa.RecordBatch) -> pa.Array:
    """The key of each document's language, found or declared: string [rows]."""
    lang = pc.coalesce(
        batch.column("lang"), batch.column("declared_lang"), pa.scalar(UNKNOWN_LANGUAGE)
    ).dictionary_encode()
    names = pa.array([language_key(name) for name in lang.dictionary.to_pylist()], pa.string())
    return names.take(lang.indices)


def document_keys(batch: pa.RecordBatch, seed: int) -> np.ndarray:
    """One number per document that its id and the seed decide: uint64 [rows] (splitmix64)."""
    with np.errstate(over="ignore"):
        key = document_numbers(batch.column("id")) + np.uint64(
            (seed + 1) * 0x9E3779B97F4A7C15 % 2**64
        )
        key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(key ^ (key >> np.uint64(31)), np.uint64)
