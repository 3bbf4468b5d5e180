"""Fit ``stages/language/confidence.yaml``, and show what its probabilities mean.

    python benchmarks/langid_fit.py FILE [FILE ...] [--judge FILE ...] > confidence.yaml

FILES are JSONL or JSONL.zst with ``text`` and ``lang`` (codes as ``langid`` answers them). Texts
are deduplicated. One half by hash fits; of the other what is in a language that a model knows is
judged, and so are whole files given to ``--judge``. Every file weighs the same. Needs the second
model (package heliport). Figures go to the error output.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import zstandard

from formats.buffers import text_buffers
from stages.language import confidence
from stages.language.codes import macro_code
from stages.language.confidence import CASES, Evidence, features
from stages.language.fasttext_model import load_model, model_path
from stages.language.heli_model import load_heli
from stages.language.identify import identify, read, second_answers

RIDGE = 1e-4
UNKNOWN_WEIGHT = 0.25
"""Of a text in a language that no model knows: they are fewer in a crawl than in such files."""
BINS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)


class Judged(NamedTuple):
    """Texts of one file with both models' answers."""

    name: str
    langs: np.ndarray
    fit: np.ndarray
    known: np.ndarray
    first: np.ndarray
    second: np.ndarray
    evidence: Evidence


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file."""
    if path.suffix == ".zst":
        with zstandard.open(path, "rb") as stream:
            yield from map(orjson.loads, stream.read().splitlines())
    else:
        yield from map(orjson.loads, path.read_bytes().splitlines())


def half(text: str) -> bool:
    """Whether a text is for fitting."""
    return hashlib.md5(text.encode()).digest()[-1] % 2 == 0


def judge(path: Path, fitting: bool) -> Judged:
    """Ask both models about a file's texts, each one once."""
    labelled = {row["text"]: row["lang"] for row in rows_of(path)}
    model, second = load_model(model_path("lid.176")), load_heli()
    data, offsets = text_buffers(pa.array(labelled, pa.large_string()))
    reading = read(data, offsets, np.ones(len(labelled), np.bool_), 5, 200)
    answers = identify(reading, model, script_shortcuts=False, find_mixed=False)
    numbers, margins, costs = second_answers(reading, second)
    firsts = np.array([*model.labels, "und"])[np.maximum(answers.labels, -1)]
    seconds = np.array([*second.labels, "und"])[np.where(numbers < len(second.labels), numbers, -1)]
    evidence = Evidence(
        answers.scores, answers.letters, margins, costs,
        np.isin(seconds, model.labels), np.isin(firsts, second.labels),
    )  # fmt: skip
    langs = np.array([*labelled.values()])
    known = np.isin(langs, [*model.labels, *second.labels])
    fit = np.array([fitting and half(text) for text in labelled])
    answered = (answers.labels >= 0) & (seconds != "und") & (known | fit)
    arrays = (langs, fit, known, firsts, seconds)
    kept = Evidence(*(column[answered] for column in evidence))
    return Judged(path.name, *(column[answered] for column in arrays), kept)


def agree(judged: Judged) -> np.ndarray:
    """Whether both answers are one language or of one macrolanguage."""
    pairs = zip(judged.first, judged.second, strict=True)
    return np.array([macro_code(a) == macro_code(b) for a, b in pairs])


def logistic(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights of a ridge-penalised logistic regression, by Newton's method."""
    w = np.zeros(x.shape[1])
    penalty = RIDGE * weight.sum() * np.eye(len(w))
    penalty[0, 0] = 1e-9
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ w)))
        gradient = x.T @ (weight * (p - y)) + penalty @ w
        curvature = (x * (weight * p * (1 - p))[:, None]).T @ x + penalty
        change = np.linalg.solve(curvature, gradient)
        w -= change
        if np.abs(change).max() < 1e-8:
            break
    return w


def fit_case(case: str, files: list[Judged]) -> np.ndarray:
    """The weights of one case; features that it does not know of weigh 0."""
    used = {"alone": 4, "agree": 6}.get(case, 8)
    x, y, weight = [], [], []
    for judged in files:
        chosen = judged.fit.copy()
        if case != "alone":
            chosen &= agree(judged) == (case == "agree")
        if chosen.any():
            x.append(features(judged.evidence)[chosen, :used])
            y.append(
                ((judged.second if case == "second" else judged.first) == judged.langs)[chosen]
            )
            weight.append(np.where(judged.known, 1, UNKNOWN_WEIGHT)[chosen] / judged.fit.sum())
    fitted = logistic(np.concatenate(x), np.concatenate(y), np.concatenate(weight))
    return np.concatenate([fitted, np.zeros(8 - used)])


def combined(judged: Judged) -> tuple[np.ndarray, np.ndarray]:
    """The answers of both models together, and their probabilities."""
    same = agree(judged)
    of = {case: confidence.probabilities(case, judged.evidence) for case in CASES}
    believes = ~same & confidence.believes_second(of["first"], of["second"], judged.evidence)
    answer = np.where(believes, judged.second, judged.first)
    unsure = np.where(believes, of["second"], of["first"])
    return answer, np.where(same, of["agree"], unsure)


def show(judged: Judged, title: str, answers: np.ndarray, probability: np.ndarray) -> None:
    """Accuracy, calibration error and the table of a judged half."""
    test = ~judged.fit
    right = (answers == judged.langs)[test]
    probability = probability[test]
    bins = np.digitize(probability, BINS) - 1
    error = sum(
        abs(right[bins == b].mean() - probability[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    )
    cells = [
        f"{BINS[b]:.2f}: {right[bins == b].mean():.3f} of {(bins == b).sum()}"
        for b in np.unique(bins)
    ]
    macro = np.mean([right[judged.langs[test] == lang].mean() for lang in set(judged.langs[test])])
    print(
        f"{judged.name}, {title}: right {right.mean():.4f}, mean of languages {macro:.4f}, "
        f"calibration error {error:.3f}\n    " + "; ".join(cells), file=sys.stderr,
    )  # fmt: skip


def main() -> None:
    """Fit, print the weights, show the judged halves."""
    parser = argparse.ArgumentParser(description="Fit the confidence of language identification.")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--judge", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    files = [judge(path, fitting=True) for path in options.files]
    fitted = {case: fit_case(case, files) for case in CASES}
    confidence.weights = lambda: fitted  # type: ignore[assignment]
    print(
        "# Weights of the logistic functions of confidence.py, in the order of `features`; made by"
    )
    print(f"# benchmarks/langid_fit.py on one half of {', '.join(f.name for f in files)}.")
    for case, values in fitted.items():
        print(f"{case}: [{', '.join(f'{value:.4f}' for value in values)}]")
    for judged in (*files, *(judge(path, fitting=False) for path in options.judge)):
        first = confidence.probabilities("alone", judged.evidence)
        show(judged, "first model, own score", judged.first, judged.evidence.scores)
        show(judged, "first model", judged.first, first)
        show(judged, "both models", *combined(judged))


if __name__ == "__main__":
    main()
