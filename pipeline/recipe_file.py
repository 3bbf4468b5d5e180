"""Reading a recipe from disk; ``pipeline.recipe_yaml`` says where its mistakes are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.quality_training.recipe import training_section
from pipeline.recipe import Recipe
from pipeline.recipe_yaml import Complaints, read_yaml, validate_section, validate_stage


def load_recipe(path: str | Path, overrides: list[str] | None = None) -> Recipe:
    """Read, expand, override and validate a recipe.

    Args:
        path: the YAML file.
        overrides: ``["mixture.sequence_length=512", "stages.minhash_dedup.threshold=0.7"]``; list
            items are named by their ``name`` (or the stage's name), or by their number.

    Raises:
        RecipeError: the file is missing, is not YAML, or says something that is not valid.
    """
    data, complaints = read_yaml(path, overrides)
    return _validate(data, complaints)


def _validate(data: dict[str, Any], complaints: Complaints) -> Recipe:
    stages = []
    for index, item in enumerate(data.get("stages") or []):
        stage = validate_stage(item, ("stages", index), complaints)
        if stage is not None:
            stages.append(stage)
    if "train_quality" in data:
        training_section(data["train_quality"], data, ("train_quality",), complaints)
    recipe = validate_section(Recipe, data | {"stages": stages}, (), complaints)
    complaints.raise_if_any()
    assert isinstance(recipe, Recipe)
    return recipe
