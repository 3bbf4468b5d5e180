"""From stars to batches of components: who is compared with whom, and by which task.

A task has the components of one group (``star_steps``) and writes

    members      batch b holds the documents of its b-th batch of components
    batch_of     the same by partition, for whoever sends texts
    labels       where ``linkage: connected``: the same by node, for ``sort_edges``

What it holds is at most 48 bytes a document of the group, and never less than one component.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from formats.storage import atomic_path
from stages.barrier_files import Plan, keys_of_buckets, task_plan, write_answers
from stages.dedup.star_steps import group_keys, members_of_group, read_pairs
from stages.shuffle import ipc_writer, read_shuffle, write_shuffle

LEAST_NODES_PER_BATCH, MOST_NODES_PER_BATCH = 1 << 10, 1 << 17
"""Documents whose survivors one task chooses (more where one component has more)."""


def nodes_per_batch(partition_rows: Sequence[int]) -> int:
    """As many as a partition has on average: then batches are about as many as partitions.

    Every partition sends its part to every batch, so batches of a fixed size would make these
    parts ever smaller and ever more as the corpus grows.
    """
    mean = sum(partition_rows) // max(len(partition_rows), 1)
    return min(max(mean, LEAST_NODES_PER_BATCH), MOST_NODES_PER_BATCH)


def find_components(item: dict[str, Any]) -> dict[str, Any]:
    """Write the components of one group in batches."""
    plan, group = task_plan(item)
    nodes, root, head = members_of_group(plan, group, item["groups"])
    roots, component, sizes = np.unique(root, return_inverse=True, return_counts=True)
    numbers = (np.cumsum(sizes) - sizes) // plan.settings["nodes_per_batch"]
    _, batch_of = np.unique(numbers, return_inverse=True)
    count = int(batch_of[-1]) + 1 if len(batch_of) else 0
    batch = batch_of[component]
    members = pa.table({"node": nodes, "component": component, "head": head})
    _write_batches(plan.path("members", group), members, batch, count)
    where = {"group": np.full(len(nodes), group), "batch": batch}
    is_head = {"is_head": pa.array(head == nodes)}
    write_answers(plan, group, nodes, pa.table(where | is_head), "batch_of")
    if plan.settings["linkage"] == "connected":
        labels = pa.table({"node": nodes, **where})
        write_shuffle(plan.path("labels", group), labels, group_keys(nodes), item["groups"])
    largest = int(sizes.max()) if count else 0
    return {"batches": count, "components": len(roots), "documents": len(nodes), "largest": largest}


def spread_pairs(item: dict[str, Any]) -> dict[str, Any]:
    """Send pairs of similar documents to the group of their first node."""
    plan, index = task_plan(item)
    paths = plan.paths("pairs", plan.settings["buckets"])[index :: item["groups"]]
    left, right = read_pairs(paths)
    table = pa.table({"left": left, "right": right})
    write_shuffle(plan.path("pairs_by_node", index), table, group_keys(left), item["groups"])
    return {"pairs": len(left)}


def sort_edges(item: dict[str, Any]) -> dict[str, Any]:
    """Send the pairs of one group of first nodes to the batches of their components."""
    plan, index = task_plan(item)
    pairs = read_shuffle(plan.paths("pairs_by_node", item["groups"]), index)
    labels = read_shuffle(plan.paths("labels", item["groups"]), index).sort_by("node")
    nodes, batch = labels.column("node").to_numpy(), batch_numbers(labels, item["batches"])
    of_pair = batch[np.searchsorted(nodes, pairs.column("left").to_numpy())]
    count = sum(item["batches"])
    write_shuffle(plan.path("edges", index), pairs, keys_of_buckets(count)[of_pair], count)
    return {"pairs": pairs.num_rows}


def batch_numbers(table: pa.Table, batches: Sequence[int]) -> np.ndarray:
    """int64 [rows]: batches numbered through over all groups.

    Args:
        table: columns ``group`` and ``batch``, the number within the group.
        batches: how many each group has.
    """
    first = np.cumsum([0, *batches])
    numbers: np.ndarray = first[table.column("group").to_numpy()] + table.column("batch").to_numpy()
    return numbers


def batch_items(plan: Plan, batches: Sequence[int]) -> list[dict[str, Any]]:
    """The items of one task per batch: its number over all groups, its group and number there."""
    places = [(group, batch) for group, count in enumerate(batches) for batch in range(count)]
    return [
        item | {"group": group, "batch": batch, "groups": len(batches)}
        for item, (group, batch) in zip(plan.items(len(places)), places, strict=True)
    ]


def _write_batches(path: str, table: pa.Table, batch_of: np.ndarray, count: int) -> None:
    """One IPC file with the rows of batch b, in their order, as record batch b."""
    table = table.take(pa.array(np.argsort(batch_of, kind="stable")))
    with atomic_path(path) as temporary, ipc_writer(temporary, table.schema) as writer:
        start = 0
        for size in np.bincount(batch_of, minlength=count).tolist():
            writer.write_batch(table.slice(start, size).combine_chunks().to_batches()[0])
            start += size
