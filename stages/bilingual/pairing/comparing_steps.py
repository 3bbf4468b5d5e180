"""One round of comparing documents: each step a task over plain paths.

    postings    per partition     a document's heaviest entries -> buckets of entries
    candidates  per entry bucket  left and right documents of one entry -> buckets of both
    nearest     per bucket        the candidates of a left document with most in common -> buckets
    retrieve    per bucket        and those of a right document
    send        per partition     the features asked for -> buckets
    compare     per bucket        cosines; order of the nearest few -> buckets of left documents
    settle      per bucket        pairs that are each other's best

Cost grows with the documents: each has so many heavy entries, an entry that too many share brings
those together in which it weighs most, and each document has so many candidates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, keys_of_buckets, task_plan, write_table
from stages.bilingual.pairing.candidates import (
    SUMMED,
    columns_of,
    joined,
    shortlists,
    summed,
)
from stages.bilingual.pairing.choosing import (
    SURE_CONFIDENCE,
    best_of,
    best_others,
    confidence_of,
    top_of,
)
from stages.bilingual.pairing.content_files import (
    FEATURE_SCHEMA,
    chosen_features,
    feature_batches,
    features_of,
    member_numbers,
    read_language,
    read_space,
)
from stages.bilingual.pairing.embedding_files import apart, evidence
from stages.bilingual.pairing.features import Frequencies
from stages.bilingual.pairing.space import SHRINKAGE, Side, Space, Vectors
from stages.shuffle import bucket_count, read_shuffle, write_shuffle

HEAVIEST = 48
"""Entries by which a document is found: with 24, five of a hundred Thai pages are not."""
CANDIDATES, LEFT_CANDIDATES = 12, 3
"""Of a right document, and of a left one; of the former the ``ORDERED`` nearest are aligned, of the
latter all."""
ORDERED = 5
DOCUMENTS_PER_BUCKET = 1 << 12
NO_OTHER = 0.0


def content_buckets(plan: Plan) -> int:
    """How many buckets: a function of the data alone."""
    return max(1, min(len(plan.partitions), bucket_count(plan.total_rows(), DOCUMENTS_PER_BUCKET)))


def spread(values: np.ndarray) -> np.ndarray:
    """uint64 keys, evenly spread, of int64 values."""
    with np.errstate(over="ignore"):
        mixed = values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
        return mixed ^ (mixed >> np.uint64(32))


def round_step(step: str, number: int) -> str:
    """The name of a step in a round."""
    return f"{step}-{number}"


def _side(item: dict[str, Any], plan: Plan, pair: int, space: Space, table: pa.Table,
          right: bool) -> Side:  # fmt: skip
    """Documents of a pair's side in its space."""
    member = int(member_numbers(plan)[pair, int(right)])
    path = plan.path("frequencies", member)
    lines: Frequencies = read_language(path, item["documents"][member])[1]
    return space.side(features_of(table), right, lines)


# --- postings ------------------------------------------------------------------------------------


def write_postings(item: dict[str, Any]) -> dict[str, Any]:
    """Send the heaviest entries of one partition's documents to the buckets of the entries.

    Args:
        item: also ``round``, ``documents`` of each member, ``searched``: pairs of languages, and
            ``taken``: the files that name rows that have a pair already.
    """
    plan, index = task_plan(item)
    number = item["round"]
    taken = taken_nodes(plan, index, item["taken"])
    parts = [_posting_schema().empty_table()]
    for pair in item["searched"]:
        members = member_numbers(plan)[pair].tolist()
        space = read_space(plan.folder, number, pair)
        if len(space.weights) == 0:
            continue
        for right, member in enumerate(members):
            for table in feature_batches(plan, index):
                wanted = table.column("member").to_numpy() == member
                wanted &= ~np.isin(table.column("node").to_numpy(), taken.get(pair, []))
                chosen = table.filter(pa.array(wanted))
                if chosen.num_rows:
                    side = _side(item, plan, pair, space, chosen, bool(right))
                    vectors = space.vectors(side, bool(right))
                    nodes = chosen.column("node").to_numpy()
                    parts.append(heaviest_entries(vectors, nodes, pair, bool(right)))
    table = pa.concat_tables(parts)
    keys = spread(table.column("entry").to_numpy() << 12 ^ table.column("pair").to_numpy())
    write_shuffle(
        plan.path(round_step("postings", number), index), table, keys, content_buckets(plan)
    )
    return {"postings": table.num_rows}


def taken_nodes(plan: Plan, index: int, paths: list[str]) -> dict[int, np.ndarray]:
    """By pair of languages, the nodes of a partition that are paired already."""
    if not paths:
        return {}
    said = read_shuffle(paths, index)
    nodes = said.column("row").to_numpy() + plan.first_nodes()[index]
    pair = said.column("pair").to_numpy()
    return {number: np.unique(nodes[pair == number]) for number in np.unique(pair).tolist()}


