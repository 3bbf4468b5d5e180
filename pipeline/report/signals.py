"""Quality signals and the confidence of language ID: distributions, and where the rules cut."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.report.drawings import Axis, mirrored_histogram, short_number
from pipeline.report.language_filter import LanguageFilter
from pipeline.report.sampling import Sampled
from pipeline.report_html import escape, fold, legend, section

if TYPE_CHECKING:
    from pipeline.recipe import Recipe

logger = logging.getLogger(__name__)

PREFIX = "signal_"
CONFIDENCE, SCORE = "lang_score", "quality"
KEY = ("kept, upwards", "dropped for any reason, downwards", "threshold")
LANGUAGES_DRAWN = 24
MARKS_NAMED = 3
FEWEST_DRAWN = 20
"""Documents of a language from which a drawing of its own says something."""


class Mark(NamedTuple):
    """A threshold."""

    limit: float
    side: str
    """``≥`` or ``≤``: what stays."""
    rule: str


Marks = Mapping[str, Mapping[str, Sequence[Mark]]]
"""Column -> language -> thresholds."""


def signals_section(sampled: Sampled, marks: Marks, languages: LanguageFilter) -> str:
    """The section on signals; empty where none were measured."""
    names = [name for name in sampled.names() if name != CONFIDENCE]
    judged = [name for name in names if name == SCORE or any(marks.get(name, {}).values())]
    others = [name for name in names if name not in judged]
    if not names:
        return ""
    parts = [legend(KEY, "hist")]
    if judged:
        parts.append(_grid(_drawn(sampled, name, marks, languages) for name in judged))
    rest = [_drawn(sampled, name, {}, languages) for name in others]
    if any(rest):
        parts.append(fold(f"{len(rest)} more, which no rule judges by", _grid(rest)))
    lead = (
        f"{_of_how_many(sampled)} Heights are square roots, so that the few are seen beside the "
        "many, each side as high as its fullest bin; the ends of an axis hold what lies beyond. "
        "In red the values with which prose stays, of every language; what is short, verse, "
        "lists or code is judged by fewer."
    )
    return section("Quality signals", *parts, lead=lead)


def confidence_section(sampled: Sampled, marks: Marks, languages: LanguageFilter) -> str:
    """The section on language ID: a drawing of all, and one of each language."""
    if CONFIDENCE not in sampled.names():
        return ""
    by_lang = marks.get(CONFIDENCE, {})
    axis = Axis(np.array([0.0, 1.0]))
    figures = []
    for lang in sampled.languages()[:LANGUAGES_DRAWN]:
        kept, removed = sampled.values(CONFIDENCE, lang)
        if len(kept) + len(removed) >= FEWEST_DRAWN:
            cuts = by_lang.get(lang, ())
            figures.append(_figure(lang, kept, removed, axis, cuts, languages.row(lang)))
    if not figures:
        return ""
    lead = f"How sure language ID was of each language, 0 to 1. {_of_how_many(sampled)}"
    key = legend(KEY, "hist")
    return section("Confidence of language ID", key, _grid(figures), lead=lead)


def thresholds(recipe: Recipe, langs: Sequence[str]) -> Marks:
    """Where the recipe's rules cut, by column and language.

    A file of thresholds that is gone by now is told in the log, and nothing is drawn of it.
    """
    from stages.language.langid import LangId
    from stages.quality.presets import PRESETS
    from stages.quality.quality import Quality
    from stages.quality.rules import AT_LEAST

    found: dict[str, dict[str, list[Mark]]] = defaultdict(dict)
    for stage in recipe.stages:
        try:
            if isinstance(stage, LangId):
                least = {lang: [Mark(stage.least_score(lang), "≥", "min_score")] for lang in langs}
                found[CONFIDENCE] |= least
            if isinstance(stage, Quality):
                rules = PRESETS[stage.preset].rules
                limits = stage.thresholds_by_language(list(langs))
                for lang, row in zip(langs, limits, strict=True):
                    for rule, limit in zip(rules, row.tolist(), strict=True):
                        if not np.isnan(limit):
                            side = "≥" if rule.side == AT_LEAST else "≤"
                            column = found[PREFIX + rule.signal]
                            column.setdefault(lang, []).append(Mark(limit, side, rule.name))
        except (OSError, ValueError) as error:
            logger.warning("report: no thresholds of %s are drawn: %s", stage.name, error)
    return found


def _of_how_many(sampled: Sampled) -> str:
    kept, removed = sampled.kept.num_rows, sampled.removed.num_rows
    if sampled.whole:
        return f"All {kept:,} documents kept and {removed:,} dropped."
    return f"Of a sample by chance, {kept:,} documents kept and {removed:,} dropped."


def _grid(figures: Iterable[str]) -> str:
    return f'<div class="grid">{"".join(figures)}</div>'


def _drawn(sampled: Sampled, name: str, marks: Marks, languages: LanguageFilter) -> str:
    """A signal: a drawing of all, and one of each language with documents enough."""
    kept, removed = sampled.values(name)
    if not len(kept) + len(removed):
        return ""
    by_lang = marks.get(name, {})
    every = [mark for found in by_lang.values() for mark in found]
    axis = Axis(np.concatenate([kept, removed]), [mark.limit for mark in every])
    title = name.removeprefix(PREFIX).replace("_", " ")
    figures, own = [], []
    for lang in sampled.languages()[:LANGUAGES_DRAWN] if by_lang else []:
        parts = sampled.values(name, lang)
        if sum(map(len, parts)) >= FEWEST_DRAWN:
            limits = by_lang.get(lang, ())
            figures.append(
                _figure(f"{title}, {lang}", *parts, axis, limits, languages.drawing(lang))
            )
            own.append(lang)
    of_all = _figure(title, kept, removed, axis, every, languages.drawing_of_all(own))
    return of_all + "".join(figures)


def _figure(
    title: str,
    kept: np.ndarray,
    removed: np.ndarray,
    axis: Axis,
    marks: Sequence[Mark],
    classes: str,
) -> str:
    values = np.array(sorted({mark.limit for mark in marks if axis.holds(mark.limit)}))
    places = axis.place(values).tolist()
    rules = sorted({mark.rule for mark in marks})
    low, high = axis.labels()
    cuts = [f"{side} {short_number(limit)}"
            for limit, side in sorted({(mark.limit, mark.side) for mark in marks})]  # fmt: skip
    listed = ", ".join(cuts[:MARKS_NAMED]) + (" …" if len(cuts) > MARKS_NAMED else "")
    words = f"{title}: {len(kept):,} kept, {len(removed):,} dropped, from {low} to {high}"
    words += f", stays {listed}" if cuts else ""
    scale = " log" if axis.logarithmic else ""
    drawn = mirrored_histogram(axis.counts(kept), axis.counts(removed), places, words)
    note = f'<b title="{escape(", ".join(rules))}">{listed}</b>' if cuts else ""
    return (
        f'<figure class="small {classes}"><figcaption>{escape(title)} '
        f"<small>{len(kept):,} / {len(removed):,}</small></figcaption>{drawn}"
        f'<div class="axis"><span>{low}</span>{note}<span>{high}{scale}</span></div></figure>'
    )
