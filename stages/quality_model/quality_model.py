"""The stage ``quality_model``: a classifier's probability that a document is a good one.

A fastText classifier (Joulin et al. 2016) reads the words of a document and answers with the
probability of its good label; ``python -m pipeline train-quality`` trains one and calibrates it,
and any other (``.bin``, ``.ftz``) can be named by its path. Scores are those of fastText's own
``predict``, from the same kernels as language identification.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from formats.buffers import text_buffers
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.language.fasttext_arrays_kernels import Scratch, forward_scratch
from stages.language.fasttext_model import FastTextModel
from stages.quality.measuring import language_codes
from stages.quality_model.model_folder import (
    DEFAULT,
    DESCRIPTION,
    ENDINGS,
    ModelDescription,
    PreparationSettings,
    describe,
    file_of,
    load_labelled,
)
from stages.quality_model.tokens import prepared
from stages.thresholds import limits_of, reasons_of, unserved

SLICE_BYTES = 1 << 20
"""Text prepared at a time: it goes through the model while it is still in the cache."""

Probability = Annotated[float, Field(ge=0, le=1)]


class QualityModel(MapStage):
    """Score documents with a classifier; drop those below a score, where asked to.

    Needs ``text``; reads ``lang`` (else ``declared_lang``) to choose the classifier and threshold.
    Adds a float32 column, null on rows dropped before, without a word, or in a language that has
    no classifier (such rows are never dropped). Reason: ``quality_model: 0.31 vs 0.5``.
    """

    name: ClassVar[str] = "quality_model"

    model: str = Field(
        description="A folder written by train-quality, or a fastText classifier (.bin, .ftz)."
    )
    column: str = Field(
        "quality_model", description="Name of the score's column.", pattern=r"^[A-Za-z_]\w*$"
    )
    positive: str | None = Field(
        None, description="The label of good documents, of a lone file; folders say it themselves."
    )
    calibrated: bool = Field(
        True, description="Give calibrated probabilities; false: the classifier's own."
    )
    min_score: dict[str, Probability] = Field(
        {}, description="Least score by language, and as `default` for the others; none: keep all."
    )
    preparation: PreparationSettings | None = Field(
        None,
        description="How texts are prepared for a lone file (null: not at all).",
    )

    def description(self) -> ModelDescription:
        """What is known of the model."""
        return describe(self.model, self.positive, self.preparation)

    def assets(self) -> list[str]:
        """``model.json`` and the classifiers."""
        parts = self.description().models.values()
        files = sorted({file_of(self.model, part) for part in parts})
        own = [] if self.model.endswith(ENDINGS) else [f"{self.model.rstrip('/')}/{DESCRIPTION}"]
        return own + files

    def check_settings(self) -> None:
        """The model must be readable, have its labels, and serve the languages of ``min_score``."""
        models = self.description().models
        for part in models.values():
            load_labelled(file_of(self.model, part), part.positive)
        if not self.model.endswith(ENDINGS) and (self.positive or self.preparation):
            which = "positive" if self.positive else "preparation"
            raise ValueError(f"quality_model.{which}: {self.model}/{DESCRIPTION} says it")
        missing = unserved(self.min_score, models)
        if missing:
            raise ValueError(
                f"quality_model.min_score: {self.model} has no classifier for "
                f"{', '.join(missing)} (it has: {', '.join(sorted(models))})"
            )

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the score and the reasons of what is dropped."""
        codes, names = language_codes(batch)
        scores = score(
            batch.column("text"), alive(batch), codes, names,
            self.model, self.description(), self.calibrated,
        )  # fmt: skip
        column = pa.array(scores, pa.float32(), from_pandas=True)
        batch = set_column(batch, self.column, column)
        if not self.min_score:
            return batch
        least = limits_of(self.min_score, names)[codes]
        reasons = reasons_of(self.column, scores < least, scores, least)
        return mark_dropped(batch, self.name, reasons)


def score(
    column: pa.Array, living: np.ndarray, codes: np.ndarray, names: list[str],
    model: str, description: ModelDescription, calibrated: bool = True,
) -> np.ndarray:  # fmt: skip
    """Score texts.

    Args:
        column: large_string [rows].
        living: bool [rows]; the others get none.
        codes: int64 [rows], numbers of languages.
        names: the languages' keys.
        model: path of the folder or the file.
        description: what is known of it.
        calibrated: probabilities that hold, instead of the classifier's own.

    Returns:
        float32 [rows], NaN where there is no score.
    """
    scores = np.full(len(column), np.nan, np.float32)
    chosen = [name if name in description.models else DEFAULT for name in names]
    for key, part in description.models.items():
        of_language = np.array([name == key for name in chosen], np.bool_)
        wanted = living & of_language[codes]
        if not wanted.any():
            continue
        loaded = load_labelled(file_of(model, part), part.positive)
        score_with(loaded, column, wanted, description.preparation, scores)
        if calibrated:
            scores[wanted] = part.calibration.apply(scores[wanted])
    return scores


Loaded = tuple[FastTextModel, int, np.ndarray]
"""See ``model_folder.load_labelled``."""


def score_with(
    loaded: Loaded, column: pa.Array, wanted: np.ndarray, how: PreparationSettings,
    scores: np.ndarray,
) -> None:  # fmt: skip
    """Write the own scores of one classifier for the wanted rows.

    Args:
        loaded: the classifier.
        column: large_string [rows].
        wanted: bool [rows].
        how: texts are prepared.
        scores: float32 [rows], written.
    """
    scratch = forward_scratch(loaded[0].arrays)
    for start, stop in slices(column, SLICE_BYTES):
        rows = slice(start, stop)
        part = np.ascontiguousarray(wanted[rows])
        texts = prepared(column[rows], how.tokens, how.windows, how.window_bytes, part)
        score_prepared(loaded, texts, part, scores[rows], scratch)


def score_prepared(
    loaded: Loaded, texts: pa.Array, wanted: np.ndarray, scores: np.ndarray, scratch: Scratch
) -> None:
    """Write the own scores of one classifier for the wanted rows of prepared texts."""
    from stages.language.fasttext_arrays_kernels import DIM, MAX_N
    from stages.language.fasttext_kernels import sum_rows
    from stages.quality_model.score_kernels import label_scores, sum_words

    model, label, way = loaded
    data, offsets = text_buffers(texts)
    parts = np.column_stack([offsets[:-1][wanted], offsets[1:][wanted]]).ravel()
    counts = np.empty(len(parts) // 2, np.int64)
    hidden = np.zeros(len(counts) * int(model.arrays.sizes[DIM]), np.float32)
    found = np.empty(len(counts), np.float32)
    if model.arrays.sizes[MAX_N] > 0:
        sum_rows(data, parts, *model.arrays, *scratch, hidden, counts)
    else:
        sum_words(data, parts, *model.arrays, *scratch[:3], hidden, counts)
    rows, output, sizes = model.arrays.rows, model.label_arrays.output, model.arrays.sizes
    label_scores(data, parts, hidden, counts, label, way, rows, output, sizes, found)
    scores[wanted] = found


def slices(column: pa.Array, text_bytes: int) -> list[tuple[int, int]]:
    """Bounds of stretches of rows of about so many bytes; one longer text stands alone."""
    _, offsets = text_buffers(column)
    bounds = [0]
    while bounds[-1] < len(column):
        start = bounds[-1]
        stop = int(np.searchsorted(offsets, offsets[start] + text_bytes, side="right")) - 1
        bounds.append(min(max(stop, start + 1), len(column)))
    return list(pairwise(bounds))
