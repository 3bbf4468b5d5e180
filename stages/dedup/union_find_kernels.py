"""Connected components of a graph given as pairs (union-find: Tarjan, JACM 1975)."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

t = array_types()


@kernel(forceinline=True)
def find(parents: np.ndarray, node: Scalar) -> Scalar:
    """The root of a node; every second parent on the way is moved up (path halving)."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@kernel((t["i64"], t["i64"], t["w_i64"]))
def join_pairs(left: np.ndarray, right: np.ndarray, parents: np.ndarray) -> None:
    """Join pairs; may be called again and again with parts of them.

    Args:
        left: int64 [pairs], nodes from 0.
        right: int64 [pairs].
        parents: int64 [nodes], every node its own parent at first; the smallest node of a component
            is its root.
    """
    for i in range(len(left)):
        a, b = find(parents, left[i]), find(parents, right[i])
        if a < b:
            parents[b] = a
        else:
            parents[a] = b


@kernel((t["w_i64"],))
def resolve(parents: np.ndarray) -> None:
    """Replace every parent by the root: the smallest node of the component."""
    for node in range(len(parents)):
        parents[node] = find(parents, node)
