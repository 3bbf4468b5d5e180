"""From links between documents and a hub to candidates of the other languages.

    links     per file of pairs   every link, by both of its documents -> buckets of documents
    composed  per bucket          what two links of one document bring together -> left documents
    checked   per bucket          less what has a partner, the best way of each -> right documents
    settled   per bucket          once compared: pairs that are each other's best

A **link** is a pair of documents found by any way. Two links of one document that lead to
translations in two languages say that these are translations of each other: documents form
clusters, of one document a language. Links come before what is composed of them, so that a
document that has a partner keeps it; among what is composed, alignment decides, and each other's
best win.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, task_plan, write_answers, write_table
from stages.bilingual.pairing.choosing import confidence_of, top_of
from stages.bilingual.pairing.comparing_steps import (
    compared_rows,
    content_buckets,
    round_step,
    spread,
    write_settled,
)
from stages.bilingual.pairing.content_files import member_numbers
from stages.bilingual.pairing.learning_steps import sure
from stages.shuffle import open_ipc, read_shuffle, write_shuffle

LINK_SCHEMA = pa.schema(
    [("node", pa.int64()), ("other", pa.int64()), ("member", pa.int64()), ("pair", pa.int64()),
     ("weight", pa.float32()), ("sure", pa.bool_())]
)  # fmt: skip
COMPOSED_SCHEMA = pa.schema(
    [("pair", pa.int64()), ("left", pa.int64()), ("right", pa.int64()), ("weight", pa.float32()),
     ("sure", pa.bool_()), ("through", pa.int16())]
)  # fmt: skip


def link_files(plan: Plan, matched: list[str], number: int) -> list[str]:
    """The files that hold links: pairs of earlier ways, then those settled before a round."""
    return [*matched, *plan.paths(round_step("settled", number - 1), content_buckets(plan))]


def through_of_plan(plan: Plan) -> np.ndarray:
    """Bool [pairs]: is it found through a hub?"""
    return np.array([route is not None for route in plan.settings["routes"]], np.bool_)


def shuffle_links(item: dict[str, Any]) -> dict[str, Any]:
    """Send the links of one file to both of their documents, and say which documents met a hub.

    Args:
        item: also ``matched``, the files of earlier ways, and ``round``.
    """
    plan, index = task_plan(item)
    files = link_files(plan, item["matched"], item["round"])
    rows = open_ipc(files[index]).read_all()
    found = _links_of_keys(rows) if index < len(item["matched"]) else _links_of_content(plan, rows)
    pair, nodes, weight, certain = found
    members = member_numbers(plan)[pair]
    columns = [
        nodes.ravel(order="F"), nodes[:, ::-1].ravel(order="F"), members[:, ::-1].ravel(order="F"),
        np.tile(pair, 2), np.tile(weight, 2), np.tile(certain, 2),
    ]  # fmt: skip
    table = pa.Table.from_arrays([pa.array(c) for c in columns], schema=LINK_SCHEMA)
    write_shuffle(plan.path("links", index), table, spread(columns[0]), content_buckets(plan))
    legs = np.unique([leg for route in plan.settings["routes"] if route for leg in route])
    met = nodes[np.isin(pair, legs)].ravel()
    write_answers(plan, index, met, pa.table({"met": np.ones(len(met), np.bool_)}), "met")
    return {"links": len(pair)}


def _links_of_keys(rows: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pair, nodes, weight and certainty of pairs found by key or address, or content before."""
    rows = rows.filter(rows.column("close"))
    confidence = rows.column("confidence").to_numpy()
    certain = np.isnan(confidence)
    return (*_pair_and_nodes(rows, "_node"), np.where(certain, 1, confidence), certain)


