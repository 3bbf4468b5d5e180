"""Checking a recipe before any work: its files, and whether the mixture can be made of them.

Where a run has tokenized its documents, the supply is counted. Before, it is estimated from the
head of some files of each source: text per byte read, and each component's share of it. Filters and
deduplication only take away, and what is read here comes before them, so a mixture found infeasible
here is infeasible; one found feasible is checked again, exactly, when the tokens are counted.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file
from formats.units import format_count
from pipeline.counted import Supplies, counted_supplies, has_tokens
from pipeline.partitions import count_files
from stages.base import MapStage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.plan import Plan
    from pipeline.recipe import Recipe
    from stages.mixture.options import MixtureOptions, PhaseOptions
    from stages.mixture.outlook import PhaseOutlook

FILES_SAMPLED = 24
SAMPLE_BYTES = 512 << 10
"""Text read from the head of each sampled file."""
BYTES_PER_TOKEN = 3.0
"""Low on purpose (trained ones reach 4 to 5): a mixture is refused only when it is certain."""


@dataclass(frozen=True)
class SourceSupply:
    """What a source holds."""

    name: str
    files: int
    stored_bytes: int
    text_bytes: int
    """Estimated: the decompressed input, of which field names and ids are a tenth or so."""


@dataclass(frozen=True)
class ComponentSupply:
    """What a component can be made of, before any filter."""

    name: str
    tokens: int
    """Estimated, generously, where they are not counted."""
    share: float
    documents: int = 0


@dataclass
class CheckReport:
    """What a check found."""

    sources: list[SourceSupply]
    components: list[ComponentSupply] = field(default_factory=list)
    counted: bool = False
    """Whether the supply is counted in the tokens of a run, or estimated."""
    phases: list[PhaseOutlook] = field(default_factory=list)
    """Those that can be told of."""
    messages: list[str] = field(default_factory=list)
    feasible: bool = True


def check(recipe: Recipe) -> CheckReport:
    """Validate the paths and estimate the supply.

    Raises:
        formats.listing.NoFiles: a pattern matches nothing.
    """
    from pipeline.plan import Plan

    return check_plan(Plan(recipe))


def check_plan(plan: Plan) -> CheckReport:
    """As ``check``, of a recipe already planned."""
    recipe = plan.recipe
    found: dict[str, Sampled] = defaultdict(Sampled)
    report = CheckReport([])
    counted = recipe.mixture is not None and has_tokens(plan)
    for source in recipe.sources:
        parts = [p for p in plan.partitions if p.source == source.name]
        files = [file for part in parts for file in part.files]
        expected = sum(part.expected_bytes for part in parts)
        stored = sum(part.stored_bytes for part in parts)
        report.sources.append(SourceSupply(source.name, count_files(parts), stored, expected))
        if recipe.mixture is not None and not counted:
            for name, sampled in _sample_source(recipe, files).items():
                found[name].add(sampled, expected)
    if recipe.mixture is not None:
        supplies = counted_supplies(plan) if counted else _estimated_supplies(plan, found)
        check_mixture(recipe.mixture, plan.fits_to_supply, supplies, report)
    return report


@dataclass
class Sampled:
    """Text and documents of a component; of a sample, per byte of text read."""

    text_bytes: float = 0.0
    documents: float = 0.0

    def add(self, other: Sampled, times: float = 1.0) -> None:
        """Add another, so many times."""
        self.text_bytes += other.text_bytes * times
        self.documents += other.documents * times


def _sample_source(recipe: Recipe, files: list[SourceFile]) -> dict[str, Sampled]:
    """Each component's share of the text, and its documents per byte of text."""
    chosen = sorted(
        files, key=lambda f: hashlib.sha256(f"{f.relative_path}{f.start or ''}".encode()).digest()
    )
    text = 0
    by_component: dict[str, Sampled] = defaultdict(Sampled)
    stages = [s for s in recipe.stages if isinstance(s, MapStage) and s.name in ("langid",)]
    for file in chosen[:FILES_SAMPLED]:
        with Quarantine(None) as aside:
            batch = next(iter(read_file(file, aside, SAMPLE_BYTES)), None)
        if batch is None:
            continue
        for stage in stages:
            batch = stage.apply(batch)
        sizes = _text_sizes(batch)
        text += int(sizes.sum())
        for name, sampled in _component_sizes(recipe, batch, sizes):
            by_component[name].add(sampled)
    whole = max(text, 1)
    return {
        name: Sampled(sampled.text_bytes / whole, sampled.documents / whole)
        for name, sampled in sorted(by_component.items())
    }


def _text_sizes(batch: pa.RecordBatch) -> np.ndarray:
    import pyarrow.compute as pc

    sizes: np.ndarray = pc.binary_length(batch.column("text")).to_numpy(zero_copy_only=False)
    return sizes


