"""What is usual between two languages: how lengths relate, and which marks are kept.

Thai has no full stop and asks without a question mark; French is a quarter longer than English.
Both are counted over the pairs that were aligned, most of which are right, with something added
that is usual anywhere, so that a few pairs are not believed more than they can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.bilingual.alignment.models import (
    FIRST_SPREAD,
    FIRST_SPREAD_BY_LENGTH,
    LEAST_SPREAD,
    LEAST_SPREAD_BY_LENGTH,
    OUTLIER,
)
from stages.bilingual.scoring import describe_kernels as sides

MARKS = (sides.QUESTIONS, sides.EXCLAMATIONS, sides.COLONS, sides.STOPS, sides.BRACKETS)
"""Each is there or not."""
PRIOR_PAIRS = 20.0
"""Weight of what is usual anywhere beside the pairs counted."""
USUAL_MARKS = np.array([[0.75, 0.02], [0.03, 0.2]])
"""Share of pairs by whether the left side has a mark (rows) and the right one (columns)."""
LEAST_LETTERS = 10
"""Of the left side; a shorter one tells nothing of how lengths relate."""


@dataclass(frozen=True)
class Habits:
    """Of the translations of one language pair."""

    ratio: float
    """Logarithm of right by left letters, of what is not copied."""
    spread: float
    """Variance of that logarithm."""
    spread_by_length: float
    """The part of it that shrinks with length: times letters of the left side."""
    marks: np.ndarray
    """float64 [MARKS, 2, 2]: logarithm of how much likelier than by chance it is that the left side
    has (1) or lacks (0) a mark and the right side has or lacks it."""

    def deviations(self, counts: np.ndarray) -> np.ndarray:
        """Standard deviations between each length ratio and the usual one: float64 [pairs]."""
        left, right = free_letters(counts)
        variance = self.spread + self.spread_by_length / left
        result: np.ndarray = (np.log(right / left) - self.ratio) / np.sqrt(variance)
        return result

    def mark_scores(self, counts: np.ndarray) -> np.ndarray:
        """How much likelier than by chance the marks agree as they do: float64 [pairs, MARKS]."""
        left, right = _marks(counts)
        return self.marks[np.arange(len(MARKS)), left, right]


def learned_habits(counts: np.ndarray, ratio: float) -> Habits:
    """The habits that aligned pairs show.

    Args:
        counts: float32 [pairs, describe_kernels.COLUMNS].
        ratio: what is thought of the logarithm of right by left lengths before.
    """
    left, right = free_letters(counts)
    logs = np.log(right / left)
    long = left > LEAST_LETTERS
    near = long & (np.abs(logs - (np.median(logs[long]) if long.any() else ratio)) < OUTLIER)
    weight = near.sum() / (near.sum() + PRIOR_PAIRS)
    if near.any():
        ratio = weight * float(np.median(logs[near])) + (1 - weight) * ratio
    spread, by_length = _spreads(left[near], logs[near] - ratio)
    left_marks, right_marks = _marks(counts)
    marks = [_agreement(left_marks[:, m], right_marks[:, m]) for m in range(len(MARKS))]
    return Habits(
        ratio,
        max(weight * spread + (1 - weight) * FIRST_SPREAD, LEAST_SPREAD),
        max(weight * by_length + (1 - weight) * FIRST_SPREAD_BY_LENGTH, LEAST_SPREAD_BY_LENGTH),
        np.array(marks),
    )


def free_letters(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Letters of both sides that are translated and not copied, and one more: float64 [pairs]."""
    common = counts[:, sides.COMMON_GRAMS].astype(np.float64)
    left, right = counts[:, sides.TEXT], counts[:, sides.SIDE + sides.TEXT]
    return np.maximum(left - common, 0) + 1, np.maximum(right - common, 0) + 1


def _spreads(left: np.ndarray, off: np.ndarray) -> tuple[float, float]:
    """The variance of a length, and the part of it that shrinks with length."""
    if len(off) < 2:
        return FIRST_SPREAD, FIRST_SPREAD_BY_LENGTH
    design = np.stack([np.ones_like(left), 1 / left], axis=1)
    spread, by_length = np.linalg.lstsq(design, np.minimum(off**2, OUTLIER**2), rcond=None)[0]
    return float(spread), float(by_length)


def _marks(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the left and the right sides have the marks: int64 [pairs, MARKS] each."""
    left, right = ([m + side for m in MARKS] for side in (0, sides.SIDE))
    return (counts[:, left] > 0).astype(np.int64), (counts[:, right] > 0).astype(np.int64)


def _agreement(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    joint = PRIOR_PAIRS * USUAL_MARKS
    np.add.at(joint, (left, right), 1)
    joint /= joint.sum()
    result: np.ndarray = np.log(joint / (joint.sum(1, keepdims=True) * joint.sum(0)))
    return result
