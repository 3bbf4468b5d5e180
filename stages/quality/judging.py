"""Judging measured documents: which rules fail, the score, the reason; arithmetic on columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.base import on_rows
from stages.quality.expressions import Expression
from stages.quality.rules import AT_LEAST, Rule

SIGNIFICANT_DIGITS = 4
"""Of the measured value in a reason."""


class Judge:
    """Rules over measured signals.

    Signals are float32 [signals, rows], NaN where one has no meaning; thresholds float32
    [rows, rules], NaN where a rule is off.
    """

    def __init__(self, rules: Sequence[Rule], names: Sequence[str]) -> None:
        """Take the rules, in the order of judging, and the names of the signals."""
        self.names = [rule.name for rule in rules]
        self.signals = np.array([names.index(rule.signal) for rule in rules])
        self.at_least = np.array([rule.side == AT_LEAST for rule in rules])[:, None]

    def failures(self, signals: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        """Where a rule fails, bool [rules, rows]; what is off or has no meaning does not."""
        values = signals[self.signals]
        limits = thresholds.T
        return np.where(self.at_least, values < limits, values > limits)

    def score(self, signals: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        """How far a document is from failing: the mean headroom over the rules that judge it.

        Headroom of "at most t": ``1 - value / t``; of "at least t": ``1 - t / value``; both
        between 0 (at the threshold or beyond) and 1 (nothing of what is bad, or endlessly much of
        what is good); t = 0 gives 1 on the right side and 0 on the wrong one. A rule without a
        meaning is left out.

        Returns:
            float32 [rows] in [0, 1]; 0 where no rule judges.
        """
        values = signals[self.signals].astype(np.float64)
        limits = thresholds.T.astype(np.float64)
        larger = np.where(self.at_least, values, limits)
        smaller = np.where(self.at_least, limits, values)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(larger > 0, smaller / larger, (smaller > 0).astype(np.float64))
        judged = ~np.isnan(values) & ~np.isnan(limits)
        headroom = np.where(judged, 1 - np.clip(part, 0, 1), 0)
        return (headroom.sum(0) / np.maximum(judged.sum(0), 1)).astype(np.float32)

    def reasons(self, failed: np.ndarray, signals: np.ndarray, thresholds: np.ndarray) -> pa.Array:
        """The first rule that fails as ``"rule: value vs threshold"``, string [rows], or null."""
        rows = np.flatnonzero(failed.any(0))
        first = failed[:, rows].argmax(0)
        names = pa.array(self.names).take(pa.array(first))
        values = plain_numbers(signals[self.signals[first], rows])
        limits = plain_numbers(thresholds[rows, first])
        texts = pc.binary_join_element_wise(names, ": ", values, " vs ", limits, "")
        return on_rows(texts, rows, failed.shape[1])


def flag_lists(names: Sequence[str], flagged: np.ndarray, living: np.ndarray) -> pa.Array:
    """The rules that flag each document, list of strings [rows]; null where dead.

    Args:
        names: of the rules.
        flagged: bool [rules, rows].
        living: bool [rows].
    """
    rows, rules = np.nonzero(flagged.T & living[:, None])
    counts = np.bincount(rows, minlength=len(living))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    values = pa.array(list(names), pa.string()).take(pa.array(rules))
    lists = pa.ListArray.from_arrays(pa.array(offsets), values)
    return pc.if_else(pa.array(living), lists, pa.scalar(None, lists.type))


def expression_reasons(
    rule: Expression, failed: np.ndarray, values: Mapping[str, np.ndarray]
) -> pa.Array:
    """``"name: words 12, hash_signs 0.3 vs words >= 50 and hash_signs < 0.1"``, or null.

    Args:
        rule: the expression.
        failed: bool [rows].
        values: of its names, [rows].
    """
    rows = np.flatnonzero(failed)
    parts: list[Any] = [f"{rule.name}: "]
    for number, name in enumerate(rule.names):
        found = values[name][rows]
        texts = pa.array(found, pa.string()) if found.dtype == object else plain_numbers(found)
        parts += [f"{', ' if number else ''}{name} ", pc.fill_null(texts, "null")]
    texts = pc.binary_join_element_wise(*parts, f" vs {rule.text}", "")
    if len(parts) == 1:
        texts = pa.array([f"{rule.name}: {rule.text}"] * len(rows), pa.string())
    return on_rows(texts, rows, len(failed))


def plain_numbers(values: np.ndarray) -> pa.Array:
    """Numbers as people write them: 12, 0.0314; distinct values are formatted once."""
    distinct, places = np.unique(values, return_inverse=True)
    texts = [f"{float(value):.{SIGNIFICANT_DIGITS}g}" for value in distinct]
    large = [
        f"{float(v):.0f}" if abs(v) >= 1e4 else t for v, t in zip(distinct, texts, strict=True)
    ]
    return pa.array(large, pa.string()).take(pa.array(places.reshape(-1)))
