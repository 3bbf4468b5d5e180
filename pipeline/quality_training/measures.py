"""How good scores of known labels are."""

from __future__ import annotations

from typing import Any

import numpy as np

THRESHOLDS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
BINS = 10


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """The chance that a positive scores above a negative, a tie counting half; NaN without both.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    above, below = int(positive.sum()), int((~positive).sum())
    if not above or not below:
        return float("nan")
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]  # equal scores share their mean rank
    return float((ranks[positive].sum() - above * (above + 1) / 2) / (above * below))


def kept_shares(
    scores: np.ndarray, positive: np.ndarray, weights: np.ndarray
) -> list[dict[str, float]]:
    """What each of ``THRESHOLDS`` would keep: recall, false positives, and precision.

    Args:
        scores: float [examples], probabilities.
        positive: bool [examples].
        weights: float [examples]: of what share of the corpus an example speaks.
    """
    rows = []
    for threshold in THRESHOLDS:
        kept = scores >= threshold
        good, bad = weights[kept & positive].sum(), weights[kept & ~positive].sum()
        rows.append(
            {
                "threshold": threshold,
                "positives_kept": float(kept[positive].mean()),
                "negatives_kept": float(kept[~positive].mean()),
                "precision": float(good / (good + bad)) if good + bad else float("nan"),
            }
        )
    return rows


def reliability(
    scores: np.ndarray, positive: np.ndarray, weights: np.ndarray
) -> list[dict[str, float]]:
    """Per tenth of the probabilities: what was said, what was true, how many."""
    rows = []
    tenths = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    for tenth in range(BINS):
        here = tenths == tenth
        if here.any():
            weight = weights[here]
            rows.append(
                {
                    "said": float(np.average(scores[here], weights=weight)),
                    "true": float(np.average(positive[here], weights=weight)),
                    "share": float(weight.sum() / weights.sum()),
                    "documents": int(here.sum()),
                }
            )
    return rows


def calibration_error(rows: list[dict[str, float]]) -> float:
    """The mean distance of what was said from what was true (expected calibration error)."""
    return float(sum(row["share"] * abs(row["said"] - row["true"]) for row in rows))


def by_name(names: np.ndarray, scores: np.ndarray, positive: np.ndarray) -> list[dict[str, Any]]:
    """Per source or language: documents, and shares of them kept at 0.5 and 0.9.

    The AUC is of a source's own documents against all documents of the other label; of a language,
    within the language.
    """
    rows = []
    for name in np.unique(names).tolist():
        here = names == name
        labels = positive[here]
        only = bool(labels[0]) if (labels == labels[0]).all() else None
        against = here if only is None else here | (positive != only)
        rows.append(
            {
                "name": name,
                "positives": int(labels.sum()),
                "negatives": int((~labels).sum()),
                "auc": auc(scores[against], positive[against]),
                "positives_kept": _kept(scores[here & positive]),
                "negatives_kept": _kept(scores[here & ~positive]),
            }
        )
    return rows


def _kept(scores: np.ndarray) -> list[float] | None:
    """Shares at and above 0.5 and 0.9; None where there is nothing."""
    return [float((scores >= bound).mean()) for bound in (0.5, 0.9)] if len(scores) else None