def _posting_schema() -> pa.Schema:
    return pa.schema(
        [("entry", pa.int64()), ("pair", pa.int32()), ("right", pa.bool_()), ("node", pa.int64()),
         ("value", pa.float32())]
    )  # fmt: skip


def heaviest_entries(vectors: Vectors, nodes: np.ndarray, pair: int, right: bool) -> pa.Table:
    """The heaviest entries of documents as rows."""
    from stages.bilingual.pairing.vectors_kernels import heaviest

    entries = np.empty(len(nodes) * HEAVIEST, np.int64)
    values = np.empty(len(nodes) * HEAVIEST, np.float32)
    heaviest(
        vectors.offsets, vectors.entries, vectors.values, vectors.norms, HEAVIEST, SHRINKAGE,
        entries, values,
    )  # fmt: skip
    keep = entries >= 0
    count = int(keep.sum())
    columns = [entries[keep], np.full(count, pair, np.int32), np.full(count, right),
               np.repeat(nodes, HEAVIEST)[keep], values[keep]]  # fmt: skip
    return pa.Table.from_arrays([pa.array(c) for c in columns], schema=_posting_schema())


# --- candidates ----------------------------------------------------------------------------------


def join_entries(item: dict[str, Any]) -> dict[str, Any]:
    """Bring together the left and right documents of the entries in one bucket."""
    plan, index = task_plan(item)
    number = item["round"]
    paths = plan.paths(round_step("postings", number), len(plan.partitions))
    rows = read_shuffle(paths, index)
    names = ("pair", "entry", "right", "node", "value")
    pair, entry, right, node, value = (rows.column(name).to_numpy() for name in names)
    table = shortlists(pair, entry, right.astype(np.bool_), node, value)
    for side in ("left", "right"):
        path = plan.path(round_step(f"candidates-{side}", number), index)
        write_shuffle(path, table, spread(table.column(side).to_numpy()), content_buckets(plan))
    return {"candidates": table.num_rows}


# --- retrieve ------------------------------------------------------------------------------------


def nearest_left(item: dict[str, Any]) -> dict[str, Any]:
    """Tell the buckets of right documents which of them are nearest to this one's left ones.

    A short right document is near to many left ones; its translation knows it better.
    """
    plan, index = task_plan(item)
    number, buckets = item["round"], content_buckets(plan)
    paths = plan.paths(round_step("candidates-left", number), buckets)
    pair, left, right, value = columns_of(summed(read_shuffle(paths, index)))
    best = top_of((pair, left), value, right, LEFT_CANDIDATES)
    columns = dict(zip(SUMMED.names, (c[best] for c in (pair, left, right, value)), strict=True))
    table = pa.table(columns, SUMMED)
    keys = spread(table.column("right").to_numpy())
    write_shuffle(plan.path(round_step("nearest", number), index), table, keys, buckets)
    return {"candidates": table.num_rows}


def retrieve(item: dict[str, Any]) -> dict[str, Any]:
    """Keep the best candidates of each right document, and ask for the features of both sides."""
    plan, index = task_plan(item)
    number, buckets = item["round"], content_buckets(plan)
    paths = plan.paths(round_step("candidates-right", number), buckets)
    table = summed(read_shuffle(paths, index))
    pair, left, right, value = columns_of(table)
    table = table.filter(pa.array(top_of((pair, right), value, left, CANDIDATES)))
    if plan.settings["embedding"]:
        neighbours = read_shuffle(plan.paths("neighbours", len(plan.partitions)), index)
        table = pa.concat_tables([table, neighbours])
    nearest = read_shuffle(plan.paths(round_step("nearest", number), buckets), index)
    table = joined(table, nearest)
    write_table(plan.path(round_step("retrieved", number), index), table)
    ask_for_features(plan, number, index, table)
    return {"candidates": table.num_rows}


def ask_for_features(plan: Plan, number: int, index: int, rows: pa.Table) -> None:
    """Ask the partitions for the features of the documents that one bucket compares."""
    nodes = np.unique(np.concatenate([rows.column(c).to_numpy() for c in ("left", "right")]))
    asked = pa.table({"node": nodes, "bucket": np.full(len(nodes), index, np.int64)})
    partition = np.searchsorted(plan.first_nodes(), nodes, side="right") - 1
    count = len(plan.partitions)
    path = plan.path(round_step("asked", number), index)
    write_shuffle(path, asked, keys_of_buckets(count)[partition], count)


def send_features(item: dict[str, Any]) -> dict[str, Any]:
    """Send the features asked of one partition to the buckets that asked."""
    plan, index = task_plan(item)
    number = item["round"]
    buckets = content_buckets(plan)
    asked = read_shuffle(plan.paths(round_step("asked", number), buckets), index)
    node, bucket = asked.column("node").to_numpy(), asked.column("bucket").to_numpy()
    order = np.lexsort((bucket, node))
    node, bucket = node[order], bucket[order]
    parts = [FEATURE_SCHEMA.empty_table(), *chosen_features(plan, index, node)]
    table = pa.concat_tables(parts)
    path = plan.path(round_step("sent", number), index)
    write_shuffle(path, table, keys_of_buckets(buckets)[bucket], buckets)
    return {"documents": table.num_rows}


