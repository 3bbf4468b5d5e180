"""What is known of each pair of sentences.

    described = describe(left, right, known)
    probabilities(described)      one number a pair: how probably it is a translation

A pair is described by its lengths, numbers, marks, copied words, languages and by the lexicon, on
either side by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.bilingual.alignment.beads_kernels import RATIO
from stages.bilingual.alignment.lexicon import Lexicon, Vocabulary
from stages.bilingual.alignment.models import Models
from stages.bilingual.alignment.units import folded_characters
from stages.bilingual.numbers.months import month_table
from stages.bilingual.numbers.number_words import number_words
from stages.bilingual.scoring import describe_kernels as sides
from stages.bilingual.scoring import lexical_kernels as lexical
from stages.bilingual.scoring.habits import Habits, learned_habits
from stages.text_kernels import character_classes

LEAST_GRAMS = 4
"""Of the shorter side; of fewer no share is taken."""
LEAST_LETTERS = 12
"""Of a side; the language of fewer is not asked for."""


@dataclass(frozen=True)
class Side:
    """One side of some pairs of sentences."""

    data: np.ndarray
    """uint8, valid UTF-8."""
    starts: np.ndarray
    """int64 [pairs]: first byte."""
    ends: np.ndarray
    """int64 [pairs]: behind the last byte."""
    first_sentences: np.ndarray
    """int64 [pairs]: rows of ``unit_offsets``."""
    last_sentences: np.ndarray
    """int64 [pairs]: behind the last."""
    unit_offsets: np.ndarray
    """int64 [sentences + 1]."""
    unit_places: np.ndarray
    """uint8, as of ``Units``."""
    unit_numbers: np.ndarray
    """int32, as ``Known.vocabulary`` numbers them."""
    language: str
    """ISO 639 code that all should be in."""


@dataclass(frozen=True)
class Known:
    """What an alignment has learned of a language pair."""

    vocabulary: Vocabulary
    models: Models
    lexicons: list[tuple[np.ndarray, Lexicon]]
    """Pairs of sentences (int64), and the lexicon that judges them."""
    habits: Habits | None = None
    """None: what the pairs that are described show."""


@dataclass(frozen=True)
class Described:
    """What is known of each pair of sentences."""

    counts: np.ndarray
    """float32 [pairs, describe_kernels.COLUMNS]."""
    lexical: np.ndarray
    """float64 [pairs, 2, lexical_kernels.COLUMNS]: of the left and of the right side."""
    habits: Habits
    foreign: np.ndarray
    """float32 [pairs, 2]: how surely a side is in another language, 0 where it is not."""
    left_hashes: np.ndarray
    """uint64 [pairs], of letters and digits alone."""
    right_hashes: np.ndarray

    def deviations(self) -> np.ndarray:
        """Standard deviations between the length ratio and the usual one, float64 [pairs]."""
        return self.habits.deviations(self.counts)

    def copied(self) -> np.ndarray:
        """Share of the shorter side that stands on the other, float64 [pairs]."""
        left = self.counts[:, sides.LEFT_GRAMS].astype(np.float64)
        right = self.counts[:, sides.RIGHT_GRAMS].astype(np.float64)
        least = np.minimum(left, right)
        share = self.counts[:, sides.COMMON_GRAMS] / np.maximum(least, 1)
        share = np.where(least < LEAST_GRAMS, 0.0, np.minimum(share, 1.0))
        return np.where(self.left_hashes == self.right_hashes, 1.0, share)

    def repeated(self) -> np.ndarray:
        """Share of a side's 4-grams that it had before, of the worse side, float64 [pairs]."""
        shares = [
            self.counts[:, repeats] / np.maximum(self.counts[:, grams], 20.0)
            for repeats, grams in (
                (sides.REPEATED, sides.LEFT_GRAMS), (sides.SIDE + sides.REPEATED, sides.RIGHT_GRAMS)
            )
        ]  # fmt: skip
        return np.maximum(*shares).astype(np.float64)

    def numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers that differ, that one side lacks, and that agree; float64 [pairs] each."""
        left, right = self.counts[:, sides.NUMBERS], self.counts[:, sides.SIDE + sides.NUMBERS]
        common = self.counts[:, sides.COMMON_NUMBERS].astype(np.float64)
        return np.minimum(left, right) - common, np.abs(left - right).astype(np.float64), common

    def characters(self) -> np.ndarray:
        """Of both sides, float64 [pairs, 2]."""
        return self.counts[:, [sides.CHARACTERS, sides.SIDE + sides.CHARACTERS]].astype(np.float64)


def describe(left: Side, right: Side, known: Known) -> Described:
    """Describe pairs of sentences of one language pair."""
    counts, *hashes = count(left, right)
    foreign = np.column_stack([_foreign(side) for side in (left, right)])
    habits = known.habits or learned_habits(counts, float(known.models.parameters[RATIO]))
    return Described(counts, _lexical(left, right, known), habits, foreign, *hashes)


def count(left: Side, right: Side) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What can be seen of pairs of sentences without a lexicon.

    Returns:
        float32 [pairs, describe_kernels.COLUMNS]; uint64 [pairs], hashes of the left sides and of
        the right ones.
    """
    pairs = len(left.starts)
    counts = np.zeros(pairs * sides.COLUMNS, np.float32)
    hashes = np.empty(pairs, np.uint64), np.empty(pairs, np.uint64)
    sides.describe_pairs(
        left.data, left.starts, left.ends, right.data, right.starts, right.ends,
        *character_classes(), *folded_characters(), *number_words(), *month_table(),
        counts, *hashes,
    )  # fmt: skip
    return counts.reshape(pairs, sides.COLUMNS), *hashes


