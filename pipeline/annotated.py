"""A map pass's output with what the barriers after it said of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from pipeline.audit import Audit
from stages.base import CUT_BEGINS, CUT_ENDS, DROP_REASON, mark_dropped, set_column

CUT = "cut"
"""The kind of repair that taking a passage out of a text is counted as."""

Annotation = tuple[str, str]
"""Name of the barrier, path of its annotation file for the partition."""


def annotated_batches(
    documents: str, annotations: Sequence[Annotation], audit: Audit | None = None
) -> Iterator[pa.RecordBatch]:
    """The partition's batches: rows marked, columns added and texts cut as the barriers said.

    Barriers speak in the order of the recipe; a row keeps the first reason it was dropped for.

    Args:
        documents: Arrow IPC file.
        annotations: of the barriers since it was written.
        audit: takes what was cut.
    """
    tables = [(stage, _read(path)) for stage, path in annotations]
    with pa.memory_map(documents) as file:
        reader = pa.ipc.open_file(file)
        start = 0
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            rows = batch.num_rows
            for stage, table in tables:
                batch = _annotate(batch, start, stage, table, audit)
            start += rows
            yield batch


def _read(path: str) -> pa.Table:
    with pa.memory_map(path) as file:
        return pa.ipc.open_file(file).read_all().combine_chunks()


def _annotate(
    batch: pa.RecordBatch, start: int, stage: str, table: pa.Table, audit: Audit | None
) -> pa.RecordBatch:
    rows = table.column("row").to_numpy()
    first, last = np.searchsorted(rows, [start, start + batch.num_rows])
    place = np.full(batch.num_rows, -1, np.int64)
    place[rows[first:last] - start] = np.arange(first, last)
    indices = pa.array(place, mask=place < 0)
    for name in table.column_names:
        if name in ("row", DROP_REASON, CUT_BEGINS, CUT_ENDS):
            continue
        said = table.column(name).combine_chunks().take(indices)
        batch = set_column(batch, name, _over(batch, name, said))
    if CUT_BEGINS in table.column_names and last > first:
        batch = _cut(batch, stage, table.select([CUT_BEGINS, CUT_ENDS]).take(indices), audit)
    return mark_dropped(batch, stage, table.column(DROP_REASON).combine_chunks().take(indices))


def _cut(
    batch: pa.RecordBatch, stage: str, ranges: pa.Table, audit: Audit | None
) -> pa.RecordBatch:
    """The batch without the passages, which are counted as a repair of the stage."""
    from stages.passages.cutting import cut_texts

    before = batch.column("text")
    text, times = cut_texts(before, *(column.combine_chunks() for column in ranges.columns))
    if not times.any():
        return batch
    place = batch.schema.get_field_index("text")
    batch = batch.set_column(place, batch.schema.field(place), text)
    if audit is not None:
        audit.sample(stage, {CUT: times}, before, batch)
        audit.count({stage: {CUT: times}}, batch)
    return batch


def _over(batch: pa.RecordBatch, name: str, said: pa.Array) -> pa.Array:
    """What is said now, and where nothing is, what stood there before."""
    if name not in batch.schema.names:
        return said
    import pyarrow.compute as pc

    return pc.coalesce(said, batch.column(name))
