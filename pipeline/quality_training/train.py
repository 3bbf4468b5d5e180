"""``train-quality``: examples in, a calibrated model with its report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from formats import storage
from pipeline.progress import Display, advance
from pipeline.quality_training import measures
from pipeline.quality_training.classifier import (
    POSITIVE,
    check_installed,
    out_of_fold,
    scores_of,
    train_classifier,
)
from pipeline.quality_training.examples import ExampleError, Examples, read_examples
from pipeline.quality_training.folds import folds_of, is_by_source
from pipeline.quality_training.report import write_report
from pipeline.quality_training.results import Trained, Training
from stages.quality_model.calibration import Calibration, balance, fit_isotonic, fit_platt
from stages.quality_model.model_folder import (
    DEFAULT,
    DESCRIPTION,
    Classifier,
    ModelDescription,
    describe_as_json,
)

if TYPE_CHECKING:
    from pipeline.quality_training.settings import TrainQuality
    from stages.base import MapStage

ENOUGH_FOR_ISOTONIC = 1000
"""Examples of either label (Niculescu-Mizil and Caruana 2005, figure 7)."""
FEWEST = 20
"""Examples of either label without which nothing can be said of a classifier."""
MISTAKES_SHOWN = 5
REPORT = "report.html"
MEASURES = "training.json"


def train_quality(
    settings: TrainQuality, stages: list[MapStage], live: bool | None = None
) -> Training:
    """Train, judge and calibrate all classifiers of the settings and write the folder.

    Args:
        settings: from ``pipeline.quality_training.recipe.load_training``.
        stages: what examples go through before they are prepared.
        live: bars (True) or log lines (False); None: bars on a terminal.

    Raises:
        ModuleNotFoundError: fastText's library is not installed.
        ExampleError: there are too few examples of something.
    """
    for stage in stages:
        stage.check_settings()
    with Display(live) as display:
        result = Training(
            *(_classifiers(settings, stages, display) if settings.negatives else ([], [])),
            _character_models(settings, stages, display) if settings.perplexity else [],
        )
    out = settings.out.rstrip("/")
    said = {
        "notes": result.notes,
        "classifiers": {one.name: one.measures for one in result.classifiers},
        "characters": result.characters,
    }
    storage.write_text(f"{out}/{MEASURES}", json.dumps(said, indent=1, ensure_ascii=False) + "\n")
    write_report(f"{out}/{REPORT}", settings, result)
    if result.classifiers:
        description = ModelDescription(
            preparation=settings.preparation,
            models={one.name: one.description for one in result.classifiers},
        )
        # Last of all: a folder with a description is whole.
        storage.write_text(f"{out}/{DESCRIPTION}", describe_as_json(description))
    return result


def _classifiers(
    settings: TrainQuality, stages: list[MapStage], display: Display
) -> tuple[list[str], list[Trained]]:
    """Notes on the examples, and all classifiers."""
    check_installed()
    with display.step("read", len(settings.positives) + len(settings.negatives)):
        examples = read_examples(
            settings.positives, settings.negatives, stages, settings.preparation,
            settings.seed, advance, display.part_done,
        )  # fmt: skip
    for note in examples.notes:
        display.note(note)
    parts = _parts(examples, settings).items()
    return examples.notes, [_train_one(name, part, settings, display) for name, part in parts]


def _character_models(
    settings: TrainQuality, stages: list[MapStage], display: Display
) -> list[dict[str, Any]]:
    """See ``train_character_models``."""
    from pipeline.quality_training.character_models import train_character_models

    assert settings.perplexity is not None
    with display.step("characters", len(settings.positives)):
        return train_character_models(
            settings.out, settings.positives, stages, settings.perplexity, settings.seed,
            advance, display.part_done,
        )  # fmt: skip


def _parts(examples: Examples, settings: TrainQuality) -> dict[str, Examples]:
    """The examples of each classifier, by its name."""
    parts = {DEFAULT: examples} if settings.shared else {}
    languages = np.array(examples.table["lang"].to_pylist())
    for language in settings.per_language:
        parts[language] = examples.only(languages == language)
    for name, part in parts.items():
        good = int(part.positive.sum())
        bad = part.table.num_rows - good
        if min(good, bad) < FEWEST:
            found = ", ".join(sorted(set(languages.tolist())))
            raise ExampleError(
                f"classifier {name!r}: {good:,} positives and {bad:,} negatives; "
                f"{FEWEST} of each are needed. Languages of the examples: {found}"
            )
    return parts


def _train_one(name: str, examples: Examples, settings: TrainQuality, display: Display) -> Trained:
    table, positive = examples.table, examples.positive
    groups = np.array(table["group"].to_pylist())
    keys = table["key"].to_numpy()
    folds = folds_of(groups, positive, keys, settings.folds)
    with display.step(f"train {name}", len(np.unique(folds)) + 1):
        scores = out_of_fold(examples, folds, settings.classifier, settings.seed, display.part_done)
        file = f"{name}.bin"
        path = Path(settings.out) / file
        train_classifier(examples.to_learn_from(), settings.classifier, settings.seed, path)
        display.part_done()
    scores = np.nan_to_num(scores, nan=0.5)
    weights = balance(positive, settings.prior)
    calibration = fit(scores, positive, weights, settings.calibration)
    # Judged by curves that have not seen the fold either.
    honest = np.empty_like(scores)
    for fold in np.unique(folds).tolist():
        others, here = folds != fold, folds == fold
        if len(np.unique(positive[others])) == 2:
            part = fit(scores[others], positive[others], weights[others], settings.calibration)
        else:
            part = calibration
        honest[here] = part.apply(scores[here])
    seen = scores_of(path, table["tokens"].combine_chunks())
    return Trained(
        name=name,
        description=Classifier(file=file, positive=POSITIVE, calibration=calibration),
        measures={
            "positives": int(positive.sum()),
            "negatives": int((~positive).sum()),
            "learned_from": examples.to_learn_from().table.num_rows,
            "sources": len(np.unique(groups)),
            "by_source": is_by_source(groups, positive),
            "folds": len(np.unique(folds)),
            "calibration": calibration.kind,
            "auc": measures.auc(scores, positive),
            "auc_seen": measures.auc(np.nan_to_num(seen, nan=0.5), positive),
            "kept": measures.kept_shares(honest, positive, weights),
            "reliability": measures.reliability(honest, positive, weights),
            "reliability_uncalibrated": measures.reliability(scores, positive, weights),
            "by_group": measures.by_name(groups, honest, positive),
            "by_language": measures.by_name(np.array(table["lang"].to_pylist()), honest, positive),
        },
        mistakes=_mistakes(examples, honest),
    )


def fit(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray, wish: str) -> Calibration:
    """The calibration that is wished for; see ``TrainQuality.calibration``."""
    if wish == "none":
        return Calibration(kind="none")
    fewer = min(int(positive.sum()), int((~positive).sum()))
    if wish == "platt" or (wish == "auto" and fewer < ENOUGH_FOR_ISOTONIC):
        return fit_platt(scores, positive, weights)
    return fit_isotonic(scores, positive, weights)


def _mistakes(examples: Examples, scores: np.ndarray) -> list[dict[str, Any]]:
    """The positives of lowest and the negatives of highest score."""
    positive = examples.positive
    distance = np.where(positive, 1 - scores, scores)
    order = np.argsort(-distance, kind="stable")
    chosen = [
        row
        for label in (True, False)
        for row in order[positive[order] == label][:MISTAKES_SHOWN].tolist()
        if distance[row] > 0.5
    ]
    columns = ["excerpt", "origin", "group", "lang", "positive"]
    rows: list[dict[str, Any]] = (
        examples.table.select(columns).take(pa.array(chosen, pa.int64())).to_pylist()
    )
    for row, index in zip(rows, chosen, strict=True):
        row["score"] = float(scores[index])
    return rows
