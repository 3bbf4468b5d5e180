"""What is known of each pair of sentences, and the logistic function of it.

    described = describe(left, right, known)
    probabilities(described)      one number a pair: how probably it is a translation

A pair is described by its lengths, numbers, marks, copied words, languages and by the lexicon, on
either side by itself. The weights are in ``translation.yaml``, with what they were fitted on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from stages.bilingual.alignment.beads_kernels import RATIO, SPREAD, SPREAD_BY_LENGTH
from stages.bilingual.alignment.lexicon import Lexicon, Vocabulary
from stages.bilingual.alignment.models import Models
from stages.bilingual.alignment.units import folded_characters
from stages.bilingual.numbers.number_words import number_words
from stages.bilingual.scoring import describe_kernels as sides
from stages.bilingual.scoring import lexical_kernels as lexical
from stages.text_kernels import character_classes

WEIGHTS = Path(__file__).with_name("translation.yaml")
FEATURES = (
    "always", "left_evidence", "right_evidence", "left_found", "right_found", "least_found",
    "lexicon_knows", "length_deviation", "copied", "copied_run", "numbers_changed",
    "numbers_missing", "numbers_agree", "questions_differ", "exclamations_differ",
    "colons_differ", "brackets_differ",
    "left_foreign", "right_foreign", "repeated", "shortness",
)  # fmt: skip
MOST_EVIDENCE = 12.0
MOST_DEVIATION = 6.0
LEAST_GRAMS = 4
"""Of the shorter side; of fewer no share is taken."""
LONG_COPY = 40.0
"""4-grams in a row; names are shorter."""
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


@dataclass(frozen=True)
class Described:
    """What is known of each pair of sentences."""

    counts: np.ndarray
    """float32 [pairs, describe_kernels.COLUMNS]."""
    lexical: np.ndarray
    """float64 [pairs, 2, lexical_kernels.COLUMNS]: of the left and of the right side."""
    deviations: np.ndarray
    """float64 [pairs]: standard deviations between the length ratio and the usual one."""
    foreign: np.ndarray
    """float32 [pairs, 2]: how surely a side is in another language, 0 where it is not."""
    left_hashes: np.ndarray
    """uint64 [pairs], of letters and digits alone."""
    right_hashes: np.ndarray

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
    pairs = len(left.starts)
    counts = np.zeros(pairs * sides.COLUMNS, np.float32)
    hashes = np.empty(pairs, np.uint64), np.empty(pairs, np.uint64)
    sides.describe_pairs(
        left.data, left.starts, left.ends, right.data, right.starts, right.ends,
        *character_classes(), *folded_characters(), *number_words(), counts, *hashes,
    )  # fmt: skip
    foreign = np.column_stack([_foreign(side) for side in (left, right)])
    table = counts.reshape(pairs, sides.COLUMNS)
    deviations = _deviations(
        table[:, sides.CHARACTERS], table[:, sides.SIDE + sides.CHARACTERS], known.models
    )
    return Described(table, _lexical(left, right, known), deviations, foreign, *hashes)


def features(described: Described) -> np.ndarray:
    """float64 [pairs, FEATURES]: what the logistic function weighs."""
    counts = described.counts
    found = (described.lexical[:, :, lexical.GAINED] + 1) / (
        described.lexical[:, :, lexical.EXPECTED] + 1
    )
    found = np.minimum(found, 1.5)
    evidence = described.lexical[:, :, lexical.EVIDENCE]
    evidence = np.clip(evidence, -MOST_EVIDENCE, MOST_EVIDENCE)
    changed, missing, common = described.numbers()
    characters = described.characters()
    columns = {
        "always": np.ones(len(counts)),
        "left_evidence": evidence[:, 0],
        "right_evidence": evidence[:, 1],
        "left_found": found[:, 0],
        "right_found": found[:, 1],
        "least_found": found.min(axis=1),
        "lexicon_knows": np.log1p(described.lexical[:, :, lexical.EXPECTED].sum(axis=1)),
        "length_deviation": np.minimum(np.abs(described.deviations), MOST_DEVIATION),
        "copied": described.copied(),
        "copied_run": np.minimum(counts[:, sides.LONGEST_COPY] / LONG_COPY, 1.0),
        "numbers_changed": np.minimum(changed, 2),
        "numbers_missing": np.minimum(missing, 3),
        "numbers_agree": np.log1p(common),
        "questions_differ": _differs(counts, sides.QUESTIONS),
        "exclamations_differ": _differs(counts, sides.EXCLAMATIONS),
        "colons_differ": _differs(counts, sides.COLONS),
        "brackets_differ": np.log1p(
            np.abs(counts[:, sides.BRACKETS] - counts[:, sides.SIDE + sides.BRACKETS])
        ),
        "left_foreign": described.foreign[:, 0],
        "right_foreign": described.foreign[:, 1],
        "repeated": described.repeated(),
        "shortness": 1 / (1 + characters.min(axis=1) / 10),
    }
    return np.column_stack([columns[name] for name in FEATURES]).astype(np.float64)


def probabilities(described: Described) -> np.ndarray:
    """float32 [pairs]: how probably each is a translation."""
    result: np.ndarray = 1 / (1 + np.exp(-(features(described) @ weights())))
    return result.astype(np.float32)


@cache
def weights() -> np.ndarray:
    """float64 [FEATURES]."""
    data = yaml.safe_load(WEIGHTS.read_text(encoding="utf-8"))
    return np.array([data[name] for name in FEATURES], np.float64)


def _lexical(left: Side, right: Side, known: Known) -> np.ndarray:
    out = np.zeros(len(left.starts) * 2 * lexical.COLUMNS)
    words = known.vocabulary
    for members, lexicon in known.lexicons:
        lexical.weigh_pairs(
            left.unit_offsets, left.unit_numbers, right.unit_offsets, right.unit_numbers, members,
            left.first_sentences, left.last_sentences, right.first_sentences,
            right.last_sentences, lexicon.offsets, lexicon.partners, lexicon.left_strengths,
            lexicon.right_strengths, lexicon.left_coverage, lexicon.right_coverage,
            words.left_shares, words.right_shares, out,
        )  # fmt: skip
    return out.reshape(-1, 2, lexical.COLUMNS)


def _deviations(left: np.ndarray, right: np.ndarray, models: Models) -> np.ndarray:
    lengths = left.astype(np.float64) + 1
    off = np.log((right + 1) / lengths) - models.parameters[RATIO]
    variance = models.parameters[SPREAD] + models.parameters[SPREAD_BY_LENGTH] / lengths
    result: np.ndarray = off / np.sqrt(variance)
    return result


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


def _differs(counts: np.ndarray, column: int) -> np.ndarray:
    return (counts[:, column] > 0) != (counts[:, sides.SIDE + column] > 0)
