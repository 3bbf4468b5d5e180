"""What true beads look like: their lengths, their shapes, their place in lines and paragraphs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.bilingual.alignment.beads_kernels import (
    CROSSED,
    DEVIATION,
    INNER_LINE,
    LEFT_SIZES,
    LEXICAL,
    MEAN,
    PARAMETERS,
    RATIO,
    RIGHT_SIZES,
    SHAPES,
    SPREAD,
    SPREAD_BY_LENGTH,
    STRUCTURES,
)

FIRST_PRIORS = (0.86, 0.02, 0.02, 0.04, 0.04, 0.004, 0.005, 0.005, 0.001, 0.001, 0.002)
"""Near Gale and Church (1993), with more sentences left out and the larger shapes added."""
PRIOR_BEADS = 100.0
"""Weight of ``FIRST_PRIORS`` beside the beads counted."""
FIRST_SPREAD, LEAST_SPREAD = 0.03, 0.01
FIRST_SPREAD_BY_LENGTH, LEAST_SPREAD_BY_LENGTH = 6.8, 3.0
"""Gale and Church (1993): the variance of a length is 6.8 characters for each character."""
LEXICAL_WEIGHT = 0.5
"""Each link counts on both sides, and neighbouring units are not independent."""
SAME_KIND, OTHER_KIND = 0.5, -2.0
SAME_BEGINNING, OTHER_BEGINNING, INNER_LINE_SCORE = 0.2, -0.7, -1.0
STRUCTURE_BEADS = 20.0
"""Weight of the scores above beside the beads counted."""
OUTLIER = 1.2
"""Logarithm: a length further off its ratio is none of a translation."""


@dataclass(frozen=True)
class Models:
    """What the alignment of one language pair goes by, besides the lexicon."""

    parameters: np.ndarray
    """float64 [PARAMETERS]."""
    structures: np.ndarray
    """float64 [STRUCTURES * STRUCTURES]."""
    priors: np.ndarray
    """float64 [SHAPES], logarithms."""


@dataclass(frozen=True)
class BeadSample:
    """Beads to learn from, one-to-one where not said otherwise."""

    left_lengths: np.ndarray
    """float64 [1-1 beads], characters."""
    right_lengths: np.ndarray
    left_flags: np.ndarray
    """uint8 [1-1 beads]."""
    right_flags: np.ndarray
    shapes: np.ndarray
    """int64 [SHAPES]: how many beads of each shape there are in all."""


def first_models(
    left_totals: np.ndarray, right_totals: np.ndarray, right_lengths: np.ndarray
) -> Models:
    """Models from unaligned documents.

    Args:
        left_totals: characters of each pair's left document.
        right_totals: of its right one.
        right_lengths: characters of the right sentences.
    """
    parameters = np.zeros(PARAMETERS)
    ratios = np.log((right_totals + 1.0) / (left_totals + 1.0))
    parameters[RATIO] = np.median(ratios) if len(ratios) else 0.0
    parameters[SPREAD], parameters[SPREAD_BY_LENGTH] = FIRST_SPREAD, FIRST_SPREAD_BY_LENGTH
    logs = np.log(right_lengths + 1.0)
    parameters[MEAN] = logs.mean() if len(logs) else 0.0
    parameters[DEVIATION] = max(float(logs.std()), 0.5) if len(logs) else 1.0
    parameters[LEXICAL] = LEXICAL_WEIGHT
    parameters[INNER_LINE] = INNER_LINE_SCORE
    return Models(parameters, first_structures(), np.log(np.array(FIRST_PRIORS)))


def first_structures() -> np.ndarray:
    """Scores of kinds and beginnings before any was counted, float64 [STRUCTURES^2]."""
    kind, begins = np.divmod(np.arange(STRUCTURES), 3)
    same_kind = kind[:, None] == kind[None, :]
    same_begin = (begins[:, None] > 0) == (begins[None, :] > 0)
    scores = np.where(same_kind, SAME_KIND, OTHER_KIND)
    scores = scores + np.where(same_begin, SAME_BEGINNING, OTHER_BEGINNING)
    return np.ascontiguousarray(scores.ravel())


def learned_models(models: Models, sample: BeadSample) -> Models:
    """The models as the beads of an alignment show them."""
    parameters = models.parameters.copy()
    _learn_lengths(parameters, sample)
    counts = sample.shapes + PRIOR_BEADS * np.array(FIRST_PRIORS)
    return Models(parameters, _learned_structures(sample), np.log(counts / counts.sum()))


def _learn_lengths(parameters: np.ndarray, sample: BeadSample) -> None:
    logs = np.log((sample.right_lengths + 1.0) / (sample.left_lengths + 1.0))
    logs_off = logs - parameters[RATIO]
    near = np.abs(logs_off) < OUTLIER
    if near.sum() < PRIOR_BEADS:
        return
    long = near & (sample.left_lengths >= np.median(sample.left_lengths[near]))
    parameters[RATIO] = np.median(logs[long])
    squares = np.minimum((logs - parameters[RATIO])[near] ** 2, OUTLIER**2)
    inverse = 1.0 / (sample.left_lengths[near] + 1.0)
    design = np.stack([np.ones_like(inverse), inverse], axis=1)
    spread, by_length = np.linalg.lstsq(design, squares, rcond=None)[0]
    parameters[SPREAD] = max(float(spread), LEAST_SPREAD)
    parameters[SPREAD_BY_LENGTH] = max(float(by_length), LEAST_SPREAD_BY_LENGTH)


def _learned_structures(sample: BeadSample) -> np.ndarray:
    left, right = _structures(sample.left_flags), _structures(sample.right_flags)
    joint = np.zeros((STRUCTURES, STRUCTURES))
    np.add.at(joint, (left, right), 1.0)
    outer = joint.sum(1)[:, None] * joint.sum(0)[None, :] / max(joint.sum(), 1.0)
    prior = STRUCTURE_BEADS * np.exp(first_structures().reshape(joint.shape))
    scores = np.log((joint + prior) / (outer + STRUCTURE_BEADS))
    return np.ascontiguousarray(scores.ravel())


def _structures(flags: np.ndarray) -> np.ndarray:
    begins = np.where(flags & 16, 2, np.where(flags & 8, 1, 0))
    return np.minimum(flags & 7, 4).astype(np.int64) * 3 + begins


def shape_counts(left_sizes: np.ndarray, right_sizes: np.ndarray, crossed: int) -> np.ndarray:
    """How many beads there are of each shape; a crossing is two 1-1 beads."""
    table = {(LEFT_SIZES[s], RIGHT_SIZES[s]): s for s in range(SHAPES - 1)}
    counts = np.zeros(SHAPES, np.float64)
    codes, found = np.unique(left_sizes * 8 + right_sizes, return_counts=True)
    for code, count in zip(codes.tolist(), found.tolist(), strict=True):
        counts[table[code // 8, code % 8]] += count
    counts[table[1, 1]] -= 2 * crossed
    counts[CROSSED] = crossed
    return counts
