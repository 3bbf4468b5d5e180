"""What a barrier that cuts passages writes of each partition: annotations, and the audit.

The audit, ``cut/<stage>/part-*.parquet`` in the run folder, has a row for every passage that was
found and cut, with its text; passages of documents that were dropped are not in it, because those
stand whole in ``removed/<stage>``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats import storage
from formats.buffers import text_buffers
from formats.documents import DocumentsWriter, read_documents
from formats.run_folder import RunFolder
from formats.units import format_bytes
from stages.barrier_files import Plan, write_table
from stages.base import ANNOTATION_SCHEMA, CUT_FIELDS, DROP_REASON, Partition
from stages.passages.cutting import copy_ranges
from stages.shuffle import open_ipc

PASSAGE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("begin", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
        pa.field("kept_in", pa.string()),
        pa.field("text", pa.large_string(), nullable=False),
    ]
)
"""``begin``, ``end``: bytes of the text as the stage got it. ``documents``: how many have the
passage. ``kept_in``: number (first 16 digits of the id) of the one that keeps it, or null."""

SCHEMA = pa.schema([*ANNOTATION_SCHEMA, *CUT_FIELDS])
COLUMNS = ("id", "text", "source", "lang")


class Cut(NamedTuple):
    """What exactly goes: passages that touch are one, rising and apart in each row."""

    rows: np.ndarray
    """int64 [ranges], rising."""
    begins: np.ndarray
    """int64 [ranges]: bytes from the text's first."""
    ends: np.ndarray
    """int64 [ranges]"""


class Ranges(NamedTuple):
    """Passages of a partition's texts that go."""

    rows: np.ndarray
    """int64 [ranges], rising."""
    begins: np.ndarray
    """int64 [ranges], rising in a row: bytes from the text's first."""
    ends: np.ndarray
    """int64 [ranges]"""
    hashes: np.ndarray
    """uint64 [ranges]"""
    documents: np.ndarray
    """int64 [ranges]: how many have the passage."""
    kept: np.ndarray | None
    """uint64 [ranges]: number of the document that keeps it; None: none does."""

    def at(self, wanted: np.ndarray | slice) -> Ranges:
        """Some of them."""
        return Ranges(*(None if values is None else values[wanted] for values in self))  # type: ignore[arg-type]


Trim = Callable[[pa.Array, Ranges, slice], tuple[Ranges, Cut]]
"""Texts, what was found in them, where that stands among the passages of the whole partition ->
what of it holds, and what exactly is cut."""


def write_cuts(plan: Plan, index: int, ranges: Ranges, trim: Trim) -> dict[str, Any]:
    """Write the annotations of a partition and what is cut from it.

    Args:
        plan: settings with ``min_characters_left``.
        index: of the partition.
        ranges: what goes.
        trim: says what of it goes indeed, and what exactly is cut for it.

    Returns:
        Counts for the record.
    """
    audit = _audit_path(plan, index)
    storage.remove(audit)  # of an earlier state of the input
    said = [SCHEMA.empty_table()]
    counts = {"documents": 0, "passages": 0, "bytes": 0, "dropped": 0}
    with ExitStack() as output:
        writer = None
        for first, batch in text_batches(plan.partitions[index], ranges.rows):
            places = slice(*np.searchsorted(ranges.rows, (first, first + batch.num_rows)))
            here = ranges.at(places)
            here, cut = trim(batch.column("text"), here._replace(rows=here.rows - first), places)
            annotation = _annotation(batch.column("text"), cut, first, plan)
            stays = pc.is_null(annotation.column(DROP_REASON)).to_numpy()
            dropped = annotation.column("row").to_numpy()[~stays] - first
            here = here.at(~np.isin(here.rows, dropped))
            if len(here.rows):
                writer = writer or output.enter_context(DocumentsWriter(audit))
                writer.write(_passages(batch, here))
            counts["documents"] += int(stays.sum())
            counts["dropped"] += len(dropped)
            counts["passages"] += len(here.rows)
            counts["bytes"] += int((cut.ends - cut.begins)[~np.isin(cut.rows, dropped)].sum())
            said.append(annotation)
    write_table(plan.path("annotations", index), pa.concat_tables(said))
    return counts


