"""The phases of a mixture with all that is decided of them before a row is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from stages.mixture.options import HELD_OUT, MixtureOptions, PhaseOptions
from stages.mixture.phase_plan import PhasePlan
from stages.mixture.plan import plan_phases
from stages.mixture.shortage import Supply
from stages.mixture.splits import (
    drawing_order,
    effective_phases,
    first_rows,
    held_out_phase,
    plan_held_out,
)


@dataclass
class PlannedPhase:
    """A phase, what there is for it, and what it takes."""

    options: PhaseOptions
    supply: Mapping[str, Supply]
    plan: PhasePlan
    order: str
    """The phase by whose name rows are permuted: its own, or that of the phase it continues."""
    first_rows: dict[str, int] = field(default_factory=dict)
    """Component -> rows of it that were drawn before, by the phases that this one continues."""

    @property
    def name(self) -> str:
        """Of the phase."""
        return self.options.name

    @property
    def is_held_out(self) -> bool:
        """Whether it is to evaluate on."""
        return self.name == HELD_OUT


def phases_of(options: MixtureOptions) -> list[PhaseOptions]:
    """All phases with their whole selection; last what is held out, if anything is."""
    held_out = [held_out_phase(options.held_out)] if options.held_out else []
    return [*effective_phases(options), *held_out]


def planned_phases(
    options: MixtureOptions, supplies: Sequence[Mapping[str, Supply]], fit_to_supply: bool
) -> list[PlannedPhase]:
    """Plan the phases of ``phases_of``; without that of held-out documents where there are none.

    Raises:
        stages.mixture.shortage.Infeasible: a phase asks for more than there is.
        ValueError: the mixture names what is not there.
    """
    phases = phases_of(options)
    training = phases[: len(options.phases)]
    length = options.sequence_length
    plans = plan_phases(training, supplies[: len(training)], length, fit_to_supply)
    if options.held_out is not None:
        plan = plan_held_out(options.held_out, supplies[-1], length)
        if plan.rows:
            plans.append(plan)
        else:
            plans[-1].notes.extend(plan.notes)
    return [
        PlannedPhase(phase, supply, plan, drawing_order(phases, phase.name))
        for phase, supply, plan in zip(phases, supplies, plans, strict=False)
    ]


def set_first_rows(planned: Sequence[PlannedPhase], counts: Sequence[np.ndarray]) -> None:
    """Let every phase begin where the one it continues ended.

    Args:
        planned: the phases, in order.
        counts: of each int64 [k]: the rows of its components.
    """
    taken = [
        dict(zip(phase.plan.components, rows.tolist(), strict=True))
        for phase, rows in zip(planned, counts, strict=True)
    ]
    firsts = first_rows([phase.options for phase in planned], taken)
    for phase, first in zip(planned, firsts, strict=True):
        phase.first_rows = first
