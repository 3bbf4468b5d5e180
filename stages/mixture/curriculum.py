"""A curriculum: how the shares of groups of components change within a phase.

non_english: [0.3, 0.6]                      rises, in a straight line
non_english: [0.3, 0.3, 0.6]                 equally spaced positions
non_english: [[0, 0.3], [0.8, 0.6]]          positions stated; after the last it stays
non_english: [[0, 0.3], [0.5, 0.3], [0.5, 0.6]]        a position that stands twice: a jump
non_english: {steps: [0.3, 0.45, 0.6]}       stairs of equal length
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.mixture.interleave import Share, on_common_positions
from stages.mixture.members import members_of, unknown
from stages.mixture.weights import Context

STEPS = "steps"
ROUNDING = 1e-9


@dataclass(frozen=True)
class Group:
    """Components that have a share of the phase together."""

    members: list[str]
    share: Share


def valid_curve(group: str, given: Any) -> list[list[float]]:
    """The points of a curve: pairs of position and share.

    Raises:
        ValueError: it is none.
    """
    if isinstance(given, dict):
        if list(given) != [STEPS]:
            raise ValueError(f"curriculum of {group!r}: give a list, or {{{STEPS}: [...]}}")
        shares = _shares(group, given[STEPS])
        count = len(shares)
        edges = [number / count for number in range(count + 1)]
        stairs = [
            [[begin, share], [end, share]]
            for (begin, end), share in zip(itertools.pairwise(edges), shares, strict=True)
        ]
        return _checked(group, [point for stair in stairs for point in stair])
    if not isinstance(given, list | tuple):
        raise ValueError(f"curriculum of {group!r} is {given!r}: give a list of shares")
    if given and all(isinstance(point, list | tuple) for point in given):
        if any(len(point) != 2 for point in given):
            raise ValueError(f"curriculum of {group!r}: a point is [position, share]")
        positions = [float(point[0]) for point in given]
        shares = _shares(group, [point[1] for point in given])
        return _checked(group, [list(p) for p in zip(positions, shares, strict=True)])
    shares = _shares(group, given)
    even = np.linspace(0, 1, len(shares)).tolist()
    return [list(point) for point in zip(even, shares, strict=True)]


def _shares(group: str, given: Any) -> list[float]:
    if not given:
        raise ValueError(f"curriculum of {group!r} is empty: give one share or more")
    for share in given:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ValueError(f"curriculum of {group!r}: the share {share!r} is not within 0 to 1")
    return [float(share) for share in given]


def _checked(group: str, points: list[list[float]]) -> list[list[float]]:
    positions = [position for position, _ in points]
    if sorted(positions) != positions or positions[0] < 0 or positions[-1] > 1:
        raise ValueError(f"curriculum of {group!r}: positions rise from 0 to 1, not {positions}")
    twice = [a for a, b in itertools.pairwise(positions) if a == b]
    if len(set(twice)) < len(twice) or {0.0, 1.0} & set(twice):
        raise ValueError(
            f"curriculum of {group!r}: a jump is a position within the phase that stands twice"
        )
    return points


def groups_of(
    curriculum: Mapping[str, Share], weights: Mapping[str, float], context: Context
) -> list[Group]:
    """The groups of the curriculum with their shares, and last the components in none.

    Args:
        curriculum: group -> points, as ``valid_curve`` leaves them.
        weights: of the components, above 0.
        context: takes the notes.

    Raises:
        ValueError: a group has no components, two share one, or the shares are no mixture.
    """
    groups: dict[str, list[str]] = {}
    for group in curriculum:
        members = members_of(group, weights)
        if members and math.fsum(weights[name] for name in members) > 0:
            groups[group] = members
        elif context.fit_to_supply:
            context.notes.append(
                f"phase {context.phase!r}: no documents for the curriculum of {group!r}"
            )
        else:
            message = f"phase {context.phase!r}: curriculum: {unknown([group], weights)}"
            raise ValueError(message)
    if not groups:
        return [Group(list(weights), [(0.0, 1.0)])]
    grouped = [name for members in groups.values() for name in members]
    twice = sorted({name for name in grouped if grouped.count(name) > 1})
    if twice:
        raise ValueError(f"phase {context.phase!r}: curriculum: {twice[0]!r} is in two groups")
    positions, table = _on_one_grid([curriculum[group] for group in groups])
    rest = 1 - table.sum(axis=0)
    others = [name for name in weights if name not in grouped]
    if rest.min() < -ROUNDING:
        raise ValueError(
            f"phase {context.phase!r}: curriculum: the shares of {', '.join(groups)} sum to "
            f"{1 - rest.min():.9g} at position {positions[rest.argmin()]:g}"
        )
    if not others and rest.max() > ROUNDING:
        table = _raised(groups, positions, table, rest, context)
    parts = list(zip(groups.values(), table, strict=True))
    if others:
        parts.append((others, rest.clip(0)))
    return [
        Group(members, list(zip(positions.tolist(), share.tolist(), strict=True)))
        for members, share in parts
    ]


def _on_one_grid(curves: list[Share]) -> tuple[np.ndarray, np.ndarray]:
    """All curves on all positions; only 0 where none of them moves."""
    if all(share == curve[0][1] for curve in curves for _, share in curve):
        return np.zeros(1), np.array([[curve[0][1]] for curve in curves])
    return on_common_positions(curves)


def _raised(
    groups: Mapping[str, list[str]],
    positions: np.ndarray,
    table: np.ndarray,
    rest: np.ndarray,
    context: Context,
) -> np.ndarray:
    """The shares of groups that hold every component, raised to sum to one."""
    if not context.fit_to_supply:
        raise ValueError(
            f"phase {context.phase!r}: curriculum: {', '.join(groups)} hold every component, but "
            f"their share is {1 - rest.max():.9g} at position {positions[rest.argmax()]:g}"
        )
    if rest.max() >= 1:
        raise ValueError(f"phase {context.phase!r}: curriculum: a share of 0, and nothing else")
    context.notes.append(f"phase {context.phase!r}: curriculum raised: there is nothing besides it")
    raised: np.ndarray = table / (1 - rest)
    return raised
