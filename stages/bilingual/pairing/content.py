"""Pairs of documents by content alone: no key, no address, no dictionary, no model.

    documents -> tokens -> candidates by rare tokens -> cosine -> order -> each other's best
                    ^                                                            |
                    +------ translations learned from the pairs that are sure <--+

The first round knows only what looks the same in two languages (numbers, names, code, links). The
pairs that are sure teach which tokens translate which, and which survive translation; the next
round finds more. What confirms a pair is order: the weight of what matches once both documents are
aligned, by the weight of both; pages on one subject share words, not their order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, gather
from stages.base import Engine
from stages.bilingual.pairing.choosing import confidence_of
from stages.bilingual.pairing.clusters import find_through_hubs, settled_through_hubs
from stages.bilingual.pairing.comparing_steps import (
    compare,
    content_buckets,
    join_entries,
    nearest_left,
    retrieve,
    round_step,
    send_features,
    settle,
    write_postings,
)
from stages.bilingual.pairing.content_files import members_of_plan, read_rounds, write_rounds
from stages.bilingual.pairing.embedding_steps import prepare_embeddings
from stages.bilingual.pairing.learning_steps import learn
from stages.bilingual.pairing.link_steps import through_of_plan
from stages.bilingual.pairing.preparing_steps import first_space, read_features, sum_counts
from stages.shuffle import open_ipc

LEAST_ROUNDS, MOST_ROUNDS = 3, 5
ENOUGH_GROWTH = 1.05
"""Another round is worth it while the sure pairs grow by so much: a few short documents teach
slowly, three rounds do for a site."""


def find_by_content(plan: Plan, engine: Engine, taken: list[str], matched: list[str]) -> None:
    """Compare all documents that have no pair yet; ``content_pairs`` reads the result.

    Args:
        plan: of the stage.
        engine: runs the steps.
        taken: files that tell each partition which rows have a pair already.
        matched: files of those pairs, which teach the first lesson.
    """
    partitions, buckets = len(plan.partitions), content_buckets(plan)
    read = engine.map("features", read_features, plan.items(partitions))
    members = len(members_of_plan(plan))
    documents = [sum(part["documents"].get(str(m), 0) for part in read) for m in range(members)]
    engine.map("frequencies", sum_counts, plan.items(members))
    more: dict[str, Any] = {"documents": documents, "taken": taken, "matched": matched}
    items = plan.items(len(plan.settings["pairs"]))
    engine.map("space", first_space, [item | more for item in items])
    searched = np.flatnonzero(~through_of_plan(plan)).tolist()
    prepare_embeddings(plan, engine, more | {"searched": searched})
    sure = 0
    for number in range(MOST_ROUNDS):
        now = more | {"round": number, "searched": searched}
        before, sure = sure, _round(plan, engine, now, partitions, buckets)
        last = number + 1 >= LEAST_ROUNDS and sure < ENOUGH_GROWTH * before
        if last or number + 1 == MOST_ROUNDS:
            write_rounds(plan, number + 1)
            break
        engine.map(round_step("learn", number), learn, [items[i] | now for i in searched])
    if len(searched) < len(items):
        find_through_hubs(plan, engine, more, read_rounds(plan))


def _round(plan: Plan, engine: Engine, more: dict[str, Any], partitions: int, buckets: int) -> int:
    """One comparison of all with all; how many pairs are sure."""
    steps = (
        ("postings", write_postings, partitions),
        ("candidates", join_entries, buckets),
        ("nearest", nearest_left, buckets),
        ("retrieved", retrieve, buckets),
        ("sent", send_features, partitions),
        ("compared", compare, buckets),
        ("settled", settle, buckets),
    )
    for name, function, count in steps:
        items = [item | more for item in plan.items(count)]
        results = engine.map(round_step(name, more["round"]), function, items)
    return sum(result["sure"] for result in results)


def content_pairs(plan: Plan, index: int, least: float) -> pa.Table:
    """The pairs that one bucket found in the last round, with the columns of ``find_pairs``.

    Args:
        plan: of the stage.
        index: of the bucket.
        least: of the confidence.
    """
    rounds = read_rounds(plan)
    rows = open_ipc(plan.path(round_step("settled", rounds - 1), index)).read_all()
    rows = rows.append_column("confidence", pa.array(confidence_of(rows)))
    rows = rows.append_column("through", pa.nulls(rows.num_rows, pa.string()))
    rows = rows.append_column("weight", pa.nulls(rows.num_rows, pa.float32()))
    if through_of_plan(plan).any():
        rows = pa.concat_tables([rows, settled_through_hubs(plan, index, rounds)])
    rows = rows.filter(pa.array(rows.column("confidence").to_numpy() >= least))
    nodes = [rows.column(name).to_numpy() for name in ("left", "right")]
    columns: dict[str, Any] = {"pair": rows.column("pair")}
    known = ["source", "id", "lang", "characters"]
    for side, mine in zip(("left", "right"), nodes, strict=True):
        distinct = np.unique(mine)
        table = gather(plan, distinct, known).combine_chunks()
        table = table.take(pa.array(np.searchsorted(distinct, mine)))
        if side == "left":
            columns["source"] = table.column("source")
        columns |= {f"{side}_{name}": table.column(name) for name in known[1:]}
        columns[f"{side}_node"] = pa.array(mine, pa.int64())
    return _with_reasons(columns, rows, bool(plan.settings["embedding"]))


def _with_reasons(columns: dict[str, Any], rows: pa.Table, embedding: bool) -> pa.Table:
    """The table of pairs with what speaks for each."""
    said = "order and embedding" if embedding else "order"
    names = ("order", "cosine", "other", "through", "weight")
    scores = (rows.column(name).to_pylist() for name in names)
    reasons = [
        f"{said} {order:.2f}, cosine {cosine:.2f}, next best {other:.2f}"
        + (f", through {hub} {weight:.2f}" if hub else "")
        for order, cosine, other, hub, weight in zip(*scores, strict=True)
    ]
    columns["pair_key"] = pa.nulls(rows.num_rows, pa.string())
    columns["ambiguous"] = pa.array(np.zeros(rows.num_rows, np.bool_))
    columns["reason"] = pa.array(reasons, pa.string())
    columns["confidence"] = rows.column("confidence")
    table = pa.table(columns)
    return table.sort_by([("left_id", "ascending"), ("right_id", "ascending")])
