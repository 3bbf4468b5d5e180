"""From the sum of a text's rows to its most probable label, as the reference finds it.

Probabilities are multiplied as sums of logarithms of p + 1e-5, in float32: that is what a score
has to be compared with, though it may end a little above 1.
"""

from __future__ import annotations

import math

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from stages.language.fasttext_arrays_kernels import DIM, END_ROW, LABELS

t = array_types()

NO_LABEL = -1
"""In place of a label's number: not one row was summed."""


@step(forceinline=True)
def dot(hidden: np.ndarray, output: np.ndarray, row: Scalar, dim: Scalar) -> Scalar:
    """The product of the hidden vector and a row of the output matrix, in four sums."""
    at = row * dim
    a = b = c = d = np.float32(0.0)
    for i in range(0, dim, 4):
        a += hidden[i] * output[at + i]
        b += hidden[i + 1] * output[at + i + 1]
        c += hidden[i + 2] * output[at + i + 2]
        d += hidden[i + 3] * output[at + i + 3]
    return (a + b) + (c + d)


@step(forceinline=True)
def log_of(probability: Scalar) -> Scalar:
    """The logarithm of p + 1e-5, in float32."""
    return np.float32(math.log(np.float64(probability) + 1e-5))


@step(forceinline=True)
def right_share(product: Scalar) -> Scalar:
    """The probability of the right child of a node."""
    return np.float32(1.0 / np.float64(np.float32(1.0) + np.float32(math.exp(-product))))


@step(forceinline=True)
def best_leaf(
    hidden: np.ndarray, output: np.ndarray, left: np.ndarray, right: np.ndarray,
    labels: Scalar, dim: Scalar, pending: np.ndarray, logs: np.ndarray,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The most probable label of a Huffman tree and its log-probability.

    The likelier child first; a node that cannot beat the best leaf so far is not entered.
    """
    best, best_log = np.int64(-1), np.float32(-np.inf)
    pending[0], logs[0] = len(left) - 1, np.float32(0.0)
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node, log = pending[waiting], logs[waiting]
        if log <= best_log:
            continue
        if left[node] < 0:
            best, best_log = np.int64(node), log
            continue
        share = right_share(dot(hidden, output, node - labels, dim))
        later, later_log = left[node], log + log_of(np.float32(1.0 - np.float64(share)))
        sooner, sooner_log = right[node], log + log_of(share)
        if later_log > sooner_log:
            later, sooner = sooner, later
            later_log, sooner_log = sooner_log, later_log
        pending[waiting], logs[waiting] = later, later_log
        pending[waiting + 1], logs[waiting + 1] = sooner, sooner_log
        waiting += 2
    return best, best_log


@step(forceinline=True)
def best_of_softmax(
    hidden: np.ndarray, output: np.ndarray, labels: Scalar, dim: Scalar, logits: np.ndarray
) -> tuple[Scalar, Scalar]:
    """The most probable label of a softmax and its log-probability; of equals the first."""
    best, highest = np.int64(0), np.float32(-np.inf)
    for label in range(labels):
        logits[label] = dot(hidden, output, label, dim)
        if logits[label] > highest:
            best, highest = np.int64(label), logits[label]
    total = np.float32(0.0)
    for label in range(labels):
        total += np.float32(math.exp(logits[label] - highest))
    return best, log_of(np.float32(1.0) / total)


@step(forceinline=True)
def mean_of(
    hidden: np.ndarray, counts: np.ndarray, first: Scalar, stop: Scalar,
    rows: np.ndarray, sizes: np.ndarray, mean: np.ndarray,
) -> Scalar:  # fmt: skip
    """Write the mean of the rows of some parts, as of one line; return of how many rows."""
    dim, end = sizes[DIM], sizes[END_ROW]
    added = np.int64(end >= 0)
    for d in range(dim):
        mean[d] = rows[end * dim + d] if end >= 0 else np.float32(0.0)
    for part in range(first, stop):
        ended = counts[part] < 0
        added += -1 - counts[part] if ended else counts[part]
        for d in range(dim):
            mean[d] += hidden[part * dim + d]
        if ended:
            break
    if added > 0:
        for d in range(dim):
            mean[d] *= np.float32(1.0 / added)
    return added


@kernel(
    (
        t["f32"], t["i64"], t["i64"], t["f32"], t["f32"], t["i32"], t["i32"], t["i64"],
        t["w_i32"], t["w_f32"],
    )
)  # fmt: skip
def best_labels(
    hidden: np.ndarray, counts: np.ndarray, first: np.ndarray,
    rows: np.ndarray, output: np.ndarray, left: np.ndarray, right: np.ndarray, sizes: np.ndarray,
    labels: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    """The most probable label of each document, the mean over its parts.

    Args:
        hidden: float32 [parts * dim], sums of rows (``sum_rows``).
        counts: int64 [parts], of how many (``sum_rows``).
        first: int64 [documents + 1]: document i has the parts ``first[i]`` to ``first[i + 1]``.
        rows: of the model, see ``ModelArrays``.
        output: of the model, see ``LabelArrays``.
        left: of the model.
        right: of the model.
        sizes: of the model.
        labels: int32 [documents], written: a label's number, or NO_LABEL.
        scores: float32 [documents], written: its probability, at most 1.
    """
    dim, label_count = sizes[DIM], sizes[LABELS]
    mean = np.empty(dim, np.float32)
    pending = np.empty(2 * label_count, np.int32)
    logs = np.empty(2 * label_count, np.float32)
    for document in range(len(labels)):
        labels[document], scores[document] = NO_LABEL, np.float32(0.0)
        start, stop = first[document], first[document + 1]
        if mean_of(hidden, counts, start, stop, rows, sizes, mean) == 0:
            continue
        if len(left) > 0:
            label, log = best_leaf(mean, output, left, right, label_count, dim, pending, logs)
        else:
            label, log = best_of_softmax(mean, output, label_count, dim, logs)
        labels[document] = label
        scores[document] = min(np.float32(1.0), np.float32(math.exp(log)))
