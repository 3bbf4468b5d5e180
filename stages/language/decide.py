"""From what models say of some texts to one language each, and how sure that is.

Numbers of languages are places in ``names``: the first model's labels, what the second one knows
beside them, then ``und``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from formats.documents import UNKNOWN_LANGUAGE
from stages.language.codes import macro_code
from stages.language.confidence import (
    ASK_BELOW,
    ASK_LETTERS,
    UNKNOWN_LETTERS,
    Evidence,
    believes_second,
    probabilities,
)
from stages.language.identify import Answers, Reading, foreign_shares, second_answers

if TYPE_CHECKING:
    from stages.language.heli_model import HeliModel


class Decision(NamedTuple):
    """The language of each text."""

    numbers: np.ndarray
    """int32 [rows], into ``names``; below 0 where the row was skipped."""
    scores: np.ndarray
    """float32 [rows]: how probably it is right; 0 for ``und``."""
    names: tuple[str, ...]


def decide(
    reading: Reading,
    answers: Answers,
    labels: tuple[str, ...],
    second: HeliModel | None,
    calibrated: bool,
    unknown_below: float,
    foreign_letters: float,
) -> Decision:
    """The language of each text.

    Args:
        reading: the texts.
        answers: of the first model.
        labels: of the first model.
        second: asked where the first one is unsure or has little to go by.
        calibrated: scores are probabilities of being right, not the first model's own.
        unknown_below: a less probable answer about UNKNOWN_LETTERS and more becomes ``und``.
        foreign_letters: so does one that lacks a larger share of the text's letters.
    """
    from stages.language.langid_kernels import UNDETERMINED

    names = known_names(labels, second)
    numbers, own = answers.labels.copy(), answers.scores
    scores = own.copy()
    by_model = answers.by_model & (numbers >= 0)
    evidence = _evidence(answers, by_model)
    scores[by_model] = probabilities("alone", evidence)
    asked = by_model & ((own < ASK_BELOW) | (answers.letters < ASK_LETTERS))
    overruled = np.zeros(len(numbers), np.bool_)
    if second is not None and asked.any():
        numbers[asked], scores[asked] = _ask(reading.of(asked), answers, asked, labels, second)
        overruled = numbers != answers.labels
    unknown = by_model & (scores < unknown_below) & (answers.letters >= UNKNOWN_LETTERS)
    checked = np.where(by_model, numbers, -1).astype(np.int32)
    unknown |= foreign_shares(reading, answers, checked, names) > foreign_letters
    if not calibrated:
        scores[~overruled] = own[~overruled]
    unknown |= (numbers == UNDETERMINED) | (answers.by_model & (answers.labels < 0))
    numbers[unknown], scores[unknown] = len(names) - 1, 0
    return Decision(numbers, scores, names)


@cache
def known_names(labels: tuple[str, ...], second: HeliModel | None) -> tuple[str, ...]:
    """The first model's labels, what the second one knows beside them, ``und``."""
    others = second.labels if second is not None else ()
    return (*dict.fromkeys((*labels, *(c for c in others if c != UNKNOWN_LANGUAGE))), "und")


def _evidence(answers: Answers, wanted: np.ndarray) -> Evidence:
    """What the first model alone says of the wanted rows."""
    nothing = np.zeros(int(wanted.sum()), np.float32)
    everything = np.ones(len(nothing), np.bool_)
    scores, letters = answers.scores[wanted], answers.letters[wanted]
    return Evidence(scores, letters, nothing, nothing, everything, everything)


def _ask(
    reading: Reading,
    answers: Answers,
    asked: np.ndarray,
    labels: tuple[str, ...],
    second: HeliModel,
) -> tuple[np.ndarray, np.ndarray]:
    """What both models together say of the rows asked for.

    Returns:
        int32 [asked rows]: numbers of ``known_names``; float32: probabilities.
    """
    own, same_family, first_known, place = _meanings(labels, second)
    first = answers.labels[asked]
    found, margins, costs = second_answers(reading, second)
    # A language that stands for no language is what the last row of the tables says.
    found = np.where((found < 0) | (found >= len(second.labels)), len(second.labels), found)
    alone = _evidence(answers, asked)
    evidence = alone._replace(
        margins=margins, costs=costs,
        second_known=place[found] < len(labels), first_known=first_known[first],
    )  # fmt: skip
    of = {case: probabilities(case, evidence) for case in ("agree", "first", "second")}
    same, silent = same_family[first, found], ~own[found]
    believed = ~same & ~silent & believes_second(of["first"], of["second"], evidence)
    scores = np.where(same, of["agree"], np.where(believed, of["second"], of["first"]))
    scores = np.where(silent, probabilities("alone", alone), scores)
    return np.where(believed, place[found], first).astype(np.int32), scores


@cache
def _meanings(
    labels: tuple[str, ...], second: HeliModel
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What the numbers of both models have to do with each other.

    Returns:
        bool [second + 1]: whether the second model's number names a language.
        bool [first, second + 1]: whether two numbers are one language or of one macrolanguage.
        bool [first]: whether the second model knows the language.
        int32 [second + 1]: the place in ``known_names``.
    """
    names = known_names(labels, second)
    others = [*second.labels, UNKNOWN_LANGUAGE]
    own = np.array([code != UNKNOWN_LANGUAGE for code in others])
    families = np.array([macro_code(code) for code in others])
    same = np.array([macro_code(code) == families for code in labels]) & own
    places = np.array([names.index(code) for code in others], np.int32)
    return own, same, np.isin(labels, others), places


def mixed_languages(decision: Decision, answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """The languages of texts in several, where the answer is one of them.

    Returns:
        int32 [rows, LANGUAGES], numbers, the most letters first, -1 where there are no more.
        float32 [rows, LANGUAGES]: shares of the letters.
    """
    among = (answers.mixed == decision.numbers[:, None]).any(axis=1) & (decision.numbers >= 0)
    mixed = np.where(among[:, None], answers.mixed, -1)
    return mixed, np.where(mixed >= 0, answers.shares, 0)
