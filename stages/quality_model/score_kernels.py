"""The probability of one label of a fastText classifier, for whole columns of texts.

The forward pass is that of ``stages.language.fasttext_kernels``; what is added here is the way from
the mean of the rows to the label asked for, which need not be the most probable one.
"""

from __future__ import annotations

import math

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.language.fasttext_arrays_kernels import ModelArrays, ModelSizes, Scratch
from stages.language.fasttext_kernels import (
    MODEL_ARRAYS,
    MODEL_SIZES,
    SCRATCH,
    add_line_end,
    add_text,
    fold,
)
from stages.language.fasttext_label_kernels import dot, log_of

t = array_types()
I64 = t["i64"].dtype


@kernel()
def softmax_probability(
    label: Scalar, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> Scalar:
    """The log-probability of a label among all, in float32 as the reference computes it."""
    logits = scratch.scores
    highest = np.float32(-np.inf)
    for other in range(sizes.labels):
        logits[other] = dot(scratch.hidden, arrays.output, other, sizes.dim)
        highest = max(highest, logits[other])
    total = np.float32(0.0)
    for other in range(sizes.labels):
        total += np.float32(math.exp(logits[other] - highest))
    return log_of(np.float32(math.exp(logits[label] - highest)) / total)


@kernel()
def path_probability(
    path: np.ndarray, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> Scalar:
    """The log-probability of a label of a Huffman tree: the product along the way to it.

    Args:
        path: int32, from the root: the inner node's number among inner nodes, doubled, plus 1
            where the way goes to the right.
        arrays: the model.
        sizes: the model.
        scratch: ``hidden`` is read.
    """
    score = np.float32(0.0)
    for step in path:
        product = dot(scratch.hidden, arrays.output, np.int64(step) >> 1, sizes.dim)
        share = np.float32(1.0 / np.float64(np.float32(1.0) + np.float32(math.exp(-product))))
        if step & 1 == 0:
            share = np.float32(1.0 - np.float64(share))
        score += log_of(share)
    return score


@kernel()
def score_text(
    data: np.ndarray, start: Scalar, stop: Scalar, label: Scalar, path: np.ndarray,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> Scalar:  # fmt: skip
    """The probability of the label for one text; NaN where there is no word in it."""
    for d in range(len(scratch.total)):
        scratch.total[d] = np.float32(0.0)
    added, seen, ended = add_text(data, start, stop, 0, arrays, sizes, scratch)
    if not ended:
        added += add_line_end(seen, arrays, sizes, scratch)
    if added == 0 or seen == 0:
        return np.float32(np.nan)
    fold(scratch.total, 0, scratch.hidden, 0, sizes.dim)
    for d in range(sizes.dim):
        scratch.hidden[d] *= np.float32(1.0 / added)
    if len(path) > 0:
        score = path_probability(path, arrays, sizes, scratch)
    else:
        score = softmax_probability(label, arrays, sizes, scratch)
    return min(np.float32(1.0), np.float32(math.exp(score)))


@kernel((t["u8"], t["i64"], t["b1"], I64, t["i32"], MODEL_ARRAYS, MODEL_SIZES, SCRATCH, t["w_f32"]))
def score_column(
    data: np.ndarray, offsets: np.ndarray, wanted: np.ndarray, label: Scalar, path: np.ndarray,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch, scores: np.ndarray,
) -> None:  # fmt: skip
    """The probability of one label for each text.

    Args:
        data: uint8, words between separators.
        offsets: int64 [rows + 1].
        wanted: bool [rows]; the scores of the others stay as they are.
        label: number of the label.
        path: int32, the way to it in a Huffman tree (``path_probability``); empty for softmax.
        arrays: the model.
        sizes: the model.
        scratch: written.
        scores: float32 [rows], written; NaN where a text has no word.
    """
    for row in range(len(scores)):
        if wanted[row]:
            scores[row] = score_text(
                data, offsets[row], offsets[row + 1], label, path, arrays, sizes, scratch
            )
