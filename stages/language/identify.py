"""The language of each text of a column: windows, what their script decides, then the model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stages.language.fasttext_model import FastTextModel


class Answers(NamedTuple):
    """What was read of each text, and what language it is in."""

    parts: np.ndarray
    """int64 [2 * parts]: first byte and the one after the last."""
    first: np.ndarray
    """int64 [rows + 1]: row i has the parts ``first[i]`` to ``first[i + 1]``."""
    labels: np.ndarray
    """int32 [rows]: a label's number; UNDETERMINED, SKIPPED (``langid_kernels``)."""
    scores: np.ndarray
    """float32 [rows]: probability by the model, or share of the script that decided."""
    by_model: np.ndarray
    """bool [rows]: whether the model answered."""


def identify(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    model: FastTextModel,
    windows: int,
    window_chars: int,
    script_shortcuts: bool,
) -> Answers:
    """The language of each text.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [rows + 1].
        alive: bool [rows]; the others are skipped.
        model: answers where the script does not decide.
        windows: how many windows a long text is read in.
        window_chars: of a window; a text of no more than ``windows * window_chars`` is read whole.
        script_shortcuts: let a script that has one language decide.
    """
    from stages.language import langid_kernels as kernels
    from stages.language.langid_scripts import class_table, script_labels

    rows = len(offsets) - 1
    parts, first = np.empty(2 * rows * windows, np.int64), np.empty(rows + 1, np.int64)
    kernels.split_texts(
        data, offsets, np.ascontiguousarray(alive), windows, window_chars, parts, first
    )
    parts = parts[: 2 * first[-1]]
    labels, scores = np.empty(rows, np.int32), np.empty(rows, np.float32)
    deciding = script_labels(model.labels if script_shortcuts else ())
    kernels.decide_by_script(data, parts, first, class_table(), deciding, labels, scores)
    by_model = labels == kernels.UNDECIDED
    labels[by_model], scores[by_model] = best_labels(
        data, *_parts_of(parts, first, by_model), model
    )
    return Answers(parts, first, labels, scores, by_model)


def best_labels(
    data: np.ndarray, parts: np.ndarray, first: np.ndarray, model: FastTextModel
) -> tuple[np.ndarray, np.ndarray]:
    """The model's label of each document, its parts read as lines, and its probability.

    Args:
        data: uint8, valid UTF-8.
        parts: int64 [2 * parts].
        first: int64 [documents + 1].
        model: the classifier.

    Returns:
        int32 [documents]: label numbers; ``NO_LABEL`` where the model has nothing to go by.
        float32 [documents].
    """
    from stages.language import fasttext_label_kernels

    hidden, counts = sums_of_rows(data, parts, model)
    labels = np.empty(len(first) - 1, np.int32)
    scores = np.empty(len(first) - 1, np.float32)
    tree = model.label_arrays
    fasttext_label_kernels.best_labels(
        hidden, counts, first, tree.output, tree.left, tree.right, model.arrays.sizes,
        labels, scores,
    )  # fmt: skip
    return labels, scores


def sums_of_rows(
    data: np.ndarray, parts: np.ndarray, model: FastTextModel
) -> tuple[np.ndarray, np.ndarray]:
    """The sum of the model's rows of each part.

    Returns:
        float32 [parts * dim] and, int64 [parts], how many rows were summed.
    """
    from stages.language import fasttext_kernels
    from stages.language.fasttext_arrays_kernels import DIM, forward_scratch

    count = len(parts) // 2
    hidden = np.zeros(count * int(model.arrays.sizes[DIM]), np.float32)
    counts = np.empty(count, np.int64)
    scratch = forward_scratch(model.arrays)
    fasttext_kernels.sum_rows(data, parts, *model.arrays, *scratch, hidden, counts)
    return hidden, counts


def _parts_of(
    parts: np.ndarray, first: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The parts of the wanted rows alone: int64 [2 * their parts], int64 [wanted rows + 1]."""
    per_row = np.diff(first)
    of_wanted = np.repeat(wanted, per_row)
    begins = np.concatenate([[0], np.cumsum(per_row[wanted])])
    return parts.reshape(-1, 2)[of_wanted].ravel(), begins
