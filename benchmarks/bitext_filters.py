"""Wrong sentence pairs planted among good ones: how many are caught, how many good ones are lost.

    python benchmarks/bitext_filters.py DATA [--fit] [--peer PEER_PYTHON] [--languages zh,th]

DATA is a folder of ``bilingual_*.jsonl.zst`` files. The logistic function was fitted on the sources
that are not in ``HELD_OUT``; ``--fit`` prints its weights, as ``scoring/translation.yaml`` has
them. PEER_PYTHON is the Python of an environment with opusfilter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bitext_pairs import KINDS, MISPLACED, Planted, described, learn, plant, read_corpus

from stages.bilingual.scoring.features import FEATURES, Described, features, probabilities
from stages.bilingual.scoring.rules import SentenceLimits, drop_reasons

LANGUAGES = "zh,th,ar,fr,ja,ru,de,ko,vi,es"
HELD_OUT = {"iot-for-beginners", "react-docs"}
PEER = Path(__file__).with_name("peer_opusfilter.py")
SHARE_GOOD = 0.85
"""Of pairs in the sample that the weights are fitted on: what an aligner gives is mostly right. The
rest is shared evenly by the kinds of wrong pairs."""
WITHOUT_LEXICON = 0.3
"""Weight of the same pairs described without a lexicon, as small corpora have none."""
PENALTY = 2.0
STRICT = ("LongWordFilter", "LinguaFilter")
"""OpusFilter's rules that lose most good lines of such text: addresses are long words, and short
lines are in no language that is sure."""
LEAST_PAGES = 8


@dataclass
class Sample:
    """The planted pairs of one source and language, as they look with and without a lexicon."""

    source: str
    language: str
    planted: Planted
    with_lexicon: Described
    without: Described

    @property
    def kinds(self) -> np.ndarray:
        """Of each pair."""
        return np.array(self.planted.kinds)


def samples(folder: Path, languages: list[str], pages: int, most: int) -> list[Sample]:
    """The pairs of all sources that have enough pages."""
    found = []
    for path in sorted(folder.glob("bilingual_*.jsonl.zst")):
        if path.name.removeprefix("bilingual_").removesuffix(".jsonl.zst") in MISPLACED:
            continue
        for language in languages:
            corpus = read_corpus(path, language, pages)
            if len(corpus.pages) < LEAST_PAGES:
                continue
            planted, alignment = plant(corpus, most), learn(corpus)
            both = [described(corpus, alignment, planted, lexicon) for lexicon in (True, False)]
            found.append(Sample(corpus.source, language, planted, *both))
    return found


def fit(chosen: list[Sample]) -> np.ndarray:
    """Weights by Newton's method: float64 [FEATURES]."""
    parts, truths, shares = [], [], []
    for sample in chosen:
        good = sample.kinds == "good"
        share = np.zeros(len(good))
        share[good] = SHARE_GOOD / max(good.sum(), 1)
        present = [kind for kind in KINDS if (sample.kinds == kind).any()]
        for kind in present:
            mine = sample.kinds == kind
            share[mine] = (1 - SHARE_GOOD) / len(present) / mine.sum()
        for seen, weight in ((sample.with_lexicon, 1.0), (sample.without, WITHOUT_LEXICON)):
            parts.append(features(seen))
            truths.append(good.astype(np.float64))
            shares.append(share * weight)
    rows, truth, share = map(np.concatenate, (parts, truths, shares))
    share *= len(share) / share.sum() / 10
    weights, penalty = np.zeros(rows.shape[1]), PENALTY * np.eye(rows.shape[1])
    penalty[0, 0] = 1e-6
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (truth - chance)) - penalty @ weights
        curve = (rows * (share * chance * (1 - chance))[:, None]).T @ rows + penalty
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def dropped(seen: Described) -> np.ndarray:
    """Bool [pairs]: by our rules with the default limits."""
    reasons = drop_reasons(seen, probabilities(seen), SentenceLimits())
    return reasons.is_valid().to_numpy(zero_copy_only=False)


def by_peer(sample: Sample, peer: str) -> tuple[np.ndarray, dict[str, np.ndarray], float]:
    """Bool [pairs] by all of OpusFilter's rules, by each, and the seconds."""
    pairs = list(zip(sample.planted.lefts, sample.planted.rights, strict=True))
    request = {"languages": ["en", sample.language], "pairs": pairs}
    run = subprocess.run([peer, str(PEER)], input=json.dumps(request), capture_output=True,
                         text=True, check=True)  # fmt: skip
    answer = json.loads(run.stdout)
    each = {name: ~np.array(accepted) for name, accepted in answer["accepted"].items()}
    return np.any(list(each.values()), axis=0), each, sum(answer["seconds"].values())


