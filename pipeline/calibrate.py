"""``python -m pipeline calibrate``: thresholds of each language, from text that is trusted.

It measures the recipe's reference (the sources with ``reference: true``; all of them where none
has it), writes what it learned as one YAML, and says what that would remove of the recipe's text
before anything is removed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from formats.units import format_bytes
from pipeline.partitions import source_files
from pipeline.recipe_yaml import RecipeError
from pipeline.reference import Measured, kind_of, measure_reference
from stages.base import MapStage
from stages.language.langid import LangId
from stages.quality.calibration import FEWEST_WORDS, Calibration, write_calibration
from stages.quality.calibration_fit import (
    fit_reference,
    leave_one_out,
    loosened,
    min_lang_scores,
    with_findings,
)
from stages.quality.judging import Judge
from stages.quality.kinds import PROSE, kinds_of, thresholds_of_kinds
from stages.quality.measuring import SIGNALS
from stages.quality.quality import Quality
from stages.quality.rules import RULES
from stages.quality.stop_words_found import frequent_words

if TYPE_CHECKING:
    from formats.readers import SourceFile
    from pipeline.recipe import Recipe

BEFORE = ("quality", "unusual")
"""What calibrates nothing that stands behind it."""
FEWEST_SHOWN = 20
"""Documents of a language of which shares are shown."""
SMALLEST_HEAD, LARGEST_HEAD = 1 << 20, 64 << 20


@dataclass(frozen=True)
class Calibrated:
    """What a calibration came to."""

    calibration: Calibration
    path: str
    losses: list[dict[str, Any]]
    """By language: documents, and the share that rules and the cut would remove of each."""


def calibrate(
    recipe: Recipe,
    out: str,
    documents: int,
    sample_bytes: int,
    progress: Callable[[int, int], None],
    steps: Callable[[int], Callable[[], None]],
) -> Calibrated:
    """Measure, learn, write.

    Args:
        recipe: its sources, and its stages up to ``quality``.
        out: path of the YAML.
        documents: of a kind of text in a language, at most.
        sample_bytes: text read in all, about.
        progress: called with documents and bytes of text.
        steps: called with the number of files; returns what is called after each.

    Raises:
        RecipeError: nothing in the sources can be learned from.
    """
    trusted = [source for source in recipe.sources if source.reference] or recipe.sources
    files = [(f, kind_of(f, len(trusted))) for source in trusted for f in source_files(source)]
    files.sort(key=lambda item: sha256(item[0].relative_path.encode()).digest())
    head = min(max(sample_bytes // max(len(files), 1), SMALLEST_HEAD), LARGEST_HEAD)
    chosen = _some(files, max(sample_bytes // head, 1))
    stages = _stages_before(recipe)
    found = measure_reference(
        chosen, stages, documents, head, recipe.run.seed, progress, steps(len(chosen))
    )
    if not found.languages:
        raise RecipeError(
            f"calibrate: {len(files)} files ({format_bytes(sample_bytes)} asked for) hold no "
            "document that the stages before `quality` leave"
        )
    calibration = learn(found, recipe)
    write_calibration(calibration, out)
    return Calibrated(calibration, out, losses(calibration, found, recipe))


def _some(files: Sequence[tuple[SourceFile, str]], most: int) -> list[tuple[SourceFile, str]]:
    """So many files, one of each kind of text after the other."""
    by_kind: dict[str, list[tuple[SourceFile, str]]] = defaultdict(list)
    for item in files:
        by_kind[item[1]].append(item)
    rounds = max(map(len, by_kind.values()), default=0)
    turns = [some[k] for k in range(rounds) for some in by_kind.values() if k < len(some)]
    return turns[: max(most, len(by_kind))]


def _stages_before(recipe: Recipe) -> list[MapStage]:
    """The map stages that documents cross before their quality is judged."""
    names = [stage.name for stage in recipe.stages]
    end = next((names.index(name) for name in BEFORE if name in names), len(names))
    return [_uncalibrated(s) for s in recipe.stages[:end] if isinstance(s, MapStage)]


def _uncalibrated(stage: MapStage) -> MapStage:
    """Without thresholds from a file, which may be the one that is about to be written."""
    if isinstance(stage, LangId):
        return stage.model_copy(update={"thresholds": None})
    return stage


def learn(found: Measured, recipe: Recipe) -> Calibration:
    """A calibration from a measured reference.

    Raises:
        RecipeError: no document is long enough.
    """
    try:
        fitted = fit_reference(found.signals, SIGNALS, found.languages, found.kinds)
    except ValueError as error:
        raise RecipeError(f"calibrate: {error}") from error
    limits = _rule_limits(found, _stage(recipe))
    prose = kinds_of(found.signals, found.spaceless, limits) == PROSE
    prose &= found.signals[SIGNALS.index("words")] >= 50
    keys, kinds = np.array(found.languages, object), np.array(found.kinds, object)
    thresholds = loosened(
        found.signals[:, prose], SIGNALS, keys[prose], kinds[prose], RULES, limits[prose]
    )
    return with_findings(
        fitted,
        frequent_words(found.excerpts, found.languages, found.kinds),
        min_lang_scores(found.languages, found.lang_scores),
        thresholds,
    )


def losses(calibration: Calibration, found: Measured, recipe: Recipe) -> list[dict[str, Any]]:
    """What would go of the reference itself, by language.

    Returns:
        For each language with 20 documents: ``lang``, ``documents``, ``kinds``, ``rules`` and
        ``loosened`` (shares that the rules drop as they are, and with the thresholds found),
        ``rule`` (the one that drops most), ``unusual`` (the share beyond the cut), ``most`` (the
        kind of text that loses most by it, and how much), ``min_lang_score`` (null: none) and
        ``unsure`` (the share whose language has a lower score).
    """
    keys, kinds = np.array(found.languages, object), np.array(found.kinds, object)
    plain = _rule_limits(found, _stage(recipe))
    types = kinds_of(found.signals, found.spaceless, plain)
    judge = Judge(RULES, SIGNALS)
    fails = judge.failures(found.signals, thresholds_of_kinds(plain, types))
    eased = thresholds_of_kinds(_eased(plain, calibration, keys), types)
    still = np.asarray(judge.failures(found.signals, eased).any(0))
    cuts = calibration.cuts(found.languages)
    least = {key: own.min_lang_score for key, own in calibration.languages.items()}
    beyond: np.ndarray = np.logical_and(_unseen_scores(found, keys, kinds) > cuts, types == PROSE)
    table = []
    for language, count in Counter(found.languages).most_common():
        rows = keys == language
        if count < FEWEST_SHOWN:
            continue
        by_kind = {k: float(beyond[rows & (kinds == k)].mean()) for k in sorted({*kinds[rows]})}
        worst = max(by_kind, key=lambda kind: by_kind[kind])
        by_rule = fails[:, rows].sum(1)
        bound = least.get(language)
        table.append(
            {
                "lang": language,
                "documents": count,
                "kinds": len(by_kind),
                "rules": float(fails[:, rows].any(0).mean()),
                "rule": RULES[int(by_rule.argmax())].name if by_rule.any() else "",
                "loosened": float(still[rows].mean()),
                "unusual": float(beyond[rows].mean()),
                "most": (worst, by_kind[worst]),
                "min_lang_score": bound,
                "unsure": float((found.lang_scores[rows] < (bound or 0)).mean()),
            }
        )
    return table


def _eased(limits: np.ndarray, calibration: Calibration, keys: np.ndarray) -> np.ndarray:
    """The thresholds with those found in their place: float32 [documents, rules]."""
    eased = limits.copy()
    names = [rule.name for rule in RULES]
    for language, known in calibration.languages.items():
        for name, value in known.thresholds.items():
            eased[keys == language, names.index(name)] = value
    return eased


def _unseen_scores(found: Measured, keys: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """float32 [documents]: the score of each by a reference without its kind of text."""
    enough = found.signals[SIGNALS.index("words")] >= FEWEST_WORDS
    scores = np.zeros(len(keys), np.float32)
    scores[enough] = leave_one_out(found.signals[:, enough], SIGNALS, keys[enough], kinds[enough])
    return scores


def _stage(recipe: Recipe) -> Quality:
    """The recipe's stage ``quality``, or one as it is by default."""
    return next((s for s in recipe.stages if isinstance(s, Quality)), Quality.model_validate({}))


def _rule_limits(found: Measured, stage: Quality) -> np.ndarray:
    """float32 [documents, rules]: the thresholds of each document's language."""
    names = sorted(set(found.languages))
    if isinstance(stage.thresholds, str):  # may be the file that is about to be written
        stage = stage.model_copy(update={"thresholds": {}})
    limits = stage.thresholds_by_language(names)
    return limits[np.searchsorted(names, found.languages)]
