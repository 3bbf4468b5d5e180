"""The mixture as a table before it is made: what each phase wants of each component, and has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from formats.units import format_count
from stages.mixture.options import MixtureOptions, PhaseOptions
from stages.mixture.phase_plan import PhasePlan
from stages.mixture.plan import plan_phases
from stages.mixture.shortage import Infeasible, Shortage, Supply
from stages.mixture.splits import plan_held_out

ENOUGH = "enough"
NOT_TAKEN = "not in the mixture"
NO_DOCUMENTS = "no documents"


@dataclass(frozen=True)
class ComponentOutlook:
    """A component in a phase."""

    name: str
    documents: int
    tokens: int
    """What one pass over its documents holds."""
    share: float
    """Of the phase, on average."""
    tokens_wanted: int
    epochs: float
    verdict: str
    """``enough``, which bound holds it, or how much of it there could be."""


@dataclass(frozen=True)
class PhaseOutlook:
    """A phase with its components, the largest share first."""

    name: str
    tokens_asked: int
    tokens_planned: int
    components: list[ComponentOutlook]
    problem: str = ""
    """Why it cannot be made, and what could be; empty where it can."""
    notes: list[str] = field(default_factory=list)
    """What was changed to fit the supply."""


def outlook(
    phases: Sequence[PhaseOptions],
    supplies: Sequence[Mapping[str, Supply]],
    sequence_length: int,
    fit_to_supply: bool,
) -> list[PhaseOutlook]:
    """Plan phases and tell of every component, also where there is not enough.

    Raises:
        ValueError: the mixture names what is not there.
    """
    problems: dict[str, str] = {}
    short: dict[tuple[str, str], Shortage] = {}
    try:
        plans = plan_phases(phases, supplies, sequence_length, fit_to_supply)
    except Infeasible as error:
        plans = error.plans
        for lacking in error.phases:
            problems[lacking.phase.name] = "\n".join(lacking.lines())
            short |= {(lacking.phase.name, found.component): found for found in lacking.components}
    return [
        PhaseOutlook(
            phase.name,
            phase.tokens,
            plan.rows * sequence_length,
            _components(plan, supply, sequence_length, short),
            problems.get(phase.name, ""),
            plan.notes,
        )
        for phase, supply, plan in zip(phases, supplies, plans, strict=True)
    ]


def held_out_outlook(
    options: MixtureOptions, supply: Mapping[str, Supply], sequence_length: int
) -> PhaseOutlook:
    """The same of what is held out."""
    assert options.held_out is not None
    plan = plan_held_out(options.held_out, supply, sequence_length)
    tokens = plan.rows * sequence_length
    components = _components(plan, supply, sequence_length, {})
    return PhaseOutlook(plan.name, tokens, tokens, components, notes=plan.notes)


def _components(
    plan: PhasePlan,
    supply: Mapping[str, Supply],
    sequence_length: int,
    short: Mapping[tuple[str, str], Shortage],
) -> list[ComponentOutlook]:
    shares = dict(zip(plan.components, plan.average_shares, strict=True))
    lines = []
    for name, found in supply.items():
        share = shares.get(name, 0.0)
        rows = share * plan.rows
        untaken = NOT_TAKEN if found.documents else NO_DOCUMENTS
        verdict = plan.held.get(name, ENOUGH if share > 0 else untaken)
        if (lacking := short.get((plan.name, name))) is not None:
            available = format_count(lacking.rows_available * sequence_length)
            verdict = f"short: {available}, {lacking.largest_share:.2%} at most"
        lines.append(
            ComponentOutlook(
                name,
                found.documents,
                found.tokens,
                share,
                round(rows * sequence_length),
                rows / found.rows if found.rows else 0.0,
                verdict,
            )
        )
    return sorted(lines, key=lambda line: (-line.share, line.name))
