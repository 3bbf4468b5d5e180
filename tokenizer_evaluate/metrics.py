"""What is computed of counts: plain functions, numbers in and a number out."""

from __future__ import annotations

import numpy as np

RENYI_ALPHA = 2.5
"""Zouhar et al. 2023 (2306.16842): of all orders the one that followed translation quality best.
Cognetta et al. 2024 (2402.14614) show tokenizers that score high and are bad: it is a hint."""


def ratio(part: float, whole: float) -> float | None:
    """``part / whole``, None of nothing."""
    return part / whole if whole else None


def gini(values: np.ndarray) -> float | None:
    """How unequal values are: 0 all alike, towards 1 one has everything; None of nothing.

    Half the mean difference of two values, relative to their mean.

    Args:
        values: float64 [n], none negative.

    >>> gini(np.array([1.0, 1.0, 1.0])), gini(np.array([0.0, 1.0]))
    (0.0, 0.5)
    """
    total = values.sum()
    if len(values) == 0 or total == 0:
        return None
    ordered = np.sort(values)
    ranks = np.arange(1, len(values) + 1)
    return float(((2 * ranks - len(values) - 1) * ordered).sum() / (len(values) * total))


def renyi_efficiency(
    counts: np.ndarray, vocab_size: int, alpha: float = RENYI_ALPHA
) -> float | None:
    """Rényi entropy of how tokens are used, as a share of the most that a vocabulary allows.

    Source: Zouhar et al. 2023, "Tokenization and the Noiseless Channel", 2306.16842.

    Args:
        counts: int64 [tokens], uses of each.
        vocab_size: entries of the vocabulary, the unused among them.
        alpha: order, above 0 and not 1.

    Returns:
        1 where all tokens are used alike, 0 where one is used alone; None without any use.
    """
    used = counts[counts > 0].astype(np.float64)
    if len(used) == 0 or vocab_size < 2:
        return None
    shares = used / used.sum()
    return float(np.log((shares**alpha).sum()) / (1 - alpha) / np.log(vocab_size))


def frequency_curve(counts: np.ndarray, points: int = 80) -> list[tuple[int, int]]:
    """(rank, uses) of tokens by falling use, at ranks that are even on a logarithmic axis."""
    ordered = np.sort(counts[counts > 0])[::-1]
    if len(ordered) == 0:
        return []
    ranks = np.unique(np.geomspace(1, len(ordered), points).round().astype(np.int64))
    return [(int(rank), int(ordered[rank - 1])) for rank in ranks]
