"""Exact duplicates: documents with the same text, or the same text but for its typography.

The map pass hashes every text to 128 bits (XXH3; at 10^10 documents the chance that any two
different ones collide is about 10^-19). The barrier shuffles the digests, so that equal ones
meet in one task; of each group the smallest id stays. Ids are unique and stable, so the answer is
the same however documents are ordered, partitioned or worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from formats.buffers import text_buffers
from stages.barrier_files import (
    Plan,
    live_rows,
    task_plan,
    write_annotations,
    write_answers,
)
from stages.base import DROP_REASON, BarrierStage, Engine, Partition, alive
from stages.shuffle import bucket_count, open_ipc, read_shuffle, write_shuffle

ROWS_PER_BUCKET = 1 << 20
"""About 60 bytes each: a reduce task holds some 150 MB."""

ANSWER_SCHEMA = pa.schema(
    [pa.field(DROP_REASON, pa.string()), pa.field("duplicate_of", pa.string())]
)


class ExactDedup(BarrierStage):
    """Keep one of the documents whose texts are equal.

    Adds ``duplicate_of``, the id of the document kept, on removed rows.
    """

    name: ClassVar[str] = "exact_dedup"

    by: Literal["text", "normalized_text"] = Field(
        "text",
        description="Compare the bytes of the text, or the text with case, white space, "
        "punctuation and the values of numbers folded away (for the comparison only).",
    )

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Columns ``digest_high``, ``digest_low`` (uint64), ``id`` and ``alive``."""
        live = alive(batch)
        texts = batch.column("text")
        data, offsets = folded_texts(texts) if self.by == "normalized_text" else text_buffers(texts)
        digests = text_digests(data, offsets, live)
        if self.by == "normalized_text":
            wordless = live & (np.diff(offsets) == 0)
            digests[wordless] = text_digests(*text_buffers(texts), wordless)[wordless]
        return pa.record_batch(
            {
                "digest_high": pa.array(np.ascontiguousarray(digests[:, 0])),
                "digest_low": pa.array(np.ascontiguousarray(digests[:, 1])),
                "id": batch.column("id"),
                "alive": pa.array(live),
            }
        )

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write ``row``, ``drop_reason``, ``duplicate_of`` of every removed row."""
        plan = Plan(folder, tuple(partitions), self.model_dump())
        if not partitions:
            return []
        plan.save()
        engine.map("digests", _shuffle_digests, plan.items(len(partitions)))
        buckets = bucket_count(plan.total_rows(), ROWS_PER_BUCKET)
        engine.map("duplicates", _find_duplicates, plan.items(buckets))
        return write_annotations(plan, engine, buckets, ANSWER_SCHEMA)


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


def _shuffle_digests(item: dict[str, Any]) -> dict[str, Any]:
    """Send every live row's digest to its bucket."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    live = live_rows(partition)
    nodes = np.flatnonzero(live) + plan.first_nodes()[index]
    table = open_ipc(partition.keys).read_all().drop_columns("alive").filter(pa.array(live))
    table = table.append_column("node", pa.array(nodes, pa.int64()))
    buckets = bucket_count(plan.total_rows(), ROWS_PER_BUCKET)
    write_shuffle(
        plan.path("digests", index), table, table.column("digest_high").to_numpy(), buckets
    )
    return {"rows": table.num_rows}


def _find_duplicates(item: dict[str, Any]) -> dict[str, Any]:
    """Group one bucket's equal digests; the smallest id of a group stays."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("digests", len(plan.partitions)), index)
    repeated = table.take(pa.array(_repeated(table)))
    repeated = repeated.sort_by(
        [(name, "ascending") for name in ("digest_high", "digest_low", "id", "node")]
    )
    same = _same_as_before(repeated)
    group = np.cumsum(~same) - 1
    heads = np.flatnonzero(~same)
    copies = np.bincount(group, minlength=0)[group][same]
    reasons = pc.binary_join_element_wise(
        "exact_duplicate: copies ", pc.cast(pa.array(copies), pa.string()), " vs 1", ""
    )
    survivors = repeated.column("id").take(pa.array(heads[group][same]))
    answer = pa.table({DROP_REASON: reasons, "duplicate_of": survivors}, schema=ANSWER_SCHEMA)
    write_answers(plan, index, repeated.column("node").to_numpy()[same], answer)
    return {"removed": int(same.sum()), "groups": len(heads)}


def _repeated(table: pa.Table) -> np.ndarray:
    """Rows whose digest occurs more than once, in no order that matters."""
    high, low = (table.column(name).to_numpy() for name in ("digest_high", "digest_low"))
    order = np.lexsort((low, high))
    equal = (high[order][1:] == high[order][:-1]) & (low[order][1:] == low[order][:-1])
    return order[np.append(equal, False) | np.append(False, equal)] if len(order) else order


def _same_as_before(table: pa.Table) -> np.ndarray:
    """True (bool [rows]) where the digest equals that of the row before."""
    high, low = (table.column(name).to_numpy() for name in ("digest_high", "digest_low"))
    same = np.zeros(len(high), np.bool_)
    same[1:] = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    return same
