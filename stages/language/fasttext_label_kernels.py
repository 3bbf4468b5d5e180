"""From the mean of a text's rows to its most probable label, as the reference finds it.

Probabilities are multiplied as sums of logarithms of p + 1e-5, in float32: that is what a score
has to be compared with, though it may end a little above 1.
"""

from __future__ import annotations

import math

import numpy as np

from formats.compile import Scalar, kernel
from stages.language.fasttext_arrays_kernels import ModelArrays, ModelSizes, Scratch


@kernel(forceinline=True)
def dot(hidden: np.ndarray, output: np.ndarray, row: Scalar, dim: Scalar) -> Scalar:
    """The product of the hidden vector and a row of the output matrix, summed in order."""
    start = row * dim
    total = np.float32(0.0)
    for d in range(dim):
        total += hidden[d] * output[start + d]
    return total


@kernel(forceinline=True)
def log_of(probability: Scalar) -> Scalar:
    """The logarithm of p + 1e-5, in float32."""
    return np.float32(math.log(np.float64(probability) + 1e-5))


@kernel(forceinline=True)
def best_leaf(arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch) -> tuple[Scalar, Scalar]:
    """The most probable label of a Huffman tree and its log-probability.

    The likelier child first; a node that cannot beat the best leaf so far is not entered.
    """
    left, right = arrays.left, arrays.right
    pending, scores = scratch.pending, scratch.scores
    best, best_score = np.int64(-1), np.float32(-np.inf)
    pending[0], scores[0] = len(left) - 1, np.float32(0.0)
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node, score = pending[waiting], scores[waiting]
        if score <= best_score:
            continue
        if left[node] < 0:
            best, best_score = np.int64(node), score
            continue
        product = dot(scratch.hidden, arrays.output, node - sizes.labels, sizes.dim)
        share = np.float32(1.0 / np.float64(np.float32(1.0) + np.float32(math.exp(-product))))
        later, later_score = left[node], score + log_of(np.float32(1.0 - np.float64(share)))
        sooner, sooner_score = right[node], score + log_of(share)
        if later_score > sooner_score:
            later, sooner = sooner, later
            later_score, sooner_score = sooner_score, later_score
        pending[waiting], scores[waiting] = later, later_score
        pending[waiting + 1], scores[waiting + 1] = sooner, sooner_score
        waiting += 2
    return best, best_score


@kernel(forceinline=True)
def best_of_softmax(
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> tuple[Scalar, Scalar]:
    """The most probable label of a softmax and its log-probability; of equals the first."""
    logits = scratch.scores
    best, highest = np.int64(0), np.float32(-np.inf)
    for label in range(sizes.labels):
        logits[label] = dot(scratch.hidden, arrays.output, label, sizes.dim)
        if logits[label] > highest:
            best, highest = np.int64(label), logits[label]
    total = np.float32(0.0)
    for label in range(sizes.labels):
        total += np.float32(math.exp(logits[label] - highest))
    return best, log_of(np.float32(1.0) / total)
