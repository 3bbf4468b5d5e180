"""How unusual a document is beside trusted text of its language: thresholds that the data gives.

A threshold taken from one source removes most of another source of the same language. So nothing
is compared with a fixed number here. Each signal is ranked against the reference of its language,
shrunk towards that of all languages; the ranks of signals that fail together are one group; the
groups are added up, after Fisher (1925, "Statistical Methods for Research Workers", 21.1: -log p
of independent tests may be added). Where the sum is cut is decided on scores that a source got
without itself in the reference (leave one source out): those in the sample are lower by half.

    calibration = fit_reference(signals, names, languages, sources)     # calibration_fit
    scores, strongest = calibration.score(signals, names, languages)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

Side = Literal["high", "low"]

GROUPS: dict[str, tuple[tuple[str, Side], ...]] = {
    "repetition": (
        ("duplicate_lines", "high"),
        ("duplicate_line_characters", "high"),
        ("duplicate_paragraphs", "high"),
        ("top_2_gram", "high"),
        ("top_3_gram", "high"),
        ("duplicate_5_grams", "high"),
        ("duplicate_10_grams", "high"),
    ),
    "template": (
        ("markup", "high"),
        ("key_value_lines", "high"),
        ("longest_word", "high"),
        ("hash_signs", "high"),
    ),
    "structure": (
        ("bare_lines", "high"),
        ("terminal_lines", "low"),
        ("punctuated_lines", "low"),
        ("few_word_lines", "high"),
        ("short_lines", "high"),
        ("lines_per_word", "high"),
        ("bullet_lines", "high"),
    ),
    "words": (
        ("stop_words", "low"),
        ("letter_words", "low"),
        ("mean_word_length", "high"),
        ("mean_word_length", "low"),
    ),
    "links": (("link_lines", "high"), ("link_bytes", "high")),
    "ellipses": (("ellipses", "high"), ("ellipsis_lines", "high")),
}
"""Group -> signals and the side on which they are suspicious. A group counts with its strongest
signal, since those of one group fail together."""

_LOWER_HALF = [0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25]
PROBABILITIES = np.array([*_LOWER_HALF, 0.5, *(round(1 - p, 3) for p in reversed(_LOWER_HALF))])
"""Of the quantiles that are kept of a signal."""
SHRINKAGE = 300
"""Documents at which a language's own ranks weigh as much as those of all languages."""
FREE = 1.0
"""-log10 of a rank that is usual: of a group only what is above counts."""
FEWEST_WORDS = 20
"""Signals of shorter documents are noise: they have no score."""
VERSION = 2
"""2: `few_word_lines` and `link_lines` are shares of words."""


@dataclass(frozen=True)
class SignalTable:
    """What a signal is like in a reference."""

    count: int
    """Documents with a value."""
    quantiles: np.ndarray
    """float64 [PROBABILITIES]"""
    low_scale: float
    """Mean distance of the lowest 2 % from the highest of them: how fast the tail falls."""
    high_scale: float

    def rank(self, values: np.ndarray, side: Side) -> np.ndarray:
        """Share of the reference at least so high (or so low) as each value.

        Rounded up to the next kept quantile; beyond the reference's extremes it falls off
        exponentially.

        Args:
            values: float64 [documents]; NaN gives 1.
            side: which.
        """
        quantiles, floor = self.quantiles, 0.5 / (self.count + 1)
        if side == "high":
            below = np.searchsorted(quantiles, values, "left")
            share = 1 - np.concatenate([[0.0], PROBABILITIES])[below]
            beyond, scale = values - quantiles[-1], self.high_scale
        else:
            above = np.searchsorted(quantiles, values, "right")
            share = np.concatenate([PROBABILITIES, [1.0]])[above]
            beyond, scale = quantiles[0] - values, self.low_scale
        far = np.clip(np.nan_to_num(beyond) / max(scale, 1e-9), 0, 30)
        share = np.where(far > 0, floor * np.exp(-far), np.maximum(share, floor))
        return np.where(np.isnan(values), 1.0, share)


Tables = Mapping[str, SignalTable]


@dataclass(frozen=True)
class LanguageReference:
    """What is known of a language."""

    documents: int
    sources: int
    tables: Tables = field(repr=False)
    cut: float
    """A document with a higher score is dropped."""
    thresholds: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Of rules that would cost a kind of text too much as they are."""
    min_lang_score: float | None = None
    stop_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """A reference: tables of all languages together, and of each that has enough text."""

    documents: int
    sources: int
    tables: Tables = field(repr=False)
    cut: float
    """Of languages without one of their own."""
    languages: Mapping[str, LanguageReference] = field(default_factory=dict, repr=False)

    def score(
        self, signals: np.ndarray, names: Sequence[str], languages: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """How unusual documents are.

        Args:
            signals: float32 [signals, documents]; must hold ``words``.
            names: of the signals.
            languages: [documents] keys as in ``languages``.

        Returns:
            scores: float32 [documents], NaN where there are fewer than 20 words.
            strongest: int64 [documents], the signal that was most unusual: index into ``names``.
        """
        keys = np.asarray(languages, dtype=object)
        scores = np.full(len(keys), np.nan, np.float32)
        strongest = np.zeros(len(keys), np.int64)
        enough = signals[names.index("words")] >= FEWEST_WORDS
        for language in dict.fromkeys(keys[enough].tolist()):
            rows = np.flatnonzero(enough & (keys == language))
            scores[rows], strongest[rows] = self._score(signals[:, rows], names, language)
        return scores, strongest

    def cuts(self, languages: Sequence[str]) -> np.ndarray:
        """float32 [languages]: where the scores of each language are cut."""
        known = self.languages
        return np.array([known[k].cut if k in known else self.cut for k in languages], np.float32)

    def _score(
        self, signals: np.ndarray, names: Sequence[str], language: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores and strongest signals of documents of one language."""
        documents = signals.shape[1]
        total, largest = np.zeros(documents), np.zeros(documents)
        strongest = np.zeros(documents, np.int64)
        for members in GROUPS.values():
            group = np.zeros(documents)
            for name, side in members:
                if name not in names or name not in self.tables:
                    continue
                number = names.index(name)
                rank = self._rank(name, side, signals[number].astype(np.float64), language)
                surprise = -np.log10(rank)
                strongest = np.where(surprise > largest, number, strongest)
                largest = np.maximum(largest, surprise)
                group = np.maximum(group, surprise)
            total += np.maximum(group - FREE, 0)
        return (total + largest / 2).astype(np.float32), strongest

    def _rank(self, name: str, side: Side, values: np.ndarray, language: str) -> np.ndarray:
        """The rank in all languages, and as far as it is known in one."""
        rank = self.tables[name].rank(values, side)
        own = self.languages.get(language)
        if own is None or name not in own.tables:
            return rank
        table = own.tables[name]
        weight = table.count / (table.count + SHRINKAGE)
        return weight * table.rank(values, side) + (1 - weight) * rank


