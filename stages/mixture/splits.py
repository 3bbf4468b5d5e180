"""Who may take which documents: what is held out, what a phase reserves, what one continues.

All of it is conditions on ``split_low`` and ``split_high`` (see ``stages.tokens.split_keys``) that
join a phase's own ``where``. From 0 upward documents are held out; from 1 downward phases reserve
theirs, one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stages.mixture.interleave import Share
from stages.mixture.options import HELD_OUT, HeldOutOptions, MixtureOptions, PhaseOptions
from stages.mixture.phase_plan import PhasePlan
from stages.mixture.shortage import Supply
from stages.selectors import NOT, exceptions
from stages.tokens.split_keys import SPLIT_HIGH, SPLIT_LOW


def effective_phases(options: MixtureOptions) -> list[PhaseOptions]:
    """The phases with all that decides over their documents in their ``where``."""
    reserved: dict[str, dict[str, Any]] = {}
    top = 1.0
    for phase in options.phases:
        if phase.reserve:
            bottom = top - phase.reserve
            band = f">={bottom!r}" + (f" <{top!r}" if top < 1 else "")
            reserved[phase.name] = _both(phase.where, {SPLIT_LOW: band})
            top = bottom
    phases: dict[str, PhaseOptions] = {}
    for phase in options.phases:
        if phase.continues is not None:
            first = phases[phase.continues]
            taken = {name: getattr(first, name) for name in ("where", "rehydrate", "upsample")}
            phases[phase.name] = phase.model_copy(update=taken)
            continue
        where = reserved.get(phase.name, dict(phase.where))
        for name, others in reserved.items():
            if name != phase.name:
                where = _both(where, {NOT: others})
        if options.held_out is not None:
            where = _both(where, {NOT: {SPLIT_LOW: f"<{options.held_out.share!r}"}})
        phases[phase.name] = phase.model_copy(update={"where": where})
    return list(phases.values())


def held_out_phase(options: HeldOutOptions) -> PhaseOptions:
    """The phase of what is held out; its budget is settled by ``plan_held_out``."""
    where = {SPLIT_HIGH: f"<{options.share!r}"}
    settings = {"name": HELD_OUT, "tokens": 1, "where": where, "max_epochs": 1}
    return PhaseOptions.model_validate(settings)


def plan_held_out(
    options: HeldOutOptions, supply: Mapping[str, Supply], sequence_length: int
) -> PhasePlan:
    """Every component's held-out rows once, at most ``max_tokens`` of them."""
    most = max(1, options.max_tokens // sequence_length)
    rows = {name: min(found.rows, most) for name, found in sorted(supply.items()) if found.rows}
    total = sum(rows.values())
    notes = []
    few = [name for name, found in supply.items() if found.documents < options.min_documents]
    if few:
        told = ", ".join(f"{name} {supply[name].documents:,}" for name in sorted(few))
        notes.append(
            f"held out: fewer than {options.min_documents:,} documents of {told}; a larger share "
            f"than {options.share:g} holds out more"
        )
    if not total:
        notes.append(f"held out: no document; a larger share than {options.share:g} holds out more")
    shares: list[Share] = [[(0.0, count / total)] for count in rows.values()]
    return PhasePlan(HELD_OUT, total, list(rows), shares, notes)


def first_rows(
    phases: Sequence[PhaseOptions], taken: Sequence[Mapping[str, int]]
) -> list[dict[str, int]]:
    """Where every phase begins in the drawing order of its components.

    Args:
        phases: their settings.
        taken: of each phase: component -> rows.
    """
    ends: dict[str, dict[str, int]] = {}
    firsts = []
    for phase, rows in zip(phases, taken, strict=True):
        first = ends.get(phase.continues or "", {})
        firsts.append({name: first.get(name, 0) for name in rows})
        ends[phase.name] = first | {n: first.get(n, 0) + count for n, count in rows.items()}
    return firsts


def drawing_order(phases: Sequence[PhaseOptions], name: str) -> str:
    """The phase by whose name the rows are permuted: the first of those that continue another."""
    by_name = {phase.name: phase for phase in phases}
    while (phase := by_name.get(name)) is not None and phase.continues is not None:
        name = phase.continues
    return name


def _both(where: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both conditions; exceptions add up."""
    joined = {**where, **more}
    if NOT in where and NOT in more:
        joined[NOT] = [*exceptions(where[NOT]), *exceptions(more[NOT])]
    return joined
