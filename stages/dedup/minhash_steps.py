"""The tasks that find pairs of near-duplicates; ``minhash_dedup`` says how they follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import (
    Plan,
    fixed_lists,
    gather,
    live_rows,
    task_plan,
    write_table,
)
from stages.dedup.candidate_kernels import ALL_PAIRS, similar_pairs
from stages.dedup.minhash import Bands, bands_of, standard_deviation
from stages.dedup.minhash_kernels import SHORT_BINS
from stages.dedup.ranking import RANKED_BY, survivor_order
from stages.shuffle import open_ipc, read_shuffle, write_shuffle

MEMBERS_PER_BATCH = 1 << 17
"""Documents of groups of one key that are compared at a time: 32 MB of signatures."""

MARGIN = 3.0
"""Standard deviations by which an estimate may fall below the threshold where exact sets decide."""


def shuffle_bands(item: dict[str, Any]) -> dict[str, Any]:
    """Send the band keys of one partition's heads to their buckets."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    heads = live_rows(partition)
    heads[open_ipc(plan.path("followers", index)).read_all().column("row").to_numpy()] = False
    copies = read_shuffle(plan.paths("copy_rows", plan.settings["collapse_buckets"]), index)
    heads[copies.column("row").to_numpy()] = False
    reader = open_ipc(partition.keys)
    keys, nodes = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    start = 0
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i)
        of_batch, row = scoped_bands(batch, heads[start : start + batch.num_rows], cut_of(plan))
        keys.append(of_batch)
        nodes.append(row + start)
        start += batch.num_rows
    key = np.concatenate(keys)
    node = np.concatenate(nodes) + plan.first_nodes()[index]
    table = pa.table({"key": pa.array(key), "node": pa.array(node)})
    write_shuffle(plan.path("bands", index), table, key, plan.settings["buckets"])
    return {"documents": int(heads.sum()), "records": len(key)}


def scoped_bands(
    known: pa.RecordBatch | pa.Table, wanted: np.ndarray, cut: Bands
) -> tuple[np.ndarray, np.ndarray]:
    """As ``bands_of``, of a barrier's keys: those of two scopes never agree."""
    hashes = known.column("token_hash").to_numpy()
    keys, row = bands_of(fixed_lists(known.column("bins")), hashes, wanted, cut)
    return keys ^ known.column("scope").to_numpy()[row], row


def find_pairs(item: dict[str, Any]) -> dict[str, Any]:
    """Verify the candidates of one range of keys; write each pair once, smaller node first."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("bands", len(plan.partitions)), index)
    group, members = groups_of(table.column("key").to_numpy(), table.column("node").to_numpy())
    group, members = _best_first(plan, group, members)
    group, members = _segments(group, members)
    found = [np.zeros((2, 0), np.int64)]
    for start, stop in whole_groups(group, MEMBERS_PER_BATCH):
        found.append(_pairs_within(plan, group[start:stop], members[start:stop]))
    left, right = np.concatenate(found, axis=1)
    pairs = unique_pairs(left, right)
    write_table(plan.path("pairs", index), pairs)
    largest = int(np.bincount(group).max()) if len(group) else 0
    return {"members": len(members), "pairs": pairs.num_rows, "largest_key": largest}


def _best_first(
    plan: Plan, group: np.ndarray, members: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The members of each large group from the best to the worst; the others by node."""
    sizes = np.bincount(group)
    rank = members.copy()
    crowded = np.unique(members[sizes[group] > ALL_PAIRS]) if len(group) else members
    if len(crowded):
        order = survivor_order(gather(plan, crowded, RANKED_BY), crowded, plan.settings["keep"])
        rank_of = np.empty(len(order), np.int64)
        rank_of[order] = np.arange(len(order))
        large = sizes[group] > ALL_PAIRS
        rank[large] = rank_of[np.searchsorted(crowded, members[large])]
    order = np.lexsort((rank, group))
    return group[order], members[order]


def _segments(group: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the groups of crowded keys, so that one key of ten million documents fits in memory.

    Each segment begins with the best document of its group, which joins it to the others.
    """
    place = np.arange(len(group)) - np.searchsorted(group, group)
    cut = (place > 0) & (place % MEMBERS_PER_BATCH == 0)
    if not cut.any():
        return group, members
    at = np.flatnonzero(cut)
    best = members[np.searchsorted(group, group[at])]
    segment = np.cumsum(np.append(False, (group[1:] != group[:-1])) | cut)
    return np.insert(segment, at, segment[at]), np.insert(members, at, best)


def _pairs_within(plan: Plan, group: np.ndarray, members: np.ndarray) -> np.ndarray:
    """int64 [2, pairs]: verified pairs of whole groups."""
    nodes, document = np.unique(members, return_inverse=True)
    starts = np.append(np.flatnonzero(np.append(True, group[1:] != group[:-1])), len(group))
    bins, hashes, short = signatures_of(gather(plan, nodes, ("bins", "token_hash")))
    connected = plan.settings["linkage"] == "connected"
    sure = plan.settings["threshold"] + _margin(plan) if connected else 0.0
    left, right = similar_pairs(
        starts.astype(np.int64), document, bins.reshape(-1), hashes, short, bins.shape[1],
        minimum(plan), sure,
    )  # fmt: skip
    return np.stack((nodes[left], nodes[right]))


def groups_of(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The groups of two or more equal keys.

    ``groups_of([5, 3, 5, 7], [0, 1, 2, 3])`` is ``[0, 0], [0, 2]``.

    Returns:
        int64 [members] the group of each, ascending from 0; [members] their values.
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    repeated = ~(begins & np.append(begins[1:], True))
    return np.cumsum(begins[repeated]) - 1, values[order[repeated]]


def whole_groups(group: np.ndarray, limit: int) -> Iterator[tuple[int, int]]:
    """Begin and end of runs of whole groups: at most ``limit`` members, or one group.

    ``list(whole_groups([0, 0, 1, 2, 2, 2], 3))`` is ``[(0, 3), (3, 6)]``.
    """
    ends = np.append(np.flatnonzero(group[1:] != group[:-1]) + 1, len(group))
    start = 0
    while start < len(group):
        fitting = int(np.searchsorted(ends, start + limit, side="right")) - 1
        first = int(np.searchsorted(ends, start, side="right"))
        stop = int(ends[max(fitting, first)])
        yield start, stop
        start = stop


def unique_pairs(left: np.ndarray, right: np.ndarray) -> pa.Table:
    """Pairs without direction, each once, sorted: columns ``left`` < ``right``."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    new = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))[: len(low)]
    return pa.table({"left": pa.array(low[new]), "right": pa.array(high[new])})


def minimum(plan: Plan) -> float:
    """The least estimate of a candidate: 0 where nothing is verified.

    Where exact sets decide, a pair at the threshold is missed by chance once in a thousand.
    """
    lowest = {"none": 0.0, "signature": plan.settings["threshold"]}
    exact: float = max(plan.settings["threshold"] - _margin(plan), 1e-9)
    return lowest.get(plan.settings["verify"], exact)


def _margin(plan: Plan) -> float:
    return MARGIN * standard_deviation(plan.settings["threshold"], plan.settings["bins"])


def cut_of(plan: Plan) -> Bands:
    """Bands and rows of the plan."""
    return Bands(plan.settings["bands"], plan.settings["rows"])


def signatures_of(known: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raw bins, token hashes, and which documents are too short to be estimated."""
    bins = fixed_lists(known.column("bins"))
    return bins, known.column("token_hash").to_numpy(), (bins != 0).sum(axis=1) < SHORT_BINS
