"""Texts with the same stream of tokens become one document before anything is compared.

A page copied ten million times would fill every key it has with ten million entries. So copies go
first, in two steps: inside each partition (``collapse_partition``), then over all
(``join_copies``). What is left of a group of copies is its *head*, the document that stays if any
of them does: only heads are cut into bands, and what becomes of a head becomes of its copies.

    follower          a copy in the partition of its representative, known to that partition alone
    representative    the best copy of a partition; where it is not the head, a *copy* of one

Copies are told by 128 bits: the 64-bit hash of the stream of tokens, and one of all bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import (
    Plan,
    fixed_lists,
    gather,
    live_rows,
    task_plan,
    write_answers,
    write_table,
)
from stages.dedup.exact_steps import repeated_rows
from stages.dedup.ranking import RANKED_BY, survivor_order
from stages.shuffle import open_ipc, read_shuffle, write_shuffle

SPLITMIX_1, SPLITMIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
ODD = np.uint64(0xD1342543DE82EF95)


def splitmix(values: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 over uint64 [n]; the kernels have the same."""
    values = (values ^ values >> np.uint64(30)) * SPLITMIX_1
    values = (values ^ values >> np.uint64(27)) * SPLITMIX_2
    return values ^ values >> np.uint64(31)


def collapse_partition(item: dict[str, Any]) -> dict[str, Any]:
    """Find the copies inside one partition; send what is left, the best of each, to its bucket."""
    plan, index = task_plan(item)
    first = plan.first_nodes()[index]
    rows, digests = partition_digests(plan, index)
    table = pa.table(
        {"digest_high": digests[:, 0].copy(), "digest_low": digests[:, 1].copy(), "row": rows}
    )
    again = np.sort(repeated_rows(table))
    followers, representatives = _best_of_each(plan, rows[again] + first, digests[again])
    write_table(
        plan.path("followers", index),
        pa.table({"row": followers - first, "representative": representatives - first}),
    )
    stays = np.ones(len(rows), np.bool_)
    stays[np.searchsorted(rows, followers - first)] = False
    table = table.set_column(2, "node", pa.array(rows + first)).filter(pa.array(stays))
    high = table.column("digest_high").to_numpy()
    write_shuffle(plan.path("collapse", index), table, high, plan.settings["collapse_buckets"])
    return {"documents": len(rows), "followers": len(followers)}


def join_copies(item: dict[str, Any]) -> dict[str, Any]:
    """Find the copies among the representatives of all partitions; tell the partitions."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("collapse", len(plan.partitions)), index)
    table = table.take(pa.array(repeated_rows(table))).sort_by("node")
    digests = np.column_stack(
        [table.column(f"digest_{half}").to_numpy() for half in ("high", "low")]
    )
    copies, heads = _best_of_each(plan, table.column("node").to_numpy(), digests)
    write_table(plan.path("copies", index), pa.table({"copy": copies, "head": heads}))
    order = np.argsort(copies, kind="stable")
    write_answers(plan, index, copies[order], pa.table({"head": heads[order]}), "copy_rows")
    return {"copies": len(copies)}


def partition_digests(plan: Plan, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a partition that take part, int64 [n]; their digests, uint64 [n, 2]."""
    partition = plan.partitions[index]
    live = live_rows(partition)
    reader = open_ipc(partition.keys)
    rows, digests = [np.zeros(0, np.int64)], [np.zeros((0, 2), np.uint64)]
    start = 0
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i)
        count = batch.num_rows
        tokens = batch.column("tokens").to_numpy()
        wanted = np.flatnonzero(live[start : start + count] & (tokens > 0))
        batch = batch.select(["bins", "token_hash", "scope"]).take(pa.array(wanted))
        stream = batch.column("token_hash").to_numpy()
        scope = batch.column("scope").to_numpy()
        bins = fixed_lists(batch.column("bins")).view(np.uint64)
        weights = splitmix(np.arange(1, bins.shape[1] + 1, dtype=np.uint64) * ODD) | np.uint64(1)
        low = splitmix((bins * weights).sum(axis=1, dtype=np.uint64))
        rows.append(wanted + start)
        digests.append(np.column_stack((splitmix(stream ^ scope), low)))
        start += count
    return np.concatenate(rows), np.concatenate(digests)


def _best_of_each(
    plan: Plan, nodes: np.ndarray, digests: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of documents with equal digests: those that are not the best, and the best for each.

    Args:
        plan: names the key files and the rule.
        nodes: int64 [n], ascending.
        digests: uint64 [n, 2].

    Returns:
        int64 [copies], int64 [copies]: the copies by the best of their group, then by rank.
    """
    rank = survivor_order(gather(plan, nodes, RANKED_BY), nodes, plan.settings["keep"])
    order = rank[np.lexsort((digests[rank, 1], digests[rank, 0]))]
    high, low = digests[order, 0], digests[order, 1]
    begins = np.append(True, (high[1:] != high[:-1]) | (low[1:] != low[:-1]))[: len(order)]
    best = order[np.flatnonzero(begins)[np.cumsum(begins) - 1]]
    copies, heads = nodes[order[~begins]], nodes[best[~begins]]
    by_head = np.argsort(heads, kind="stable")
    return copies[by_head], heads[by_head]