def _links_of_content(
    plan: Plan, rows: pa.Table
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same of the pairs settled that are good enough to be kept."""
    confidence = confidence_of(rows)
    good = confidence >= plan.settings["min_confidence"]
    rows = rows.filter(pa.array(good))
    return (*_pair_and_nodes(rows, ""), confidence[good], sure(rows))


def _pair_and_nodes(rows: pa.Table, ending: str) -> tuple[np.ndarray, np.ndarray]:
    nodes = [rows.column(f"{side}{ending}").to_numpy() for side in ("left", "right")]
    return rows.column("pair").to_numpy().astype(np.int64), np.stack(nodes, axis=1)


def compose(item: dict[str, Any]) -> dict[str, Any]:
    """Bring together the translations of each document of one bucket.

    Args:
        item: also ``files`` of links, and ``matched``: without any, only pairs with a way through
            a hub can be composed.
    """
    plan, index = task_plan(item)
    rows = read_shuffle(plan.paths("links", item["files"]), index).combine_chunks()
    rows = rows.sort_by([("node", "ascending"), ("pair", "ascending"), ("other", "ascending")])
    node, other, member, pair, weight, certain = (c.to_numpy() for c in rows.columns)
    first, second = _within_groups(node)
    number, flipped = pair_numbers(plan)
    pairs = number[member[first], member[second]]
    wanted = through_of_plan(plan) | bool(item["matched"])
    keep = (pairs >= 0) & wanted[pairs]
    first, second, pairs = first[keep], second[keep], pairs[keep]
    flip = flipped[member[first], member[second]]
    left, right = np.where(flip, second, first), np.where(flip, first, second)
    members = member_numbers(plan)[pair]
    own = members.sum(axis=1) - member  # of the two members of a pair the other one
    columns = [
        pairs, other[left], other[right], np.minimum(weight[left], weight[right]),
        certain[left] & certain[right], own[left],
    ]  # fmt: skip
    table = _table(columns, COMPOSED_SCHEMA)
    write_shuffle(plan.path("composed", index), table, spread(other[left]), content_buckets(plan))
    return {"composed": table.num_rows}


def _within_groups(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every two rows of one key, of keys in order.

    >>> _within_groups(np.array([4, 7, 7, 7]))
    (array([1, 1, 2]), array([2, 3, 3]))
    """
    ends = np.searchsorted(keys, keys, side="right")
    rows = np.arange(len(keys))
    partners = ends - rows - 1
    first = np.repeat(rows, partners)
    begins = np.cumsum(partners) - partners
    return first, np.arange(len(first)) - np.repeat(begins - rows - 1, partners)


def pair_numbers(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """int64 [members, members]: the pair of two members, -1 where none; and is it the other way?"""
    members = member_numbers(plan)
    size = int(members.max()) + 1
    number = np.full((size, size), -1, np.int64)
    flipped = np.zeros((size, size), np.bool_)
    for pair, (left, right) in enumerate(members.tolist()):
        number[left, right] = number[right, left] = pair
        flipped[right, left] = True
    return number, flipped


def check_left(item: dict[str, Any]) -> dict[str, Any]:
    """Of what was composed for the left documents of one bucket, the best, of those still free.

    Args:
        item: also ``files`` of links.
    """
    plan, index = task_plan(item)
    rows = read_shuffle(plan.paths("composed", content_buckets(plan)), index).combine_chunks()
    rows = without_partner(plan, item["files"], index, rows, "left")
    pair, left, right, weight = (rows.column(i).to_numpy() for i in range(4))
    best = top_of((pair, left, right), weight, rows.column("through").to_numpy(), 1)
    rows = rows.filter(pa.array(best))
    rows = rows.sort_by([("pair", "ascending"), ("left", "ascending"), ("right", "ascending")])
    write_table(plan.path("checked", index), rows)
    keys = spread(rows.column("right").to_numpy())
    write_shuffle(plan.path("offered", index), rows, keys, content_buckets(plan))
    return {"composed": rows.num_rows}


def without_partner(plan: Plan, files: int, index: int, rows: pa.Table, side: str) -> pa.Table:
    """The rows whose document on one side, all of bucket ``index``, has no link of that pair."""
    links = read_shuffle(plan.paths("links", files), index)
    pairs = len(plan.settings["pairs"])
    taken = links.column("node").to_numpy() * pairs + links.column("pair").to_numpy()
    mine = rows.column(side).to_numpy() * pairs + rows.column("pair").to_numpy()
    return rows.filter(pa.array(~np.isin(mine, taken)))


def settle_free(item: dict[str, Any]) -> dict[str, Any]:
    """Keep the pairs of one bucket of left documents that are each other's best and free.

    Args:
        item: also ``files`` of links, and ``round``.
    """
    plan, index = task_plan(item)
    rows = compared_rows(plan, item["round"], index)
    rows = without_partner(plan, item["files"], index, rows, "left")
    return write_settled(plan, item["round"], index, rows)


def _table(columns: list[np.ndarray], schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
