"""Pairs of documents as the aligner sees them, and what it finds in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.bilingual.alignment.lexicon import Vocabulary
from stages.bilingual.alignment.units import Units


@dataclass(frozen=True)
class Beads:
    """The beads of some pairs of documents, in order."""

    pair_offsets: np.ndarray
    """int64 [pairs + 1]: beads ``pair_offsets[p]:pair_offsets[p + 1]``."""
    left_starts: np.ndarray
    """int64 [beads]: first sentence, counted from 0 in the document."""
    left_ends: np.ndarray
    """int64 [beads]: behind the last; equal to the start where nothing translates the right."""
    right_starts: np.ndarray
    right_ends: np.ndarray
    scores: np.ndarray
    """float32 [beads]: logarithm of how much likelier this is a translation than chance."""

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True)
class Pairs:
    """Pairs of documents, and what of them stays the same in every pass."""

    left: Units
    right: Units
    lefts: np.ndarray
    rights: np.ndarray
    vocabulary: Vocabulary
    folds: np.ndarray
    left_counts: np.ndarray
    right_counts: np.ndarray

    @property
    def sides(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Offsets and numbers of the units of the left sentences, then of the right ones."""
        words = self.vocabulary
        return self.left.offsets, words.left_numbers, self.right.offsets, words.right_numbers
