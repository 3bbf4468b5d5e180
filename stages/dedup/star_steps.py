"""Connected components in bounded memory: pairs become stars, round by round, by file shuffle.

    spread          pairs and copies -> edges           union-find over what a task reads
    large star      every node: its larger neighbours   joined to the least of its neighbourhood
    small star      every node: its smaller neighbours  joined to the least of them
    heads           the stars -> groups of their least nodes, for ``component_steps``

The two rounds are repeated until every component is a star around its least node (Kiveris et al.,
"Connected Components in MapReduce and Beyond", SoCC 2014; log^2 n rounds at most, 3 to 6 on
duplicates of web pages, where most components are nearly stars). A task holds the edges of one
group of nodes: a fixed number of bytes, however many documents there are. Where all edges fit into
one group, ``spread`` has made the stars already and there is no round.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, task_plan
from stages.base import Engine
from stages.dedup.collapse_steps import splitmix
from stages.dedup.union_find_kernels import join_pairs, resolve
from stages.shuffle import open_ipc, read_shuffle, write_shuffle

PAIRS_AT_A_TIME = 1 << 20
"""Pairs whose nodes are looked up together."""


def find_stars(plan: Plan, engine: Engine, groups: int) -> list[dict[str, Any]]:
    """Run the rounds; the items of tasks that read the stars, one per group.

    Args:
        plan: of the barrier, after ``find_pairs`` and ``join_copies``.
        engine: where the tasks run.
        groups: of nodes, at least 1.
    """
    items = [item | {"groups": groups, "edges": "edges_0"} for item in plan.items(groups)]
    engine.map("spread", spread_edges, items)
    rounds = 0
    while groups > 1:
        found = engine.map(f"large_star_{rounds}", large_star, items)
        if not sum(result["unfinished"] for result in found):
            break
        rounds += 1
        items = [item | {"next": f"edges_{rounds}"} for item in items]
        engine.map(f"small_star_{rounds}", small_star, items)
        items = [item | {"edges": item["next"]} for item in items]
    return items


def spread_edges(item: dict[str, Any]) -> dict[str, Any]:
    """Join the pairs of every ``groups``-th file; send what they join to both of its ends."""
    plan, index = task_plan(item)
    paths = plan.paths("copies", plan.settings["collapse_buckets"])[index :: item["groups"]]
    copies = read_pairs(paths)
    table = pa.table({"copy": copies[0], "head": copies[1]})
    keys = group_keys(copies[0])
    write_shuffle(plan.path("copies_by_node", index), table, keys, item["groups"])
    paths = plan.paths("pairs", plan.settings["buckets"])[index :: item["groups"]]
    found = [np.stack(forest(*read_pairs([path]))) for path in paths]
    ends = np.concatenate([copies, *found], axis=1)
    child, root = forest(*ends)
    _write_both_ends(plan.path(item["edges"], index), child, root, item["groups"])
    return {"edges": len(child)}


def read_pairs(paths: Sequence[str]) -> np.ndarray:
    """The pairs of some files, int64 [2, pairs]."""
    tables = [open_ipc(path).read_all() for path in paths]
    ends = [np.stack([c.to_numpy() for c in table.columns]) for table in tables]
    return np.concatenate([np.zeros((2, 0), np.int64), *ends], axis=1)


def forest(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every node that is not the least of its component, ascending, and that least one.

    ``forest([1, 2, 7], [2, 3, 8])`` is ``[2, 3, 8], [1, 1, 7]``. Takes 16 bytes a pair and 24
    bytes a node beside the pairs.
    """
    nodes = np.concatenate((left, right))
    nodes.sort()  # np.unique goes by a hash table, which takes longer and more memory
    nodes = nodes[_begins(nodes)]
    labels = np.arange(len(nodes))
    for start in range(0, len(left), PAIRS_AT_A_TIME):
        some = slice(start, start + PAIRS_AT_A_TIME)
        join_pairs(np.searchsorted(nodes, left[some]), np.searchsorted(nodes, right[some]), labels)
    resolve(labels)
    child = np.flatnonzero(labels != np.arange(len(nodes)))
    return nodes[child], nodes[labels[child]]


