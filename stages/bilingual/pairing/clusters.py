"""Pairs of languages through a hub: clusters of translations instead of a search for every two.

    links of all ways with the hub -> composed candidates --+
                    |                                       +-> compared in the pair's own space
                    +-> documents that met none -> pivot ---+

First each language is searched with the hub alone (``content``). What two links of one document
lead to are translations of each other, if aligning them says so too: a wrong link would join two
clusters. Their surest teach a lexicon of the two languages, which no round of search is needed
for. Documents that met no hub are then looked for among themselves, through the hub's words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.barrier_files import Plan, task_plan
from stages.base import Engine
from stages.bilingual.pairing.choosing import confidence_of
from stages.bilingual.pairing.comparing_steps import (
    compare,
    content_buckets,
    round_step,
    send_features,
)
from stages.bilingual.pairing.content_files import members_of_plan, read_space, write_space
from stages.bilingual.pairing.learning_steps import (
    LEAST_LESSONS,
    chosen_lessons,
    learn,
    matched_nodes,
    taught,
)
from stages.bilingual.pairing.link_steps import (
    check_left,
    compose,
    link_files,
    settle_free,
    shuffle_links,
    through_of_plan,
)
from stages.bilingual.pairing.pivot_steps import meet, offer, seek, write_pivot
from stages.shuffle import open_ipc

LESSONS = 2
"""Times the composed pairs teach: aligned by what looks the same, then by what that taught."""


def find_through_hubs(plan: Plan, engine: Engine, more: dict[str, Any], number: int) -> None:
    """Find the pairs of languages that have a way through a hub, once the others are settled.

    Args:
        plan: of the stage.
        engine: runs the steps.
        more: ``documents``, ``taken`` and ``matched``, as in ``find_by_content``.
        number: of this round; the one before it settled the others.
    """
    partitions, buckets = len(plan.partitions), content_buckets(plan)
    files = len(link_files(plan, more["matched"], number))
    more = more | {"round": number, "files": files}

    def step(name: str, function: Callable[..., dict[str, Any]], items: list[Any]) -> None:
        engine.map(name, function, [item | more for item in items])

    step("links", shuffle_links, plan.items(files))
    step("composed", compose, plan.items(buckets))
    step("checked", check_left, plan.items(buckets))
    through = through_of_plan(plan)
    items = plan.items(len(through))
    step("composed-lessons", learn_composed, [items[i] for i in np.flatnonzero(through)])
    if more["matched"]:
        last = {"round": number - 1}
        searched = [items[i] | more | last for i in np.flatnonzero(~through)]
        engine.map(round_step("learn", number - 1), learn, searched)
    step("pivot", write_pivot, plan.items(partitions))
    step("meetings", meet, plan.items(buckets))
    step("sought", seek, plan.items(buckets))
    step(round_step("retrieved", number), offer, plan.items(buckets))
    step(round_step("sent", number), send_features, plan.items(partitions))
    step(round_step("compared", number), compare, plan.items(buckets))
    step(round_step("settled", number), settle_free, plan.items(buckets))


def learn_composed(item: dict[str, Any]) -> dict[str, Any]:
    """Learn a space of two languages from the surest of what links compose.

    Args:
        item: also ``round``, ``documents`` of each member, and ``matched``.
    """
    plan, index = task_plan(item)
    found = [np.zeros((0, 2), np.int64), *matched_nodes(index, item["matched"])]
    for path in plan.paths("checked", content_buckets(plan)):
        rows = open_ipc(path).read_all()
        mine = rows.column("sure").to_numpy(zero_copy_only=False)
        mine = mine & (rows.column("pair").to_numpy() == index)
        nodes = [rows.column(side).to_numpy()[mine] for side in ("left", "right")]
        found.append(np.stack(nodes, axis=1))
    lessons = chosen_lessons(found)
    space = read_space(plan.folder, 0, index)
    for _ in range(LESSONS if len(lessons) >= LEAST_LESSONS else 0):
        space = taught(plan, index, space, lessons, item["documents"])
    write_space(plan, item["round"], index, space)
    return {"lessons": len(lessons), "entries": len(space.weights)}


def settled_through_hubs(plan: Plan, index: int, number: int) -> pa.Table:
    """The pairs that one bucket settled in the round after the search with the hubs.

    Returns:
        As ``settle`` writes them, with ``confidence``, ``through``: the language of the document
        that both are translations of, and ``weight``, the confidence of the weaker of these two
        links; null where they were found by themselves. The confidence of what links compose is
        the mean of this and of its own: of 20 wrong and 1,628 right ones among five languages a
        right one had more than a wrong one in .96 of the cases (own alone .94, link alone .96).
    """
    rows = open_ipc(plan.path(round_step("settled", number), index)).read_all()
    rows = rows.append_column("own", pa.array(confidence_of(rows)))
    checked = open_ipc(plan.path("checked", index)).read_all()
    checked = checked.set_column(0, "pair", checked.column("pair").cast(rows.schema.field(0).type))
    keys = ["pair", "left", "right"]
    rows = rows.join(checked.drop_columns("sure"), keys, join_type="left outer", use_threads=False)
    rows = rows.sort_by([(key, "ascending") for key in keys])
    own, weight = rows.column("own"), rows.column("weight")
    mean = pc.divide(pc.add(own, pc.coalesce(weight, own)), pa.scalar(2, pa.float32()))
    names = pa.array(members_of_plan(plan), pa.string())
    through = names.take(rows.column("through").combine_chunks())
    rows = rows.select([*keys, "cosine", "order", "other"]).append_column("confidence", mean)
    return rows.append_column("through", through).append_column("weight", weight)
