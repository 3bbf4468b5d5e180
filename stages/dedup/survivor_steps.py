"""The tasks that decide who stays in a component; ``minhash_dedup`` says how they follow.

A task has a batch of components. It goes through the heads of each from the best to the worst, in
blocks, so that signatures and shingle sets of a block, and of the documents kept so far, are all
that is in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import (
    Plan,
    gather,
    keys_of_buckets,
    task_plan,
    write_answers,
)
from stages.base import DROP_REASON
from stages.dedup.answers import ANSWER_SCHEMA, indexed_rows, reasons_for
from stages.dedup.component_steps import batch_numbers
from stages.dedup.connected import join_verified
from stages.dedup.minhash_steps import minimum
from stages.dedup.ranking import RANKED_BY, survivor_order
from stages.dedup.shingles import texts_of
from stages.dedup.survivor_kernels import SCANNED, choose_survivors
from stages.dedup.survivor_reader import Block, Reader
from stages.shuffle import open_ipc, read_shuffle, write_shuffle


def send_texts(item: dict[str, Any]) -> dict[str, Any]:
    """Send the texts of one partition's heads in components to the tasks that compare them."""
    plan, index = task_plan(item)
    wanted = read_shuffle(plan.paths("batch_of", len(item["batches"])), index)
    wanted = wanted.filter(wanted.column("is_head")).sort_by("row")
    rows, batch = wanted.column("row").to_numpy(), batch_numbers(wanted, item["batches"])
    texts = texts_of(plan.partitions[index], rows)
    nodes = pa.array(rows + plan.first_nodes()[index])
    table = pa.table({"node": nodes, "text": texts})
    count = sum(item["batches"])
    write_shuffle(plan.path("texts", index), table, keys_of_buckets(count)[batch], count)
    return {"documents": len(rows)}


def find_survivors(item: dict[str, Any]) -> dict[str, Any]:
    """Choose who stays in one batch of components and tell the partitions."""
    plan, index = task_plan(item)
    members = open_ipc(plan.path("members", item["group"])).get_batch(item["batch"])
    nodes, component, head = (members.column(i).to_numpy() for i in range(3))
    outside = indexed_rows(plan, nodes)
    undecided = head == nodes
    undecided[outside.places] = False
    order = np.flatnonzero(undecided)
    known = gather(plan, nodes[order], RANKED_BY)
    order = order[survivor_order(known, nodes[order], plan.settings["keep"])]
    order = order[np.argsort(component[order], kind="stable")]
    reader = Reader(plan, index)
    if plan.settings["linkage"] == "survivor":
        survivors, similarities = _chain_free(plan, reader, nodes[order], component[order])
    else:
        edges = read_shuffle(plan.paths("edges", item["groups"]), index)
        survivors, similarities = join_verified(plan, reader, edges, nodes[order], component[order])
    survivor, similarity = np.full(len(nodes), -1), np.ones(len(nodes))
    survivor[order], similarity[order] = order[survivors], similarities
    similarity[outside.places] = outside.similarities
    of_head = np.searchsorted(nodes, head)
    copies = of_head != np.arange(len(nodes))
    similarity[copies] = similarity[of_head[copies]]
    survivor[copies] = survivor[of_head[copies]]
    return _answer(plan, index, nodes, survivor, similarity, outside.ids_of(of_head))


def _chain_free(
    plan: Plan, reader: Reader, nodes: np.ndarray, component: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Survivor (int64 [heads], a place among them) and similarity of each head, block by block."""
    sizes = np.bincount(component - component[0])[component - component[0]] if len(nodes) else []
    large = np.asarray(sizes) > SCANNED
    survivors, similarities = np.empty(len(nodes), np.int64), np.empty(len(nodes))
    carried, places = reader.empty(), np.zeros(0, np.int64)
    for start, stop in reader.blocks(nodes):
        fresh = reader.read(nodes[start:stop], component[start:stop])
        if len(places) and carried.component[0] != component[start]:
            carried, places = reader.empty(), np.zeros(0, np.int64)
        block = fresh
        if len(places):
            block = Block(*map(np.concatenate, zip(carried, fresh, strict=True)))
        places = np.append(places, np.arange(start, stop))
        chosen, similarity = np.empty(len(places), np.int64), np.empty(len(places))
        starts = block.starts() if reader.exact else np.zeros(1, np.int64)
        choose_survivors(
            block.component, large[places], block.bins.reshape(-1), block.hashes, block.short,
            block.keys.reshape(-1), block.sets, starts, len(carried.component), minimum(plan),
            plan.settings["threshold"], chosen, similarity,
        )  # fmt: skip
        fresh_rows = slice(len(carried.component), None)
        survivors[start:stop] = places[chosen[fresh_rows]]
        similarities[start:stop] = similarity[fresh_rows]
        if stop == len(nodes):
            break
        last = block.component == block.component[-1]
        kept = np.flatnonzero(last & (chosen == np.arange(len(places))))
        carried, places = block.take(kept), places[kept]
    return survivors, similarities


def weights_of(plan: Plan, nodes: np.ndarray) -> np.ndarray:
    """int64 [nodes]: documents each stands for, itself and its followers; nodes ascending."""
    first = plan.first_nodes()
    weights = np.ones(len(nodes), np.int64)
    borders = np.searchsorted(nodes, first)
    for i in range(len(plan.partitions)):
        some = slice(borders[i], borders[i + 1])
        if some.start < some.stop:
            table = open_ipc(plan.path("followers", i)).read_all()
            of = table.column("representative").to_numpy()
            rows = nodes[some] - first[i]
            weights[some] += np.searchsorted(of, rows, "right") - np.searchsorted(of, rows, "left")
    return weights


def _answer(
    plan: Plan,
    index: int,
    nodes: np.ndarray,
    survivor: np.ndarray,
    similarity: np.ndarray,
    outside: pa.Array,
) -> dict[str, Any]:
    """Write what is said of the documents in clusters of two and more.

    Args:
        plan: of the barrier.
        index: of the task.
        nodes: int64 [n], ascending.
        survivor: int64 [n]: place of the kept document; -1: it is one of the index.
        similarity: float64 [n].
        outside: string [n]: id of the document of the index, or null.
    """
    ids = gather(plan, nodes, ("id",)).column("id").combine_chunks()
    weights = weights_of(plan, nodes)
    inside = survivor >= 0
    sizes = np.zeros(len(nodes), np.int64)
    np.add.at(sizes, survivor[inside], weights[inside])
    size = np.where(inside, sizes[survivor], 0)
    goes = survivor != np.arange(len(nodes))
    told = np.flatnonzero(goes | (size > 1))
    kept = ids.take(pa.array(survivor[told], mask=~inside[told]))
    kept = pa.compute.coalesce(kept, outside.take(pa.array(told)))
    goes_now = pa.array(goes[told])
    nothing = pa.scalar(None, pa.string())
    reasons = reasons_for(similarity[told], plan.settings["threshold"])
    table = pa.table(
        {
            DROP_REASON: pa.compute.if_else(goes_now, reasons, nothing),
            "duplicate_of": pa.compute.if_else(goes_now, kept, nothing),
            "cluster_id": kept,
            "cluster_size": pa.array(size[told], mask=~inside[told]),
        },
        schema=ANSWER_SCHEMA,
    )
    write_answers(plan, index, nodes[told], table)
    return {"removed": int(weights[goes].sum()), "clusters": int((~goes & (size > 1)).sum())}
