"""The tasks of exact duplicate removal; ``exact_dedup`` says how they follow on each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.barrier_files import Plan, live_rows, task_plan, write_answers, write_table
from stages.base import DROP_REASON
from stages.dedup.claim_kernels import claim_keys
from stages.dedup.union_find_kernels import join_pairs, resolve
from stages.shuffle import open_ipc, read_shuffle, write_shuffle

ANSWER_SCHEMA = pa.schema(
    [pa.field(DROP_REASON, pa.string()), pa.field("duplicate_of", pa.string())]
)
RULES = {
    "text": "exact_duplicate",
    "normalized_text": "normalized_duplicate",
    "url": "url_duplicate",
}


def shuffle_digests(item: dict[str, Any]) -> dict[str, Any]:
    """Send the digests of every live row to their buckets."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    live = live_rows(partition)
    table = open_ipc(partition.keys).read_all()
    nodes = np.arange(len(live)) + plan.first_nodes()[index]
    parts = []
    for number, key in enumerate(plan.settings["by"]):
        high = table.column(f"{key}_high")
        rows = np.flatnonzero(live & pc.is_valid(high).to_numpy(zero_copy_only=False))
        taken = table.select([f"{key}_high", f"{key}_low", "id"]).take(pa.array(rows))
        taken = taken.rename_columns(["digest_high", "digest_low", "id"])
        taken = taken.append_column("node", pa.array(nodes[rows], pa.int64()))
        parts.append(taken.append_column("key", pa.array(np.full(len(rows), number, np.uint8))))
    records = pa.concat_tables(parts)
    keys = records.column("digest_high").to_numpy()
    write_shuffle(plan.path("digests", index), records, keys, plan.settings["buckets"])
    return {"rows": int(live.sum()), "records": records.num_rows}


def find_duplicates(item: dict[str, Any]) -> dict[str, Any]:
    """Where there is one key: decide on one bucket's equal digests."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("digests", len(plan.partitions)), index)
    return _decide(plan, index, table.take(pa.array(repeated_rows(table))))


def find_repeated(item: dict[str, Any]) -> dict[str, Any]:
    """Where there are several: write the records of one bucket that another document shares."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("digests", len(plan.partitions)), index)
    table = table.take(pa.array(repeated_rows(table)))
    write_table(plan.path("repeated", index), table)
    return {"records": table.num_rows}


def join_components(item: dict[str, Any]) -> dict[str, Any]:
    """Join documents that any key joins; 8 bytes a document, one bucket's records at a time."""
    plan, _ = task_plan(item)
    labels = np.arange(plan.total_rows(), dtype=np.int64)
    for path in plan.paths("repeated", plan.settings["buckets"]):
        table = open_ipc(path).read_all()
        group, nodes = _groups(table), table.column("node").to_numpy()
        if len(nodes):
            first = np.zeros(group.max() + 1, np.int64)
            first[group] = nodes
            join_pairs(first[group], nodes, labels)
    resolve(labels)
    write_table(plan.path("components", 0), pa.table({"component": labels}))
    return {"documents": len(labels)}


def shuffle_components(item: dict[str, Any]) -> dict[str, Any]:
    """Send one bucket's repeated records to the tasks of their components."""
    plan, index = task_plan(item)
    table = open_ipc(plan.path("repeated", index)).read_all()
    components = open_ipc(plan.path("components", 0)).read_all().column("component")
    component = components.take(table.column("node").combine_chunks()).to_numpy()
    keys = component.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # spread evenly
    write_shuffle(plan.path("regroup", index), table, keys, plan.settings["buckets"])
    return {"records": table.num_rows}


def decide_components(item: dict[str, Any]) -> dict[str, Any]:
    """Decide on the components of one task."""
    plan, index = task_plan(item)
    return _decide(
        plan, index, read_shuffle(plan.paths("regroup", plan.settings["buckets"]), index)
    )


def repeated_rows(table: pa.Table) -> np.ndarray:
    """Rows whose digest occurs more than once, in no order that matters."""
    high, low = (table.column(name).to_numpy() for name in ("digest_high", "digest_low"))
    order = np.lexsort((low, high))
    equal = (high[order][1:] == high[order][:-1]) & (low[order][1:] == low[order][:-1])
    return order[np.append(equal, False) | np.append(False, equal)] if len(order) else order


def _groups(table: pa.Table) -> np.ndarray:
    """int64 [rows]: a number for each digest, from 0."""
    high, low = (table.column(name).to_numpy() for name in ("digest_high", "digest_low"))
    order = np.lexsort((low, high))
    same = (high[order][1:] == high[order][:-1]) & (low[order][1:] == low[order][:-1])
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(np.append(False, ~same)[: len(order)])
    return group


def _decide(plan: Plan, index: int, table: pa.Table) -> dict[str, Any]:
    """Take documents by id; of those that share a key with a kept one, say so."""
    table = table.sort_by([(name, "ascending") for name in ("id", "node", "key")])
    nodes, groups = table.column("node").to_numpy(), _groups(table)
    begins = np.append(True, nodes[1:] != nodes[:-1])[: len(nodes)]
    starts = np.append(np.flatnonzero(begins), len(nodes)).astype(np.int64)
    sizes = np.bincount(groups)
    claimed_by, removed_by = np.empty(len(sizes), np.int64), np.empty(len(starts) - 1, np.int64)
    claim_keys(starts, groups, claimed_by, removed_by)
    records = removed_by[removed_by >= 0]
    rules = pa.array([f"{RULES[key]}: copies " for key in plan.settings["by"]])
    reasons = pc.binary_join_element_wise(
        rules.take(table.column("key").combine_chunks().take(pa.array(records))),
        pc.cast(pa.array(sizes[groups[records]]), pa.string()),
        " vs 1",
        "",
    )
    survivors = table.column("id").take(pa.array(starts[claimed_by[groups[records]]]))
    answer = pa.table({DROP_REASON: reasons, "duplicate_of": survivors}, schema=ANSWER_SCHEMA)
    write_answers(plan, index, nodes[records], answer)
    return {"removed": len(records), "groups": len(sizes)}