def table(title: str, rows: list[tuple[Sample, np.ndarray]]) -> None:
    """Print the share dropped of every kind; of the good ones by language too."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for sample, gone in rows:
        for kind in ("good", *KINDS):
            mine = sample.kinds == kind
            totals[kind][0] += int(mine.sum())
            totals[kind][1] += int((mine & gone).sum())
            if kind == "good":
                totals[f"good {sample.language}"][0] += int(mine.sum())
                totals[f"good {sample.language}"][1] += int((mine & gone).sum())
    print(f"{title}: share dropped")
    for kind, (count, gone_count) in totals.items():
        print(f"  {kind:<12}{count:>7}{gone_count / max(count, 1):>8.3f}")


def calibration(chosen: list[Sample]) -> None:
    """Print how often pairs of about the same score are good, in a sample of SHARE_GOOD."""
    scores = np.concatenate([probabilities(s.with_lexicon) for s in chosen])
    good = np.concatenate([s.kinds == "good" for s in chosen])
    share = np.where(good, SHARE_GOOD / good.sum(), (1 - SHARE_GOOD) / (~good).sum())
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        mine = (scores >= low) & (scores < high)
        mean = np.average(scores[mine], weights=share[mine])
        true = np.average(good[mine], weights=share[mine])
        print(f"  score {low:.2f}-{min(high, 1):.2f}: mean {mean:.3f}, good {true:.3f}")


def speed(chosen: list[Sample]) -> float:
    """Megabytes of both sides described from Python strings onwards, by CPU second."""
    from bitext_pairs import given

    from stages.bilingual.scoring import describe_kernels

    size = sum(len((a + b).encode()) for s in chosen
               for a, b in zip(s.planted.lefts, s.planted.rights, strict=True))  # fmt: skip
    sides = [[given([s.planted.lefts]), given([s.planted.rights])] for s in chosen]
    from stages.bilingual.alignment.units import folded_characters
    from stages.bilingual.numbers.number_words import number_words
    from stages.text_kernels import character_classes

    tables = (*character_classes(), *folded_characters(), *number_words())
    start = time.process_time()
    for left, right in sides:
        out = np.zeros(len(left) * describe_kernels.COLUMNS, np.float32)
        hashes = np.empty(len(left), np.uint64), np.empty(len(left), np.uint64)
        describe_kernels.describe_pairs(
            left.data, left.starts, left.ends, right.data, right.starts, right.ends, *tables, out,
            *hashes,
        )  # fmt: skip
    return size / 1e6 / (time.process_time() - start)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--languages", default=LANGUAGES)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--peer")
    parser.add_argument("--pages", type=int, default=120, help="at most, of a source and language")
    parser.add_argument("--pairs", type=int, default=300, help="good ones, of the same")
    options = parser.parse_args()
    found = samples(options.data, options.languages.split(","), options.pages, options.pairs)
    held = [sample for sample in found if sample.source in HELD_OUT]
    seen = [sample for sample in found if sample.source not in HELD_OUT]
    if options.fit:
        for name, weight in zip(FEATURES, fit(seen), strict=True):
            print(f"{name}: {weight:.3f}")
        return
    table("fitted sources", [(s, dropped(s.with_lexicon)) for s in seen])
    table("held-out sources", [(s, dropped(s.with_lexicon)) for s in held])
    table("held-out sources, no lexicon", [(s, dropped(s.without)) for s in held])
    calibration(held)
    print(f"describing: {speed(held):.1f} MB/s")
    if options.peer:
        answers = [(s, *by_peer(s, options.peer)) for s in held]
        table("held-out sources, OpusFilter", [(s, gone) for s, gone, _, _ in answers])
        mild = [(s, np.any([gone for name, gone in each.items() if name not in STRICT], axis=0))
                for s, _, each, _ in answers]  # fmt: skip
        table(f"held-out sources, OpusFilter without {', '.join(STRICT)}", mild)
        for name in answers[0][2]:
            table(f"OpusFilter {name}", [(s, each[name]) for s, _, each, _ in answers])
        size = sum(len((a + b).encode()) for s in held
                   for a, b in zip(s.planted.lefts, s.planted.rights, strict=True))  # fmt: skip
        print(f"OpusFilter: {size / 1e6 / sum(answer[3] for answer in answers):.2f} MB/s")


if __name__ == "__main__":
    main()
