"""Wrong sentence pairs planted among good ones: how many are caught, how many good ones are lost.

    python benchmarks/bitext_filters.py DATA [--unseen FOLDER] [--peer PEER_PYTHON]

DATA is a folder of ``bilingual_*.jsonl.zst`` files. The network that judges was fitted
(``bitext_fit.py``) on the sources that are not in ``HELD_OUT``. FOLDER has further sources in the
same form (``bitext_verses.py`` makes one). PEER_PYTHON is the Python of an environment with
opusfilter.
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
from bitext_pairs import KINDS, MISPLACED, Planted, described, learn, plant, read_corpus, shares

from stages.bilingual.scoring.describing import Described
from stages.bilingual.scoring.probability import probabilities
from stages.bilingual.scoring.rules import SentenceLimits, drop_reasons

LANGUAGES = "zh,th,ar,fr,ja,ru,de,ko,vi,es"
UNSEEN_LANGUAGES = f"{LANGUAGES},id,tr,ur,bn,pt,sv,hi"
HELD_OUT = {"iot-for-beginners", "react-docs"}
PEER = Path(__file__).with_name("peer_opusfilter.py")
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


def reliability(chosen: list[Sample]) -> None:
    """Print how often pairs of about the same score are good, in a sample most of which is."""
    scores = np.concatenate([probabilities(s.with_lexicon) for s in chosen]).astype(np.float64)
    good = np.concatenate([s.kinds == "good" for s in chosen])
    share = np.concatenate([shares(s.kinds) for s in chosen]) / len(chosen)
    bins = np.minimum((scores * 10).astype(np.int64), 9)
    error = 0.0
    for number in range(10):
        mine = bins == number
        mean, true = (np.average(v[mine], weights=share[mine]) for v in (scores, good))
        error += share[mine].sum() * abs(mean - true)
        place = f"{number / 10:.1f}-{(number + 1) / 10:.1f}"
        print(f"  score {place}: mean {mean:.3f}, good {true:.3f}, share {share[mine].sum():.4f}")
    print(f"  expected calibration error {error:.4f}")


def speed(chosen: list[Sample]) -> float:
    """Megabytes of both sides described from Python strings onwards, by CPU second."""
    from bitext_pairs import given

    from stages.bilingual.scoring import describe_kernels

    size = sum(len((a + b).encode()) for s in chosen
               for a, b in zip(s.planted.lefts, s.planted.rights, strict=True))  # fmt: skip
    sides = [[given([s.planted.lefts]), given([s.planted.rights])] for s in chosen]
    from stages.bilingual.alignment.units import folded_characters
    from stages.bilingual.numbers.months import month_table
    from stages.bilingual.numbers.number_words import number_words
    from stages.text_kernels import character_classes

    tables = (*character_classes(), *folded_characters(), *number_words(), *month_table())
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
    parser.add_argument("--unseen", type=Path, help="a folder of further sources")
    parser.add_argument("--peer")
    parser.add_argument("--pages", type=int, default=120, help="at most, of a source and language")
    parser.add_argument("--pairs", type=int, default=300, help="good ones, of the same")
    options = parser.parse_args()
    found = samples(options.data, options.languages.split(","), options.pages, options.pairs)
    held = [sample for sample in found if sample.source in HELD_OUT]
    seen = [sample for sample in found if sample.source not in HELD_OUT]
    table("fitted sources", [(s, dropped(s.with_lexicon)) for s in seen])
    table("held-out sources", [(s, dropped(s.with_lexicon)) for s in held])
    table("held-out sources, no lexicon", [(s, dropped(s.without)) for s in held])
    reliability(held)
    if options.unseen:
        more = samples(options.unseen, UNSEEN_LANGUAGES.split(","), options.pages, options.pairs)
        table("further sources", [(s, dropped(s.with_lexicon)) for s in more])
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