# --- compare -------------------------------------------------------------------------------------


def compare(item: dict[str, Any]) -> dict[str, Any]:
    """Compare the candidates of one bucket; send the ordered ones to their left documents."""
    plan, index = task_plan(item)
    number = item["round"]
    sent = read_shuffle(plan.paths(round_step("sent", number), len(plan.partitions)), index)
    sent = sent.combine_chunks()
    sent = sent.take(pa.array(np.argsort(sent.column("node").to_numpy(), kind="stable")))
    from stages.shuffle import open_ipc

    rows = open_ipc(plan.path(round_step("retrieved", number), index)).read_all()
    parts = [_compared_schema().empty_table()]
    for pair in np.unique(rows.column("pair").to_numpy()).tolist():
        mine = rows.filter(pa.array(rows.column("pair").to_numpy() == pair))
        parts.append(_compared(item, plan, pair, mine, sent))
    table = pa.concat_tables(parts)
    path = plan.path(round_step("compared", number), index)
    write_shuffle(path, table, spread(table.column("left").to_numpy()), content_buckets(plan))
    return {"compared": table.num_rows}


def _compared_schema() -> pa.Schema:
    return pa.schema(
        [("pair", pa.int32()), ("left", pa.int64()), ("right", pa.int64()),
         ("cosine", pa.float32()), ("order", pa.float32()), ("best", pa.bool_()),
         ("other", pa.float32())]
    )  # fmt: skip


def _compared(
    item: dict[str, Any], plan: Plan, pair: int, rows: pa.Table, sent: pa.Table
) -> pa.Table:
    """Cosine and order of one language pair's candidates, the nearest of each right document."""
    space = read_space(plan.folder, item["round"], pair)
    held = sent.column("node").to_numpy()
    sides, vectors, places, embedded = [], [], [], []
    nodes = [rows.column(name).to_numpy() for name in ("left", "right")]
    for right in (False, True):
        mine = np.unique(nodes[right])
        table = sent.take(pa.array(np.searchsorted(held, mine))).combine_chunks()
        side = _side(item, plan, pair, space, table, right)
        sides.append(side)
        vectors.append(space.vectors(side, right))
        places.append(np.searchsorted(mine, nodes[right]))
        if plan.settings["embedding"]:
            embedded.append(apart(plan, table))
    cosine = space.cosines(places[0], places[1], vectors[0], vectors[1])
    further = np.zeros(len(cosine), np.float32)
    if embedded:
        further += evidence(embedded, places[0], places[1])
    near = top_of((nodes[1],), cosine + further, nodes[0], ORDERED)
    near |= rows.column("nearest").to_numpy(zero_copy_only=False)
    left, right, cosine = nodes[0][near], nodes[1][near], cosine[near]
    matched, _, _ = space.order(places[0][near], places[1][near], sides[0], sides[1])
    order = matched + further[near]
    columns = [
        np.full(len(left), pair, np.int32), left, right, cosine, order,
        best_of(right, order, left), best_others(right, order, left),
    ]  # fmt: skip
    return pa.Table.from_arrays([pa.array(c) for c in columns], schema=_compared_schema())


# --- settle --------------------------------------------------------------------------------------


def settle(item: dict[str, Any]) -> dict[str, Any]:
    """Keep the pairs of one bucket of left documents that are each other's best."""
    plan, index = task_plan(item)
    return write_settled(plan, item["round"], index, compared_rows(plan, item["round"], index))


def compared_rows(plan: Plan, number: int, index: int) -> pa.Table:
    """What was compared in a round with the left documents of one bucket."""
    paths = plan.paths(round_step("compared", number), content_buckets(plan))
    return read_shuffle(paths, index).combine_chunks()


def write_settled(plan: Plan, number: int, index: int, rows: pa.Table) -> dict[str, Any]:
    """Write the pairs of one bucket that are each other's best."""
    rows = rows.sort_by([("pair", "ascending"), ("left", "ascending"), ("right", "ascending")])
    key = rows.column("left").to_numpy() * len(member_numbers(plan))
    key = key + rows.column("pair").to_numpy()
    order, right = rows.column("order").to_numpy(), rows.column("right").to_numpy()
    other = np.maximum(rows.column("other").to_numpy(), best_others(key, order, right))
    mutual = best_of(key, order, right) & rows.column("best").to_numpy(zero_copy_only=False)
    table = rows.select(["pair", "left", "right", "cosine", "order"])
    table = table.append_column("other", pa.array(other, pa.float32())).filter(pa.array(mutual))
    write_table(plan.path(round_step("settled", number), index), table)
    sure = int((confidence_of(table) >= SURE_CONFIDENCE).sum())
    return {"pairs": table.num_rows, "sure": sure}
