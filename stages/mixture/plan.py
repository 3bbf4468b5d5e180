"""What a phase takes of each component, and whether there is enough: arithmetic, no files.

A phase's curriculum parts it into groups of components with a share each; its weights divide each
group. Weights that are stated are kept to the letter. Weights by temperature lift small components
above what they hold, and so they are capped: none beyond ``max_epochs`` of its supply, and what a
capped one cannot give the others of its group share by weight (UniMax, Chung et al. 2023, with a
temperature in place of uniform).

A mixture that asks for more than the supply makes in ``max_epochs`` passes is ``Infeasible``, with
what would make it feasible; with ``fit_to_supply`` the budgets of all phases shrink by one factor
to the largest feasible ones instead, and a note says so.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from formats.units import format_count
from stages.mixture.interleave import Share, average_share
from stages.mixture.options import NON_ENGLISH, TEMPERATURE, PhaseOptions

ROUNDING = 1e-9
"""Rows: far below one, far above what float64 loses on 10^9 of them."""
ENGLISH = {"en", "eng", "english"}
NO_LANGUAGE = {"code", "math"}


@dataclass(frozen=True)
class Supply:
    """What there is of a component for a phase."""

    rows: int
    """Rows that one pass over its documents makes."""
    tokens: int
    """Without padding."""
    documents: int = 0
    repetitions: Mapping[int, int] = field(default_factory=dict)
    """Where documents are repeated: times in an epoch -> documents; rows and tokens count them."""


@dataclass(frozen=True)
class PhasePlan:
    """What a phase will be made of."""

    name: str
    rows: int
    components: list[str]
    """Sorted by name; none with a share of zero throughout."""
    shares: list[Share]
    """Of each component; together they sum to one everywhere."""
    notes: list[str] = field(default_factory=list)
    """What was changed to fit the supply, a line each."""

    @property
    def average_shares(self) -> list[float]:
        """Of each component, over the whole phase."""
        return [average_share(share) for share in self.shares]


@dataclass(frozen=True)
class Shortage:
    """A component of which a phase wants more than there is."""

    component: str
    rows_wanted: int
    rows_available: int
    """Supply times the largest number of epochs."""
    supply: Supply
    share: float
    largest_share: float
    """Of this component, at the budget asked for."""


@dataclass(frozen=True)
class PhaseShortage:
    """A phase that asks for more than its supply."""

    phase: PhaseOptions
    rows_wanted: int
    largest_rows: int
    """Of the largest phase with this mixture."""
    sequence_length: int
    components: list[Shortage]

    @property
    def largest_budget(self) -> int:
        """Tokens of the largest phase with this mixture."""
        return self.largest_rows * self.sequence_length

    def lines(self) -> list[str]:
        """What is short, component by component, and what would be feasible."""
        length = self.sequence_length
        lines = [
            f"phase {self.phase.name!r} asks for {format_count(self.rows_wanted * length)} tokens, "
            f"more than its supply in {self.phase.max_epochs:g} epochs:"
        ]
        for short in self.components:
            wanted = format_count(short.rows_wanted * length)
            available = format_count(short.rows_available * length)
            epochs = short.rows_wanted / max(short.supply.rows, 1)
            lines.append(
                f"  {short.component}: {wanted} tokens wanted ({short.share:.2%} of the phase, "
                f"{epochs:.3g} epochs), {available} available; "
                f"its share can be {short.largest_share:.2%} at most"
            )
        lines.append(
            f"  feasible: tokens of at most {self.largest_budget:,} with this mixture, or smaller "
            "shares of these components, or a larger max_epochs"
        )
        return lines


class Infeasible(ValueError):  # noqa: N818 - the name a user reads: what the mixture is
    """A mixture asks for more than its supply; the message says what would be feasible."""

    def __init__(self, phases: Sequence[PhaseShortage]) -> None:
        self.phases = list(phases)
        super().__init__("\n".join(line for phase in phases for line in phase.lines()))


def plan_phases(
    phases: Sequence[PhaseOptions],
    supplies: Sequence[Mapping[str, Supply]],
    sequence_length: int,
    fit_to_supply: bool = False,
) -> list[PhasePlan]:
    """Plan all phases. The phases do not share the supply: each has all of it.

    Args:
        phases: their settings.
        supplies: of each phase: component -> what it may take (after the phase's ``where``).
        sequence_length: tokens in a row.
        fit_to_supply: drop components that are not there and shrink all budgets by one factor,
            with a note, instead of raising.

    Raises:
        Infeasible: the supply does not suffice; for all phases that are, together.
        ValueError: a component or group is not there, or the curriculum is no mixture.
    """
    drafts = [
        _draft(phase, supply, sequence_length, fit_to_supply)
        for phase, supply in zip(phases, supplies, strict=True)
    ]
    short = [draft for draft in drafts if draft.largest_rows() < draft.rows]
    if not short:
        return [draft.plan(draft.rows) for draft in drafts]
    if not fit_to_supply or any(draft.largest_rows() < 1 for draft in short):
        raise Infeasible([draft.shortage(sequence_length) for draft in short])
    # One factor for all: a phase for a twentieth of the tokens stays a twentieth.
    scarce = min(short, key=lambda draft: draft.largest_rows() / draft.rows)
    plans = []
    for draft in drafts:
        rows = max(1, draft.rows * scarce.largest_rows() // scarce.rows)
        draft.notes.append(
            f"phase {draft.phase.name!r}: {format_count(draft.phase.tokens)} tokens scaled to "
            f"{format_count(rows * sequence_length)}, "
            + (draft.limit() if draft is scarce else f"in step with {scarce.phase.name!r}")
        )
        plans.append(draft.plan(min(rows, draft.largest_rows())))
    return plans


def plan_phase(
    phase: PhaseOptions,
    supply: Mapping[str, Supply],
    sequence_length: int,
    fit_to_supply: bool = False,
) -> PhasePlan:
    """Plan one phase; see ``plan_phases``."""
    return plan_phases([phase], [supply], sequence_length, fit_to_supply)[0]


@dataclass(frozen=True)
class _Group:
    """Components that have a share of the phase together."""

    members: list[str]
    share: Share

    @property
    def average(self) -> float:
        return average_share(self.share)


@dataclass(frozen=True)
class _Draft:
    """A phase before its budget is settled."""

    phase: PhaseOptions
    supply: Mapping[str, Supply]
    rows: int
    """Asked for."""
    weights: dict[str, float]
    groups: list[_Group]
    notes: list[str]

    def available(self, name: str) -> int:
        """Rows that a component makes in the largest number of epochs."""
        return math.floor(self.supply[name].rows * self.phase.max_epochs)

    def largest_rows(self) -> int:
        """Rows of the largest phase with this mixture."""
        return math.floor(min(self._lasting().values()) + ROUNDING)

    def limit(self) -> str:
        """What keeps the phase from being larger, in words."""
        lasting = self._lasting()
        name = min(lasting, key=lambda name: lasting[name])
        group = next(group for group in self.groups if name in group.members)
        share, what = group.average, repr(name)
        if not self.phase.is_by_temperature:
            share *= self.weights[name] / math.fsum(self.weights[n] for n in group.members)
        elif len(group.members) > 1:
            what = f"{len(group.members)} components"
        return f"{self.phase.max_epochs:g} epochs of {what} at {share:.2%} of the phase"

    def _lasting(self) -> dict[str, float]:
        """Rows of a phase for which each component, with those that may help it out, suffices."""
        lasting = {}
        for group in self.groups:
            if group.average <= 0:
                continue
            everything = sum(self.available(name) for name in group.members)
            whole = math.fsum(self.weights[name] for name in group.members)
            for name in group.members:
                share = group.average * self.weights[name] / whole
                if self.phase.is_by_temperature:
                    lasting[name] = everything / group.average
                elif share > 0:
                    lasting[name] = self.available(name) / share
        return lasting

    def plan(self, rows: int) -> PhasePlan:
        """The plan for so many rows."""
        shares: dict[str, Share] = {}
        capped: list[str] = []
        for group in self.groups:
            weights = {name: self.weights[name] for name in group.members}
            if self.phase.is_by_temperature and group.average > 0:
                limits = {
                    name: self.available(name) / (group.average * rows) for name in group.members
                }
                weights, held = capped_weights(weights, limits)
                capped += held
            whole = math.fsum(weights.values())
            for name, weight in weights.items():
                share = [(position, value * weight / whole) for position, value in group.share]
                if any(value > 0 for _, value in share):
                    shares[name] = share
        if capped:
            self.notes.append(
                f"phase {self.phase.name!r}: held at {self.phase.max_epochs:g} epochs: "
                f"{', '.join(sorted(capped))}"
            )
        names = sorted(shares)
        return PhasePlan(self.phase.name, rows, names, [shares[n] for n in names], self.notes)

    def shortage(self, sequence_length: int) -> PhaseShortage:
        """What is short at the budget asked for."""
        components = []
        lasting = self._lasting()
        for group in self.groups:
            whole = math.fsum(self.weights[name] for name in group.members)
            for name in group.members:
                share = group.average * self.weights[name] / whole
                wanted, available = math.ceil(share * self.rows - ROUNDING), self.available(name)
                if wanted > available and lasting[name] < self.rows:
                    supply, largest = self.supply[name], available / self.rows
                    components.append(Shortage(name, wanted, available, supply, share, largest))
        components.sort(key=lambda short: short.component)
        largest = max(self.largest_rows(), 0)
        return PhaseShortage(self.phase, self.rows, largest, sequence_length, components)


def capped_weights(
    weights: Mapping[str, float], limits: Mapping[str, float]
) -> tuple[dict[str, float], list[str]]:
    """Divide one in proportion to weights, none above its limit.

    What a limited one cannot take, the others share by weight; where even all limits together are
    less than one, everything is at its limit.

    Returns:
        The shares, and the names that are at their limit.

    >>> capped_weights({"a": 1.0, "b": 1.0}, {"a": 0.2, "b": 2.0})
    ({'a': 0.2, 'b': 0.8}, ['a'])
    """
    shares: dict[str, float] = {}
    free = dict(weights)
    left = 1.0
    while free:
        whole = math.fsum(free.values())
        over = [n for n, w in free.items() if w > 0 and left * w / whole > limits[n]]
        if not over:
            shares |= {name: left * weight / whole for name, weight in free.items()}
            break
        for name in over:
            shares[name] = limits[name]
            del free[name]
        left = 1.0 - math.fsum(shares.values())
    held = [name for name in weights if name not in free]
    return {name: shares[name] for name in weights}, held


def _draft(
    phase: PhaseOptions, supply: Mapping[str, Supply], sequence_length: int, fit_to_supply: bool
) -> _Draft:
    """Settle everything but the budget."""
    notes: list[str] = []
    weights = _weights(phase, supply, fit_to_supply, notes)
    groups = _groups(phase, weights, fit_to_supply, notes)
    rows = max(1, phase.tokens // sequence_length)
    return _Draft(phase, supply, rows, weights, groups, notes)


def _weights(
    phase: PhaseOptions, supply: Mapping[str, Supply], fit_to_supply: bool, notes: list[str]
) -> dict[str, float]:
    """The share of each component before the curriculum; they sum to one."""
    there = {name: found for name, found in supply.items() if found.rows > 0}
    if not there:
        wish = f"meets `where: {phase.where}`" if phase.where else "is there"
        raise ValueError(f"phase {phase.name!r}: no document of any component {wish}")
    if phase.is_by_temperature:
        power = phase.weights[TEMPERATURE]
        weights = {name: float(found.tokens) ** power for name, found in there.items()}
    else:
        missing = [name for name, w in phase.weights.items() if w > 0 and name not in there]
        if missing and not fit_to_supply:
            raise ValueError(f"phase {phase.name!r}: weights: {_unknown(missing, there)}")
        weights = {name: weight for name, weight in phase.weights.items() if name in there}
        if missing:
            notes.append(
                f"phase {phase.name!r}: no documents of {', '.join(sorted(missing))}; "
                "the other weights grow in proportion"
            )
    total = math.fsum(weights.values())
    if total <= 0:
        raise ValueError(f"phase {phase.name!r}: no component with a weight has documents")
    return {name: weight / total for name, weight in sorted(weights.items())}


def _groups(
    phase: PhaseOptions, weights: dict[str, float], fit_to_supply: bool, notes: list[str]
) -> list[_Group]:
    """The groups of the curriculum with their shares, and last the components in none."""
    groups: dict[str, list[str]] = {}
    for group in phase.curriculum:
        members = group_members(group, list(weights))
        if members and math.fsum(weights[name] for name in members) > 0:
            groups[group] = members
        elif fit_to_supply:
            notes.append(f"phase {phase.name!r}: no documents for the curriculum of {group!r}")
        else:
            raise ValueError(f"phase {phase.name!r}: curriculum: {_unknown([group], weights)}")
    if not groups:
        return [_Group(list(weights), [(0.0, 1.0)])]
    grouped = [name for members in groups.values() for name in members]
    twice = sorted({name for name in grouped if grouped.count(name) > 1})
    if twice:
        raise ValueError(f"phase {phase.name!r}: curriculum: {twice[0]!r} is in two groups")

    # All shares on all positions that any group names.
    own = {group: np.linspace(0, 1, len(phase.curriculum[group])) for group in groups}
    positions = np.unique(np.concatenate([[0.0], *own.values()]))
    totals = {group: np.interp(positions, own[group], phase.curriculum[group]) for group in groups}
    rest = 1 - np.sum(list(totals.values()), axis=0)
    others = [name for name in weights if name not in grouped and weights[name] > 0]
    if rest.min() < -ROUNDING:
        raise ValueError(
            f"phase {phase.name!r}: curriculum: the shares of {', '.join(groups)} sum to "
            f"{1 - rest.min():.9g} at position {positions[rest.argmin()]:g}"
        )
    if not others and rest.max() > ROUNDING:
        if not fit_to_supply:
            raise ValueError(
                f"phase {phase.name!r}: curriculum: {', '.join(groups)} hold every component, but "
                f"their share is {1 - rest.max():.9g} at position {positions[rest.argmax()]:g}"
            )
        if rest.max() >= 1:
            raise ValueError(f"phase {phase.name!r}: curriculum: a share of 0, and nothing else")
        notes.append(f"phase {phase.name!r}: curriculum raised: there is nothing besides it")
        totals = {group: total / (1 - rest) for group, total in totals.items()}
    parts = [(groups[group], totals[group]) for group in groups]
    if others:
        parts.append((others, rest.clip(0)))
    return [
        _Group(members, list(zip(positions.tolist(), total.tolist(), strict=True)))
        for members, total in parts
    ]


def group_members(group: str, components: Sequence[str]) -> list[str]:
    """The components of a curriculum's group: the one of that name, or all non-English ones."""
    if group == NON_ENGLISH:
        return [name for name in components if is_non_english(name)]
    return [name for name in components if name == group]


def is_non_english(component: str) -> bool:
    """True unless a part of the name says English, code or math.

    Parts are what stands between signs: ``en``, ``web-en`` and ``code/python`` are not
    ``non_english``; ``fr``, ``zh-Hans``, ``web/de`` and ``parallel`` are.
    """
    parts = set(re.split(r"[^a-z0-9]+", component.lower()))
    return not parts & (ENGLISH | NO_LANGUAGE)


def _unknown(names: Sequence[str], there: Mapping[str, object]) -> str:
    """Say which names are not there, the nearest that is, and all there are."""
    hints = []
    for name in names:
        near = difflib.get_close_matches(name, list(there), 1, 0.5)
        hints.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    found = ", ".join(sorted(there))
    return f"no component with documents is called {', '.join(hints)}; there are: {found}"
