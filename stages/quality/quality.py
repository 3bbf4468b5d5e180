"""The stage ``quality``: the rules of Gopher, C4 and FineWeb in every language, and a score.

One kernel measures all signals of a batch (``stages.quality.quality_kernels``); the rules are data
(``stages.quality.rules``); judging is arithmetic on columns, so no document passes through Python.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from formats.buffers import text_buffers, text_column
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.quality.judging import failures, reasons, score
from stages.quality.measuring import language_codes, measure, with_spaceless
from stages.quality.rules import (
    FAMILIES,
    RULES,
    Family,
    check_rule_names,
    language_key,
    thresholds_of,
)

PREFIX = "signal_"
SCORE = "quality"


class Quality(MapStage):
    """Measure documents and drop those that fail a rule.

    Needs ``text``; reads ``lang`` (else ``declared_lang``) for thresholds and stop words. Adds a
    float32 column ``signal_<name>`` for each of ``quality_kernels.SIGNALS`` (null on rows dropped
    earlier and where a signal has no meaning) and ``quality`` unless the input brought one. The
    first rule of ``rules.RULES`` that fails is the reason: ``gopher_short_doc: 12 vs 50``.
    """

    name: ClassVar[str] = "quality"

    rules: list[Family] = Field(list(FAMILIES), description="Families of rules to judge by.")
    signals: Literal["all", "rules"] = Field(
        "all",
        description="Measure all signals, or only those of `rules`, which is faster; the columns "
        "of the others are null then.",
    )
    thresholds: dict[str, float] = Field(
        {}, description="Rule -> threshold, in all languages in which the rule is not off."
    )
    languages: dict[str, dict[str, float | None]] = Field(
        {}, description="Language -> rule -> threshold, null to switch the rule off."
    )
    c4_remove_lines: bool = Field(
        False,
        description="Remove the lines that C4 removes (few words, no end of a sentence, "
        "JavaScript and policy notices) before measuring.",
    )

    @field_validator("thresholds")
    @classmethod
    def _known_rules(cls, value: dict[str, float]) -> dict[str, float]:
        check_rule_names(value, "thresholds")
        return value

    @field_validator("languages")
    @classmethod
    def _known_rules_of_languages(cls, value: dict[str, Any]) -> dict[str, Any]:
        for language, rules in value.items():
            check_rule_names(rules, f"languages.{language}")
        return {language_key(language): rules for language, rules in value.items()}

    def assets(self) -> list[str]:
        """The lists of stop words."""
        from stages.quality.stop_words import PATH

        return [str(PATH)]

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with signals, score and the reasons of what is dropped."""
        from stages.quality.quality_kernels import SIGNALS

        living = alive(batch)
        codes, names = language_codes(batch)
        if self.c4_remove_lines:
            ends = self._thresholds([*names])[codes, rule_number("fineweb_line_ends")]
            text = remove_lines(batch.column("text"), living, ~np.isnan(ends))
            batch = set_column(batch, "text", text)
        wanted = None if self.signals == "all" else self._signals_of_rules()
        signals, spaceless = measure(batch.column("text"), living, codes, names, wanted)
        codes, names = with_spaceless(codes, names, spaceless)
        thresholds = self._thresholds(names)[codes]
        for number, name in enumerate(SIGNALS):
            column = pa.array(signals[number], pa.float32(), from_pandas=True)
            batch = set_column(batch, PREFIX + name, column)
        if SCORE not in batch.schema.names:
            values = score(signals, thresholds)
            batch = set_column(batch, SCORE, pa.array(values, pa.float32(), mask=~living))
        failed = failures(signals, thresholds)
        if not failed.any():
            return batch
        return mark_dropped(batch, self.name, reasons(failed, signals, thresholds))

    def _signals_of_rules(self) -> list[str]:
        """What the chosen families look at."""
        return [rule.signal for rule in RULES if rule.family in self.rules]

    def _thresholds(self, names: list[str]) -> np.ndarray:
        """float32 [languages, rules]."""
        settings = (tuple(self.rules), self.thresholds, self.languages)
        rows = [thresholds_of(name, *settings) for name in names]
        return np.array(rows, np.float32).reshape(-1, len(RULES))


def rule_number(name: str) -> int:
    """Position of a rule in ``RULES``."""
    return [rule.name for rule in RULES].index(name)


def remove_lines(column: pa.Array, living: np.ndarray, by_line_end: np.ndarray) -> pa.Array:
    """The texts without the lines that C4 removes.

    Args:
        column: large_string [rows].
        living: bool [rows]; other rows stay as they are.
        by_line_end: bool [rows]: whether lines that end no sentence go (not in Thai, say).
    """
    from stages.quality.removal_kernels import keep_lines
    from stages.text_kernels import character_classes

    data, offsets = text_buffers(column)
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    keep_lines(data, offsets, living, by_line_end, *character_classes(), out, out_offsets)
    return text_column(out[: out_offsets[-1]], out_offsets)
