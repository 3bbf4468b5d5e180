"""Which pairs of sentences are dropped, by what rule, and the limits of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, field_validator

from stages.bilingual.scoring.describing import Described


class SentenceLimits(BaseModel):
    """What a pair of sentences must be like; a copy of one that is kept is dropped too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_score: float = Field(
        0.5, ge=0, le=1, description="Least probability of being a translation."
    )
    min_characters: int = Field(2, ge=0, description="Least characters of the shorter side.")
    max_characters: int = Field(2000, ge=1, description="Most characters of the longer side.")
    max_length_deviation: float = Field(
        5.0,
        gt=0,
        description="Most standard deviations between a length ratio and what is usual for the two "
        "languages.",
    )
    max_copied: float = Field(
        0.8, ge=0, le=1, description="Most of the shorter side that may stand on the other side."
    )
    max_foreign: float = Field(
        0.8, ge=0, le=1, description="Most probability that a side is in another language."
    )
    max_changed_numbers: int = Field(
        1, ge=0, description="Most numbers of a side that the other side has others for."
    )
    max_repeated: float = Field(
        0.6, ge=0, le=1, description="Most of a side that it has said before."
    )
    max_partners: int = Field(
        5,
        ge=1,
        description="Most different translations of one sentence; one with more is boilerplate "
        "that was aligned at random, and all its pairs go.",
    )


class SentenceSettings(SentenceLimits):
    """Limits for all language pairs, and for some."""

    by_pair: dict[str, dict[str, float]] = Field(
        default_factory=dict,
        description="Other limits of some language pairs: {en-th: {min_score: 0.3}}.",
    )

    @field_validator("by_pair")
    @classmethod
    def _only_limits_there_are(
        cls, by_pair: dict[str, dict[str, float]]
    ) -> dict[str, dict[str, float]]:
        for pair, limits in by_pair.items():
            for name in limits:
                if name not in SentenceLimits.model_fields:
                    known = ", ".join(SentenceLimits.model_fields)
                    raise ValueError(f"{pair}: there is no limit {name!r}; there are {known}")
            SentenceLimits(**limits)  # type: ignore[arg-type]
        return by_pair

    def of(self, pair: str) -> SentenceLimits:
        """The limits of one language pair, by its name (``en-th``)."""
        everywhere = self.model_dump(exclude={"by_pair"})
        return SentenceLimits(**(everywhere | self.by_pair.get(pair, {})))


@dataclass(frozen=True)
class Rule:
    """One reason to drop a pair: a value beyond a limit."""

    name: str
    limit: str
    """Name of the limit."""
    value: Callable[[Described, np.ndarray], np.ndarray]
    """Of what is known of the pairs, and their probabilities: float64 [pairs]."""
    least: bool = False
    """Whether the limit is the least value, and not the most."""


RULES = (
    Rule("too_short", "min_characters", lambda d, _: d.characters().min(axis=1), least=True),
    Rule("too_long", "max_characters", lambda d, _: d.characters().max(axis=1)),
    Rule("copied", "max_copied", lambda d, _: d.copied()),
    Rule("foreign", "max_foreign", lambda d, _: d.foreign.max(axis=1).astype(np.float64)),
    Rule("numbers", "max_changed_numbers", lambda d, _: d.numbers()[0]),
    Rule("length_ratio", "max_length_deviation", lambda d, _: np.abs(d.deviations())),
    Rule("repetition", "max_repeated", lambda d, _: d.repeated()),
    Rule("score", "min_score", lambda _, scores: scores.astype(np.float64), least=True),
)
"""In order: the first that speaks is the reason."""

DUPLICATE, MANY_PARTNERS = "duplicate", "many_partners"
"""Found among all pairs of the corpus (``repeats``)."""


def drop_reasons(described: Described, scores: np.ndarray, limits: SentenceLimits) -> pa.Array:
    """``rule: value vs limit`` for each pair to be dropped, null for the others."""
    reasons = [_reasons(rule, rule.value(described, scores), limits) for rule in RULES]
    return pc.coalesce(*reasons)


def _reasons(rule: Rule, values: np.ndarray, limits: SentenceLimits) -> pa.Array:
    limit = float(getattr(limits, rule.limit))
    failed = values < limit if rule.least else values > limit
    rows = np.flatnonzero(failed)
    # rounded away from the limit, so that no value reads as if it had kept to it
    scaled = values[rows] * 100
    shown = np.floor(scaled + 1e-9) if rule.least else np.ceil(scaled - 1e-9)
    texts = [f"{rule.name}: {_number(value)} vs {_number(limit * 100)}" for value in shown.tolist()]
    places = np.full(len(values), -1, np.int64)
    places[rows] = np.arange(len(rows))
    return pa.array(texts, pa.string()).take(pa.array(places, mask=places < 0))


def _number(hundredths: float) -> str:
    value = hundredths / 100
    return f"{value:.0f}" if value == int(value) and value > 1 else f"{value:.2f}"


def settings_of(settings: dict[str, Any]) -> SentenceSettings:
    """The settings as a plan keeps them."""
    return SentenceSettings(**settings)
