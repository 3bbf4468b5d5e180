"""The tasks of near-duplicate removal; ``minhash_dedup`` says how they follow on each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.storage import atomic_path
from stages.barrier_files import (
    Plan,
    fixed_lists,
    gather,
    live_rows,
    task_plan,
    write_answers,
    write_table,
)
from stages.base import DROP_REASON
from stages.dedup.candidate_kernels import ALL_PAIRS, similar_pairs
from stages.dedup.minhash import Bands, bands_of
from stages.dedup.minhash_kernels import SHORT_BINS
from stages.dedup.survivor_kernels import SCANNED, choose_survivors
from stages.dedup.union_find_kernels import join_pairs, resolve
from stages.shuffle import ipc_writer, open_ipc, read_shuffle, write_shuffle

ANSWER_SCHEMA = pa.schema(
    [
        pa.field(DROP_REASON, pa.string()),
        pa.field("duplicate_of", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("cluster_size", pa.int32()),
    ]
)


NODES_PER_BATCH = 1 << 18
"""Documents whose survivors one task chooses (more where one component has more): 100 MB."""

RANKED_BY = ("quality", "length", "id")


def shuffle_bands(item: dict[str, Any]) -> dict[str, Any]:
    """Send the band keys of one partition's live rows to their buckets."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    live = live_rows(partition)
    reader = open_ipc(partition.keys)
    keys, nodes = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    start = 0
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i)
        rows = batch.num_rows
        bins = fixed_lists(batch.column("bins"))
        hashes = batch.column("token_hash").to_numpy()
        of_batch, row = bands_of(bins, hashes, live[start : start + rows], _cut(plan))
        keys.append(of_batch)
        nodes.append(row + start)
        start += rows
    key = np.concatenate(keys)
    node = np.concatenate(nodes) + plan.first_nodes()[index]
    table = pa.table({"key": pa.array(key), "node": pa.array(node)})
    write_shuffle(plan.path("bands", index), table, key, plan.settings["buckets"])
    return {"documents": int(live.sum()), "records": len(key)}


def find_pairs(item: dict[str, Any]) -> dict[str, Any]:
    """Verify the candidates of one range of keys; write each pair once, smaller node first."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("bands", len(plan.partitions)), index)
    group, members = groups_of(table.column("key").to_numpy(), table.column("node").to_numpy())
    nodes, document = np.unique(members, return_inverse=True)
    sizes = np.bincount(group)
    rank = np.zeros(len(nodes), np.int64)
    in_large = np.unique(document[sizes[group] > ALL_PAIRS]) if len(group) else document
    if len(in_large):
        ranked = in_large[survivor_order(gather(plan, nodes[in_large], RANKED_BY), plan)]
        rank[ranked] = np.arange(len(ranked))
    document = document[np.lexsort((rank[document], group))]
    starts = np.append(0, np.cumsum(sizes)).astype(np.int64)
    bins, hashes, short = _signatures(gather(plan, nodes, ("bins", "token_hash")))
    left, right = similar_pairs(
        starts, document, bins.reshape(-1), hashes, short, bins.shape[1], minimum(plan)
    )
    pairs = unique_pairs(nodes[left], nodes[right])
    write_table(plan.path("pairs", index), pairs)
    return {"documents": len(nodes), "groups": len(sizes), "pairs": pairs.num_rows}


def find_components(item: dict[str, Any]) -> dict[str, Any]:
    """Join all pairs to components; write them in batches: documents, and the pairs among them."""
    plan, _ = task_plan(item)
    paths = plan.paths("pairs", plan.settings["buckets"])
    found = pa.concat_tables([open_ipc(path).read_all() for path in paths])
    found = unique_pairs(found.column("left").to_numpy(), found.column("right").to_numpy())
    left, right = found.column("left").to_numpy(), found.column("right").to_numpy()
    nodes = np.unique(np.concatenate((left, right)))
    left, right = np.searchsorted(nodes, left), np.searchsorted(nodes, right)
    labels = np.arange(len(nodes))
    join_pairs(left, right, labels)
    resolve(labels)
    _, component, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    _, batch_of = np.unique((np.cumsum(sizes) - sizes) // NODES_PER_BATCH, return_inverse=True)
    count = int(batch_of[-1]) + 1 if len(batch_of) else 0
    documents = pa.table({"node": nodes, "component": component})
    _write_batches(plan.path("components", 0), documents, batch_of[component], count)
    pairs = pa.table({"left": nodes[left], "right": nodes[right]})
    _write_batches(plan.path("component_pairs", 0), pairs, batch_of[component[left]], count)
    largest = int(sizes.max()) if count else 0
    return {"batches": count, "components": len(sizes), "documents": len(nodes), "largest": largest}


def find_survivors(item: dict[str, Any]) -> dict[str, Any]:
    """Choose who stays in one batch of components and tell the partitions."""
    plan, index = task_plan(item)
    batch = open_ipc(plan.path("components", 0)).get_batch(index)
    pairs = open_ipc(plan.path("component_pairs", 0)).get_batch(index)
    by_node = batch.column("node").to_numpy()
    known = gather(plan, by_node, (*RANKED_BY, "bins", "token_hash"))
    ranks = survivor_order(known, plan)
    ranks = ranks[np.argsort(batch.column("component").to_numpy()[ranks], kind="stable")]
    component = batch.column("component").to_numpy()[ranks]
    known, nodes = known.take(pa.array(ranks)), by_node[ranks]
    place = np.empty(len(ranks), np.int64)
    place[ranks] = np.arange(len(ranks))
    left, right = (
        place[np.searchsorted(by_node, pairs.column(name).to_numpy())] for name in ("left", "right")
    )
    survivors, estimates = _choose(plan, known, component, left, right)
    return _answer(plan, index, nodes, known.column("id"), survivors, estimates)


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


def survivor_order(known: pa.Table, plan: Plan) -> np.ndarray:
    """int64 [rows]: the documents from the one that rather stays to the one that rather goes.

    An unknown quality (null, NaN) is below every known one.
    """
    quality = pc.fill_null(known.column("quality"), float("nan")).to_numpy()
    quality = np.where(np.isnan(quality), -np.inf, quality + np.float32(0))
    known = known.set_column(known.schema.get_field_index("quality"), "quality", pa.array(quality))
    by = {
        "best_quality": [("quality", "descending"), ("length", "descending"), ("id", "ascending")],
        "longest": [("length", "descending"), ("id", "ascending")],
        "first": [("id", "ascending")],
    }[plan.settings["keep"]]
    return pc.sort_indices(known.select(RANKED_BY), sort_keys=by).to_numpy().astype(np.int64)


def unique_pairs(left: np.ndarray, right: np.ndarray) -> pa.Table:
    """Pairs without direction, each once, sorted: columns ``left`` < ``right``."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    new = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))[: len(low)]
    return pa.table({"left": pa.array(low[new]), "right": pa.array(high[new])})


