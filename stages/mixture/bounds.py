"""Dividing one in proportion to weights, with a least and a largest share for each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Bounded(NamedTuple):
    """Shares within bounds."""

    shares: dict[str, float]
    at_lower: list[str]
    at_upper: list[str]


def bounded_shares(
    weights: Mapping[str, float], lower: Mapping[str, float], upper: Mapping[str, float]
) -> Bounded:
    """Divide one in proportion to weights, none below its lower or above its upper bound.

    The shares are ``weight * x`` within the bounds, for the one x at which they sum to one: what a
    capped one cannot take, and what a lifted one takes more, the others bear by weight. With equal
    weights and what there is as the upper bound this is UniMax (Chung et al. 2023).

    Where even all upper bounds sum to less than one, everything is at its upper bound; where the
    lower ones sum to more, at its lower.

    Args:
        weights: above 0.
        lower: by name; none is 0.
        upper: by name, at least the lower; none is without limit.

    >>> bounded_shares({"a": 1.0, "b": 1.0}, {}, {"a": 0.2}).shares
    {'a': 0.2, 'b': 0.8}
    """
    names = list(weights)
    weight = np.array([weights[name] for name in names])
    least = np.array([lower.get(name, 0.0) for name in names])
    most = np.maximum(np.array([upper.get(name, math.inf) for name in names]), least)
    # Their sum rises with x, and straight between these: where a share leaves or meets a bound.
    leaves, meets = least / weight, most / weight
    turns = np.unique(np.concatenate([leaves, meets[np.isfinite(meets)]]))
    sums = np.array([np.clip(weight * x, least, most).sum() for x in turns])
    place = int(np.searchsorted(sums, 1.0, "left"))  # the first turn at which they reach one
    if place == 0:
        low, high = np.ones(len(names), np.bool_), np.zeros(len(names), np.bool_)
        shares = least
    elif place == len(turns) and np.isfinite(most).all():
        low, high = np.zeros(len(names), np.bool_), np.ones(len(names), np.bool_)
        shares = most
    else:
        low = leaves >= (turns[place] if place < len(turns) else math.inf)
        high = meets <= turns[place - 1]
        free = ~low & ~high
        shares = np.where(low, least, most)
        left = 1.0 - math.fsum(shares[~free].tolist())
        shares[free] = left * weight[free] / math.fsum(weight[free].tolist())
    return Bounded(
        dict(zip(names, shares.tolist(), strict=True)),
        [name for name, held in zip(names, low.tolist(), strict=True) if held],
        [name for name, held in zip(names, high.tolist(), strict=True) if held],
    )