def _component_sizes(
    recipe: Recipe, batch: pa.RecordBatch, sizes: np.ndarray
) -> list[tuple[str, Sampled]]:
    from stages.selectors import assign_components, columns_of

    if recipe.mixture is None:
        return []
    # Columns that stages make are not there yet: what such components take counts for the next.
    there = set(batch.schema.names)
    rules = [
        rule
        for rule in recipe.mixture.components
        if there.issuperset(columns_of(rule.where, rule.name))
    ]
    names = assign_components(batch, rules)
    table = pa.table({"name": names, "size": pa.array(sizes)})
    kept = table.filter(table["name"].is_valid())
    sums = kept.group_by("name").aggregate([("size", "sum"), ("size", "count")])
    return [
        (row["name"], Sampled(float(row["size_sum"]), float(row["size_count"])))
        for row in sums.to_pylist()
    ]


def _estimated_supplies(plan: Plan, found: Mapping[str, Sampled]) -> Supplies:
    """The supply before any filter, the same for every phase."""
    from pipeline.scale import fit_to_supply
    from stages.mixture.shortage import Supply

    recipe = plan.recipe
    if plan.fits_to_supply:
        recipe, _ = fit_to_supply(recipe, int(sum(c.text_bytes for c in found.values())))
    assert recipe.mixture is not None
    length = recipe.mixture.sequence_length
    supply = {}
    for name, sampled in sorted(found.items(), key=lambda item: -item[1].text_bytes):
        tokens = int(sampled.text_bytes / BYTES_PER_TOKEN)
        supply[name] = Supply(tokens // length + 1, tokens, round(sampled.documents))
    phases = len(recipe.mixture.phases)
    return Supplies([supply] * phases, supply, length, counted=False)


def check_mixture(
    mixture: MixtureOptions, fits_to_supply: bool, supplies: Supplies, report: CheckReport
) -> None:
    """Plan the phases that can be told of, and say of each whether there is enough."""
    from stages.mixture.outlook import held_out_outlook, outlook
    from stages.mixture.planned import phases_of

    total = sum(found.tokens for found in supplies.all.values()) or 1
    report.counted = supplies.counted
    report.components = [
        ComponentSupply(name, found.tokens, found.tokens / total, found.documents)
        for name, found in sorted(supplies.all.items(), key=lambda item: -item[1].tokens)
    ]
    known: list[int] = []
    told: dict[str, str] = {}
    for number, phase in enumerate(mixture.phases):
        unknown = (
            "" if supplies.counted else _unknown_before_the_run(phase, supplies.all, fits_to_supply)
        )
        names = [mixture.phases[i].name for i in known]
        if not unknown and phase.continues is not None and phase.continues not in names:
            unknown = f"it continues {phase.continues}"
        if unknown:
            told[phase.name] = f"{_wanted(phase)}: not checked, since {unknown}"
        else:
            known.append(number)
    training = phases_of(mixture)
    phases = [training[number] if supplies.counted else mixture.phases[number] for number in known]
    try:
        report.phases = outlook(
            phases, [supplies.phases[number] for number in known], supplies.sequence_length,
            fits_to_supply,
        )  # fmt: skip
    except ValueError as error:
        report.feasible = not supplies.counted  # stages may make what is missing
        report.messages = [*told.values(), str(error)]
        return
    for phase, seen in zip(phases, report.phases, strict=True):
        report.feasible &= not seen.problem
        told[phase.name] = _judgement(phase, seen, supplies.counted, fits_to_supply)
        missing = [] if supplies.counted else _missing(phase, supplies.all)
        if missing:
            told[phase.name] += f"; told without {', '.join(missing)}, which the run may make"
    report.messages = [told[phase.name] for phase in mixture.phases]
    if mixture.held_out is not None and supplies.counted:
        held_out = held_out_outlook(mixture, supplies.phases[-1], supplies.sequence_length)
        report.phases.append(held_out)
        report.messages += held_out.notes


def _judgement(phase: PhaseOptions, seen: PhaseOutlook, counted: bool, fits: bool) -> str:
    """Whether there is enough for a phase, in words."""
    if seen.problem:
        return f"{seen.problem}\n  or set run.fit_to_supply=always"
    if fits and any(" scaled to " in note for note in seen.notes):
        return f"{_wanted(phase)}: will be scaled to the supply"
    return f"{_wanted(phase)}: there is enough" + ("" if counted else " before filtering")


def _wanted(phase: PhaseOptions) -> str:
    return f"phase {phase.name!r} wants {format_count(phase.tokens)} tokens"


def _unknown_before_the_run(
    phase: PhaseOptions, supply: Mapping[str, object], fits_to_supply: bool
) -> str:
    """Why a phase's supply cannot be told from the input alone; empty where it can."""
    if not supply:
        return "no text was found to estimate it from"
    missing = _missing(phase, supply)
    if missing and not fits_to_supply:  # else the mixture does without them
        return f"stages of the run may make {', '.join(missing)}"
    if phase.where:
        return f"it selects by {', '.join(phase.where)}"
    if phase.rehydrate:
        return "deduplication tells how often its documents are repeated"
    if phase.upsample:
        return f"its documents are repeated by {', '.join(phase.upsample)}"
    if phase.reserve:
        return "it takes documents that it reserves"
    return ""


def _missing(phase: PhaseOptions, supply: Mapping[str, object]) -> list[str]:
    """What a phase names and the input has nothing of: parallel documents, say, are made later."""
    from stages.mixture.members import members_of
    from stages.mixture.weight_language import keys_of

    named = [*keys_of(phase.weights), *phase.curriculum]
    return sorted({key for key in named if not members_of(key, supply)})
