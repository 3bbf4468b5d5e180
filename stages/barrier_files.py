"""What the deduplication barriers share: their plan on disk, rows by number, answers by partition.

Every row of the corpus has a *node*: its partition's first node plus its row. Nodes are only names
inside one run of a barrier; nothing that is decided depends on them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.storage import atomic_path, file_size, filesystem, open_input
from stages.base import DROP_REASON, Engine, Partition
from stages.shuffle import ipc_writer, open_ipc, read_shuffle, write_shuffle

ANSWERS = "answers"

LEAST_BUCKET_BYTES, MOST_BUCKET_BYTES = 8 << 20, 256 << 20
"""Of a shuffle's bucket; a task that sorts one takes about five times as much."""


@dataclass(frozen=True)
class Plan:
    """What every task of a barrier knows: written once by the driver, read by the tasks."""

    folder: str
    partitions: tuple[Partition, ...]
    settings: dict[str, Any]

    def save(self) -> None:
        """Write ``plan.json``; the same input gives the same bytes."""
        files, _ = filesystem(self.folder)
        with atomic_path(f"{self.folder}/plan.json") as temporary:
            files.pipe_file(filesystem(temporary)[1], json.dumps(asdict(self)).encode())

    @staticmethod
    def load(folder: str) -> Plan:
        """Read the plan of a barrier's folder."""
        with open_input(f"{folder}/plan.json") as stream:
            plan = json.loads(stream.read())
        partitions = tuple(
            Partition(**part | {"annotations": tuple(part["annotations"])})
            for part in plan["partitions"]
        )
        return Plan(folder, partitions, plan["settings"])

    def path(self, step: str, index: int) -> str:
        """Where a step writes the file of one of its items."""
        return f"{self.folder}/{step}/part-{index:05d}.arrow"

    def paths(self, step: str, count: int) -> list[str]:
        """All files of a step."""
        return [self.path(step, index) for index in range(count)]

    def items(self, count: int) -> list[dict[str, Any]]:
        """The items of a step with ``count`` tasks."""
        return [{"folder": self.folder, "index": index} for index in range(count)]

    def total_rows(self) -> int:
        """Rows of all partitions, dropped ones included."""
        return sum(part.rows for part in self.partitions)

    def first_nodes(self) -> np.ndarray:
        """int64 [partitions + 1]: the node of each partition's first row; the end."""
        return np.cumsum([0, *(part.rows for part in self.partitions)], dtype=np.int64)


def bucket_bytes(partitions: Sequence[Partition]) -> int:
    """Bytes of a bucket of a shuffle: those of a partition on disk, within limits.

    So a task holds about as much of a shuffle as of a partition, and partitions chosen larger for
    a larger corpus keep the ranges that are read, partitions x buckets, from growing as its square.
    """
    sizes = [file_size(part.documents) or 0 for part in partitions]
    return min(max(max(sizes, default=0), LEAST_BUCKET_BYTES), MOST_BUCKET_BYTES)


def task_plan(item: dict[str, Any]) -> tuple[Plan, int]:
    """The plan of a task and its index."""
    return Plan.load(item["folder"]), item["index"]


def live_rows(partition: Partition) -> np.ndarray:
    """Which rows (bool [rows]) neither a stage nor an earlier barrier has dropped."""
    reader = open_ipc(partition.keys)
    parts = [_flags(reader.get_batch(i)) for i in range(reader.num_record_batches)]
    live = np.concatenate([np.zeros(0, np.bool_), *parts])
    if len(live) != partition.rows:
        raise ValueError(f"{partition.keys}: {len(live)} keys for {partition.rows} rows")
    for path in partition.annotations:
        said = open_ipc(path).read_all()
        dropped = said.filter(pc.is_valid(said.column(DROP_REASON)))
        live[dropped.column("row").to_numpy()] = False
    return live


