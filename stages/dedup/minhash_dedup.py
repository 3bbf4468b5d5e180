"""Near-duplicates: documents that share most of their word 5-grams, one of which stays.

    map pass     text -> signature                      one kernel, one pass over the bytes
    bands        signature -> band keys                 one file per partition, sorted by key
    candidates   equal keys -> verified pairs           one task per range of keys
    components   pairs -> connected components          one task, 24 bytes a pair
    survivors    component -> who stays for whom        one task per batch of components
    annotations  answers -> one file per partition

Every pair is verified on the raw bins, and a document is removed only for one that stays and that
it is itself similar to, never through a chain. What is decided rests on signatures, quality,
length and ids; order, partitions and workers do not enter.

What "verified" is worth: an estimate from 128 bins has a standard deviation of 0.035 at 0.8. On
three sets of real page histories 95-98 % of the removed documents that were not identical had a
true similarity of at least 0.8, the lowest 0.725; with 256 bins 97-99 % and 0.765. In a dense
template, where a document meets dozens of kept ones at 0.75, one of them will look like 0.8: more
bins are the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from formats.buffers import text_buffers
from stages.barrier_files import Plan, write_annotations
from stages.base import BarrierStage, Engine, Partition, alive
from stages.dedup.minhash import Bands, choose_bands, signatures
from stages.shuffle import bucket_count

BAND_RECORDS_PER_BUCKET = 1 << 19
"""A reduce task may need the signature of each: 256 bytes, so 128 MB."""


class MinHashDedup(BarrierStage):
    """Keep one document of those that are nearly the same.

    Adds, on every document of a cluster of two or more: ``cluster_id``, the id of the document
    kept; ``cluster_size``, documents in the cluster, the kept one included; and on removed ones
    ``duplicate_of``, again the id of the document kept.
    """

    name: ClassVar[str] = "minhash_dedup"
    key_fields: ClassVar[tuple[str, ...] | None] = ("ngram", "bins")

    threshold: float = Field(
        0.8, gt=0, le=1, description="Jaccard similarity of token n-grams from which one goes."
    )
    ngram: int = Field(
        5,
        ge=1,
        le=64,
        description="Tokens in a shingle: words, or characters where words are not set apart.",
    )
    bins: int = Field(
        128, ge=16, le=4096, description="Bins of a signature, a power of two; 2 bytes each."
    )
    bands: int | None = Field(
        None, ge=1, description="Bands of a signature; with rows, or both left to be chosen."
    )
    rows: int | None = Field(None, ge=1, description="Bins in a band.")
    false_negative_rate: float = Field(
        0.02,
        gt=0,
        lt=1,
        description="Share of the pairs exactly at the threshold that the chosen bands may miss.",
    )
    verify: Literal["signature", "none"] = Field(
        "signature",
        description="Compare the signatures of candidates, or take a shared band for enough.",
    )
    keep: Literal["best_quality", "longest", "first"] = Field(
        "best_quality",
        description="Which one stays: the highest quality (else the longest), the longest, or the "
        "smallest id; ties go to the longest, then to the smallest id.",
    )

    @model_validator(mode="after")
    def _bands_fit(self) -> Self:
        if self.bins & (self.bins - 1):
            raise ValueError(f"bins is {self.bins}: it must be a power of two")
        if (self.bands is None) != (self.rows is None):
            raise ValueError("bands and rows: give both, or neither")
        cut = self.cut()
        if cut.bands * cut.rows > self.bins:
            needed = cut.bands * cut.rows
            raise ValueError(f"bands x rows is {needed}: more than the {self.bins} bins")
        return self

    def cut(self) -> Bands:
        """The bands as given, or chosen for the threshold."""
        if self.bands is None or self.rows is None:
            return choose_bands(self.bins, self.threshold, self.false_negative_rate)
        return Bands(self.bands, self.rows)

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What the barrier knows of each row, about 330 bytes.

        Columns: ``id``; ``alive``; ``bins``: fixed_size_list<uint16>[bins], raw, 0 where a bin is
        empty (all of them: no token, or dropped before); ``tokens``; ``token_hash``: of the whole
        stream of tokens; ``length``: bytes of text; ``quality``: float32, null where unknown.
        """
        live = alive(batch)
        values, tokens, hashes = signatures(batch.column("text"), live, self.ngram, self.bins)
        _, offsets = text_buffers(batch.column("text"))
        quality = pa.nulls(batch.num_rows, pa.float32())
        if "quality" in batch.schema.names:
            quality = pc.cast(batch.column("quality"), pa.float32(), safe=False)
        return pa.record_batch(
            {
                "id": batch.column("id"),
                "alive": pa.array(live),
                "bins": pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), self.bins),
                "tokens": pa.array(tokens),
                "token_hash": pa.array(hashes),
                "length": pa.array(np.diff(offsets)),
                "quality": quality,
            }
        )

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write the columns of ``minhash_steps.ANSWER_SCHEMA`` for every row in a cluster."""
        from stages.dedup import minhash_steps

        if not partitions:
            return []
        cut = self.cut()
        settings = self.model_dump() | {"bands": cut.bands, "rows": cut.rows}
        plan = Plan(folder, tuple(partitions), settings)
        buckets = bucket_count(plan.total_rows() * cut.bands, BAND_RECORDS_PER_BUCKET)
        plan = Plan(folder, tuple(partitions), settings | {"buckets": buckets})
        plan.save()
        engine.map("bands", minhash_steps.shuffle_bands, plan.items(len(partitions)))
        engine.map("candidates", minhash_steps.find_pairs, plan.items(buckets))
        (found,) = engine.map("components", minhash_steps.find_components, plan.items(1))
        engine.map("survivors", minhash_steps.find_survivors, plan.items(found["batches"]))
        return write_annotations(plan, engine, found["batches"], minhash_steps.ANSWER_SCHEMA)
