"""From a classifier's score to a probability that holds: of 0.9 means 9 of 10.

``platt``     a logistic curve over the score's logit (Platt 1999, with his smoothed targets): two
              numbers, right for few examples;
``isotonic``  the non-decreasing step function that fits best (pool adjacent violators; Zadrozny and
              Elkan 2002), joined by straight lines between the steps' centres so that the order of
              scores survives: for a thousand examples and more (Niculescu-Mizil and Caruana 2005).

Both are fitted on scores of documents that the classifier has not seen, and both may weigh
examples, so that the probability is the one in a corpus with another share of good documents than
the examples have.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

CERTAIN = 1e-5
"""Scores are kept this far from 0 and 1 before their logit is taken: fastText's own resolution."""
STEPS = 100
"""Iterations of Newton's method at most; it needs about ten."""
SMALLEST_STEP_SHARE = 1 / 200
"""Of all weight, what a step of the isotonic curve holds at least: single examples decide none."""


class Calibration(BaseModel):
    """A curve from scores to probabilities, as it stands in ``model.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["none", "platt", "isotonic"] = Field(description="What sort of curve.")
    slope: float = Field(default=1.0, ge=0, description="Of `platt`: factor of the score's logit.")
    intercept: float = Field(default=0.0, description="Of `platt`: added to it.")
    scores: list[float] = Field(default=[], description="Of `isotonic`: ascending scores.")
    probabilities: list[float] = Field(
        default=[], description="Of `isotonic`: their probabilities."
    )

    @model_validator(mode="after")
    def _curve_rises(self) -> Calibration:
        if self.kind == "isotonic":
            if not self.scores or len(self.scores) != len(self.probabilities):
                raise ValueError("isotonic needs as many scores as probabilities, at least one")
            rising = np.diff(self.scores).min(initial=1) > 0
            if not rising or np.diff(self.probabilities).min(initial=0) < 0:
                raise ValueError("isotonic needs ascending scores and probabilities")
        return self

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of scores, float32 [rows]; NaN stays NaN."""
        if self.kind == "platt":
            scores = 1 / (1 + np.exp(-(self.slope * logit(scores) + self.intercept)))
        elif self.kind == "isotonic":
            known = np.interp(scores, self.scores, self.probabilities)
            scores = np.where(np.isnan(scores), np.nan, known)
        return np.asarray(scores, np.float32)


def logit(scores: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), float64 [rows]."""
    kept = np.clip(np.asarray(scores, np.float64), CERTAIN, 1 - CERTAIN)
    odds: np.ndarray = np.log(kept / (1 - kept))
    return odds


def balance(positive: np.ndarray, prior: float | None) -> np.ndarray:
    """Weights that give the positives the share ``prior``; None: all weigh 1. float64 [rows]."""
    if prior is None:
        return np.ones(len(positive))
    share = positive.mean()
    weights: np.ndarray = np.where(positive, prior / share, (1 - prior) / (1 - share))
    return weights


def fit_platt(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> Calibration:
    """The logistic curve of greatest likelihood.

    Args:
        scores: float [rows].
        positive: bool [rows].
        weights: float [rows].
    """
    above, below = weights[positive].sum(), weights[~positive].sum()
    # Platt's targets: a label is believed as far as its number of examples allows.
    targets = np.where(positive, (above + 1) / (above + 2), 1 / (below + 2))
    above, below = float(weights @ targets), float(weights @ (1 - targets))
    curve = np.array([0.0, np.log(above / below)])
    design = np.stack([logit(scores), np.ones(len(scores))], axis=1)
    loss = _loss(design @ curve, targets, weights)
    for _ in range(STEPS):
        predicted = 1 / (1 + np.exp(-design @ curve))
        slope = design.T @ (weights * (predicted - targets))
        bend = (design.T * (weights * predicted * (1 - predicted))) @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        while (new := _loss(design @ (curve - step), targets, weights)) > loss:
            step = step / 2
        curve, gained, loss = curve - step, loss - new, new
        if gained < 1e-12 * len(scores):
            break
    if curve[0] < 0:  # worse than guessing: all scores mean the same
        curve = np.array([0.0, np.log(above / below)])
    return Calibration(kind="platt", slope=float(curve[0]), intercept=float(curve[1]))


def _loss(logits: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> float:
    """The negative log-likelihood."""
    return float(weights @ (np.logaddexp(0, logits) - targets * logits))


def fit_isotonic(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> Calibration:
    """The non-decreasing curve of least squares, through the centres of its steps.

    Args:
        scores: float [rows].
        positive: bool [rows].
        weights: float [rows].
    """
    order = np.argsort(scores, kind="stable")
    bins = _bins(scores[order], weights[order])
    blocks: list[tuple[float, float, float]] = []  # weight, sum of scores, sum of labels
    for rows in bins:
        here = order[rows]
        weight = float(weights[here].sum())
        block = (
            weight,
            float((weights[here] * scores[here]).sum()),
            float((weights[here] * positive[here]).sum()),
        )
        blocks.append(block)
        while len(blocks) > 1 and _mean(blocks[-2]) >= _mean(blocks[-1]):
            last = blocks.pop()
            before = blocks.pop()
            joined = [a + b for a, b in zip(before, last, strict=True)]
            blocks.append((joined[0], joined[1], joined[2]))
    return Calibration(
        kind="isotonic",
        scores=[total / weight for weight, total, _ in blocks],
        probabilities=[_mean(block) for block in blocks],
    )


def _mean(block: tuple[float, float, float]) -> float:
    return block[2] / block[0]


def _bins(scores: np.ndarray, weights: np.ndarray) -> list[slice]:
    """Stretches of ascending scores of at least ``SMALLEST_STEP_SHARE``; equal scores together."""
    ends = np.cumsum(weights)
    smallest = ends[-1] * SMALLEST_STEP_SHARE
    bins = []
    start, done = 0, 0.0
    while start < len(scores):
        stop = int(np.searchsorted(ends, done + smallest * (1 - 1e-9))) + 1
        stop = int(np.searchsorted(scores, scores[min(stop, len(scores)) - 1], side="right"))
        if ends[-1] - ends[stop - 1] < smallest:
            stop = len(scores)
        bins.append(slice(start, stop))
        start, done = stop, float(ends[stop - 1])
    return bins
