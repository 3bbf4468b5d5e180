"""What ``--suggest`` and ``--balance parity`` bring, judged on a source that nothing was chosen on.

    python benchmarks/tokenizer_parity.py DATA OUT [--bound 1.3] [--apart bilingual_NAME] [--swap]

DATA is the development data, OUT takes the split and the tokenizers. One parallel source is kept
apart from training as a whole. Of the others one page in five, with all its translations, is kept
from training too. Weights and merges are chosen on the source apart and judged on the pages of the
others, with ``--swap`` the other way round. Everything else is learned from, always from the same
counts: with the usual balance, as suggested, by parity, and by parity after half of the merges.
Languages that only the text judged on has keep their weight, and show what the others cost them.

Printed: premiums over English and bytes per token of each, on the source judged on; the worst, what
all held-out text costs, and the seconds of this process for each training from counts.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

import orjson
import xxhash
from rich.console import Console
from rich.table import Table
from tokenizer_quality import NAMED, lines_of

from formats.quarantine import Quarantine
from tokenizer_evaluate.candidates import read_candidate
from tokenizer_evaluate.evaluate import compare_pairs
from tokenizer_evaluate.suggest import Suggestion, read_trained, suggest_shares
from tokenizer_evaluate.use import tokens_per_text
from tokenizer_train.documents import input_documents
from tokenizer_train.parallel import Parallel, read_parallel
from tokenizer_train.settings import ParityOptions, TokenizerOptions
from tokenizer_train.train import train

KEPT_OF = 5
"""One page in so many is kept from training."""


def main() -> None:
    """Split, train, suggest, train, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--bound", type=float, default=1.3)
    parser.add_argument("--apart", default="bilingual_iot-for-beginners")
    parser.add_argument("--swap", action="store_true")
    parser.add_argument("--vocab", type=int, default=100_534)
    parser.add_argument("--sample-bytes", default="120MB")
    parser.add_argument("--balance", type=float, default=0.3, help="temperature before")
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    for path in sorted(given.data.glob("*.jsonl.zst")):
        split(path, given.out, given.apart)
    options = TokenizerOptions(
        vocab=given.vocab, sample_bytes=given.sample_bytes, language_temperature=given.balance
    )
    before = str(given.out / "before")
    train(input_documents([f"{given.out}/train/*"]), before, options)
    trained = read_trained(before)
    choose, judge_by = ("pages", "apart") if given.swap else ("apart", "pages")
    started = time.process_time()
    suggestion = suggest_shares(trained, read_pairs(given.out / choose), given.bound)
    searched = time.process_time() - started
    parity = ParityOptions(parallel=[f"{given.out}/{choose}/*"])
    half = parity.model_copy(update={"global_share": 0.5})
    balances: dict[str, dict[str, Any]] = {
        "usual": {},
        "suggested": {"language_shares": suggestion.shares},
        "parity": {"parity": parity},
        "half parity": {"parity": half},
    }
    judged_on = read_pairs(given.out / judge_by)
    found = {
        name: learn_and_judge(
            f"{given.out}/{name}", trained.counts, options.model_copy(update=change), judged_on
        )
        for name, change in balances.items()
    }
    show(given, suggestion, found)
    print(f"suggested: {searched:.1f} s more for {len(suggestion.search.trials)} trials")


def learn_and_judge(
    folder: str, counts: str, options: TokenizerOptions, judged_on: Parallel
) -> dict[str, Any]:
    """Train from counts alone; what came of it, with the seconds and what was chosen by."""
    started = time.process_time()
    training = train([], folder, options, counts=[counts]).training
    seconds = time.process_time() - started
    chosen = training.get("parity", {"languages": {}})["languages"]
    return judge(folder, judged_on) | {
        "seconds": seconds,
        "held_out_rate": training["bytes_per_token"],
        "chosen": {name: language["premium"] for name, language in chosen.items()},
        "merges": {name: language["merges"] for name, language in chosen.items()},
    }


def split(path: Path, out: Path, apart: str) -> None:
    """Copy each document of a file to ``out/train``, ``out/pages`` or ``out/apart``."""
    name = path.name.removesuffix(".jsonl.zst")
    lines: dict[str, list[bytes]] = {"train": [], "pages": [], "apart": []}
    for line in lines_of(path):
        part = "apart" if name == apart else "train"
        if name.startswith("bilingual") and part == "train":
            key = str(orjson.loads(line)["pair_key"])
            kept = xxhash.xxh3_64_intdigest(f"page\0{key}".encode()) % KEPT_OF == 0
            part = "pages" if kept else "train"
        lines[part].append(line)
    for part in lines:
        if lines[part]:
            (out / part).mkdir(parents=True, exist_ok=True)
            (out / part / f"{name}.jsonl").write_bytes(b"".join(lines[part]))


def read_pairs(folder: Path) -> Parallel:
    """The parallel text of a folder."""
    return read_parallel(input_documents([f"{folder}/*"]), Quarantine(on_error="fail"))


def judge(folder: str, parallel: Parallel) -> dict[str, Any]:
    """Premiums, worst, Gini and tokens, by the real encoder on the real text."""
    candidate = read_candidate(folder)
    tokens = tokens_per_text(candidate, parallel)
    ours, theirs = parallel.sums(tokens)
    sizes, pivot_sizes = parallel.sums(parallel.lengths())
    rates = dict(zip(parallel.languages, sizes / ours, strict=True))
    return compare_pairs(candidate, parallel) | {
        "tokens": int(tokens.sum()),
        "bytes_per_token": rates | {parallel.pivot: pivot_sizes.sum() / theirs.sum()},
    }


def show(given: argparse.Namespace, suggestion: Suggestion, found: dict[str, Any]) -> None:
    """Print it."""
    first, best = suggestion.before, suggestion.after
    chosen = {
        "usual": first.premiums,
        "suggested": best.premiums,
        **{name: one["chosen"] for name, one in found.items() if one["chosen"]},
    }
    usual = found["usual"]
    present = [*usual["premium"], "en", *(n for n in first.premiums if n not in usual["premium"])]
    for title, figures in (
        ("premium over English where it was chosen", chosen),
        ("premium where it is judged", {name: one["premium"] for name, one in found.items()}),
        ("bytes per token there", {name: one["bytes_per_token"] for name, one in found.items()}),
    ):
        table = Table(f"{given.vocab:,} entries", *figures, title=title)
        for name in [*(n for n in NAMED if n in present), *(n for n in present if n not in NAMED)]:
            table.add_row(name, *(_figure(one.get(name)) for one in figures.values()))
        Console(width=100).print(table)
    for name, one in found.items():
        served = {n: p for n, p in one["premium"].items() if n in first.premiums}
        dearest = max(served, key=lambda language: served[language])
        worst = one["worst"]
        print(
            f"{name}: chosen by {max(chosen[name].values()):.3f}, judged {served[dearest]:.3f} "
            f"({dearest}), of all languages {worst['premium']:.3f} ({worst['language']}), "
            f"Gini {one['gini']:.3f}; tokens judged {one['tokens'] / usual['tokens'] - 1:+.2%}, "
            f"held out {usual['held_out_rate'] / one['held_out_rate'] - 1:+.2%}; "
            f"{one['seconds']:.1f} s"
        )
        if one["merges"]:
            print("  merges:", ", ".join(f"{n} {m:,}" for n, m in one["merges"].items()))
    print("chosen:", *suggestion.notes(), sep="\n  ")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
