"""Which of several answers a model finds likeliest: raw, by character, by byte."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.evaluation.likelihood import Scored, score_continuations
from trainer.evaluation.questions import Question
from trainer.loaded import LoadedModel


@dataclass(frozen=True)
class Accuracy:
    """Shares of right answers, by how likelihoods are compared."""

    questions: int
    raw: float
    """The likeliest whole continuation (``acc`` of lm-eval)."""
    by_character: float
    """The likeliest for its characters (``acc_norm``)."""
    by_byte: float
    """The likeliest for its bytes (``acc_bytes``): fairer between choices in several scripts."""
    chance: float
    """What guessing gets."""

    @property
    def error(self) -> float:
        """Standard error of ``raw``."""
        return math.sqrt(self.raw * (1 - self.raw) / max(self.questions - 1, 1))


def choose(model: LoadedModel, questions: Sequence[Question]) -> dict[str, Accuracy]:
    """Accuracies by language, and under ``all`` where there are several."""
    pairs = [pair for asked in questions for pair in zip(asked.contexts, asked.continuations)]  # noqa: B905
    scored = iter(score_continuations(model, pairs))
    rights: dict[str, list[tuple[bool, bool, bool, float]]] = {}
    for asked in questions:
        nats = [next(scored) for _ in asked.contexts]
        rights.setdefault(asked.language, []).append(_right(asked, nats))
    found = {language: _accuracy(rows) for language, rows in rights.items()}
    if len(found) > 1:
        found["all"] = _accuracy([row for rows in rights.values() for row in rows])
    return found


def _right(asked: Question, scored: list[Scored]) -> tuple[bool, bool, bool, float]:
    costs = [found.nats for found in scored]
    characters = [max(len(text), 1) for text in asked.lengths_of]
    sizes = [max(len(text.encode()), 1) for text in asked.lengths_of]
    return (
        _cheapest(costs) == asked.answer,
        _cheapest([cost / size for cost, size in zip(costs, characters, strict=True)])
        == asked.answer,
        _cheapest([cost / size for cost, size in zip(costs, sizes, strict=True)]) == asked.answer,
        1 / len(costs),
    )


def _cheapest(costs: list[float]) -> int:
    """Number of the least, the first of equal ones."""
    return costs.index(min(costs))


def _accuracy(rows: list[tuple[bool, bool, bool, float]]) -> Accuracy:
    raw, by_character, by_byte, chance = (
        sum(column) / len(rows) for column in zip(*rows, strict=True)
    )
    return Accuracy(len(rows), raw, by_character, by_byte, chance)
