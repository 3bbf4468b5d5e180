"""The tasks of paragraph removal; ``paragraph_dedup`` says how they follow on each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from stages.barrier_files import ANSWERS, live_rows, task_plan, write_answers
from stages.passages.cutting import flat, ranges_per_row
from stages.passages.passage_files import Cut, Ranges, write_cuts
from stages.shuffle import open_ipc, read_shuffle, write_shuffle


def count_units(item: dict[str, Any]) -> dict[str, Any]:
    """How many units the live rows of a partition have."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    lengths, _ = _units(partition.keys, [])
    return {"records": int(lengths[live_rows(partition)].sum())}


def shuffle_units(item: dict[str, Any]) -> dict[str, Any]:
    """Send the hash of every unit of a partition's live rows to its bucket."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    lengths, (hashes,) = _units(partition.keys, ["hashes"])
    numbers = open_ipc(partition.keys).read_all().column("number").to_numpy()
    rows = np.repeat(np.arange(len(lengths)), lengths)
    unit = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    live = live_rows(partition)[rows]
    rows, hashes = rows[live], hashes[live]
    table = pa.table(
        {
            "hash": hashes,
            "number": numbers[rows],
            "node": rows + plan.first_nodes()[index],
            "unit": unit[live].astype(np.int32),
        }
    )
    write_shuffle(plan.path("paragraphs", index), table, hashes, plan.settings["buckets"])
    return {"records": len(rows)}


def find_repeated(item: dict[str, Any]) -> dict[str, Any]:
    """Count one range of hashes; tell the partitions what goes."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("paragraphs", len(plan.partitions)), index)
    limit = plan.settings["max_documents"]
    columns = [table.column(name).to_numpy() for name in table.column_names]
    frequent = in_large_groups(columns[0], limit)
    hashes, numbers, nodes, unit = (column[frequent] for column in columns)
    order = np.lexsort((unit, nodes, numbers, hashes))
    hashes, numbers, nodes, unit = (x[order] for x in (hashes, numbers, nodes, unit))
    first = np.append(True, hashes[1:] != hashes[:-1])[: len(hashes)]
    group = np.cumsum(first) - 1
    new_document = first | np.append(True, nodes[1:] != nodes[:-1])[: len(hashes)]
    documents = np.bincount(group, new_document, int(first.sum())).astype(np.int64)
    goes = documents[group] > limit
    repeated = int((goes & first).sum())
    heads = np.flatnonzero(first)
    if plan.settings["keep"] == "first":
        goes &= ~first
    answer = pa.table(
        {
            "unit": unit[goes],
            "hash": hashes[goes],
            "documents": documents[group[goes]],
            "kept": numbers[heads[group[goes]]],
        }
    )
    write_answers(plan, index, nodes[goes], answer)
    return {"repeated": repeated, "copies_cut": int(goes.sum())}


def cut_units(item: dict[str, Any]) -> dict[str, Any]:
    """Turn what is said of a partition's units into byte ranges of its texts."""
    plan, index = task_plan(item)
    said = read_shuffle(plan.paths(ANSWERS, plan.settings["buckets"]), index)
    said = said.sort_by([("row", "ascending"), ("unit", "ascending")])
    rows, unit = said.column("row").to_numpy(), said.column("unit").to_numpy()
    lengths, (begins, ends) = _units(plan.partitions[index].keys, ["begins", "ends"])
    place = (np.cumsum(lengths) - lengths)[rows] + unit
    hashes, documents, kept = (
        said.column(name).to_numpy() for name in ("hash", "documents", "kept")
    )
    if plan.settings["keep"] == "none":
        kept = None
    ranges = Ranges(rows, begins[place], ends[place], hashes, documents, kept)
    return write_cuts(plan, index, ranges, _whole_lines)


def in_large_groups(keys: np.ndarray, limit: int) -> np.ndarray:
    """Which rows (bool [rows]) have a key that more than ``limit`` rows have.

    ``in_large_groups([5, 3, 5, 7], 1)`` is true at 0 and 2.
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    sizes = np.diff(np.append(begins, len(ordered)))
    large = np.empty(len(keys), np.bool_)
    large[order] = np.repeat(sizes > limit, sizes)
    return large


def _whole_lines(texts: pa.Array, rows: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> Cut:
    """Ranges of units with the line ends that go with them."""
    from stages.passages.cut_kernels import whole_lines

    cut = [np.empty(len(rows), np.int64) for _ in Cut._fields]
    count = whole_lines(*text_buffers(texts), rows, begins, ends, *cut)
    return Cut(*(values[:count] for values in cut))


def _units(keys: str, columns: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
    """How many units each row of a partition has (int64 [rows]); columns of all its units."""
    reader = open_ipc(keys)
    batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    lengths = [np.zeros(0, np.int64), *(ranges_per_row(b.column("hashes")) for b in batches)]
    values = []
    for name in columns:
        empty = np.zeros(0, np.uint64 if name == "hashes" else np.int64)
        values.append(np.concatenate([empty, *(flat(b.column(name)) for b in batches)]))
    return np.concatenate(lengths), values
