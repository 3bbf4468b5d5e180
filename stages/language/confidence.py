"""How sure an answer is, and which of two models to believe.

A model's own score is no probability of being right: fastText's is too low on sentences (0.5 to 0.6
was right in 72 of 100) and honest on short texts; how far HeLI's second language is behind has no
scale at all. Four logistic functions turn them into one, of what was seen of the text:

    alone    the first model answered, nobody else was asked
    agree    both models name the same language, or two of one macrolanguage
    first    they do not: is the first one right?
    second   ... or the second?

Where they differ, the likelier one answers (``believes_second``), with that probability.

``confidence.yaml`` holds the weights; ``benchmarks/langid_fit.py`` fits them on one half of
labelled texts and shows on the other half what 0.9 means.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

WEIGHTS = Path(__file__).with_name("confidence.yaml")

CASES = ("alone", "agree", "first", "second")
ASK_BELOW, ASK_LETTERS = 0.9, 50
"""The second model is asked where the first one's score is lower or the letters are fewer: asking
it always was right in 0.1 % more."""

UNKNOWN_LETTERS = 80
"""With fewer letters an answer is improbable because there is little to go by, not because the
language is unknown: it stays, with its score. (Of 119,800 right answers on the development data
214 are lost without this bound and 11 with it; of 20,000 paragraphs of the Universal Declaration,
117 letters in the median, in languages that the model does not know 48 instead of 57 % become
``und``.)"""

UNKNOWN_TO_SECOND = 0.3
"""By so much."""

_MOST_LETTERS = 1000  # more of them add nothing


class Evidence(NamedTuple):
    """What is known of some texts; arrays of one length."""

    scores: np.ndarray
    """float32: the first model's probability."""
    letters: np.ndarray
    """int32: letters among what was read."""
    margins: np.ndarray
    """float32: how far the second model's next language is behind; 0 where it was not asked."""
    costs: np.ndarray
    """float32: the mean cost of a word in its answer, which shows what is in no language it knows;
    0 where it was not asked."""
    second_known: np.ndarray
    """bool: the first model knows the second one's answer."""
    first_known: np.ndarray
    """bool: the second model knows the first one's answer."""


def features(evidence: Evidence) -> np.ndarray:
    """float64 [texts, 8]: what the logistic functions weigh, in the order of ``confidence.yaml``.

    1, the score as log-odds, the logarithm of the letters, their product, the logarithm of the
    margin, the cost, and the two kinds of ignorance.
    """
    score = np.clip(evidence.scores.astype(np.float64), 1e-4, 1 - 1e-4)
    odds = np.log(score / (1 - score))
    letters = np.log1p(np.minimum(evidence.letters, _MOST_LETTERS))
    margin = np.log(evidence.margins.astype(np.float64) + 1e-3)
    unknown = (~evidence.second_known, ~evidence.first_known)
    return np.column_stack(
        [np.ones(len(odds)), odds, letters, odds * letters, margin, evidence.costs, *unknown]
    ).astype(np.float64)


def probabilities(case: str, evidence: Evidence) -> np.ndarray:
    """float32 [texts]: how probably the answer is right, by one of the CASES."""
    result: np.ndarray = 1 / (1 + np.exp(-(features(evidence) @ weights()[case])))
    return result.astype(np.float32)


def believes_second(first: np.ndarray, second: np.ndarray, evidence: Evidence) -> np.ndarray:
    """Bool [texts]: whether the second model's answer stands where the two differ.

    It must be the likelier one, and much likelier than an answer that it could not have given.
    """
    return second > first + np.where(evidence.first_known, 0.0, UNKNOWN_TO_SECOND)


@cache
def weights() -> dict[str, np.ndarray]:
    """The weights of the features by case."""
    data = yaml.safe_load(WEIGHTS.read_text(encoding="utf-8"))
    return {case: np.array(data[case], np.float64) for case in CASES}
