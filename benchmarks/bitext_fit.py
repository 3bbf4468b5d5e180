"""Fit the network that judges sentence pairs, and print ``scoring/translation.yaml``.

    python benchmarks/bitext_fit.py DATA > stages/bilingual/scoring/translation.yaml

DATA is a folder of ``bilingual_*.jsonl.zst`` files; the sources of ``bitext_filters.HELD_OUT`` are
not looked at. Every pair is seen twice, the second time with its sides exchanged, so that neither
side need be English. The line that corrects the odds (Platt 1999) is fitted on what networks say of
a source each that they have not seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from bitext_filters import HELD_OUT, LANGUAGES, Sample, samples
from bitext_pairs import SHARE_GOOD, shares

from stages.bilingual.scoring.features import FEATURES, features
from stages.bilingual.scoring.probability import Network, to_data

WITHOUT_LEXICON = 0.3
"""Weight of the same pairs described without a lexicon, as small corpora have none."""
UNITS, EPOCHS, BATCH, RATE, DECAY = 12, 14, 1024, 3e-3, 5e-4
LEAST_PAIRS = 1500
"""Of a source, for the line to be fitted on what was said of it."""
OTHER_SIDE = {"left": "right", "right": "left"}
EXCHANGED = {"too_short": "too_long", "too_long": "too_short"}

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Features float64 [pairs, FEATURES]; 1.0 for good ones; weights."""


def exchanged(rows: np.ndarray) -> np.ndarray:
    """The features with left and right exchanged."""
    return rows[:, [FEATURES.index(_exchanged_name(name)) for name in FEATURES]]


def _exchanged_name(name: str) -> str:
    words = [OTHER_SIDE.get(word, word) for word in name.split("_")]
    return EXCHANGED.get(name, "_".join(words))


def rows_of(chosen: Sequence[Sample]) -> Rows:
    """What to learn from some samples."""
    parts = []
    for sample in chosen:
        truth, share = (sample.kinds == "good").astype(np.float64), shares(sample.kinds)
        for seen, weight in ((sample.with_lexicon, 1.0), (sample.without, WITHOUT_LEXICON)):
            rows = features(seen)
            parts += [(rows, truth, share * weight), (exchanged(rows), truth, share * weight)]
    rows, truths, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows, truths, weights * len(weights) / weights.sum()


def fit(data: Rows, seed: int = 1) -> Network:
    """A network by Adam (Kingma and Ba 2015), the same for the same rows."""
    rows, truths, weights = data
    means = np.average(rows, axis=0, weights=weights)
    deviations = np.sqrt(np.average((rows - means) ** 2, axis=0, weights=weights)) + 1e-6
    chance = np.random.default_rng(seed)
    count = rows.shape[1]
    values = [
        chance.normal(0, count**-0.5, (count, UNITS)), np.zeros(UNITS),
        chance.normal(0, UNITS**-0.5, UNITS), np.zeros(1),
    ]  # fmt: skip
    scaled = _network(means, deviations, values).scaled(rows)
    first, second = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    step = 0
    for epoch in range(EPOCHS):
        order = chance.permutation(len(rows))
        for start in range(0, len(order), BATCH):
            step += 1
            chosen = order[start : start + BATCH]
            slopes = _slopes(values, scaled[chosen], truths[chosen], weights[chosen])
            rate = RATE * (1 - epoch / EPOCHS)
            for at, slope in enumerate(slopes):
                first[at] = 0.9 * first[at] + 0.1 * slope
                second[at] = 0.999 * second[at] + 0.001 * slope**2
                size = np.sqrt(second[at] / (1 - 0.999**step)) + 1e-8
                values[at] = values[at] - rate * first[at] / (1 - 0.9**step) / size
    return _network(means, deviations, values)


def _network(means: np.ndarray, deviations: np.ndarray, values: list[np.ndarray]) -> Network:
    weights, biases, outputs, bias = values
    return Network(means, deviations, weights, biases, outputs, float(bias[0]))


def _slopes(
    values: list[np.ndarray], rows: np.ndarray, truths: np.ndarray, weights: np.ndarray
) -> list[np.ndarray]:
    """The gradient of the logarithmic loss, with weights that decay."""
    inner = np.tanh(rows @ values[0] + values[1])
    chance = 1 / (1 + np.exp(-(inner @ values[2] + values[3])))
    error = weights * (chance - truths) / len(truths)
    behind = np.outer(error, values[2]) * (1 - inner**2)
    return [
        rows.T @ behind + DECAY * values[0], behind.sum(0), inner.T @ error + DECAY * values[2],
        error.sum(keepdims=True),
    ]  # fmt: skip


def line(odds: np.ndarray, truths: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Offset and slope that make odds (logarithms) true, by Newton's method."""
    rows = np.stack([np.ones_like(odds), odds], axis=1)
    found = np.array([0.0, 1.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weights * (truths - chance))
        curve = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows
        step = np.linalg.solve(curve, slope)
        found += step
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])


def calibration(chosen: Sequence[Sample]) -> tuple[float, float]:
    """The line for networks that judge a source they have not seen."""
    parts = []
    for source in sorted({sample.source for sample in chosen}):
        mine = [sample for sample in chosen if sample.source == source]
        if sum(len(sample.kinds) for sample in mine) < LEAST_PAIRS:
            continue
        network = fit(rows_of([sample for sample in chosen if sample.source != source]))
        for sample in mine:
            truth = (sample.kinds == "good").astype(np.float64)
            odds = network.odds(features(sample.with_lexicon))
            parts.append((odds, truth, shares(sample.kinds)))
    odds, truths, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return line(odds, truths, weights)


def main() -> None:
    """Print the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--languages", default=LANGUAGES)
    parser.add_argument("--pages", type=int, default=120, help="at most, of a source and language")
    parser.add_argument("--pairs", type=int, default=300, help="good ones, of the same")
    options = parser.parse_args()
    found = samples(options.data, options.languages.split(","), options.pages, options.pairs)
    seen = [sample for sample in found if sample.source not in HELD_OUT]
    network = replace(fit(rows_of(seen)), calibration=calibration(seen))
    good = sum(int((sample.kinds == "good").sum()) for sample in seen)
    wrong = sum(int((sample.kinds != "good").sum()) for sample in seen)
    languages = " ".join(dict.fromkeys(sample.language for sample in seen))
    print(
        f"# The network of probability.py. Made by `benchmarks/bitext_fit.py DATA` on {len(seen)}"
    )
    print(f"# pairs of source and language (en with {languages};")
    print(f"# manuals and documentation of software from {len({s.source for s in seen})} sources),")
    print(f"# {good:,} lines that are translations and {wrong:,} wrong pairs made of them, in a")
    print(f"# sample of which {SHARE_GOOD:.0%} is right, each family of wrong pairs weighing the")
    print("# same. A feature has its mean, its deviation, and its weight in each unit. What the")
    print(
        "# network finds in sources it has not seen is printed by `benchmarks/bitext_filters.py`."
    )
    print(
        yaml.safe_dump(to_data(network), sort_keys=False, default_flow_style=None, width=99), end=""
    )


if __name__ == "__main__":
    main()
