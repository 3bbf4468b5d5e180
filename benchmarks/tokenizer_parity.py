"""What ``tokenizer-evaluate --suggest`` brings, judged on a source that no weight was chosen on.

    python benchmarks/tokenizer_parity.py DATA OUT [--bound 1.3] [--apart bilingual_NAME] [--swap]

DATA is the development data, OUT takes the split and the tokenizers. One parallel source is kept
apart from training as a whole. Of the others one page in five, with all its translations, is kept
from training too. Weights are chosen on the source apart and judged on the pages of the others,
with ``--swap`` the other way round. Everything else is learned from, once with the usual balance
and once as suggested; both from the same counts. Languages that only the text judged on has keep
their weight, and show what the others cost them.

Printed: premiums over English and bytes per token before and after, on the source judged on, what
all held-out text costs more, and the seconds of each trial.
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
from tokenizer_train.settings import TokenizerOptions
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
    before, after = str(given.out / "before"), str(given.out / "after")
    train(input_documents([f"{given.out}/train/*"]), before, options)
    trained = read_trained(before)
    choose, judged = (read_pairs(given.out / part) for part in ("apart", "pages"))
    if given.swap:
        choose, judged = judged, choose
    started = time.perf_counter()
    suggestion = suggest_shares(trained, choose, given.bound)
    seconds = time.perf_counter() - started
    shares = options.model_copy(update={"language_shares": suggestion.shares})
    train([], after, shares, counts=[trained.counts])
    show(given, suggestion, seconds, judge(before, judged), judge(after, judged))


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


def show(
    given: argparse.Namespace, suggestion: Suggestion, seconds: float, before: Any, after: Any
) -> None:
    """Print it."""
    first, best, trials = suggestion.before, suggestion.after, suggestion.search.trials
    table = Table(
        f"{given.vocab:,} entries", "share before", "after", "chosen on: before", "after",
        "judged on: before", "after", "bytes/token before", "after",
        title="premium over English",
    )  # fmt: skip
    present = [*before["premium"], "en", *(n for n in first.premiums if n not in before["premium"])]
    for name in [*(n for n in NAMED if n in present), *(n for n in present if n not in NAMED)]:
        table.add_row(
            name,
            *(f"{trial.shares.get(name, 0.0):.2%}" for trial in (first, best)),
            *(_figure(trial.premiums.get(name)) for trial in (first, best)),
            *(_figure(one["premium"].get(name)) for one in (before, after)),
            *(_figure(one["bytes_per_token"].get(name)) for one in (before, after)),
        )
    Console(width=130).print(table)
    for trial in trials:
        print(f"trial: worst {trial.worst}, held-out tokens {trial.held_out_tokens:,}")
    for title, one in (("before", before), ("after", after)):
        worst = one["worst"]
        print(f"judged {title}: worst {worst['premium']:.3f} ({worst['language']}), "
              f"Gini {one['gini']:.3f}, tokens {one['tokens']:,}")  # fmt: skip
        chosen = {n: p for n, p in one["premium"].items() if n in first.premiums}
        dearest = max(chosen, key=lambda name: chosen[name])
        print(f"  of those weights were chosen for: {chosen[dearest]:.3f} ({dearest})")
    print(f"judged tokens {after['tokens'] / before['tokens'] - 1:+.2%}, held-out tokens "
          f"{best.held_out_tokens / first.held_out_tokens - 1:+.2%}")  # fmt: skip
    print(f"{len(trials)} trials, {seconds / len(trials):.1f} s each")
    print("chosen:", *suggestion.notes(), sep="\n  ")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
