"""Components in bounded memory: the same as of one union-find over everything."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.barrier_files import Plan, write_table
from stages.base import Partition
from stages.dedup.star_steps import attach_heads, find_stars, forest, members_of_group


class Engine:
    """In this process; counts what it was asked for."""

    workers = 1

    def __init__(self):
        self.steps = []

    def map(self, step, function, items):
        self.steps.append(step)
        return [json.loads(json.dumps(function(json.loads(json.dumps(item))))) for item in items]


def components_by_stars(folder, pairs, copies, groups, files=3):
    """Node -> (least node of its component, head), found in so many groups; and the steps."""
    parts = (Partition(0, 1 << 20, "", "", ()),)
    plan = Plan(str(folder), parts, {"buckets": files, "collapse_buckets": 1})
    plan.save()
    for index in range(files):
        left, right = ends(pairs[index::files])
        write_table(plan.path("pairs", index), pa.table({"left": left, "right": right}))
    copy, head = ends(copies)
    write_table(plan.path("copies", 0), pa.table({"copy": copy, "head": head}))
    engine = Engine()
    items = find_stars(plan, engine, groups)
    engine.map("heads", attach_heads, items)
    found = {}
    for group in range(groups):
        node, root, heads = members_of_group(plan, group, groups)
        assert not found.keys() & set(node.tolist())
        found |= {n: (r, h) for n, r, h in zip(node.tolist(), root.tolist(), heads.tolist(),
                                               strict=True)}  # fmt: skip
    return found, engine.steps


def ends(pairs):
    return np.array(pairs, np.int64).reshape(-1, 2).T


def slow_components(pairs):
    """Sets that are merged until none meet."""
    sets = []
    for pair in pairs:
        meeting = [some for some in sets if some & set(pair)]
        sets = [some for some in sets if not some & set(pair)] + [set(pair).union(*meeting)]
    return {node: min(some) for some in sets for node in some}


NODES = st.integers(0, 60)
PAIRS = st.lists(st.tuples(NODES, NODES).filter(lambda pair: pair[0] != pair[1]), max_size=60)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.sampled_from([1, 2, 7]), st.integers(0, 5))
def test_stars_are_the_components(tmp_path_factory, pairs, groups, copied):
    copies = [(100 + i, pair[0]) for i, pair in enumerate(pairs[:copied])]
    folder = tmp_path_factory.mktemp("stars")
    found, _ = components_by_stars(folder, pairs, copies, groups)
    expected = slow_components([*pairs, *copies])
    assert {node: root for node, (root, _) in found.items()} == expected
    heads = dict(copies)
    assert {node: head for node, (_, head) in found.items()} == {
        node: heads.get(node, node) for node in expected
    }


@pytest.mark.parametrize(
    ("pairs", "most"),
    [
        ([(0, i) for i in range(1, 3000)], 2),
        ([(2999, i) for i in range(2999)], 2),
        ([(i, i + 1) for i in range(3000)], 12),
        ([(i, (i * 7919 + 1) % 3001) for i in range(3000)], 8),
    ],
)
def test_rounds_are_few(tmp_path, pairs, most):
    """Around the first or the last node, along a chain, and at random."""
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    found, steps = components_by_stars(tmp_path, pairs, [], 5)
    assert {node: root for node, (root, _) in found.items()} == slow_components(pairs)
    assert sum(step.startswith("small_star") for step in steps) <= most


def test_one_group_needs_no_round(tmp_path):
    found, steps = components_by_stars(tmp_path, [(4, 5), (5, 9)], [(2, 9)], 1)
    assert found == {2: (2, 9), 4: (2, 4), 5: (2, 5), 9: (2, 9)}
    assert steps == ["spread", "heads"]


def test_a_forest_names_the_least_node():
    child, root = forest(np.array([1, 2, 7]), np.array([2, 3, 8]))
    assert child.tolist() == [2, 3, 8]
    assert root.tolist() == [1, 1, 7]
