"""The map pass: a document crosses read, normalise, language ID, quality and signatures once.

One task per partition. It streams batches of about 16 MB of text through the fused map stages and
writes, batch by batch, all rows (dropped ones marked) to one Arrow IPC file, and beside it, row
for row, the keys that the barriers after the pass need.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from formats import storage
from formats.documents import DOCUMENT_SCHEMA
from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file
from pipeline import progress
from pipeline.annotated import Annotation, annotated_batches
from pipeline.audit import Audit
from stages.base import BarrierStage, MapStage, Stage, mark_dropped

BATCH_BYTES = 16 << 20


@dataclass(frozen=True)
class MapItem:
    """What one map task does. Either ``files`` are read, or the ``previous`` pass's output."""

    stages: tuple[tuple[str, dict[str, Any]], ...]
    barriers: tuple[tuple[str, dict[str, Any]], ...]
    documents: str
    keys: dict[str, str]
    files: tuple[SourceFile, ...] = ()
    quarantine: str = ""
    on_error: Literal["quarantine", "fail"] = "quarantine"
    previous: str = ""
    annotations: tuple[Annotation, ...] = ()


@dataclass
class MapCounts:
    """What a map task counted."""

    rows: int = 0
    text_bytes: int = 0
    """As read, before any stage."""
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    audit: Audit = field(default_factory=Audit)
    empty_segments: list[str] = field(default_factory=list)
    """Files of which a segment was to be read in which nothing begins."""


def map_partition(item: MapItem) -> dict[str, Any]:
    """Run the fused stages over one partition; see the module's docstring."""
    maps = [stage for stage in _stages(item.stages) if isinstance(stage, MapStage)]
    barriers = _stages(item.barriers)
    counts = MapCounts()
    if item.quarantine:
        storage.remove(item.quarantine)  # of an earlier state of the input
    with Quarantine(item.quarantine, on_error=item.on_error) as quarantine, ExitStack() as outputs:
        writers: dict[str, BatchWriter] = {}
        for batch in _timed(_batches(item, quarantine, counts), counts):
            counts.rows += batch.num_rows
            text_bytes = batch.column("text").nbytes
            counts.text_bytes += text_bytes
            batch = _through(batch, maps, counts)
            keys = _keys(batch, barriers, counts)
            started = time.perf_counter()
            for path, part in [(item.documents, batch), *((item.keys[n], k) for n, k in keys)]:
                if path not in writers:
                    # Barriers fetch keys by row number, which compression would make slow.
                    compression = "lz4" if path == item.documents else None
                    writers[path] = outputs.enter_context(
                        BatchWriter(path, part.schema, compression)
                    )
                writers[path].write(part)
            counts.seconds["write"] += time.perf_counter() - started
            progress.report(batch.num_rows, text_bytes)
    return {
        "source": item.files[0].source if item.files else "",
        "rows": counts.rows,
        "text_bytes": counts.text_bytes,
        "seconds": {name: round(seconds, 4) for name, seconds in counts.seconds.items()},
        "quarantined": quarantine.counts(),
        "skipped": quarantine.skipped(),
        "repairs": counts.audit.as_json(),
        "empty_segments": counts.empty_segments,
    }


def _stages(settings: Iterable[tuple[str, dict[str, Any]]]) -> list[Stage]:
    from pipeline.recipe import as_stage

    return [as_stage(name, values) for name, values in settings]


def _batches(item: MapItem, quarantine: Quarantine, counts: MapCounts) -> Iterator[pa.RecordBatch]:
    """An empty batch, which fixes the schema of partitions without rows, then the rows."""
    if item.previous:
        yield from annotated_batches(item.previous, item.annotations, counts.audit)
        return
    yield _with_drop_columns(_empty_batch(item.files))
    for file in item.files:
        before = counts.rows, quarantine.total, quarantine.skipped()
        for batch in read_file(file, quarantine, BATCH_BYTES):
            yield _with_drop_columns(batch)
        if file.start and before == (counts.rows, quarantine.total, quarantine.skipped()):
            counts.empty_segments.append(file.path)