def gather(plan: Plan, nodes: np.ndarray, columns: Sequence[str]) -> pa.Table:
    """Columns of the barrier's keys for some rows of the whole corpus.

    Local key files are memory-mapped: only the pages that hold the rows are read.

    Args:
        plan: names the key files.
        nodes: int64 [n], ascending, no node twice.
        columns: which columns.

    Returns:
        [n] rows in the order of the nodes.
    """
    first = plan.first_nodes()
    borders = np.searchsorted(nodes, first)
    parts = []
    for i, partition in enumerate(plan.partitions):
        rows = nodes[borders[i] : borders[i + 1]] - first[i]
        if len(rows):
            parts.extend(_take(partition.keys, rows, columns))
    if not parts:
        parts = _take(plan.partitions[0].keys, nodes, columns)
    return pa.Table.from_batches(parts)


def fixed_lists(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """A column of fixed-size lists as a matrix [rows, list size]."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    return array.flatten().to_numpy().reshape(len(array), array.type.list_size)


def write_table(path: str, table: pa.Table) -> None:
    """One table as an Arrow IPC file with at most one record batch."""
    with atomic_path(path) as temporary, ipc_writer(temporary, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def write_answers(
    plan: Plan, index: int, nodes: np.ndarray, table: pa.Table, step: str = ANSWERS
) -> None:
    """Send rows of an answer, or of a question, to the partitions they are about.

    Args:
        plan: names the partitions.
        index: of the task that answers.
        nodes: int64 [rows], the row of the corpus each answer is about.
        table: what is said of each.
        step: whose files are written.
    """
    first = plan.first_nodes()
    partition = np.searchsorted(first, nodes, side="right") - 1
    count = len(plan.partitions)
    table = table.add_column(0, "row", pa.array(nodes - first[partition], pa.int64()))
    write_shuffle(plan.path(step, index), table, keys_of_buckets(count)[partition], count)


def keys_of_buckets(count: int) -> np.ndarray:
    """uint64 [count]: the smallest shuffle key that falls into each of so many buckets."""
    return np.array([-(-(i << 64) // count) for i in range(count)], np.uint64)


def write_annotations(plan: Plan, engine: Engine, tasks: int, schema: pa.Schema) -> list[str]:
    """Turn the answers of all tasks into one annotation file per partition, rows ascending."""
    count = len(plan.partitions)
    if tasks == 0:
        empty = schema.insert(0, pa.field("row", pa.int64())).empty_table()
        write_shuffle(plan.path(ANSWERS, 0), empty, np.zeros(0, np.uint64), count)
        tasks = 1
    items = [item | {"tasks": tasks} for item in plan.items(count)]
    engine.map("annotations", _annotate, items)
    return plan.paths("annotations", count)


def _annotate(item: dict[str, Any]) -> dict[str, Any]:
    """Collect what all tasks said of one partition."""
    plan, index = task_plan(item)
    said = read_shuffle(plan.paths(ANSWERS, item["tasks"]), index).sort_by("row")
    field = pa.field("row", pa.int64(), nullable=False)
    said = said.cast(said.schema.set(said.schema.get_field_index("row"), field))
    write_table(plan.path("annotations", index), said)
    return {"rows": said.num_rows}


def _flags(batch: pa.RecordBatch) -> np.ndarray:
    """The column ``alive`` of a batch of keys."""
    return batch.column("alive").to_numpy(zero_copy_only=False).astype(np.bool_)


def _take(path: str, rows: np.ndarray, columns: Sequence[str]) -> list[pa.RecordBatch]:
    """Some rows of an IPC file of many batches; at least one batch, for its schema."""
    reader = open_ipc(path)
    taken, start = [], 0
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i).select(columns)
        begin, end = np.searchsorted(rows, (start, start + batch.num_rows))
        if begin < end:
            taken.append(batch.take(pa.array(rows[begin:end] - start)))
        start += batch.num_rows
    if not taken:
        schema = pa.schema([reader.schema.field(name) for name in columns])
        taken.append(pa.RecordBatch.from_pylist([], schema))
    return taken
