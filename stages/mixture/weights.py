"""From a phase's weights to shares of components: pools, each divided by a rule of its own.

What is stated (shares, tokens, axes) is kept to the letter. What follows from the supply (alpha,
natural, unimax, a number for several components) is flexible: where a component meets a bound, the
others of its pool share the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stages.mixture.members import assigned, unknown
from stages.mixture.raking import UnmetAxes, raked_shares
from stages.mixture.weight_language import ALPHA, AXES, NAMED

NAMES_TOLD = 12
"""Of combinations of axes that no document has."""


@dataclass(frozen=True)
class Pool:
    """Components that divide a share of the phase."""

    shares: dict[str, float]
    """Of the phase; above 0."""
    flexible: bool
    """Whether they give way to bounds."""


@dataclass
class Context:
    """Whose weights they are, and what to do where components are missing."""

    phase: str
    fit_to_supply: bool
    notes: list[str] = field(default_factory=list)

    def missing(self, message: str, note: str) -> None:
        """Note it where the mixture is fitted to the supply, else refuse.

        Raises:
            ValueError: it is not.
        """
        if not self.fit_to_supply:
            raise ValueError(f"phase {self.phase!r}: weights: {message}")
        self.notes.append(f"phase {self.phase!r}: {note}")


def pools_of(
    weights: Mapping[str, Any], tokens: Mapping[str, float], context: Context
) -> list[Pool]:
    """Divide one among components.

    Args:
        weights: as ``valid_weights`` leaves them.
        tokens: of each component that has any.
        context: takes the notes.

    Returns:
        Pools whose shares sum to one, all together.

    Raises:
        ValueError: a component is not there, or the axes cannot be held.
    """
    if ALPHA in weights:
        return [Pool(_normalised({n: float(t) ** weights[ALPHA] for n, t in tokens.items()}), True)]
    if AXES in weights:
        return [Pool(_on_axes(weights[AXES], tokens, context), False)]
    stated: dict[str, float] = {}
    pools: list[Pool] = []
    members = _members(weights, tokens, context)
    total = math.fsum(_share(weights[key]) for key in members)
    for key, names in members.items():
        share = _share(weights[key]) / total
        if isinstance(weights[key], dict):
            inner = pools_of(weights[key]["weights"], {n: tokens[n] for n in names}, context)
        elif len(names) == 1:
            stated[names[0]] = share
            continue
        else:
            inner = pools_of(NAMED["natural"], {n: tokens[n] for n in names}, context)
        for pool in inner:
            scaled = {name: inside * share for name, inside in pool.shares.items()}
            if pool.flexible and len(scaled) > 1:
                pools.append(Pool(scaled, True))
            else:
                stated |= scaled
    return [*([Pool(stated, False)] if stated else []), *pools]


def _members(
    weights: Mapping[str, Any], tokens: Mapping[str, float], context: Context
) -> dict[str, list[str]]:
    """The components of each key that has any and a share."""
    wanted = [key for key in weights if _share(weights[key]) > 0]
    try:
        members = assigned(list(weights), list(tokens))
    except ValueError as error:
        raise ValueError(f"phase {context.phase!r}: weights: {error}") from error
    missing = [key for key in wanted if not members[key]]
    if missing:
        context.missing(
            unknown(missing, tokens),
            f"no documents of {', '.join(sorted(missing))}; the other weights grow in proportion",
        )
    found = {key: members[key] for key in wanted if members[key]}
    if not found:
        raise ValueError(f"phase {context.phase!r}: no component with a weight has documents")
    return found


def _on_axes(
    axes: Mapping[str, Mapping[str, float]], tokens: Mapping[str, float], context: Context
) -> dict[str, float]:
    """Shares that hold all axes; notes which combinations no document has."""
    members: dict[str, dict[str, list[str]]] = {}
    for axis, shares in axes.items():
        try:
            members[axis] = assigned(list(shares), list(tokens))
        except ValueError as error:
            message = f"phase {context.phase!r}: weights: axis {axis!r}: {error}"
            raise ValueError(message) from error
    on_all = [
        name
        for name in tokens
        if all(any(name in m for m in of_value.values()) for of_value in members.values())
    ]
    for axis, shares in axes.items():
        kept = {value: [n for n in m if n in on_all] for value, m in members[axis].items()}
        missing = [value for value in shares if shares[value] > 0 and not kept[value]]
        if missing:
            context.missing(
                f"axis {axis!r}: " + unknown(missing, tokens),
                f"no documents of {', '.join(missing)} (axis {axis!r}); its others grow in "
                "proportion",
            )
        members[axis] = {v: names for v, names in kept.items() if names and shares[v] > 0}
    # A value of share 0 takes its components out on every axis.
    there = [n for n in on_all if all(any(n in m for m in v.values()) for v in members.values())]
    if not there:
        raise ValueError(f"phase {context.phase!r}: weights: no component is on all axes")
    members = {
        axis: {v: [n for n in names if n in there] for v, names in of_value.items()}
        for axis, of_value in members.items()
    }
    targets = {axis: _normalised({v: axes[axis][v] for v in members[axis]}) for axis in axes}
    _note_missing_combinations(members, context)
    try:
        shares = raked_shares(members, targets, {name: tokens[name] for name in there})
    except UnmetAxes as error:
        context.missing(str(error), str(error))
        shares = error.shares
    return {name: share for name, share in shares.items() if share > 0}


def _note_missing_combinations(
    members: Mapping[str, Mapping[str, list[str]]], context: Context
) -> None:
    """Say which combinations of the first two axes no document has."""
    (first, of_first), *others = members.items()
    if not others:
        return
    second, of_second = others[0]
    missing = [
        f"{a}/{b}"
        for a, names in of_first.items()
        for b, others_names in of_second.items()
        if not set(names) & set(others_names)
    ]
    if missing:
        told = ", ".join(missing[:NAMES_TOLD])
        more = f" and {len(missing) - NAMES_TOLD} more" if len(missing) > NAMES_TOLD else ""
        context.notes.append(
            f"phase {context.phase!r}: no documents of {told}{more} ({first}/{second}): the others "
            "make up for them, so that each axis holds"
        )


def _share(value: Any) -> float:
    return float(value["share"] if isinstance(value, dict) else value)


def _normalised(shares: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(shares.values())
    return {name: share / total for name, share in shares.items()}
