"""Shares on two or more axes at once: iterative proportional fitting, or raking.

A mixture stated as *types* (73 % web, 7 % code, ...) and as *languages* (55 % English, ...) means
their products, as long as all combinations exist. Where some do not (there is no encyclopedia in
Thai, no code in any language but English), the others must make up for them so that both statements
still hold. Raking (Deming and Stephan 1940) scales the shares to one axis after the other until
all hold; of all mixtures that hold them it finds the one nearest to the products (least relative
entropy; Csiszar 1975).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

MOST_ROUNDS = 10_000
TOLERANCE = 1e-10
"""The fitting ends when a round moves no share of an axis by more."""
MISSED = 1e-4
"""A share that is still off by more cannot be held. Where a combination must vanish for the others
to hold, fitting comes near slowly, and so this is coarser."""


class UnmetAxes(ValueError):  # noqa: N818 - what they are
    """No mixture of what exists holds all axes; the message names what is missed most."""

    def __init__(self, message: str, shares: dict[str, float]) -> None:
        super().__init__(message)
        self.shares = shares
        """Where the fitting ended: the last axis holds."""


def rake(
    labels: Sequence[np.ndarray], targets: Sequence[np.ndarray], start: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fit shares of cells to the axes.

    Args:
        labels: of each axis int64 [cells]: the value of the axis that a cell has.
        targets: of each axis float64 [values]: the share of each value; they sum to one.
        start: float64 [cells], above 0: how alike cells divide what is theirs together.

    Returns:
        float64 [cells]: shares that sum to one.
        Of each axis float64 [values]: what is reached.
    """
    shares = start / start.sum()
    for _ in range(MOST_ROUNDS):
        worst = 0.0
        for own, target in zip(labels, targets, strict=True):
            sums = np.bincount(own, shares, len(target))
            worst = max(worst, float(np.abs(sums - target).max()))
            shares = shares * (target / np.where(sums > 0, sums, 1.0))[own]
        if worst < TOLERANCE:
            break
    shares /= shares.sum()
    pairs = zip(labels, targets, strict=True)
    return shares, [np.bincount(own, shares, len(target)) for own, target in pairs]


def raked_shares(
    axes: Mapping[str, Mapping[str, Sequence[str]]],
    targets: Mapping[str, Mapping[str, float]],
    tokens: Mapping[str, float],
) -> dict[str, float]:
    """The share of each component, fitted to the axes.

    Components that agree in every axis divide what is theirs by tokens.

    Args:
        axes: axis -> value -> its components.
        targets: axis -> value -> share.
        tokens: of each component that is in a value of every axis.

    Raises:
        UnmetAxes: no mixture of these components holds all axes.
    """
    names = list(tokens)
    values = {axis: list(targets[axis]) for axis in axes}
    labels = []
    for axis, of_value in axes.items():
        place = {name: i for i, v in enumerate(values[axis]) for name in of_value[v]}
        labels.append(np.array([place[name] for name in names], np.int64))
    cell = np.unique(np.array(labels), axis=1, return_inverse=True)[1].reshape(-1)
    size = np.array([tokens[name] for name in names], np.float64)
    start = size / np.bincount(cell, size)[cell]
    wanted = [np.array([targets[axis][v] for v in values[axis]]) for axis in axes]
    shares, reached = rake(labels, wanted, start)
    misses = [
        (abs(got - want), axis, value, want, got)
        for axis, ours, theirs in zip(axes, wanted, reached, strict=True)
        for value, want, got in zip(values[axis], ours.tolist(), theirs.tolist(), strict=True)
    ]
    miss, axis, value, want, got = max(misses)
    found = dict(zip(names, shares.tolist(), strict=True))
    if miss > MISSED:
        raise UnmetAxes(
            f"no mixture of what there is holds all axes: {value!r} of axis {axis!r} comes to "
            f"{got:.2%} in place of {want:.2%}",
            found,
        )
    return found
