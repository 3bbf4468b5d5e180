"""The documents pass: what was kept and what was dropped, as people keep it.

One task per partition reads the last map pass's output with what the barriers said, and writes
``documents/part-*.parquet`` (kept) and ``removed/<stage>/part-*.parquet`` (dropped, the same
columns and why). The counts it returns are the run's funnel.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats import storage
from formats.documents import UNKNOWN_LANGUAGE, DocumentsWriter
from pipeline import progress
from pipeline.annotated import Annotation, annotated_batches
from pipeline.audit import Audit
from pipeline.mixed_languages import MixedLanguages
from stages.base import DROP_REASON, DROP_STAGE


@dataclass(frozen=True)
class DocumentsItem:
    """What one documents task does."""

    partition: str
    """Arrow IPC file of the last map pass, or of parallel documents."""
    annotations: tuple[Annotation, ...]
    kept: str
    removed: dict[str, str]
    """Stage -> path of the rows it dropped."""


def write_partition(item: DocumentsItem) -> dict[str, Any]:
    """Split one partition into kept and removed; see the module's docstring.

    Returns:
        ``counts``: a list of {source, lang, stage, rule, documents, text_bytes}, ``stage`` and
        ``rule`` null for kept rows; ``kept``: path of the kept rows' file, or null; ``repairs``:
        what was cut out of texts, as ``pipeline.audit.Audit`` has it; ``mixed``: documents in
        several languages, as ``pipeline.mixed_languages`` has them.
    """
    counts: dict[tuple[str | None, ...], np.ndarray] = defaultdict(lambda: np.zeros(2, np.int64))
    audit, mixed = Audit(), MixedLanguages()
    with ExitStack() as outputs:
        writers: dict[str, DocumentsWriter] = {}
        for batch in annotated_batches(item.partition, item.annotations, audit):
            _count(batch, counts)
            mixed.count(batch)
            for path, rows in _split(batch, item):
                if path not in writers:
                    writers[path] = outputs.enter_context(DocumentsWriter(path))
                writers[path].write(rows)
            progress.report(batch.num_rows, batch.column("text").nbytes)
    # Another recipe may have left files of this partition where this one has no rows.
    for path in {item.kept, *item.removed.values()} - writers.keys():
        storage.remove(path)
    names = ("source", "lang", "stage", "rule", "documents", "text_bytes")
    ordered = sorted(counts.items(), key=lambda entry: [part or "" for part in entry[0]])
    return {
        "counts": [dict(zip(names, (*key, *map(int, n)), strict=True)) for key, n in ordered],
        "kept": item.kept if item.kept in writers else None,
        "repairs": audit.as_json(),
        "mixed": mixed.as_json(),
    }


def _split(batch: pa.RecordBatch, item: DocumentsItem) -> list[tuple[str, pa.RecordBatch]]:
    if DROP_STAGE not in batch.schema.names:
        return [(item.kept, batch)] if batch.num_rows else []
    stage = batch.column(DROP_STAGE)
    parts = [(item.kept, batch.filter(pc.is_null(stage)).drop_columns([DROP_STAGE, DROP_REASON]))]
    for name in sorted(pc.unique(stage.drop_null()).to_pylist()):
        rows = batch.filter(pc.fill_null(pc.equal(stage, name), False))
        parts.append((item.removed[name], rows))
    return [(path, rows) for path, rows in parts if rows.num_rows]


def _count(batch: pa.RecordBatch, counts: dict[tuple[str | None, ...], np.ndarray]) -> None:
    nothing = pa.nulls(batch.num_rows, pa.string())
    dropped = DROP_STAGE in batch.schema.names
    table = pa.table(
        {
            "source": batch.column("source"),
            "lang": pc.coalesce(batch.column("lang"), pa.scalar(UNKNOWN_LANGUAGE)),
            "stage": batch.column(DROP_STAGE) if dropped else nothing,
            "rule": _rule(batch.column(DROP_REASON)) if dropped else nothing,
            "bytes": pc.binary_length(batch.column("text")),
        }
    )
    keys = ["source", "lang", "stage", "rule"]
    grouped = table.group_by(keys, use_threads=False).aggregate(
        [("bytes", "count"), ("bytes", "sum")]
    )
    for row in grouped.to_pylist():
        counts[tuple(row[key] for key in keys)] += (row["bytes_count"], row["bytes_sum"] or 0)


def _rule(reasons: pa.Array) -> pa.Array:
    """The rule of ``"rule: value vs threshold"``."""
    return pc.list_element(pc.split_pattern(reasons, ":", max_splits=1), 0)
