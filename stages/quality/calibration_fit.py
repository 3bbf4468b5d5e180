"""From trusted text to a calibration: quantiles, cuts, stop words, thresholds of language ID."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from stages.quality.calibration import (
    FEWEST_WORDS,
    GROUPS,
    PROBABILITIES,
    Calibration,
    LanguageReference,
    SignalTable,
)
from stages.quality.rules import AT_LEAST, Rule

FEWEST_DOCUMENTS = 60
"""Of a language that gets tables of its own."""
FEWEST_SOURCES = 3
"""Kinds of text that must be known of a language before its own ranks may drop anything."""
KEPT = 0.98
"""Share of the reference that is to stay, each document judged without its own source."""
KEPT_OF_SOURCE = 0.95
"""Share that is to stay of each source in each language."""
LEFT_ALONE = ("words", "text_words")
"""Signals whose rules stay: how short a document may be is a decision, not a finding."""
FEWEST_STOP_WORDS = 8
"""Of a list that replaces the shipped one: as many as Gopher's own has. All kinds of text may share
fewer: classical, legal and technical Chinese five characters, and two of five is much to ask."""
FEWEST_OF_SOURCE = 20
"""Documents of a source in a language of which a share means something."""


def fit_reference(
    signals: np.ndarray,
    names: Sequence[str],
    languages: Sequence[str],
    sources: Sequence[str],
    kept: float = KEPT,
) -> Calibration:
    """Learn what trusted text is like.

    Args:
        signals: float32 [signals, documents].
        names: of the signals.
        languages: [documents].
        sources: [documents], where each is from; each should be one kind of text.
        kept: share of the reference that is to stay.

    Raises:
        ValueError: no document has 20 words.
    """
    enough = signals[list(names).index("words")] >= FEWEST_WORDS
    if not enough.any():
        raise ValueError(f"the reference has no document of {FEWEST_WORDS} words or more")
    signals = signals[:, enough]
    language = np.asarray(languages, dtype=object)[enough]
    source = np.asarray(sources, dtype=object)[enough]
    scores = leave_one_out(signals, names, language, source)
    return _with_cuts(tabulate(signals, names, language, source), scores, language, source, kept)


def leave_one_out(
    signals: np.ndarray, names: Sequence[str], languages: np.ndarray, sources: np.ndarray
) -> np.ndarray:
    """float32 [documents]: the score of each by a reference without its source.

    Where there is one source only, the reference holds it.
    """
    scores = np.zeros(len(sources), np.float32)
    present = sorted(set(sources.tolist()))
    for source in present:
        inside = sources == source
        others = ~inside if len(present) > 1 else inside
        reference = tabulate(signals[:, others], names, languages[others], sources[others])
        scores[inside], _ = reference.score(signals[:, inside], list(names), languages[inside])
    return scores


def tabulate(
    signals: np.ndarray, names: Sequence[str], languages: np.ndarray, sources: np.ndarray
) -> Calibration:
    """The tables of a reference, not cut yet."""
    own = {}
    for language in sorted(set(languages.tolist())):
        rows = languages == language
        kinds = len(set(sources[rows].tolist()))
        if rows.sum() >= FEWEST_DOCUMENTS:
            known = kinds >= FEWEST_SOURCES
            tables = _tables(signals[:, rows], names) if known else {}
            own[language] = LanguageReference(int(rows.sum()), kinds, tables, cut=np.inf)
    return Calibration(
        documents=len(languages),
        sources=len(set(sources.tolist())),
        tables=_tables(signals, names),
        cut=np.inf,
        languages=own,
    )


def _with_cuts(
    reference: Calibration,
    scores: np.ndarray,
    languages: np.ndarray,
    sources: np.ndarray,
    kept: float,
) -> Calibration:
    """Cut at the share that is to stay: of all, of the language, of each source in it.

    The highest of the three: a language's own cut may save its documents, never cost them.
    """
    cut = float(np.quantile(scores, kept))
    own = {}
    for language, known in reference.languages.items():
        rows = languages == language
        cuts = [cut, float(np.quantile(scores[rows], kept))]
        for source in sorted(set(sources[rows].tolist())):
            part = scores[rows & (sources == source)]
            if len(part) >= FEWEST_OF_SOURCE:
                cuts.append(float(np.quantile(part, KEPT_OF_SOURCE)))
        own[language] = replace(known, cut=max(cuts))
    return replace(reference, cut=cut, languages=own)


def _tables(signals: np.ndarray, names: Sequence[str]) -> dict[str, SignalTable]:
    """Tables of the signals that some group asks for and some document has."""
    wanted = dict.fromkeys(name for members in GROUPS.values() for name, _ in members)
    tables = {}
    for name in wanted:
        if name in names:
            values = signals[list(names).index(name)].astype(np.float64)
            values = np.sort(values[~np.isnan(values)])
            if len(values):
                tables[name] = _table(values)
    return tables


def _table(values: np.ndarray) -> SignalTable:
    """The table of sorted values."""
    tail = max(len(values) // 50, min(5, len(values)))
    low, high = values[:tail], values[-tail:]
    return SignalTable(
        count=len(values),
        quantiles=np.quantile(values, PROBABILITIES, method="inverted_cdf"),
        low_scale=float(low[-1] - low.mean()),
        high_scale=float(high.mean() - high[0]),
    )


def min_lang_scores(languages: Sequence[str], scores: np.ndarray) -> dict[str, float]:
    """The least confidence of language identification, by language.

    Median less standard deviation, between 0.3 and 0.9, as FineWeb-2 has it (Penedo et al. 2025,
    arXiv 2506.20920).

    Args:
        languages: [documents].
        scores: float32 [documents].
    """
    keys = np.asarray(languages, dtype=object)
    found = {}
    for language in sorted(set(keys.tolist())):
        own = scores[keys == language].astype(np.float64)
        own = own[~np.isnan(own)]
        if len(own) >= FEWEST_DOCUMENTS:
            found[language] = float(np.clip(np.median(own) - own.std(), 0.3, 0.9))
    return found


def loosened(
    signals: np.ndarray,
    names: Sequence[str],
    languages: Sequence[str],
    sources: Sequence[str],
    rules: Sequence[Rule],
    thresholds: np.ndarray,
) -> dict[str, dict[str, float]]:
    """Thresholds of rules that would cost some kind of text more than a fiftieth.

    Only ever more lenient, and only in languages of which three kinds of text are known.

    Args:
        signals: float32 [signals, documents] of prose that is long enough to be judged.
        names: of the signals.
        languages: [documents].
        sources: [documents].
        rules: to look at.
        thresholds: float32 [documents, rules], those that hold without; NaN where one is off.

    Returns:
        Language -> rule -> threshold.
    """
    keys, kinds = np.asarray(languages, dtype=object), np.asarray(sources, dtype=object)
    found: dict[str, dict[str, float]] = {}
    for language in sorted(set(keys.tolist())):
        parts = [
            rows
            for source in sorted(set(kinds[keys == language].tolist()))
            if (rows := (keys == language) & (kinds == source)).sum() >= FEWEST_OF_SOURCE
        ]
        if len(parts) < FEWEST_SOURCES:
            continue
        base = thresholds[np.flatnonzero(keys == language)[0]]
        own = {}
        for number, rule in enumerate(rules):
            if rule.signal in LEFT_ALONE or np.isnan(base[number]):
                continue
            values = signals[list(names).index(rule.signal)]
            at_least = rule.side == AT_LEAST
            share = 1 - KEPT if at_least else KEPT
            wished = [np.nanquantile(v, share) for p in parts if (~np.isnan(v := values[p])).any()]
            worst = (min if at_least else max)([*wished, base[number]])
            if worst != base[number]:
                own[rule.name] = float(worst)
        if own:
            found[language] = own
    return found


def with_findings(
    calibration: Calibration,
    stop_words: Mapping[str, Sequence[str]],
    lang_scores: Mapping[str, float],
    thresholds: Mapping[str, Mapping[str, float]],
) -> Calibration:
    """The calibration with stop words and thresholds, of language identification and of rules."""
    languages = {
        language: replace(
            own,
            stop_words=_enough(stop_words.get(language, ())),
            min_lang_score=lang_scores.get(language),
            thresholds=thresholds.get(language, {}),
        )
        for language, own in calibration.languages.items()
    }
    return replace(calibration, languages=languages)


def _enough(words: Sequence[str]) -> tuple[str, ...]:
    """A list of stop words, or none where it is too short to be one."""
    return tuple(words) if len(words) >= FEWEST_STOP_WORDS else ()
