"""Where ``train-quality`` finds its settings: a recipe's section, or a YAML of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.quality_training.settings import TrainQuality
from pipeline.recipe_yaml import (
    Complaints,
    RecipeError,
    nearest,
    read_yaml,
    validate_section,
    validate_stage,
)
from stages.base import MapStage

SECTION = "train_quality"
STAGE = "quality_model"
ALONE = ("normalize", "langid")
"""What examples go through where no recipe says it: so does nearly every corpus."""


def load_training(
    path: str | Path, overrides: list[str] | None = None
) -> tuple[TrainQuality, list[MapStage]]:
    """Read the settings and the stages that examples go through.

    Args:
        path: a recipe with a section ``train_quality``, or a YAML that is this section.
        overrides: as in ``load_recipe``.

    Raises:
        RecipeError: something in it is not valid; all mistakes with their lines.
    """
    data, complaints = read_yaml(path, overrides)
    is_recipe = "sources" in data or "run" in data
    if is_recipe and SECTION not in data:
        raise RecipeError(
            f"{path}: has no section `{SECTION}`; it needs `positives`, `negatives` and `out`"
        )
    location = (SECTION,) if is_recipe else ()
    section = data[SECTION] if is_recipe else data
    settings = training_section(section, data, location, complaints)
    stages = _stages(settings, data if is_recipe else None, location, complaints)
    complaints.raise_if_any()
    assert settings is not None
    return settings, stages


def training_section(
    section: Any, data: dict[str, Any], location: tuple[str, ...], complaints: Complaints
) -> TrainQuality | None:
    """Validate the section; names of the recipe's sources stand for these sources."""
    if not isinstance(section, dict):
        complaints.add(location, "needs `positives`, `negatives` and `out`")
        return None
    sources = {
        source["name"]: source
        for source in data.get("sources") or []
        if isinstance(source, dict) and "name" in source
    }
    resolved = dict(section)
    for label in ("positives", "negatives"):
        items = section.get(label)
        if not isinstance(items, list):
            continue
        resolved[label] = []
        for index, item in enumerate(items):
            here = (*location, label, index)
            if isinstance(item, str):
                if item not in sources:
                    said = nearest(item, list(sources)) or ": write {name: …, read: …, paths: […]}"
                    complaints.add(here, f"no such source{said}")
                item = sources.get(item, {"name": item, "read": "jsonl", "paths": []})
            resolved[label].append(item)
    settings: TrainQuality | None = validate_section(TrainQuality, resolved, location, complaints)
    return settings


def _stages(
    settings: TrainQuality | None,
    recipe: dict[str, Any] | None,
    location: tuple[str, ...],
    complaints: Complaints,
) -> list[MapStage]:
    """The map stages before ``quality_model``, or those that the settings name."""
    items: list[Any] = [{name: {}} for name in ALONE]
    place: tuple[str, ...] = location
    if settings is not None and settings.stages is not None:
        items, place = settings.stages, (*location, "stages")
    elif recipe is not None and recipe.get("stages"):
        items, place = list(recipe["stages"]), ("stages",)
        names = [item if isinstance(item, str) else next(iter(item), "") for item in items]
        items = items[: names.index(STAGE)] if STAGE in names else items
    found = []
    for index, item in enumerate(items):
        stage = validate_stage(item, (*place, index), complaints)
        if isinstance(stage, MapStage) and stage.name != STAGE:
            found.append(stage)
    return found
