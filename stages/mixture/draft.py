"""A phase before its budget is settled: its cells, and how large it can be.

A cell is what a group of the curriculum and a pool of the weights have in common: components that
divide a share of the phase, by one rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from stages.mixture.bounds import Bounded, bounded_shares
from stages.mixture.curriculum import groups_of
from stages.mixture.interleave import Share, average_share
from stages.mixture.members import value_of
from stages.mixture.options import PhaseOptions
from stages.mixture.phase_plan import PhasePlan
from stages.mixture.shortage import PhaseShortage, Shortage, Supply
from stages.mixture.weights import Context, pools_of

ROUNDING = 1e-9
"""Rows: far below one, far above what float64 loses on 10^9 of them."""


@dataclass(frozen=True)
class Cell:
    """Components that divide a share of the phase by one rule."""

    weights: dict[str, float]
    """They sum to one."""
    share: Share
    flexible: bool

    @cached_property
    def average(self) -> float:
        """Over the phase."""
        return average_share(self.share)


@dataclass
class Draft:
    """A phase before its budget is settled."""

    phase: PhaseOptions
    supply: Mapping[str, Supply]
    rows: int
    """Asked for."""
    cells: list[Cell]
    notes: list[str]
    used: Mapping[str, int] = field(default_factory=dict)
    """Rows that the phases it continues take."""

    def available(self, name: str) -> int:
        """Rows of a component that are left of its largest number of epochs."""
        whole = math.floor(self.supply[name].rows * self.phase.epochs_of(name))
        return max(0, whole - self.used.get(name, 0))

    def largest_rows(self) -> int:
        """Rows of the largest phase with this mixture."""
        return math.floor(min(self._lasting().values()) + ROUNDING)

    def limit(self) -> str:
        """What keeps the phase from being larger, in words."""
        lasting = self._lasting()
        name = min(lasting, key=lambda name: lasting[name])
        cell = next(cell for cell in self.cells if name in cell.weights)
        share, what = cell.average, repr(name)
        if not cell.flexible:
            share *= cell.weights[name]
        elif len(cell.weights) > 1:
            what = f"{len(cell.weights)} components"
        return f"{self.phase.epochs_in_words(name)} of {what} at {share:.2%} of the phase"

    def plan(self, rows: int) -> PhasePlan:
        """The plan for so many rows."""
        shares: dict[str, Share] = {}
        held: dict[str, str] = {}
        for cell in self.cells:
            weights = cell.weights
            if cell.flexible and cell.average > 0:
                bounded = self._bounded(cell, rows)
                held |= self._bounds_in_words(cell, rows, bounded)
                if any(bounded.shares.values()):  # else nothing is left, and it is infeasible
                    weights = bounded.shares
            whole = math.fsum(weights.values())
            for name, weight in weights.items():
                share = [(position, value * weight / whole) for position, value in cell.share]
                if any(value > 0 for _, value in share):
                    shares[name] = share
        notes = [*self.notes]
        for bound in sorted(set(held.values())):
            at_it = ", ".join(sorted(name for name in held if held[name] == bound))
            notes.append(f"phase {self.phase.name!r}: {bound}: {at_it}")
        names = sorted(shares)
        return PhasePlan(self.phase.name, rows, names, [shares[n] for n in names], notes, held)

    def shortage(self, sequence_length: int) -> PhaseShortage:
        """What is short at the budget asked for."""
        components = []
        lasting = self._lasting()
        for cell in self.cells:
            for name, weight in cell.weights.items():
                share = max(cell.average * weight, self._floor(cell, name))
                wanted, available = math.ceil(share * self.rows - ROUNDING), self.available(name)
                if wanted > available and lasting.get(name, math.inf) < self.rows:
                    supply, largest = self.supply[name], available / self.rows
                    components.append(Shortage(name, wanted, available, supply, share, largest))
        components.sort(key=lambda short: short.component)
        largest = max(self.largest_rows(), 0)
        return PhaseShortage(self.phase, self.rows, largest, sequence_length, components)

    def _bounded(self, cell: Cell, rows: int) -> Bounded:
        lower = {name: self._floor(cell, name) / cell.average for name in cell.weights}
        upper = {
            name: min(self.available(name) / rows, self._cap(name)) / cell.average
            for name in cell.weights
        }
        lower = {name: min(bound, upper[name]) for name, bound in lower.items()}
        return bounded_shares(cell.weights, lower, upper)

    def _bounds_in_words(self, cell: Cell, rows: int, bounded: Bounded) -> dict[str, str]:
        held = {}
        for name in bounded.at_upper:
            capped = self._cap(name) < self.available(name) / rows
            epochs = f"held at {self.phase.epochs_in_words(name)}"
            held[name] = f"at its cap of {self._cap(name):.2%}" if capped else epochs
        for name in bounded.at_lower:
            if self._floor(cell, name) > 0:
                held.setdefault(name, f"at its floor of {self._floor(cell, name):.2%}")
        return held

    def _floor(self, cell: Cell, name: str) -> float:
        return value_of(self.phase.floors, name, 0.0) if cell.flexible else 0.0

    def _cap(self, name: str) -> float:
        return value_of(self.phase.caps, name, 1.0)

    def _lasting(self) -> dict[str, float]:
        """Rows of a phase for which each component, with those that may help it out, suffices."""
        lasting = {}
        for cell in self.cells:
            if cell.average <= 0:
                continue
            together = self._lasting_together(cell) if cell.flexible else math.inf
            for name, weight in cell.weights.items():
                least = self._floor(cell, name) if cell.flexible else cell.average * weight
                alone = self.available(name) / least if least > 0 else math.inf
                lasting[name] = min(together, alone)
        return lasting

    def _lasting_together(self, cell: Cell) -> float:
        """Rows for which what a flexible cell has suffices, each component within its cap."""
        parts = [(self._cap(name), self.available(name)) for name in cell.weights]
        rows = sum(available for _, available in parts) / cell.average

        def suffices(rows: float) -> bool:
            given = math.fsum(min(cap * rows, available) for cap, available in parts)
            return given >= cell.average * rows * (1 - 1e-12)

        low, high = 0, math.floor(rows + ROUNDING)
        if suffices(high):
            return rows
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if suffices(middle) else (low, middle)
        return float(low)


def draft_phase(
    phase: PhaseOptions, supply: Mapping[str, Supply], sequence_length: int, fit_to_supply: bool
) -> Draft:
    """Settle everything but the budget.

    Raises:
        ValueError: a component or group is not there, or the curriculum is no mixture.
    """
    tokens = {name: float(found.tokens) for name, found in supply.items() if found.rows > 0}
    if not tokens:
        wish = f"meets `where: {phase.where}`" if phase.where else "is there"
        raise ValueError(f"phase {phase.name!r}: no document of any component {wish}")
    context = Context(phase.name, fit_to_supply)
    pools = pools_of(phase.weights, tokens, context)
    weights = {name: share for pool in pools for name, share in pool.shares.items()}
    groups = groups_of(phase.curriculum, dict(sorted(weights.items())), context)
    cells = []
    for group in groups:
        whole = math.fsum(weights[name] for name in group.members)
        for pool in pools:
            inside = {name: pool.shares[name] for name in group.members if name in pool.shares}
            total = math.fsum(inside.values())
            if total > 0:
                share = [(position, value * total / whole) for position, value in group.share]
                own = {name: weight / total for name, weight in inside.items()}
                cells.append(Cell(own, share, pool.flexible))
    draft = Draft(phase, supply, max(1, phase.tokens // sequence_length), cells, context.notes)
    _check_bounds(draft)
    return draft


def _check_bounds(draft: Draft) -> None:
    """Refuse floors and caps that no division can keep."""
    phase = draft.phase
    for cell in draft.cells:
        floors = {name: value_of(phase.floors, name, 0.0) for name in cell.weights}
        caps = {name: value_of(phase.caps, name, 1.0) for name in cell.weights}
        names = ", ".join(cell.weights)
        if not cell.flexible:
            for name, weight in cell.weights.items():
                share = cell.average * weight
                if not floors[name] - ROUNDING <= share <= caps[name] + ROUNDING:
                    bound = "floor" if share < floors[name] else "cap"
                    limit = floors[name] if share < floors[name] else caps[name]
                    raise ValueError(
                        f"phase {phase.name!r}: {bound}s: the share of {name!r} is stated, "
                        f"{share:.2%}, and its {bound} is {limit:.2%}"
                    )
        elif cell.average > 0 and math.fsum(floors.values()) > cell.average + ROUNDING:
            raise ValueError(
                f"phase {phase.name!r}: floors: those of {names} sum to "
                f"{math.fsum(floors.values()):.2%}, their share is {cell.average:.2%}"
            )
        elif math.fsum(caps.values()) < cell.average - ROUNDING:
            raise ValueError(
                f"phase {phase.name!r}: caps: those of {names} sum to "
                f"{math.fsum(caps.values()):.2%}, their share is {cell.average:.2%}"
            )
