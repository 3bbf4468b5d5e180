"""fastText's training on prepared examples, and scores of examples it has not seen."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.quality_training.examples import ExampleError, Examples
from pipeline.quality_training.settings import ClassifierOptions
from stages.language.fasttext_arrays_kernels import forward_scratch
from stages.language.fasttext_model import parse_model
from stages.quality_model.model_folder import label_path
from stages.quality_model.quality_model import score_prepared

POSITIVE, NEGATIVE = "positive", "negative"


def check_installed() -> None:
    """The library of fastText trains; reading its models needs nothing.

    Raises:
        ModuleNotFoundError: it is not there, or the module of its name is fasttext-predict's.
    """
    try:
        import fasttext
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'training a quality model needs fastText: pip install "polymill[quality]", from a '
            'checkout pip install -e ".[quality]" (a finished model is read without it)'
        ) from None
    if not hasattr(fasttext, "train_supervised"):
        raise ModuleNotFoundError(
            "training a quality model needs fastText; the module `fasttext` that is installed is "
            "that of fasttext-predict, which cannot train: "
            "pip install --force-reinstall --no-deps fasttext-community"
        )


def train_classifier(examples: Examples, options: ClassifierOptions, seed: int, path: Path) -> None:
    """Train on all examples and write a ``.bin`` file; the same bytes for the same examples.

    One thread: with more, the order of fastText's updates is a matter of chance.
    """
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "examples.txt"
        with lines.open("w", encoding="utf-8") as file:
            for positive, tokens in zip(
                examples.table["positive"].to_pylist(),
                examples.table["tokens"].to_pylist(),
                strict=True,
            ):
                label = POSITIVE if positive else NEGATIVE
                line_end = "\n"
                file.write(f"__label__{label} {tokens.replace(line_end, ' ')}\n")
        try:
            model: Any = fasttext.train_supervised(
                str(lines),
                dim=options.dim,
                wordNgrams=options.word_ngrams,
                bucket=options.bucket,
                minCount=options.min_count,
                epoch=options.epochs,
                lr=options.learning_rate,
                minn=0,
                maxn=0,
                loss="softmax",
                thread=1,
                seed=seed,
                verbose=0,
            )
        except ValueError as error:  # "Empty vocabulary", and the like
            raise ExampleError(
                f"fastText cannot train on these {examples.table.num_rows:,} examples: {error}"
            ) from error
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save_model(str(path))


def scores_of(path: Path, tokens: pa.Array) -> np.ndarray:
    """The probability of ``positive`` for prepared texts, float32 [rows], uncalibrated."""
    model = parse_model(np.fromfile(path, np.uint8), str(path))
    label = model.labels.index(POSITIVE)
    way = label_path(model.label_arrays.left, model.label_arrays.right, label)
    scores = np.full(len(tokens), np.nan, np.float32)
    everything = np.ones(len(tokens), np.bool_)
    score_prepared((model, label, way), tokens, everything, scores, forward_scratch(model.arrays))
    return scores


def out_of_fold(
    examples: Examples,
    folds: np.ndarray,
    options: ClassifierOptions,
    seed: int,
    part_done: Callable[[], None],
) -> np.ndarray:
    """Score each example by a classifier that learned from the other folds.

    Args:
        examples: all of them.
        folds: int64 [examples].
        options: of the classifier.
        seed: of fastText.
        part_done: called after each fold.

    Returns:
        float32 [examples].
    """
    scores = np.full(len(folds), np.nan, np.float32)
    tokens = examples.table["tokens"].combine_chunks()
    with tempfile.TemporaryDirectory() as folder:
        for fold in np.unique(folds).tolist():
            judged = folds == fold
            learned = examples.only(~judged).to_learn_from()
            for label in (True, False):
                if not (learned.positive == label).any():
                    which = "positive" if label else "negative"
                    raise ExampleError(f"no {which} is left to learn from in fold {fold}")
            path = Path(folder) / f"fold-{fold}.bin"
            train_classifier(learned, options, seed, path)
            scores[judged] = scores_of(path, tokens.filter(pa.array(judged)))
            path.unlink()
            part_done()
    return scores