def _lexical(left: Side, right: Side, known: Known) -> np.ndarray:
    out = np.zeros(len(left.starts) * 2 * lexical.COLUMNS)
    words = known.vocabulary
    once = [
        float(shares.min(initial=1, where=shares > 0))
        for shares in (words.left_shares, words.right_shares)
    ]
    for members, lexicon in known.lexicons:
        lexical.weigh_pairs(
            left.unit_offsets, left.unit_numbers, left.unit_places, right.unit_offsets,
            right.unit_numbers, right.unit_places, members, left.first_sentences,
            left.last_sentences, right.first_sentences, right.last_sentences, lexicon.offsets,
            lexicon.partners, lexicon.left_strengths, lexicon.right_strengths,
            lexicon.left_coverage, lexicon.right_coverage, words.left_shares, words.right_shares,
            once[0], once[1], out,
        )  # fmt: skip
    return out.reshape(-1, 2, lexical.COLUMNS)


def _foreign(side: Side) -> np.ndarray:
    """How surely each sentence is in another language than it should be: float32 [pairs]."""
    from stages.language.codes import macro_code
    from stages.language.decide import decide
    from stages.language.fasttext_model import load_model, model_path
    from stages.language.identify import Reading, identify

    model = load_model(model_path("lid.176"))
    parts = np.empty(2 * len(side.starts), np.int64)
    parts[::2], parts[1::2] = side.starts, side.ends
    reading = Reading(side.data, parts, np.arange(len(side.starts) + 1))
    answers = identify(reading, model, script_shortcuts=True, find_mixed=False)
    decision = decide(reading, answers, model.labels, None, True, 0.0, 1.0)
    expected = side.language.partition("-")[0]
    same = np.array([macro_code(name) == macro_code(expected) for name in decision.names])
    if not same.any():
        return np.zeros(len(side.starts), np.float32)  # a language that the model does not know
    other = (decision.numbers >= 0) & ~same[np.maximum(decision.numbers, 0)]
    other &= answers.letters >= LEAST_LETTERS
    return np.where(other, decision.scores, 0).astype(np.float32)
