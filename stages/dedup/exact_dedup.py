"""Exact duplicates: documents with one text, one text but for its typography, or one address.

The map pass hashes every key of a document to 128 bits (XXH3; at 10^10 documents the chance that
any two different keys collide is about 10^-19). The barrier shuffles the digests of all keys
together, so that equal ones meet in one task. Documents are then taken by their ids, the smallest
first: one goes where a *kept* document has one of its keys, and stays otherwise. So every removed
document names a kept one that it shares a key with, also where several keys chain documents
together. Ids are unique and stable: the answer is the same however documents are ordered,
partitioned or worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field, field_validator

from formats.buffers import text_buffers
from stages.barrier_files import Plan, write_annotations
from stages.base import BarrierStage, Engine, Partition, alive
from stages.dedup.scope import Scope, scope_hashes
from stages.shuffle import bucket_count

ROWS_PER_BUCKET = 1 << 20
"""About 60 bytes each: a reduce task holds some 150 MB."""

Key = Literal["text", "normalized_text", "url"]


def _as_tuple(value: Any) -> Any:
    """One key may be given without a list."""
    return (value,) if isinstance(value, str) else value


class ExactDedup(BarrierStage):
    """Keep one of the documents that share a key.

    Adds ``duplicate_of``, the id of the document kept, on removed rows. Reasons:
    ``exact_duplicate: copies 3 vs 1``, ``normalized_duplicate: …``, ``url_duplicate: …``; where
    several keys say that a document goes, the one named first in ``by`` is the reason.
    """

    name: ClassVar[str] = "exact_dedup"
    version: ClassVar[int] = 2

    by: Annotated[tuple[Key, ...], BeforeValidator(_as_tuple)] = Field(
        ("text",),
        min_length=1,
        description="Which keys make duplicates, one or more: the bytes of the text; the text with "
        "case, white space, punctuation and the values of numbers folded away (for the comparison "
        "only); the canonical URL (null is no key).",
    )
    scope: Scope = Field(
        "all", description="Compare all documents, or only those of one language or one source."
    )

    @field_validator("by")
    @classmethod
    def _each_once(cls, by: tuple[Key, ...]) -> tuple[Key, ...]:
        if len(set(by)) < len(by):
            raise ValueError(f"by names a key twice: {', '.join(by)}")
        return by

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Columns ``id``, ``alive``, and for each key ``<key>_high`` and ``<key>_low`` (uint64).

        The high half is null where a document does not have the key.
        """
        live = alive(batch)
        scope = scope_hashes(batch, self.scope)
        columns = {"id": batch.column("id"), "alive": pa.array(live)}
        for key in self.by:
            digests, present = _digests(batch, key, live)
            high = digests[:, 0] ^ scope
            columns[f"{key}_high"] = pa.array(high, mask=~present)
            columns[f"{key}_low"] = pa.array(np.ascontiguousarray(digests[:, 1]))
        return pa.record_batch(columns)

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write ``row``, ``drop_reason``, ``duplicate_of`` of every removed row."""
        from stages.dedup import exact_steps

        if not partitions:
            return []
        rows = sum(part.rows for part in partitions) * len(self.by)
        buckets = bucket_count(rows, ROWS_PER_BUCKET)
        plan = Plan(folder, tuple(partitions), self.model_dump(mode="json") | {"buckets": buckets})
        plan.save()
        engine.map("digests", exact_steps.shuffle_digests, plan.items(len(partitions)))
        if len(self.by) == 1:
            engine.map("duplicates", exact_steps.find_duplicates, plan.items(buckets))
        else:
            engine.map("repeated", exact_steps.find_repeated, plan.items(buckets))
            engine.map("components", exact_steps.join_components, plan.items(1))
            engine.map("regroup", exact_steps.shuffle_components, plan.items(buckets))
            engine.map("duplicates", exact_steps.decide_components, plan.items(buckets))
        return write_annotations(plan, engine, buckets, exact_steps.ANSWER_SCHEMA)


def _digests(batch: pa.RecordBatch, key: Key, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint64 [rows, 2] digests of one key; bool [rows], whether a document has it."""
    if key == "url":
        if "url" not in batch.schema.names:
            return np.zeros((batch.num_rows, 2), np.uint64), np.zeros(batch.num_rows, np.bool_)
        from stages.dedup.url_keys import canonical

        data, offsets = canonical(batch.column("url"))
        present = live & (np.diff(offsets) > 0)
        return text_digests(data, offsets, present) ^ KEY_SALTS[key], present
    texts = batch.column("text")
    if key == "text":
        return text_digests(*text_buffers(texts), live) ^ KEY_SALTS[key], live
    data, offsets = folded_texts(texts)
    digests = text_digests(data, offsets, live) ^ KEY_SALTS[key]
    wordless = live & (np.diff(offsets) == 0)
    digests[wordless] = text_digests(*text_buffers(texts), wordless)[wordless]
    return digests, live


KEY_SALTS = {
    "text": np.uint64(0),
    "normalized_text": np.uint64(0x9E3779B97F4A7C15),
    "url": np.uint64(0xD1342543DE82EF95),
}
"""Mixed into digests, so that an address never meets a text that reads like it."""


def text_digests(data: np.ndarray, offsets: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The XXH3 128-bit digests of texts: uint64 [texts, 2], high half first; 0 where not wanted."""
    from xxhash import xxh3_128_digest

    view = data.data
    borders = offsets.tolist()
    digests = b"".join(
        xxh3_128_digest(view[begin:end]) if use else bytes(16)
        for begin, end, use in zip(borders, borders[1:], wanted.tolist(), strict=False)
    )
    return np.frombuffer(digests, ">u8").reshape(-1, 2).astype(np.uint64)


def folded_texts(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Texts as folded words: ``"Page 12 — Ａbc!"`` is ``"page 0 abc"``.

    Returns:
        uint8 [bytes]; int64 [texts + 1] offsets.
    """
    from stages.dedup.fold_kernels import fold_texts
    from stages.dedup.folding import fold_table

    data, offsets = text_buffers(texts)
    size = int(offsets[-1] - offsets[0])
    out = np.empty(size + size // 2 + 8, np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    fold_texts(data, offsets, *fold_table(), out, out_offsets)
    return out, out_offsets
