"""What an embedding model adds to pairing by content: candidates, and a term of the comparison.

    sums        per partition   sums of the documents' vectors by language
    centres     once            the mean vector of each language
    neighbours  per partition   for its right documents the nearest left ones -> their buckets

Nearest neighbours are exact, by products of blocks: for n documents on either side the cost is n^2,
about a core's minute for 100,000 documents of 256 numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, task_plan
from stages.base import Engine
from stages.bilingual.pairing.comparing_steps import content_buckets, spread, taken_nodes
from stages.bilingual.pairing.content_files import feature_batches, member_numbers, members_of_plan
from stages.bilingual.pairing.embedding_files import apart, read_matrix, vectors_of, write_matrix
from stages.shuffle import write_shuffle

NEAREST = 4
"""Candidates of a right document."""
BLOCK = 1 << 14
"""Documents of a block of left ones."""


def prepare_embeddings(plan: Plan, engine: Engine, more: dict[str, Any]) -> None:
    """Find the candidates of all pairs of languages that are searched; before the first round."""
    if not plan.settings["embedding"]:
        return
    items = plan.items(len(plan.partitions))
    engine.map("sums", sum_vectors, items)
    engine.map("centres", write_centres, plan.items(1))
    engine.map("neighbours", find_nearest, [item | more for item in items])


def sum_vectors(item: dict[str, Any]) -> dict[str, Any]:
    """Add up the vectors of one partition's documents by language; empty ones do not count."""
    plan, index = task_plan(item)
    members = len(members_of_plan(plan))
    sums: Any = 0
    counts = np.zeros(members, np.int64)
    for table in feature_batches(plan, index):
        if not table.num_rows:
            continue
        vectors, member = vectors_of(table), table.column("member").to_numpy()
        one = np.zeros((members, len(member)))
        one[member, np.arange(len(member))] = vectors.any(axis=1)
        sums = sums + one @ vectors
        counts += one.sum(axis=1).astype(np.int64)
    dimensions = np.shape(sums)[1] if np.ndim(sums) else 0
    matrix = np.zeros((members, dimensions)) if dimensions == 0 else sums
    write_matrix(plan.path("sums", index), matrix, counts)
    return {"documents": int(counts.sum())}


def write_centres(item: dict[str, Any]) -> dict[str, Any]:
    """The mean of each language's vectors."""
    plan, _ = task_plan(item)
    read = [read_matrix(path) for path in plan.paths("sums", len(plan.partitions))]
    counts = np.sum([count for _, count in read], axis=0)
    found = [sums for sums, _ in read if sums.shape[1]]
    sums = np.sum(found, axis=0) if found else read[0][0]
    write_matrix(plan.path("centres", 0), sums / np.maximum(counts, 1)[:, None], counts)
    return {"documents": int(counts.sum())}


def find_nearest(item: dict[str, Any]) -> dict[str, Any]:
    """Find the nearest left documents of one partition's right ones.

    Args:
        item: also ``searched``, the pairs of languages, and ``taken``: the files that name rows
            that have a pair already.
    """
    plan, index = task_plan(item)
    tables = [_candidates_schema().empty_table()]
    for pair in item["searched"]:
        left, right = member_numbers(plan)[pair].tolist()
        nodes, vectors = _documents(plan, index, item["taken"], pair, right)
        if len(nodes):
            best, values = _nearest_left(plan, item["taken"], pair, left, vectors)
            keep = (best >= 0).ravel()
            columns = [np.full(int(keep.sum()), pair, np.int32), best.ravel()[keep],
                       np.repeat(nodes, NEAREST)[keep], values.ravel()[keep]]  # fmt: skip
            arrays = [pa.array(column) for column in columns]
            tables.append(pa.Table.from_arrays(arrays, schema=_candidates_schema()))
    table = pa.concat_tables(tables)
    keys = spread(table.column("right").to_numpy())
    write_shuffle(plan.path("neighbours", index), table, keys, content_buckets(plan))
    return {"candidates": table.num_rows}


def _candidates_schema() -> pa.Schema:
    return pa.schema(
        [("pair", pa.int32()), ("left", pa.int64()), ("right", pa.int64()), ("value", pa.float64())]
    )


def _documents(
    plan: Plan, index: int, taken: list[str], pair: int, member: int
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and vectors of one partition's documents of a language that have no pair yet."""
    without = taken_nodes(plan, index, taken).get(pair, np.zeros(0, np.int64))
    nodes, vectors = [np.zeros(0, np.int64)], []
    for table in feature_batches(plan, index):
        wanted = table.column("member").to_numpy() == member
        wanted &= ~np.isin(table.column("node").to_numpy(), without)
        if wanted.any():
            mine = table.filter(pa.array(wanted))
            nodes.append(mine.column("node").to_numpy())
            vectors.append(apart(plan, mine))
    empty = np.zeros((0, 0), np.float32)
    return np.concatenate(nodes), np.concatenate(vectors) if vectors else empty


def _nearest_left(
    plan: Plan, taken: list[str], pair: int, member: int, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes [rights, NEAREST], -1 where there are fewer, and products of the nearest left ones."""
    best = np.full((len(vectors), NEAREST), -1, np.int64)
    values = np.full((len(vectors), NEAREST), -np.inf)
    for nodes, block in _left_blocks(plan, taken, pair, member):
        products = vectors @ block.T
        for start in range(0, len(nodes), BLOCK):
            part = products[:, start : start + BLOCK]
            best, values = _merged(best, values, nodes[start : start + BLOCK], part)
    return best, values


def _left_blocks(
    plan: Plan, taken: list[str], pair: int, member: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Nodes and vectors of all documents of a language, partition by partition."""
    for index in range(len(plan.partitions)):
        nodes, vectors = _documents(plan, index, taken, pair, member)
        for start in range(0, len(nodes), BLOCK):
            yield nodes[start : start + BLOCK], vectors[start : start + BLOCK]


def _merged(
    best: np.ndarray, values: np.ndarray, nodes: np.ndarray, products: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The best of those there were and a block's; of equal ones the lower node."""
    few = min(NEAREST, products.shape[1])
    at = np.argsort(-products, axis=1, kind="stable")[:, :few]
    nodes = np.concatenate([best, nodes[at]], axis=1)
    values = np.concatenate([values, np.take_along_axis(products, at, axis=1)], axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :NEAREST]
    return np.take_along_axis(nodes, order, axis=1), np.take_along_axis(values, order, axis=1)