def _empty_batch(files: Sequence[SourceFile]) -> pa.RecordBatch:
    schema = DOCUMENT_SCHEMA
    if any(file.columns.get("quality") for file in files):
        schema = schema.append(pa.field("quality", pa.float32()))
    return pa.RecordBatch.from_pylist([], schema)


def _with_drop_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    return mark_dropped(batch, "", pa.nulls(batch.num_rows, pa.string()))


def _timed(batches: Iterator[pa.RecordBatch], counts: MapCounts) -> Iterator[pa.RecordBatch]:
    while True:
        started = time.perf_counter()
        batch = next(batches, None)
        counts.seconds["read"] += time.perf_counter() - started
        if batch is None:
            return
        yield batch


def _through(
    batch: pa.RecordBatch, stages: Sequence[MapStage], counts: MapCounts
) -> pa.RecordBatch:
    repairs = {}
    for stage in stages:
        started = time.perf_counter()
        before = batch.column("text")
        batch = apply_guarded(stage, batch)
        counts.seconds[stage.name] += time.perf_counter() - started
        repairs[stage.name] = stage.repairs(batch)
        counts.audit.sample(stage.name, repairs[stage.name], before, batch, stage.shows_before)
    counts.audit.count(repairs, batch)
    return batch


def apply_guarded(stage: MapStage, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The stage's work, with rows that break it dropped under the stage's name.

    A batch that raises is halved until the rows at fault stand alone; the others go on.
    """
    try:
        return stage.apply(batch)
    except Exception as error:  # any fault of one document must not stop a run of billions
        if batch.num_rows == 0:
            raise
        if batch.num_rows == 1:
            reason = f"error: {type(error).__name__}: {error}"
            failed = mark_dropped(batch, stage.name, [reason])
            return _align(failed, stage.apply(failed.slice(0, 0)).schema)
    half = batch.num_rows // 2
    parts = [apply_guarded(stage, batch.slice(0, half)), apply_guarded(stage, batch.slice(half))]
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]


def _keys(
    batch: pa.RecordBatch, barriers: Sequence[Stage], counts: MapCounts
) -> list[tuple[str, pa.RecordBatch]]:
    keys = []
    for barrier in barriers:
        assert isinstance(barrier, BarrierStage)
        started = time.perf_counter()
        part = barrier.keys(batch)
        counts.seconds[barrier.name] += time.perf_counter() - started
        if part is not None:
            keys.append((barrier.name, part))
    return keys


class BatchWriter:
    """Writes batches of one schema to an Arrow IPC file, atomically.

    A batch that lacks a column of the schema gets nulls there; one that has more loses nothing,
    because the schema is that of a batch that went through all stages.
    """

    def __init__(self, path: str, schema: pa.Schema, compression: str | None) -> None:
        """Open ``path`` for batches like ``schema``; ``compression``: lz4, zstd or None."""
        self._schema = schema
        self._stack = ExitStack()
        temporary = self._stack.enter_context(storage.atomic_path(path))
        files, inner = storage.filesystem(temporary)
        local = storage.is_local(path)
        sink = pa.OSFile(inner, "wb") if local else pa.PythonFile(files.open(inner, "wb"))
        self._stack.enter_context(sink)
        options = pa.ipc.IpcWriteOptions(compression=compression, use_threads=False)
        self._writer = self._stack.enter_context(pa.ipc.new_file(sink, schema, options=options))

    def __enter__(self) -> BatchWriter:
        """Write inside the block."""
        return self

    def __exit__(self, *error: Any) -> None:
        """Commit, or leave nothing."""
        self._stack.__exit__(*error)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append one batch."""
        self._writer.write_batch(_align(batch, self._schema))


def _align(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    if batch.schema.equals(schema):
        return batch
    unknown = set(batch.schema.names) - set(schema.names)
    if unknown:
        raise ValueError(f"columns {sorted(unknown)} were not in the partition's first batch")
    columns = [
        batch.column(f.name).cast(f.type)
        if f.name in batch.schema.names
        else pa.nulls(batch.num_rows, f.type)
        for f in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
