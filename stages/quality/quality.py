"""The stage ``quality``: rules of Gopher, C4 and FineWeb in every language, flags, a score.

One kernel measures all signals of a batch (``quality_kernels``); rules are data (``rules``, and
``kinds`` for what is no prose) or expressions of the recipe; judging is arithmetic on columns, so
no document passes through Python.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from stages.base import MapStage, alive, mark_dropped, set_column
from stages.quality.expressions import TEXT_COLUMNS, Expression, parse
from stages.quality.fineweb2 import LanguageFile
from stages.quality.judging import Judge, expression_reasons, flag_lists
from stages.quality.kinds import NAMES, SIGNALS_OF_KINDS, kinds_of, thresholds_of_kinds
from stages.quality.line_removal import Lines, remove_lines
from stages.quality.measuring import language_codes, with_spaceless
from stages.quality.presets import PRESETS, Preset, PresetName, stop_words_in
from stages.quality.rules import (
    FAMILIES,
    Family,
    check_rule_names,
    language_key,
    nearest,
    thresholds_of,
)
from stages.quality.threshold_files import list_files, read_thresholds

PREFIX = "signal_"
SCORE = "quality"
FLAGS = "quality_flags"
KIND = "document_kind"
REMOVED = "removed_lines_"


class Quality(MapStage):
    """Measure documents, drop those that fail a rule, flag those that fail another.

    Needs ``text``; reads ``lang`` (else ``declared_lang``) for thresholds and stop words. Adds

    * ``signal_<name>`` (float32) for each signal of the preset (``signals``): null on rows dropped
      earlier and where a signal has no meaning;
    * ``quality`` (float32), the score (``judging.Judge.score``), unless the input brought one;
    * ``document_kind`` (string): prose, short, list, verse or code (``kinds``);
    * ``removed_lines_<kind>`` (int32) for each kind of ``remove_lines``;
    * ``quality_flags`` (list of strings): rules that the document fails and stays.

    The first rule that fails is the reason: ``gopher_short_doc: 9 vs 12``.
    """

    name: ClassVar[str] = "quality"
    version: ClassVar[int] = 3

    preset: PresetName = Field(
        "own",
        description="What signals and thresholds mean: `own` definitions, right in every language, "
        "or `datatrove`'s, to be comparable with what it filtered.",
    )
    rules: list[Family] = Field(list(FAMILIES), description="Families of rules to judge by.")
    expressions: dict[str, str] = Field(
        {},
        description="Name -> rule of your own, which documents must meet: `words >= 50 and "
        "hash_signs < 0.1`, over signals, `quality`, `lang_score`, `lang`, `source`.",
    )
    flag: list[str] = Field(
        [],
        description="Families, rules and expressions that flag documents instead of dropping them.",
    )
    other_kinds: Literal["flag", "drop"] = Field(
        "flag",
        description="What rules that suit prose alone do to short, list-like, poetic and "
        "code-heavy documents: `flag` them, or `drop` them.",
    )
    signals: Literal["all", "rules"] = Field(
        "all",
        description="Measure all signals, or only those that are asked for, which is faster; the "
        "columns of the others are null then.",
    )
    thresholds: str | dict[str, float] = Field(
        {},
        description="Rule -> threshold, in all languages in which the rule is not off; or, stop "
        "words included, a folder of FineWeb-2's files of languages (tha_Thai.yml), or the file "
        "that `python -m pipeline calibrate` wrote.",
    )
    languages: dict[str, dict[str, float | None]] = Field(
        {}, description="Language -> rule -> threshold, null to switch the rule off."
    )
    remove_lines: list[Lines] = Field(
        [],
        description="Lines to remove before measuring: `notices` (cookies, rights, what sites "
        "print around every text), `navigation` (menus), `c4` (few words, no end of a sentence, "
        "JavaScript, policies).",
    )

    @field_validator("languages")
    @classmethod
    def _language_keys(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {language_key(language): rules for language, rules in value.items()}

    @model_validator(mode="after")
    def _known_names(self) -> Quality:
        preset = PRESETS[self.preset]
        if isinstance(self.thresholds, dict):
            check_rule_names(self.thresholds, "thresholds", preset.rules)
        for language, thresholds in self.languages.items():
            check_rule_names(thresholds, f"languages.{language}", preset.rules)
        rules = [rule.name for rule in preset.rules]
        for name in self.expressions:
            if name in rules or name in FAMILIES:
                raise ValueError(f"expressions.{name}: there is a rule of that name already")
        known = [*FAMILIES, *rules, *self.expressions]
        for name in self.flag:
            if name not in known:
                raise ValueError(f"flag: there is no rule {name!r}{nearest(name, known)}")
        self._parsed(preset)
        return self

    def kernel_packages(self) -> set[str]:
        """Those of the preset too."""
        measured_by = PRESETS[self.preset].measure.__module__
        return super().kernel_packages() | {measured_by.rpartition(".")[0]}

    def assets(self) -> list[str]:
        """The lists of stop words and of phrases, and the files of thresholds."""
        from stages.quality import boilerplate, stop_words

        files = list_files(self.thresholds) if isinstance(self.thresholds, str) else []
        return [str(stop_words.PATH), str(boilerplate.PATH), *files]

    def check_settings(self) -> None:
        """Read the files of thresholds, so that a mistake stops the run before it begins."""
        if isinstance(self.thresholds, str):
            read_thresholds(self.thresholds)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with signals, kinds, score, flags and the reasons of what is dropped."""
        preset = PRESETS[self.preset]
        living = alive(batch)
        codes, names = language_codes(batch)
        if self.remove_lines:
            settings = (living, codes, names, self.remove_lines)
            text, removed = remove_lines(batch["text"], *settings)
            counts = {REMOVED + kind: pa.array(n, mask=~living) for kind, n in removed.items()}
            batch = set_columns(batch, {"text": text} | counts)
        stops = None
        if isinstance(self.thresholds, str):
            stops = stop_words_in(self.preset, self.thresholds, tuple(names))
        wanted = None if self.signals == "all" else self._asked_for(preset)
        signals, spaceless = preset.measure(batch["text"], living, codes, names, wanted, stops)
        codes, names = with_spaceless(codes, names, spaceless)
        thresholds = self.thresholds_by_language(names)[codes]
        judge = Judge(preset.rules, preset.signals)
        columns = {
            PREFIX + name: pa.array(values, pa.float32(), from_pandas=True)
            for name, values in zip(preset.signals, signals, strict=True)
        }
        if SCORE not in batch.schema.names:
            scores = judge.score(signals, thresholds)
            columns[SCORE] = pa.array(scores, pa.float32(), mask=~living)
        limits = thresholds
        if preset.tells_kinds:
            kinds = kinds_of(signals, spaceless, thresholds)
            columns[KIND] = pa.array(NAMES).take(pa.array(kinds, mask=~living))
            if self.other_kinds == "flag":
                limits = thresholds_of_kinds(thresholds, kinds)
        batch = set_columns(batch, columns)
        failed = judge.failures(signals, limits)
        flagged = judge.failures(signals, thresholds) & ~failed
        broken = [~rule.holds(operands(batch, rule)) & living for rule in self._parsed(preset)]
        failed = np.vstack([failed, *broken])
        flagged = np.vstack([flagged, *(np.zeros_like(living) for _ in broken)])
        only_flag = self._only_flag(preset)[:, None]
        flagged |= failed & only_flag
        failed &= ~only_flag
        names = [*judge.names, *self.expressions]
        batch = set_column(batch, FLAGS, flag_lists(names, flagged, living))
        if not failed.any():
            return batch
        reasons = judge.reasons(failed[: len(preset.rules)], signals, limits)
        for rule, rows in zip(self._parsed(preset), failed[len(preset.rules) :], strict=True):
            reasons = pc.coalesce(reasons, expression_reasons(rule, rows, operands(batch, rule)))
        return mark_dropped(batch, self.name, reasons)

    def repairs(self, batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        """How many lines of each kind were removed."""
        columns = {
            kind: pc.fill_null(batch.column(REMOVED + kind), 0) for kind in self.remove_lines
        }
        return {
            f"{kind}_lines_removed": column.to_numpy(zero_copy_only=False)
            for kind, column in columns.items()
        }

    def _parsed(self, preset: Preset) -> tuple[Expression, ...]:
        """The expressions."""
        return tuple(parse(name, text, preset.signals) for name, text in self.expressions.items())

    def _only_flag(self, preset: Preset) -> np.ndarray:
        """Bool [rules and expressions]: which of them drop nothing."""
        rules = [rule.name in self.flag or rule.family in self.flag for rule in preset.rules]
        return np.array([*rules, *(name in self.flag for name in self.expressions)])

    def _asked_for(self, preset: Preset) -> set[str]:
        """The signals that rules, kinds and expressions look at."""
        asked = {rule.signal for rule in preset.rules if rule.family in self.rules}
        asked.update(SIGNALS_OF_KINDS if preset.tells_kinds else ())
        asked.update(name for rule in self._parsed(preset) for name in rule.names)
        return asked & set(preset.signals)

    def thresholds_by_language(self, names: list[str]) -> np.ndarray:
        """The thresholds for prose: float32 [languages, rules], NaN where a rule is off."""
        preset = PRESETS[self.preset]
        given: dict[str, float] = {}
        files: dict[str, LanguageFile] = {}
        if isinstance(self.thresholds, str):
            files = read_thresholds(self.thresholds)
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


def set_columns(batch: pa.RecordBatch, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """The batch with columns replaced, or added at the end; at once, unlike ``set_column``."""
    together = dict(zip(batch.schema.names, batch.columns, strict=True)) | columns
    return pa.RecordBatch.from_arrays(list(together.values()), names=list(together))


def operands(batch: pa.RecordBatch, rule: Expression) -> dict[str, np.ndarray]:
    """What an expression is about: name -> values [rows], floats with NaN or objects with None.

    Raises:
        ValueError: the documents have no such column.
    """
    found = {}
    for name in rule.names:
        column = PREFIX + name if PREFIX + name in batch.schema.names else name
        if column not in batch.schema.names:
            raise ValueError(f"expressions.{rule.name}: the documents have no column {name!r}")
        values = batch.column(column)
        if name in TEXT_COLUMNS:
            found[name] = np.array(values.to_pylist(), object)
        else:
            values = pc.fill_null(values.cast(pa.float64()), np.nan)
            found[name] = values.to_numpy(zero_copy_only=False)
    return found
