"""Between two rounds: what the sure pairs of a language pair teach, a task for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, task_plan
from stages.bilingual.pairing.choosing import SURE_CONFIDENCE, confidence_of
from stages.bilingual.pairing.comparing_steps import content_buckets, round_step, spread
from stages.bilingual.pairing.content_files import (
    features_of,
    features_of_nodes,
    member_numbers,
    read_language,
    read_space,
    write_space,
)
from stages.bilingual.pairing.learning import learn_space
from stages.bilingual.pairing.space import Side, Space
from stages.shuffle import open_ipc

MOST_LESSONS = 3000
"""Sure pairs of documents that teach; more teach little more and cost as much each."""
LEAST_LESSONS = 5


def learn(item: dict[str, Any]) -> dict[str, Any]:
    """Learn the next round's space of one pair of languages.

    Args:
        item: also ``round``, ``documents`` of each member, and ``matched``: files of pairs found by
            key or address, which teach too.
    """
    plan, index = task_plan(item)
    number = item["round"]
    space = read_space(plan.folder, number, index)
    nodes = _sure_pairs(plan, number, index, item["matched"])
    if len(nodes) < LEAST_LESSONS:
        write_space(plan, number + 1, index, space)
        return {"lessons": 0, "entries": len(space.weights)}
    learned = taught(plan, index, space, nodes, item["documents"])
    write_space(plan, number + 1, index, learned)
    return {"lessons": len(nodes), "entries": len(learned.weights)}


def taught(plan: Plan, index: int, space: Space, nodes: np.ndarray, documents: list[int]) -> Space:
    """What pairs of documents teach of one pair of languages.

    Args:
        plan: of the stage.
        index: of the pair of languages.
        space: in which the documents are aligned.
        nodes: int64 [pairs, 2].
        documents: how many there are of each member.
    """
    languages, sides, places = [], [], []
    for right, member in enumerate(member_numbers(plan)[index].tolist()):
        path = plan.path("frequencies", member)
        language, lines = read_language(path, documents[member])
        languages.append(language)
        mine = np.unique(nodes[:, right])
        table = features_of_nodes(plan, mine)
        sides.append(space.side(features_of(table), bool(right), lines))
        places.append(np.searchsorted(mine, nodes[:, right]))
    both: tuple[Side, Side] = (sides[0], sides[1])
    return learn_space(
        read_space(plan.folder, 0, index), space, (languages[0], languages[1]), both,
        (places[0], places[1]),
    )  # fmt: skip


def _sure_pairs(plan: Plan, number: int, pair: int, matched: list[str]) -> np.ndarray:
    """int64 [pairs, 2]: nodes; those whose numbers hash lowest where there are too many."""
    found = [np.zeros((0, 2), np.int64)]
    for path in plan.paths(round_step("settled", number), content_buckets(plan)):
        rows = open_ipc(path).read_all()
        mine = sure(rows) & (rows.column("pair").to_numpy() == pair)
        found.append(_nodes(rows.filter(pa.array(mine)), "left", "right"))
    return chosen_lessons([*found, *matched_nodes(pair, matched)])


def sure(rows: pa.Table) -> np.ndarray:
    """Which settled pairs teach (bool)."""
    return confidence_of(rows) >= SURE_CONFIDENCE


def matched_nodes(pair: int, matched: list[str]) -> Iterator[np.ndarray]:
    """The nodes of pairs found by key or address, of one pair of languages."""
    for path in matched:
        rows = open_ipc(path).read_all()
        good = rows.column("close").to_numpy(zero_copy_only=False)
        good = good & (rows.column("pair").to_numpy() == pair)
        yield _nodes(rows.filter(pa.array(good)), "left_node", "right_node")


def chosen_lessons(found: Sequence[np.ndarray]) -> np.ndarray:
    """The pairs of nodes (int64 [pairs, 2]) whose numbers hash lowest, if there are too many."""
    nodes = np.concatenate(found)
    return nodes[np.argsort(spread(nodes[:, 0]), kind="stable")[:MOST_LESSONS]]


def _nodes(rows: pa.Table, *names: str) -> np.ndarray:
    return np.stack([rows.column(name).to_numpy() for name in names], axis=1).astype(np.int64)
