"""The tasks that decide who stays in a component; ``minhash_dedup`` says how they follow.

A task has a batch of components. It goes through the heads of each from the best to the worst, in
blocks, so that signatures and shingle sets of a block, and of the documents kept so far, are all
that is in memory.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

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
from stages.dedup.minhash_steps import cut_of, minimum, scoped_bands, signatures_of
from stages.dedup.ranking import RANKED_BY, survivor_order
from stages.dedup.shingles import shingle_sets, texts_of
from stages.dedup.survivor_kernels import SCANNED, choose_survivors
from stages.shuffle import open_ipc, read_shuffle, write_shuffle

SIGNATURE = ("bins", "token_hash", "scope", "tokens", "length")

BLOCK_ROWS, BLOCK_BYTES = 1 << 14, 16 << 20
"""Documents, and bytes of their texts, that are decided on at a time."""


class Block(NamedTuple):
    """Heads that are compared, row by row."""

    component: np.ndarray
    """int64 [rows]"""
    bins: np.ndarray
    """uint16 [rows, bins]"""
    hashes: np.ndarray
    """uint64 [rows]"""
    short: np.ndarray
    """bool [rows]"""
    keys: np.ndarray
    """uint64 [rows, bands], 0 where a document has fewer."""
    sets: np.ndarray
    """uint64: the shingles of all rows; empty where signatures decide."""
    set_sizes: np.ndarray
    """int64 [rows]"""

    def take(self, rows: np.ndarray) -> Block:
        """Some of the rows."""
        starts = np.cumsum(self.set_sizes) - self.set_sizes
        sizes = self.set_sizes[rows]
        places = np.repeat(starts[rows] - (np.cumsum(sizes) - sizes), sizes)
        return Block(
            self.component[rows], self.bins[rows], self.hashes[rows], self.short[rows],
            self.keys[rows], self.sets[places + np.arange(len(places))], sizes,
        )  # fmt: skip

    def starts(self) -> np.ndarray:
        """int64 [rows + 1], or [1] where there are no sets: what the kernels take."""
        return np.append(0, np.cumsum(self.set_sizes)).astype(np.int64)


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
    from stages.dedup.connected import join_verified

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


class Reader:
    """Signatures, keys and shingle sets of heads, in any order."""

    def __init__(self, plan: Plan, index: int) -> None:
        """Of the task ``index`` of ``find_survivors``."""
        self.plan = plan
        self.exact = plan.settings["verify"] == "exact"
        if self.exact:
            self._texts = read_shuffle(plan.paths("texts", len(plan.partitions)), index)
            self._text_nodes = self._texts.column("node").to_numpy()

    def empty(self) -> Block:
        """A block without rows."""
        none, settings = np.zeros(0, np.int64), self.plan.settings
        return Block(
            none, np.zeros((0, settings["bins"]), np.uint16), none.astype(np.uint64),
            none.astype(np.bool_), np.zeros((0, settings["bands"]), np.uint64),
            none.astype(np.uint64), none,
        )  # fmt: skip

    def blocks(self, nodes: np.ndarray) -> list[tuple[int, int]]:
        """Begin and end of blocks of at most ``BLOCK_ROWS`` heads and ``BLOCK_BYTES`` of text."""
        order = np.argsort(nodes)
        lengths = np.empty(len(nodes), np.int64)
        lengths[order] = gather(self.plan, nodes[order], ("length",)).column("length").to_numpy()
        ends = np.cumsum(lengths)
        cuts = [0]
        while cuts[-1] < len(nodes):
            start = cuts[-1]
            before = ends[start - 1] if start else 0
            fitting = int(np.searchsorted(ends, before + BLOCK_BYTES, side="right"))
            cuts.append(min(max(fitting, start + 1), start + BLOCK_ROWS, len(nodes)))
        return list(pairwise(cuts))

    def read(self, nodes: np.ndarray, component: np.ndarray) -> Block:
        """The block of some heads."""
        order = np.argsort(nodes)
        back = np.argsort(order)
        known = gather(self.plan, nodes[order], SIGNATURE).take(pa.array(back))
        bins, hashes, short = signatures_of(known)
        cut = cut_of(self.plan)
        flat, row = scoped_bands(known, np.ones(len(nodes), np.bool_), cut)
        keys = np.zeros((len(nodes), cut.bands), np.uint64)
        keys[row, np.arange(len(row)) - np.searchsorted(row, row)] = flat
        sets, sizes = np.zeros(0, np.uint64), np.zeros(len(nodes), np.int64)
        if self.exact:
            texts = self._read_texts(np.searchsorted(self._text_nodes, nodes))
            tokens = known.column("tokens").to_numpy()
            sets, sizes = shingle_sets(texts, tokens, self.plan.settings["ngram"])
        return Block(component, bins, hashes, short, keys, sets, sizes)

    def _read_texts(self, places: np.ndarray) -> pa.Array:
        """Texts by their places; chunk by chunk, since Arrow would first join all chunks."""
        chunks = [chunk for chunk in self._texts.column("text").chunks if len(chunk)]
        if len(chunks) == 1:
            return chunks[0].take(pa.array(places))
        order = np.argsort(places)
        ordered = places[order]
        taken, start = [pa.array([], pa.large_string())], 0
        for chunk in chunks:
            first, last = np.searchsorted(ordered, (start, start + len(chunk)))
            taken.append(chunk.take(pa.array(ordered[first:last] - start)))
            start += len(chunk)
        return pa.concat_arrays(taken).take(pa.array(np.argsort(order)))


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
