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
def components(left: np.ndarray, right: np.ndarray, labels: np.ndarray) -> None:
    """Label every node with the smallest node of its component.

    Args:
        left: int64 [pairs], nodes from 0.
        right: int64 [pairs].
        labels: int64 [nodes], written.
    """
    for node in range(len(labels)):
        labels[node] = node
    for i in range(len(left)):
        a, b = find(labels, left[i]), find(labels, right[i])
        if a < b:
            labels[b] = a
        else:
            labels[a] = b
    for node in range(len(labels)):
        labels[node] = find(labels, node)
