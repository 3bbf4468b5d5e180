"""Checking a recipe before any work: its files, and whether the mixture can be made of them.

The supply is estimated from the head of some files of each source: text per byte read, and each
component's share of it. Filters and deduplication only take away, and what is read here comes
before them, so a mixture found infeasible here is infeasible; one found feasible is checked again,
exactly, when the tokens are counted.
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
from pipeline.partitions import count_files
from stages.base import MapStage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.plan import Plan
    from pipeline.recipe import Recipe
    from stages.mixture.options import PhaseOptions

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
    """Estimated, generously."""
    share: float


@dataclass
class CheckReport:
    """What a check found."""

    sources: list[SourceSupply]
    components: list[ComponentSupply] = field(default_factory=list)
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
    bytes_by_component: dict[str, float] = defaultdict(float)
    report = CheckReport([])
    for source in recipe.sources:
        parts = [p for p in plan.partitions if p.source == source.name]
        files = [file for part in parts for file in part.files]
        expected = sum(part.expected_bytes for part in parts)
        stored = sum(part.stored_bytes for part in parts)
        report.sources.append(SourceSupply(source.name, count_files(parts), stored, expected))
        for name, share in _sample_source(recipe, files).items():
            bytes_by_component[name] += share * expected
    if recipe.mixture is not None:
        _check_mixture(plan, bytes_by_component, report)
    return report


def _sample_source(recipe: Recipe, files: list[SourceFile]) -> dict[str, float]:
    """Each component's share of the text."""
    chosen = sorted(
        files, key=lambda f: hashlib.sha256(f"{f.relative_path}{f.start or ''}".encode()).digest()
    )
    text = 0
    by_component: dict[str, float] = defaultdict(float)
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
        for name, size in _component_sizes(recipe, batch, sizes):
            by_component[name] += size
    return {name: size / max(text, 1) for name, size in sorted(by_component.items())}


def _text_sizes(batch: pa.RecordBatch) -> np.ndarray:
    import pyarrow.compute as pc

    sizes: np.ndarray = pc.binary_length(batch.column("text")).to_numpy(zero_copy_only=False)
    return sizes


def _component_sizes(
    recipe: Recipe, batch: pa.RecordBatch, sizes: np.ndarray
) -> list[tuple[str, float]]:
    from stages.selectors import assign_components

    if recipe.mixture is None:
        return []
    names = assign_components(batch, recipe.mixture.components)
    table = pa.table({"name": names, "size": pa.array(sizes)})
    sums = table.filter(table["name"].is_valid()).group_by("name").aggregate([("size", "sum")])
    return [(row["name"], float(row["size_sum"])) for row in sums.to_pylist()]


def _check_mixture(plan: Plan, sizes: dict[str, float], report: CheckReport) -> None:
    from stages.mixture.plan import Infeasible, Supply, plan_phases

    mixture = plan.recipe.mixture
    assert mixture is not None
    total = sum(sizes.values()) or 1.0
    report.components = [
        ComponentSupply(name, int(size / BYTES_PER_TOKEN), size / total)
        for name, size in sorted(sizes.items(), key=lambda item: -item[1])
    ]
    length = mixture.sequence_length
    supply = {c.name: Supply(c.tokens // length + 1, c.tokens) for c in report.components}
    for phase in mixture.phases:
        wanted = f"phase {phase.name!r} wants {format_count(phase.tokens)} tokens"
        unknown = _unknown_before_the_run(plan, phase, supply)
        if unknown:
            report.messages.append(f"{wanted}: not checked, since {unknown}")
            continue
        try:
            plan_phases([phase], [supply], length)
        except Infeasible as error:
            if plan.fits_to_supply:
                report.messages.append(f"{wanted}: will be scaled to the supply")
            else:
                report.feasible = False
                report.messages.append(f"{error}\n  or set run.fit_to_supply=always")
        else:
            report.messages.append(f"{wanted}: there is enough before filtering")


def _unknown_before_the_run(plan: Plan, phase: PhaseOptions, supply: Mapping[str, object]) -> str:
    """Why a phase's supply cannot be told from the input alone; empty where it can."""
    if not supply:
        return "no text was found to estimate it from"
    named = [
        n for n in (*phase.weights, *phase.curriculum) if n not in ("temperature", "non_english")
    ]
    missing = sorted(set(named) - set(supply))
    if missing:
        return f"stages of the run may make {', '.join(missing)}"
    if phase.where:
        return f"it selects by {', '.join(phase.where)}"
    if phase.rehydrate:
        return "deduplication tells how often its documents are repeated"
    return ""