def audit_files(folder: str) -> list[str]:
    """The audit of a barrier that has run, a file per partition that lost anything."""
    files, inner = storage.filesystem(f"{folder}/plan.json")
    if not files.exists(inner):
        return []
    plan = Plan.load(folder)
    paths = [_audit_path(plan, index) for index in range(len(plan.partitions))]
    return [path for path in paths if storage.file_size(path) is not None]


def cut_note(folder: str, stage: str) -> list[str]:
    """What a stage cut in a run, for people; nothing where it cut nothing.

    Args:
        folder: of the run.
        stage: its name.
    """
    place = f"{RunFolder(folder).cut_path}/{stage}"
    files, inner = storage.filesystem(place)
    if not files.isdir(inner):
        return []
    passages = size = 0
    for batch in read_documents(place, ("begin", "end")):
        begins, ends = (column.to_numpy() for column in batch.columns)
        passages += batch.num_rows
        size += int((ends - begins).sum())
    return [f"{stage}: {passages:,} passages of {format_bytes(size)} in all cut out of documents"]


def _audit_path(plan: Plan, index: int) -> str:
    return f"{plan.folder}/passages/part-{index:05d}.parquet"


def text_batches(partition: Partition, rows: np.ndarray) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The record batches that hold any of the rows; no other one is decompressed.

    Args:
        partition: whose documents and keys have the same batches.
        rows: int64 [n], rising.

    Yields:
        The number of the batch's first row; the batch with ``COLUMNS``.
    """
    keys, documents = open_ipc(partition.keys), open_ipc(partition.documents, COLUMNS)
    first = 0
    for i in range(keys.num_record_batches):
        last = first + keys.get_batch(i).num_rows
        begin, end = np.searchsorted(rows, (first, last))
        if begin < end:
            yield first, documents.get_batch(i)
        first = last


def _annotation(texts: pa.Array, cut: Cut, first: int, plan: Plan) -> pa.Table:
    """What is said of the rows of a batch that are cut.

    Args:
        texts: large_string [rows].
        cut: what exactly goes.
        first: number of the batch's first row.
        plan: settings with ``min_characters_left``.
    """
    from stages.passages.cut_kernels import characters_left

    limit = plan.settings["min_characters_left"]
    rows, counts = np.unique(cut.rows, return_counts=True)
    left = np.empty(len(rows), np.int64)
    characters_left(*text_buffers(texts), rows, *cut, left)
    short = left < limit
    reasons = pc.binary_join_element_wise(
        "characters_left: ", pc.cast(pa.array(left), pa.string()), f" vs {limit}", ""
    )
    stays = ~np.repeat(short, counts)
    borders = np.append(0, np.cumsum(np.where(short, 0, counts))).astype(np.int32)
    offsets = pa.array(borders, mask=np.append(short, False))
    lists = [pa.ListArray.from_arrays(offsets, pa.array(x[stays])) for x in (cut.begins, cut.ends)]
    columns = [pa.array(rows + first), pc.if_else(pa.array(short), reasons, None), *lists]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _passages(batch: pa.RecordBatch, ranges: Ranges) -> pa.RecordBatch:
    """What was cut from a batch, in ``PASSAGE_SCHEMA``."""
    rows = pa.array(ranges.rows)
    kept = pa.nulls(len(ranges.rows), pa.string())
    if ranges.kept is not None:
        numbers, place = np.unique(ranges.kept, return_inverse=True)
        kept = pa.array([f"{number:016x}" for number in numbers.tolist()]).take(pa.array(place))
    texts = copy_ranges(batch.column("text"), ranges.rows, ranges.begins, ranges.ends)
    places = (ranges.begins, ranges.ends, ranges.hashes, ranges.documents)
    columns = [
        *(batch.column(name).take(rows) for name in ("id", "source", "lang")),
        *(pa.array(values) for values in places),
        kept,
        texts,
    ]
    return pa.RecordBatch.from_arrays(columns, schema=PASSAGE_SCHEMA)
