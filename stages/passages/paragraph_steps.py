"""The tasks of paragraph removal; ``paragraph_dedup`` says how they follow on each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from stages.barrier_files import ANSWERS, live_rows, task_plan, write_answers
from stages.passages.list_columns import changes, flat_lists, in_large_groups
from stages.passages.passage_files import Cut, Ranges, write_cuts
from stages.shuffle import open_ipc, read_shuffle, write_shuffle


def count_units(item: dict[str, Any]) -> dict[str, Any]:
    """How many units the live rows of a partition have."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    lengths, _ = flat_lists(partition.keys, ["hashes"])
    return {"records": int(lengths[live_rows(partition)].sum())}


def shuffle_units(item: dict[str, Any]) -> dict[str, Any]:
    """Send the hash of every unit of a partition's live rows to its bucket."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    lengths, (hashes,) = flat_lists(partition.keys, ["hashes"])
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
    first = changes(hashes)
    group = np.cumsum(first) - 1
    new_document = first | changes(nodes)
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
    lengths, (begins, ends) = flat_lists(plan.partitions[index].keys, ["begins", "ends"])
    place = (np.cumsum(lengths) - lengths)[rows] + unit
    hashes, documents, kept = (
        said.column(name).to_numpy() for name in ("hash", "documents", "kept")
    )
    if plan.settings["keep"] == "none":
        kept = None
    ranges = Ranges(rows, begins[place], ends[place], hashes, documents, kept)
    return write_cuts(plan, index, ranges, _whole_lines)


def _whole_lines(texts: pa.Array, ranges: Ranges, _: slice) -> tuple[Ranges, Cut]:
    """The units as they are, and with the line ends that go with them."""
    from stages.passages.cut_kernels import whole_lines

    cut = [np.empty(len(ranges.rows), np.int64) for _ in Cut._fields]
    units = (ranges.rows, ranges.begins, ranges.ends)
    count = whole_lines(*text_buffers(texts), *units, *cut)
    return ranges, Cut(*(values[:count] for values in cut))