def write_calibration(calibration: Calibration, path: str) -> None:
    """Write a calibration as YAML that people can read and change."""
    from formats import storage

    storage.write_text(path, as_yaml(calibration))


def as_yaml(calibration: Calibration) -> str:
    """The YAML of a calibration: a line for each signal, quantiles in order."""
    import json

    lines = [
        "# Signals of trusted text, made by `python -m pipeline calibrate`.",
        f"version: {VERSION}",
        f"probabilities: {json.dumps(PROBABILITIES.tolist())}",
        f"documents: {calibration.documents}",
        f"sources: {calibration.sources}",
        f"cut: {calibration.cut:.4g}",
        "signals:",
        *_table_lines(calibration.tables, "  "),
        "languages:",
    ]
    for language, own in sorted(calibration.languages.items()):
        lines += [
            f"  {json.dumps(language)}:",
            f"    documents: {own.documents}",
            f"    sources: {own.sources}",
            f"    cut: {own.cut:.4g}",
        ]
        if own.thresholds:
            said = ", ".join(f"{name}: {value:.4g}" for name, value in own.thresholds.items())
            lines.append(f"    thresholds: {{{said}}}")
        if own.min_lang_score is not None:
            lines.append(f"    min_lang_score: {own.min_lang_score:.3g}")
        if own.stop_words:
            lines.append(f"    stop_words: {json.dumps(own.stop_words, ensure_ascii=False)}")
        lines += ["    signals:", *_table_lines(own.tables, "      ")] if own.tables else []
    return "\n".join(lines) + "\n"


def _table_lines(tables: Tables, indent: str) -> list[str]:
    lines = []
    for name, table in tables.items():
        numbers = ", ".join(f"{value:.5g}" for value in table.quantiles)
        scales = f"{table.low_scale:.4g}, {table.high_scale:.4g}"
        lines.append(
            f"{indent}{name}: {{count: {table.count}, tails: [{scales}], quantiles: [{numbers}]}}"
        )
    return lines


def load_calibration(path: str) -> Calibration:
    """Read what ``write_calibration`` wrote, or people changed.

    Raises:
        ValueError: the file is none; it names the key.
    """
    import yaml

    from formats.storage import open_input

    with open_input(path) as stream:
        data = yaml.load(stream.read(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise ValueError(f"{path}: no calibration of version {VERSION}; `calibrate` writes one")
    try:
        if data["probabilities"] != PROBABILITIES.tolist():
            raise ValueError(f"{path}: probabilities are not those of version {VERSION}")
        languages = {
            str(key): LanguageReference(
                documents=int(own["documents"]),
                sources=int(own["sources"]),
                tables=_tables(own.get("signals") or {}),
                cut=float(own["cut"]),
                thresholds={str(k): float(v) for k, v in (own.get("thresholds") or {}).items()},
                min_lang_score=_lang_score(own.get("min_lang_score"), f"{path}: languages.{key}"),
                stop_words=tuple(own.get("stop_words") or ()),
            )
            for key, own in (data.get("languages") or {}).items()
        }
        return Calibration(
            documents=int(data["documents"]),
            sources=int(data["sources"]),
            tables=_tables(data["signals"] or {}),
            cut=float(data["cut"]),
            languages=languages,
        )
    except KeyError as error:
        raise ValueError(f"{path}: the key {error} is missing") from error


def _lang_score(value: Any, place: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{place}.min_lang_score: {value!r} is not a number from 0 to 1")
    return float(value)


def _tables(data: Mapping[str, Any]) -> dict[str, SignalTable]:
    tables = {}
    for name, table in data.items():
        quantiles = np.array(table["quantiles"], np.float64)
        if len(quantiles) != len(PROBABILITIES) or (np.diff(quantiles) < 0).any():
            raise ValueError(f"{name}: quantiles must be {len(PROBABILITIES)} rising numbers")
        low, high = table["tails"]
        tables[str(name)] = SignalTable(int(table["count"]), quantiles, float(low), float(high))
    return tables


def calibration_of(path: str) -> Calibration:
    """As ``load_calibration``, read once in a process while the file stays as it is."""
    stat = Path(path).stat()
    key = (path, stat.st_mtime_ns, stat.st_size)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = load_calibration(path)
    return _loaded[key]


_loaded: dict[tuple[str, int, int], Calibration] = {}
