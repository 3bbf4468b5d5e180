"""``linkage: connected``: whole components of verified pairs go but for their best document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan
from stages.dedup.candidate_kernels import estimates
from stages.dedup.minhash_steps import minimum, whole_groups
from stages.dedup.shingle_kernels import jaccards
from stages.dedup.union_find_kernels import join_pairs, resolve

if TYPE_CHECKING:
    from stages.dedup.survivor_reader import Block, Reader

ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)
HEADS_AT_A_TIME = 1 << 13
"""Heads whose shingle sets are in memory together (more where one component has more)."""


def join_verified(
    plan: Plan, reader: Reader, edges: pa.Table, nodes: np.ndarray, component: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Survivor and similarity to it of each head of a batch.

    Args:
        plan: of the barrier.
        reader: of signatures and shingle sets.
        edges: ``left`` and ``right`` nodes of candidate pairs.
        nodes: int64 [heads], those of a component together, the best first.
        component: int64 [heads].

    Returns:
        int64 [heads] places among them; float64 [heads].
    """
    order = np.argsort(nodes)
    left, right = (edges.column(name).to_numpy() for name in ("left", "right"))
    known = np.isin(left, nodes) & np.isin(right, nodes)
    left = order[np.searchsorted(nodes, left[known], sorter=order)]
    right = order[np.searchsorted(nodes, right[known], sorter=order)]
    labels, similarities = np.arange(len(nodes)), np.ones(len(nodes))
    for start, stop in whole_groups(component, HEADS_AT_A_TIME):
        some = (left >= start) & (left < stop)
        block = reader.read(nodes[start:stop], component[start:stop])
        a, b = left[some] - start, right[some] - start
        alike = _similarity(block, a, b, reader.exact) >= _least(plan)
        joined = labels[start:stop] - start
        join_pairs(a[alike], b[alike], joined)
        resolve(joined)
        labels[start:stop] = joined + start
        similarities[start:stop] = _similarity(block, np.arange(stop - start), joined, reader.exact)
    return labels, similarities


def _least(plan: Plan) -> float:
    return minimum(plan) if plan.settings["verify"] == "none" else plan.settings["threshold"]


def _similarity(block: Block, left: np.ndarray, right: np.ndarray, exact: bool) -> np.ndarray:
    """float64 [pairs]: exact, or as estimated."""
    order = np.argsort(left, kind="stable")
    found = np.empty(len(left))
    if exact:
        starts = block.starts()
        jaccards(block.sets, starts, left[order], block.sets, starts, right[order], ALL_BITS, found)
    else:
        width = block.bins.shape[1]
        bins = block.bins.reshape(-1)
        estimates(bins, block.hashes, block.short, width, left[order], right[order], found)
    out = np.empty(len(left))
    out[order] = found
    return out