def minimum(plan: Plan) -> float:
    """The least estimate of a pair: 0 where nothing is verified."""
    return plan.settings["threshold"] if plan.settings["verify"] == "signature" else 0.0


def _cut(plan: Plan) -> Bands:
    return Bands(plan.settings["bands"], plan.settings["rows"])


def _signatures(known: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raw bins, token hashes, and which documents are too short to be estimated."""
    bins = fixed_lists(known.column("bins"))
    return bins, known.column("token_hash").to_numpy(), (bins != 0).sum(axis=1) < SHORT_BINS


def _choose(
    plan: Plan, known: pa.Table, component: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Survivor and estimate of each document; documents by component, the best first."""
    bins, hashes, short = _signatures(known)
    count = len(component)
    first = np.searchsorted(component, component)
    better, other = np.minimum(left, right), np.maximum(left, right)
    edge_starts = np.append(0, np.cumsum(np.bincount(other, minlength=count))).astype(np.int64)
    edges = better[np.argsort(other, kind="stable")]
    band_groups, group_starts = _band_groups(plan, component, bins, hashes)
    survivors, estimates = np.empty(count, np.int64), np.empty(count)
    choose_survivors(
        first, edge_starts, edges, band_groups, group_starts, bins.reshape(-1), hashes, short,
        bins.shape[1], plan.settings["bands"], minimum(plan), survivors, estimates,
    )  # fmt: skip
    return survivors, estimates


def _band_groups(
    plan: Plan, component: np.ndarray, bins: np.ndarray, hashes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Documents of one component with the same band key; only where a component is large."""
    cut = _cut(plan)
    groups = np.full(len(component) * cut.bands, -1, np.int64)
    large = np.bincount(component - component[0])[component - component[0]] > SCANNED
    keys, row = bands_of(bins, hashes, large, cut)
    band = np.arange(len(row)) - np.searchsorted(row, row)
    keys ^= component[row].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    group, members = groups_of(keys, row * cut.bands + band)
    groups[members] = group
    return groups, np.append(0, np.cumsum(np.bincount(group))).astype(np.int64)


def _answer(
    plan: Plan,
    index: int,
    nodes: np.ndarray,
    ids: pa.ChunkedArray,
    survivors: np.ndarray,
    estimates: np.ndarray,
) -> dict[str, Any]:
    """Write what is said of the documents in clusters of two and more."""
    sizes = np.bincount(survivors)[survivors].astype(np.int32)
    told = np.flatnonzero(sizes > 1)
    goes = survivors[told] != told
    limit = int(np.rint(plan.settings["threshold"] * 100))
    wording = [f"minhash_duplicate: {i / 100:.2f} vs {limit / 100:.2f}" for i in range(101)]
    hundredths = np.rint(estimates[told] * 100).astype(np.int64)
    reasons = pa.array(wording).take(pa.array(hundredths, mask=~goes))
    kept = ids.take(pa.array(survivors[told]))
    table = pa.table(
        {
            DROP_REASON: reasons,
            "duplicate_of": ids.take(pa.array(survivors[told], mask=~goes)),
            "cluster_id": kept,
            "cluster_size": pa.array(sizes[told]),
        },
        schema=ANSWER_SCHEMA,
    )
    write_answers(plan, index, nodes[told], table)
    return {"removed": int(goes.sum()), "clusters": int((~goes).sum())}


def _write_batches(path: str, table: pa.Table, batch_of: np.ndarray, count: int) -> None:
    """One IPC file with the rows of batch b, in their order, as record batch b."""
    table = table.take(pa.array(np.argsort(batch_of, kind="stable")))
    with atomic_path(path) as temporary, ipc_writer(temporary, table.schema) as writer:
        start = 0
        for size in np.bincount(batch_of, minlength=count).tolist():
            writer.write_batch(table.slice(start, size).combine_chunks().to_batches()[0])
            start += size
