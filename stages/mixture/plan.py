"""What phases take of each component, and whether there is enough: arithmetic, no files.

A phase's weights part it into pools of components, its curriculum into groups; each cell of both is
divided by one rule (``draft``). Weights that are stated are kept to the letter. Those that follow
from the supply lift small components above what they hold, and so they are capped: none beyond
``max_epochs`` of its supply, and what a capped one cannot give the others share by weight (UniMax,
Chung et al. 2023, for any exponent).

A mixture that asks for more than the supply makes in ``max_epochs`` passes is ``Infeasible``, with
what would make it feasible; with ``fit_to_supply`` the budgets of all phases shrink by one factor
to the largest feasible ones instead, and a note says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from formats.units import format_count
from stages.mixture.draft import ROUNDING, Draft, draft_phase
from stages.mixture.options import PhaseOptions
from stages.mixture.phase_plan import PhasePlan
from stages.mixture.shortage import Infeasible, PhaseShortage, Shortage, Supply

__all__ = [
    "Infeasible", "PhasePlan", "PhaseShortage", "Shortage", "Supply", "plan_phase", "plan_phases",
]  # fmt: skip

HALVINGS = 50
"""Of the interval in which the factor lies that fits phases which continue others."""


def plan_phases(
    phases: Sequence[PhaseOptions],
    supplies: Sequence[Mapping[str, Supply]],
    sequence_length: int,
    fit_to_supply: bool = False,
) -> list[PhasePlan]:
    """Plan all phases. A phase has all of its supply, less what those it ``continues`` took.

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
        draft_phase(phase, supply, sequence_length, fit_to_supply)
        for phase, supply in zip(phases, supplies, strict=True)
    ]
    rows = [draft.rows for draft in drafts]
    short = [draft for draft in drafts if draft.largest_rows() < draft.rows]
    scarce = min(short, key=lambda draft: draft.largest_rows() / draft.rows, default=None)
    if fit_to_supply and scarce is not None and scarce.largest_rows() >= 1:
        # One factor for all: a phase for a twentieth of the tokens stays a twentieth.
        numerator = scarce.largest_rows()
        rows = [
            min(max(1, draft.rows * numerator // scarce.rows), draft.largest_rows())
            for draft in drafts
        ]
    if fit_to_supply and not _feasible(drafts, rows):
        rows, scarce = _shrunk(drafts, rows)
    _take_turns(drafts, rows)
    if not _feasible(drafts, rows):
        _take_turns(drafts, [draft.rows for draft in drafts])
        lacking = [draft for draft in drafts if draft.largest_rows() < draft.rows]
        plans = [draft.plan(draft.rows) for draft in drafts]
        raise Infeasible([draft.shortage(sequence_length) for draft in lacking], plans)
    for draft, fitted in zip(drafts, rows, strict=True):
        if fitted < draft.rows:
            reason = draft.limit() if draft is scarce else "in step with the other phases"
            if draft is not scarce and scarce is not None:
                reason = f"in step with {scarce.phase.name!r}"
            draft.notes.append(
                f"phase {draft.phase.name!r}: {format_count(draft.phase.tokens)} tokens scaled to "
                f"{format_count(fitted * sequence_length)}, {reason}"
            )
    return [draft.plan(count) for draft, count in zip(drafts, rows, strict=True)]


def plan_phase(
    phase: PhaseOptions,
    supply: Mapping[str, Supply],
    sequence_length: int,
    fit_to_supply: bool = False,
) -> PhasePlan:
    """Plan one phase; see ``plan_phases``."""
    return plan_phases([phase], [supply], sequence_length, fit_to_supply)[0]


def _take_turns(drafts: Sequence[Draft], rows: Sequence[int]) -> None:
    """Tell every phase what those it continues take, of so many rows each."""
    taken: dict[str, dict[str, int]] = {}
    for draft, count in zip(drafts, rows, strict=True):
        before = taken.get(draft.phase.continues or "", {})
        draft.used = before
        plan = draft.plan(count)
        taken[draft.phase.name] = before | {
            # The schedule may round a component's rows up.
            name: before.get(name, 0) + math.ceil(share * count - ROUNDING)
            for name, share in zip(plan.components, plan.average_shares, strict=True)
        }


def _feasible(drafts: Sequence[Draft], rows: Sequence[int]) -> bool:
    """Whether every phase has enough for so many rows."""
    _take_turns(drafts, rows)
    return all(draft.largest_rows() >= count for draft, count in zip(drafts, rows, strict=True))


def _shrunk(drafts: Sequence[Draft], rows: list[int]) -> tuple[list[int], Draft | None]:
    """The rows by the largest factor at which phases leave enough to those that continue them.

    Returns:
        The rows, and the phase that keeps them from being more.
    """
    if not any(draft.phase.continues for draft in drafts):
        return rows, None
    scarce = next(d for d, n in zip(drafts, rows, strict=True) if d.largest_rows() < n)
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = _feasible(drafts, _scaled(rows, middle))
        low, high = (middle, high) if enough else (low, middle)
    return _scaled(rows, low), scarce


def _scaled(rows: Sequence[int], factor: float) -> list[int]:
    return [max(1, math.floor(count * factor)) for count in rows]
