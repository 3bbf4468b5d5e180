"""The stage ``quality``: the rules of Gopher, C4 and FineWeb in every language, and a score.

One kernel measures all signals of a batch (``stages.quality.quality_kernels``); the rules are data
(``stages.quality.rules``); judging is arithmetic on columns, so no document passes through Python.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator, model_validator

from formats.buffers import text_buffers, text_column
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.quality.fineweb2 import LanguageFile, list_files, read_folder
from stages.quality.judging import Judge
from stages.quality.measuring import language_codes, with_spaceless
from stages.quality.presets import PRESETS, Preset, PresetName, stop_words_in
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
    float32 column ``signal_<name>`` for each signal of the preset (null on rows dropped earlier and
    where a signal has no meaning) and ``quality`` unless the input brought one. The first rule that
    fails is the reason: ``gopher_short_doc: 12 vs 50``.
    """

    name: ClassVar[str] = "quality"

    preset: PresetName = Field(
        "own",
        description="What signals and thresholds mean: `own` definitions, right in every language, "
        "or `datatrove`'s, to be comparable with what it filtered.",
    )
    rules: list[Family] = Field(list(FAMILIES), description="Families of rules to judge by.")
    signals: Literal["all", "rules"] = Field(
        "all",
        description="Measure all signals, or only those of `rules`, which is faster; the columns "
        "of the others are null then.",
    )
    thresholds: str | dict[str, float] = Field(
        {},
        description="Rule -> threshold, in all languages in which the rule is not off; or a folder "
        "of FineWeb-2's files of languages (tha_Thai.yml), stop words included.",
    )
    languages: dict[str, dict[str, float | None]] = Field(
        {}, description="Language -> rule -> threshold, null to switch the rule off."
    )
    c4_remove_lines: bool = Field(
        False,
        description="Remove the lines that C4 removes (few words, no end of a sentence, "
        "JavaScript and policy notices) before measuring.",
    )

    @field_validator("languages")
    @classmethod
    def _language_keys(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {language_key(language): rules for language, rules in value.items()}

    @model_validator(mode="after")
    def _known_rules(self) -> Quality:
        rules = PRESETS[self.preset].rules
        if isinstance(self.thresholds, dict):
            check_rule_names(self.thresholds, "thresholds", rules)
        for language, thresholds in self.languages.items():
            check_rule_names(thresholds, f"languages.{language}", rules)
        return self

    def assets(self) -> list[str]:
        """The lists of stop words, and the files of thresholds."""
        from stages.quality.stop_words import PATH

        files = list_files(self.thresholds) if isinstance(self.thresholds, str) else []
        return [str(PATH), *files]

    def check_settings(self) -> None:
        """Read the files of thresholds, so that a mistake stops the run before it begins."""
        if isinstance(self.thresholds, str):
            read_folder(self.thresholds)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with signals, score and the reasons of what is dropped."""
        preset = PRESETS[self.preset]
        living = alive(batch)
        codes, names = language_codes(batch)
        if self.c4_remove_lines:
            ends = np.array([has_line_ends(name) for name in names])[codes]
            batch = set_column(batch, "text", remove_lines(batch["text"], living, ends))
        wanted = None if self.signals == "all" else self._signals_of_rules(preset)
        stops = None
        if isinstance(self.thresholds, str):
            stops = stop_words_in(self.preset, self.thresholds, tuple(names))
        signals, spaceless = preset.measure(batch["text"], living, codes, names, wanted, stops)
        codes, names = with_spaceless(codes, names, spaceless)
        thresholds = self._thresholds(preset, names)[codes]
        judge = Judge(preset.rules, preset.signal_names())
        columns = {
            PREFIX + name: pa.array(values, pa.float32(), from_pandas=True)
            for name, values in zip(preset.signal_names(), signals, strict=True)
        }
        if SCORE not in batch.schema.names:
            scores = judge.score(signals, thresholds)
            columns[SCORE] = pa.array(scores, pa.float32(), mask=~living)
        batch = set_columns(batch, columns)
        failed = judge.failures(signals, thresholds)
        if not failed.any():
            return batch
        return mark_dropped(batch, self.name, judge.reasons(failed, signals, thresholds))

    def _signals_of_rules(self, preset: Preset) -> list[str]:
        """What the chosen families look at."""
        return [rule.signal for rule in preset.rules if rule.family in self.rules]

    def _thresholds(self, preset: Preset, names: list[str]) -> np.ndarray:
        """float32 [languages, rules]."""
        given: dict[str, float] = {}
        files: dict[str, LanguageFile] = {}
        if isinstance(self.thresholds, str):
            files = read_folder(self.thresholds)
        else:
            given = self.thresholds
        built_in = {
            name: dict(preset.languages.get(name, {}))
            | (files[name].thresholds if name in files else {})
            for name in names
        }
        rows = [
            thresholds_of(name, self.rules, given, self.languages, preset.rules, built_in)
            for name in names
        ]
        return np.array(rows, np.float32).reshape(-1, len(preset.rules))


def has_line_ends(language: str) -> bool:
    """Whether lines of a language end with a mark: not in Thai, say."""
    number = [rule.name for rule in RULES].index("fineweb_line_ends")
    return not np.isnan(thresholds_of(language)[number])


def set_columns(batch: pa.RecordBatch, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """The batch with columns replaced, or added at the end; at once, unlike ``set_column``."""
    together = dict(zip(batch.schema.names, batch.columns, strict=True)) | columns
    return pa.RecordBatch.from_arrays(list(together.values()), names=list(together))


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
