"""Cross-validation by source: who judges whom.

A classifier that has seen one page of a site knows the site. So documents are judged by a
classifier from whose examples their whole source was left out, and the measures say what to expect
of a source that nobody labelled. Where a label has one source only, its documents are divided by
their keys instead, and the measures say less; ``is_by_source`` tells.
"""

from __future__ import annotations

import numpy as np


def folds_of(groups: np.ndarray, positive: np.ndarray, keys: np.ndarray, folds: int) -> np.ndarray:
    """The fold of each example, in which it is judged and not learned from.

    The sources of a label are dealt to the folds from the largest on, each to the fold that has
    fewest documents of that label so far. With at most ``folds`` sources that is leave-one-source-
    out.

    Args:
        groups: [examples] names of sources.
        positive: bool [examples].
        keys: uint64 [examples].
        folds: how many.

    Returns:
        int64 [examples].
    """
    found = np.zeros(len(groups), np.int64)
    for label in (True, False):
        of_label = positive == label
        names, sizes = np.unique(groups[of_label], return_counts=True)
        if len(names) == 1:
            order = np.argsort(keys[of_label], kind="stable")
            found[np.flatnonzero(of_label)[order]] = np.arange(len(order)) % folds
            continue
        filled = np.zeros(folds, np.int64)
        for number in np.lexsort((names, -sizes)):
            fold = int(filled.argmin())
            filled[fold] += sizes[number]
            found[of_label & (groups == names[number])] = fold
    return found


def is_by_source(groups: np.ndarray, positive: np.ndarray) -> bool:
    """Whether both labels have several sources, so that every document's own was left out."""
    return all(len(np.unique(groups[positive == label])) > 1 for label in (True, False))