def large_star(item: dict[str, Any]) -> dict[str, Any]:
    """Join the larger neighbours of each node to the least of it and its neighbours.

    ``unfinished``: nodes that are neither the least of a star nor tied to one other node alone.
    """
    plan, index = task_plan(item)
    node, other = _neighbours(plan, item["edges"], index, item["groups"])
    begins = _begins(node)
    least = np.minimum(node, _least(other, begins))
    larger = other > node
    _write(plan.path("larger", index), other[larger], least[larger], item["groups"])
    # A node with a smaller neighbour must have no other; neighbours of a node are ascending.
    sizes = np.diff(np.append(begins, len(node)))
    return {"unfinished": int(((other[begins] < node[begins]) & (sizes > 1)).sum())}


def small_star(item: dict[str, Any]) -> dict[str, Any]:
    """Join each node and its smaller neighbours to the least of these.

    And, since the edges of a whole group are here, to the least of whatever they join in turn.
    """
    plan, index = task_plan(item)
    child, root = forest(*_neighbours(plan, "larger", index, item["groups"]))
    _write_both_ends(plan.path(item["next"], index), child, root, item["groups"])
    return {"edges": len(child)}


def attach_heads(item: dict[str, Any]) -> dict[str, Any]:
    """Send each node to the group of the least of its component, with its head.

    The head of a document without copies is itself (``collapse_steps``).
    """
    plan, index = task_plan(item)
    node, other = _neighbours(plan, item["edges"], index, item["groups"])
    begins = _begins(node)
    node, root = node[begins], np.minimum(node[begins], other[begins])
    copies = read_shuffle(plan.paths("copies_by_node", item["groups"]), index)
    head = node.copy()
    head[np.searchsorted(node, copies.column("copy"))] = copies.column("head").to_numpy()
    table = pa.table({"node": node, "root": root, "head": head})
    write_shuffle(plan.path("rooted", index), table, group_keys(root), item["groups"])
    return {"documents": len(node)}


def members_of_group(plan: Plan, group: int, groups: int) -> list[np.ndarray]:
    """Documents of the components whose least node is of a group, ascending; that node; heads."""
    table = read_shuffle(plan.paths("rooted", groups), group).sort_by("node")
    return [column.to_numpy() for column in table.columns]


def group_keys(nodes: np.ndarray) -> np.ndarray:
    """uint64 [n]: the shuffle keys that put nodes into groups, evenly."""
    return splitmix(nodes.astype(np.uint64))


def _write_both_ends(path: str, child: np.ndarray, root: np.ndarray, groups: int) -> None:
    """Send edges to the groups of both of their nodes."""
    _write(path, np.concatenate((child, root)), np.concatenate((root, child)), groups)


def _write(path: str, node: np.ndarray, other: np.ndarray, groups: int) -> None:
    """Send edges to the group of ``node``."""
    write_shuffle(path, pa.table({"node": node, "other": other}), group_keys(node), groups)


def _neighbours(plan: Plan, step: str, index: int, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """A group's nodes with each of their neighbours once, by node, then by neighbour."""
    table = read_shuffle(plan.paths(step, groups), index)
    node, other = table.column("node").to_numpy(), table.column("other").to_numpy()
    order = np.lexsort((other, node))
    node, other = node[order], other[order]
    new = np.append(True, (node[1:] != node[:-1]) | (other[1:] != other[:-1]))[: len(node)]
    return node[new], other[new]


def _begins(node: np.ndarray) -> np.ndarray:
    """Where each node's neighbours begin."""
    return np.flatnonzero(np.append(True, node[1:] != node[:-1])[: len(node)])


def _least(other: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """The least neighbour, once for each edge; neighbours of a node are ascending."""
    return np.repeat(other[begins], np.diff(np.append(begins, len(other))))
