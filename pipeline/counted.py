"""The supply of a mixture, counted in the tokens of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline import scale
from pipeline.ledger import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.plan import Plan
    from pipeline.recipe import Recipe
    from stages.mixture.shortage import Supply


@dataclass(frozen=True)
class Supplies:
    """What there is, for every phase and in all."""

    phases: Sequence[Mapping[str, Supply]]
    """Of each phase; counted ones end with what is held out, if anything is."""
    all: Mapping[str, Supply]
    sequence_length: int
    counted: bool


def has_tokens(plan: Plan) -> bool:
    """Whether a run has tokenized what this recipe would mix."""
    return any(step.name == "tokens" and plan.is_done(step) for step in plan.steps)


def counted_supplies(plan: Plan) -> Supplies:
    """Count what the phases may take of a run's tokens."""
    return supplies_of(fitted_recipe(plan.recipe, plan.folder.summary_path, plan.fits_to_supply),
                       plan.folder.tokens_path)  # fmt: skip


def supplies_of(recipe: Recipe, tokens_path: str) -> Supplies:
    """The same, of a recipe whose row length is settled."""
    from stages.mixture.build import component_files
    from stages.mixture.count_supply import count_supplies
    from stages.mixture.options import PhaseOptions
    from stages.mixture.planned import phases_of

    assert recipe.mixture is not None
    length = recipe.mixture.sequence_length
    everything = PhaseOptions.model_validate({"name": "all", "tokens": 1})
    phases = [*phases_of(recipe.mixture), everything]
    *found, whole = count_supplies(tokens_path, component_files(tokens_path), phases, length)
    return Supplies(found, whole, length, counted=True)


def fitted_recipe(recipe: Recipe, summary_path: str, fits_to_supply: bool) -> Recipe:
    """The recipe as the run scaled it to the text it kept; as it is where that is not known."""
    if not fits_to_supply:
        return recipe
    try:
        summary = read_json(summary_path)
    except (FileNotFoundError, ValueError):
        return recipe
    kept = summary["kept"]["text_bytes"]
    parallel = sum(found["text_bytes"] for found in summary["parallel"].values())
    return scale.fit_to_supply(recipe, kept + parallel)[0]
