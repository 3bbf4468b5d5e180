"""The stage ``quality``: the rules of Gopher, C4 and FineWeb in every language, and a score.

One kernel measures all signals of a batch (``stages.quality.quality_kernels``); the rules are data
(``stages.quality.rules``); judging is arithmetic on columns, so no document passes through Python.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator

from formats.buffers import text_buffers, text_column
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.quality.rules import (
    AT_LEAST,
    FAMILIES,
    RULES,
    UNKNOWN,
    UNKNOWN_SPACELESS,
    Family,
    check_rule_names,
    language_key,
    thresholds_of,
)

PREFIX = "signal_"
SCORE = "quality"
SIGNIFICANT_DIGITS = 4
"""Of the measured value in a reason."""


class Quality(MapStage):
    """Measure documents and drop those that fail a rule.

    Needs ``text``; reads ``lang`` (else ``declared_lang``) for thresholds and stop words. Adds a
    float32 column ``signal_<name>`` for each of ``quality_kernels.SIGNALS`` (null on rows dropped
    earlier and where a signal has no meaning) and ``quality`` unless the input brought one. The
    first rule of ``rules.RULES`` that fails is the reason: ``gopher_short_doc: 12 vs 50``.
    """

    name: ClassVar[str] = "quality"

    rules: list[Family] = Field(
        list(FAMILIES), description="Families of rules to judge by; signals are always measured."
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
        signals, spaceless = measure(batch.column("text"), living, codes, names)
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

    def _thresholds(self, names: list[str]) -> np.ndarray:
        """float32 [languages, rules]."""
        settings = (tuple(self.rules), self.thresholds, self.languages)
        rows = [thresholds_of(name, *settings) for name in names]
        return np.array(rows, np.float32).reshape(-1, len(RULES))


def rule_number(name: str) -> int:
    """Position of a rule in ``RULES``."""
    return [rule.name for rule in RULES].index(name)


def language_codes(batch: pa.RecordBatch) -> tuple[np.ndarray, list[str]]:
    """The language of each row as a number, and the languages' keys in that order.

    Returns:
        codes: int64 [rows].
        names: ``language_key`` of each number; the first is ``UNKNOWN``.
    """
    column = pa.nulls(batch.num_rows, pa.string())
    for name in ("lang", "declared_lang"):
        if name in batch.schema.names:
            column = pc.coalesce(column, batch.column(name).cast(pa.string()))
    encoded = pc.fill_null(column, "").dictionary_encode()
    keys = [language_key(name) for name in encoded.dictionary.to_pylist()]
    names = list(dict.fromkeys([UNKNOWN, *keys]))
    numbers = np.array([names.index(key) for key in keys], np.int64)
    return numbers[encoded.indices.to_numpy()], names


def with_spaceless(
    codes: np.ndarray, names: list[str], spaceless: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Unknown languages split by what they are written in (``spaceless``: share of words)."""
    codes = np.where((codes == names.index(UNKNOWN)) & (spaceless >= 0.5), len(names), codes)
    return codes, [*names, UNKNOWN_SPACELESS]


def measure(
    column: pa.Array, living: np.ndarray, codes: np.ndarray, names: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Measure documents.

    Args:
        column: large_string [rows].
        living: bool [rows].
        codes: int64 [rows], numbers of languages.
        names: keys of the languages.

    Returns:
        signals: float32 [SIGNALS, rows], NaN where dead or without meaning.
        spaceless: float32 [rows]: share of words that are characters of spaceless scripts.
    """
    from stages.quality import quality_kernels as kernels
    from stages.quality.stop_words import stop_words
    from stages.text_kernels import character_classes

    data, offsets = text_buffers(column)
    stops = stop_words()
    lists = np.array([stops.numbers.get(name, -1) for name in names], np.int64)
    out = np.empty((len(kernels.SIGNALS) + 1, len(living)), np.float32)
    kernels.measure(
        data,
        offsets,
        living,
        *character_classes(),
        lists[codes],
        stops.keys,
        stops.words,
        stops.longest,
        out.reshape(-1),
    )
    return out[:-1], out[-1]


def signal_of_rules() -> np.ndarray:
    """int64 [rules]: the number of each rule's signal."""
    from stages.quality.quality_kernels import SIGNALS

    return np.array([SIGNALS.index(rule.signal) for rule in RULES])


def failures(signals: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Where a rule fails, bool [rules, rows]; what is off or has no meaning (NaN) does not.

    Args:
        signals: float32 [SIGNALS, rows].
        thresholds: float32 [rows, rules].
    """
    sides = np.array([rule.side for rule in RULES])[:, None]
    values = signals[signal_of_rules()]
    limits = thresholds.T
    return np.where(sides == AT_LEAST, values < limits, values > limits)


def score(signals: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How far a document is from failing: the mean headroom over the rules that judge it.

    Headroom of "at most t": ``1 - value / t``; of "at least t": ``1 - t / value``; both between 0
    (at the threshold or beyond) and 1 (nothing of what is bad, or endlessly much of what is good);
    t = 0 gives 1 on the right side and 0 on the wrong one. A rule without a meaning is left out.

    Returns:
        float32 [rows] in [0, 1]; 0 where no rule judges.
    """
    sides = np.array([rule.side for rule in RULES])[:, None]
    values = signals[signal_of_rules()].astype(np.float64)
    limits = thresholds.T.astype(np.float64)
    larger = np.where(sides == AT_LEAST, values, limits)
    smaller = np.where(sides == AT_LEAST, limits, values)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(larger > 0, smaller / larger, (smaller > 0).astype(np.float64))
    judged = ~np.isnan(values) & ~np.isnan(limits)
    headroom = np.where(judged, 1 - np.clip(part, 0, 1), 0)
    return (headroom.sum(0) / np.maximum(judged.sum(0), 1)).astype(np.float32)


def reasons(failed: np.ndarray, signals: np.ndarray, thresholds: np.ndarray) -> pa.Array:
    """The first rule that fails as ``"rule: value vs threshold"``, string [rows], or null."""
    rows = np.flatnonzero(failed.any(0))
    first = failed[:, rows].argmax(0)
    names = pa.array([rule.name for rule in RULES]).take(pa.array(first))
    values = plain_numbers(signals[signal_of_rules()[first], rows])
    limits = plain_numbers(thresholds[rows, first])
    texts = pc.binary_join_element_wise(names, ": ", values, " vs ", limits, "")
    places = np.full(failed.shape[1], -1, np.int64)
    places[rows] = np.arange(len(rows))
    return texts.take(pa.array(places, mask=places < 0))


def plain_numbers(values: np.ndarray) -> pa.Array:
    """Numbers as people write them: 12, 0.0314; distinct values are formatted once."""
    distinct, places = np.unique(values, return_inverse=True)
    texts = [f"{float(value):.{SIGNIFICANT_DIGITS}g}" for value in distinct]
    large = [
        f"{float(v):.0f}" if abs(v) >= 1e4 else t for v, t in zip(distinct, texts, strict=True)
    ]
    return pa.array(large, pa.string()).take(pa.array(places.reshape(-1)))


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
