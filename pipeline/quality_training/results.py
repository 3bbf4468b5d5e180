"""What a training of quality models made, for its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stages.quality_model.model_folder import Classifier


@dataclass(frozen=True)
class Trained:
    """One classifier and what is known of it."""

    name: str
    """A language, or ``default``."""
    description: Classifier
    measures: dict[str, Any]
    """``training.json``'s entry."""
    mistakes: list[dict[str, Any]]
    """The examples judged most wrongly: ``excerpt``, ``origin``, ``group``, ``lang``, ``score``."""


@dataclass(frozen=True)
class Training:
    """All that a training made."""

    notes: list[str]
    """What was left out of the examples."""
    classifiers: list[Trained]
    characters: list[dict[str, Any]]
    """See ``train_character_models``."""
