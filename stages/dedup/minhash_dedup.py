"""Near-duplicates: documents that share most of their word 5-grams, one of which stays.

    map pass     text -> signature                      one kernel, one pass over the bytes
    collapse     equal streams of tokens -> one head    inside partitions, then over all
    bands        heads -> band keys                     one file per partition, sorted by key
    candidates   equal keys -> likely pairs             one task per range of keys
    stars        pairs -> connected components          rounds of tasks, one per group of documents
    components   components -> batches                  one task per group
    texts        texts of components, by component      where `verify: exact`
    survivors    component -> who stays for whom        one task per batch of components
    index        heads -> whom earlier runs kept        where `index:`; one task per range of keys
    annotations  answers -> one file per partition

``linkage: survivor``: a document is removed only for one that stays and that it is itself similar
to, never through a chain; with ``verify: exact`` the true Jaccard similarity of the two sets of
n-grams is at least the threshold, always. ``linkage: connected`` is the usual rule: of all that
verified pairs join, directly or not, one stays. What is decided rests on texts, quality, length,
date and ids; order, partitions and workers do not enter (but for ``keep: source_order``).

``index: PATH`` compares with what earlier runs kept, without their text, and adds what this one
keeps. A then B against A's index differs from A and B at once in this: what A kept stays, also
where B has a better copy; what is only like a document that A removed stays; and documents of A
count in no ``cluster_size`` of B. Entries are those there when the run first looks, but its own:
a run that is repeated, or killed and taken up again, meets the same ones. A document that a later
stage of the recipe drops is in the index all the same.

What ``verify: signature`` is worth: an estimate from 128 bins has a standard deviation of 0.035 at
0.8. On three sets of real page histories 95-98 % of the removed documents that were not identical
had a true similarity of at least 0.8, the lowest 0.725; with 256 bins 97-99 % and 0.765.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from formats.buffers import text_buffers
from stages.barrier_files import Plan, bucket_bytes
from stages.base import BarrierStage, Engine, Partition, alive
from stages.dedup.component_steps import nodes_per_batch
from stages.dedup.minhash import Bands, choose_bands, choose_bins, s_curve, signatures
from stages.dedup.ranking import Keep, dates
from stages.dedup.scope import Scope, scope_hashes
from stages.shuffle import bucket_count

BYTES_PER_BAND, BYTES_PER_DIGEST, BYTES_PER_PAIR = 16, 24, 16
"""Of a record in the shuffles of band keys, of digests and of pairs."""

Results = list[dict[str, Any]]


class MinHashDedup(BarrierStage):
    """Keep one document of those that are nearly the same.

    Adds, on every document of a cluster of two or more: ``cluster_id``, the id of the document
    kept; ``cluster_size``, documents in the cluster, the kept one included; and on removed ones
    ``duplicate_of``, again the id of the document kept.
    """

    name: ClassVar[str] = "minhash_dedup"
    version: ClassVar[int] = 2
    key_fields: ClassVar[tuple[str, ...] | None] = ("ngram", "bins", "scope", "date_fields")

    threshold: float = Field(
        0.8, gt=0, le=1, description="Jaccard similarity of token n-grams from which one goes."
    )
    ngram: int = Field(
        5,
        ge=1,
        le=64,
        description="Tokens in a shingle: words, or characters where words are not set apart.",
    )
    recall: float = Field(
        0.999,
        gt=0,
        lt=1,
        description="Share of the pairs at `threshold + recall_margin` that bands must find; bins, "
        "bands and rows follow from it where they are not given.",
    )
    recall_margin: float = Field(
        0.05, ge=0, lt=1, description="How far above the threshold that recall is promised."
    )
    bins: int | None = Field(
        None,
        ge=16,
        le=4096,
        description="Bins of a signature, a power of two, 2 bytes each; null: as many as the "
        "recall needs, 128 at least.",
    )
    bands: int | None = Field(
        None, ge=1, description="Bands of a signature; with rows, or both left to be chosen."
    )
    rows: int | None = Field(None, ge=1, description="Bins in a band.")
    verify: Literal["signature", "exact", "none"] = Field(
        "exact",
        description="How candidates are compared: by their signatures, by the true Jaccard of "
        "their sets of shingles (their texts are read again), or not at all.",
    )
    linkage: Literal["survivor", "connected"] = Field(
        "survivor",
        description="Who goes: what is itself similar to a document that stays, or all but one of "
        "what similar pairs join.",
    )
    keep: Keep = Field(
        "best_quality",
        description="Which one stays: the smallest id, the longest, the highest quality (else the "
        "longest), the newest, or the one read first (sources in the recipe's order). Ties go to "
        "the longest, then to the smallest id.",
    )
    date_fields: tuple[str, ...] = Field(
        ("date", "date_crawled", "timestamp"),
        description="Columns or fields of `meta` that say how new a document is, in ISO 8601; the "
        "first one there counts.",
    )
    scope: Scope = Field(
        "all", description="Compare all documents, or only those of one language or one source."
    )
    index: str | None = Field(
        None,
        description="Folder of what earlier runs kept: what is similar to it goes, and what this "
        "run keeps is added.",
    )
    index_name: str | None = Field(
        None,
        pattern=r"^[\w.-]+$",
        description="Name of this run in the index; a run of the same name is replaced. null: "
        "made of the ids and texts of the documents that come here.",
    )
    alarm_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Say so in the report when a source loses more than this share of its "
        "documents, or one cluster takes more than a tenth of this share of all.",
    )

    @model_validator(mode="after")
    def _bands_fit(self) -> Self:
        if (self.bands is None) != (self.rows is None):
            raise ValueError("bands and rows: give both, or neither")
        if self.bins is None:
            given = (self.bands or 0) * (self.rows or 0)
            needed = max(choose_bins(self._promised_at(), self.recall), given)
            # Settled here, once: what a signature is must not hang on how it is asked for.
            object.__setattr__(self, "bins", 1 << (needed - 1).bit_length())
        if self.width & (self.width - 1):
            raise ValueError(f"bins is {self.bins}: it must be a power of two")
        cut = self.cut()
        if cut.bands * cut.rows > self.width:
            needed = cut.bands * cut.rows
            raise ValueError(f"bands x rows is {needed}: more than the {self.bins} bins")
        return self

    @property
    def width(self) -> int:
        """Bins of a signature."""
        assert self.bins is not None
        return self.bins

    def _promised_at(self) -> float:
        return min(self.threshold + self.recall_margin, 1.0)

    def cut(self) -> Bands:
        """The bands as given, or chosen for the recall."""
        if self.bands is None or self.rows is None:
            return choose_bands(self.width, self._promised_at(), self.recall)
        return Bands(self.bands, self.rows)

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What the barrier knows of each row, about 350 bytes.

        Columns: ``id``; ``alive``; ``bins``: fixed_size_list<uint16>[bins], raw, 0 where a bin is
        empty (all of them: no token, or dropped before); ``tokens``; ``token_hash``: of the whole
        stream of tokens; ``length``: bytes of text; ``quality``: float32, null where unknown;
        ``date``: see ``ranking.dates``; ``scope``: uint64; ``source``.
        """
        live = alive(batch)
        values, tokens, hashes = signatures(batch.column("text"), live, self.ngram, self.width)
        _, offsets = text_buffers(batch.column("text"))
        quality = pa.nulls(batch.num_rows, pa.float32())
        if "quality" in batch.schema.names:
            quality = pc.cast(batch.column("quality"), pa.float32(), safe=False)
        source = pa.nulls(batch.num_rows, pa.string())
        if "source" in batch.schema.names:
            source = batch.column("source")
        return pa.record_batch(
            {
                "id": batch.column("id"),
                "alive": pa.array(live),
                "bins": pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), self.width),
                "tokens": pa.array(tokens),
                "token_hash": pa.array(hashes),
                "length": pa.array(np.diff(offsets)),
                "quality": quality,
                "date": dates(batch, self.date_fields),
                "scope": pa.array(scope_hashes(batch, self.scope)),
                "source": source,
            }
        )

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write the columns of ``answers.ANSWER_SCHEMA`` for every row in a cluster."""
        from stages.dedup import collapse_steps, minhash_steps, survivor_steps, telling_steps
        from stages.dedup.component_steps import batch_items

        if not partitions:
            return []
        plan = self._plan(partitions, folder)
        plan.save()
        parts = plan.items(len(partitions))
        settings = plan.settings
        engine.map("collapse", collapse_steps.collapse_partition, parts)
        keys = plan.items(settings["collapse_buckets"])
        copies = engine.map("copies", collapse_steps.join_copies, keys)
        engine.map("bands", minhash_steps.shuffle_bands, parts)
        buckets = plan.items(settings["buckets"])
        own = self._compare_with_index(plan, engine) if self.index else ""
        pairs = engine.map("candidates", minhash_steps.find_pairs, buckets)
        found = self._find_components(plan, engine, copies, pairs)
        batches = {"batches": [result["batches"] for result in found]}
        if self.verify == "exact" and sum(batches["batches"]):
            engine.map("texts", survivor_steps.send_texts, [item | batches for item in parts])
        engine.map("survivors", survivor_steps.find_survivors, batch_items(plan, **batches))
        said = engine.map("annotations", telling_steps.annotate, [item | batches for item in parts])
        if self.index:
            self._add_to_index(plan, engine, own)
        telling_steps.write_facts(plan, self._scheme(), pairs, found, said)
        return plan.paths("annotations", len(partitions))

    def _find_components(
        self, plan: Plan, engine: Engine, copies: Results, pairs: Results
    ) -> Results:
        """Join what is alike; of each group of documents, what ``find_components`` says."""
        from stages.dedup import component_steps, star_steps

        edges = sum(r["pairs"] for r in pairs) + sum(r["copies"] for r in copies)
        groups = bucket_count(edges, plan.settings["shuffle_bytes"] // BYTES_PER_PAIR)
        items = star_steps.find_stars(plan, engine, groups)
        engine.map("heads", star_steps.attach_heads, items)
        found = engine.map("components", component_steps.find_components, items)
        batches = {"batches": [result["batches"] for result in found]}
        if self.linkage == "connected" and sum(batches["batches"]):
            engine.map("spread_pairs", component_steps.spread_pairs, items)
            engine.map("edges", component_steps.sort_edges, [item | batches for item in items])
        return found

    def _compare_with_index(self, plan: Plan, engine: Engine) -> str:
        """Find what goes for documents of the index; returns the name of this run in it."""
        from stages.dedup import index_steps

        own = self.index_name
        parts = plan.items(len(plan.partitions))
        if own is None:
            sums = [result["sum"] for result in engine.map("identify", index_steps.identify, parts)]
            own = "".join(f"{sum(half) % 2**64:016x}" for half in zip(*sums, strict=True))
        (opened,) = engine.map("index", index_steps.open_index, [plan.items(1)[0] | {"own": own}])
        buckets = [item | opened for item in plan.items(plan.settings["buckets"])]
        engine.map("index_pairs", index_steps.find_indexed, buckets)
        engine.map("indexed", index_steps.match_indexed, [item | opened for item in parts])
        return own

    def _add_to_index(self, plan: Plan, engine: Engine, own: str) -> None:
        """Write what this run keeps to its entry; the last task makes it one."""
        from stages.dedup import index_steps

        ranges = index_steps.ranges_of(plan.total_rows(), self.cut().bands)
        said: dict[str, Any] = {"own": own, "ranges": ranges}
        begin, *_ = plan.items(1)
        engine.map("index_begin", index_steps.begin_entry, [begin | said])
        parts = [item | said for item in plan.items(len(plan.partitions))]
        rows = [r["documents"] for r in engine.map("index_parts", index_steps.write_part, parts)]
        said["rows"] = rows
        files = [item | said for item in plan.items(ranges)]
        engine.map("index_bands", index_steps.sort_bands, files)
        engine.map("index_commit", index_steps.commit_entry, [begin | said])

    def _plan(self, partitions: Sequence[Partition], folder: str) -> Plan:
        cut = self.cut()
        of_partitions = [part.rows for part in partitions]
        rows = sum(of_partitions)
        size = bucket_bytes(partitions)
        settings = self.model_dump(mode="json") | {
            "bands": cut.bands,
            "rows": cut.rows,
            "shuffle_bytes": size,
            "buckets": bucket_count(rows * cut.bands, size // BYTES_PER_BAND),
            "collapse_buckets": bucket_count(rows, size // BYTES_PER_DIGEST),
            "nodes_per_batch": nodes_per_batch(of_partitions),
        }
        return Plan(folder, tuple(partitions), settings)

    def _scheme(self) -> dict[str, Any]:
        """How candidates are found, for the summary."""
        cut = self.cut()
        return {
            "bins": self.bins,
            "bands": cut.bands,
            "rows": cut.rows,
            "recall": self.recall,
            "recall_at": round(self._promised_at(), 4),
            "s_curve": s_curve(*cut),
        }

    def facts(self, folder: str) -> dict[str, Any]:
        """The scheme with its S-curve, what was found, the largest clusters, and alarms."""
        from stages.dedup.telling_steps import read_facts

        return read_facts(folder)
