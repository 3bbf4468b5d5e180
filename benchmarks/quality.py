"""Quality signals and rules: MB/s of one core, beside datatrove's filters and reading the bytes.

    python benchmarks/quality.py DATA [--peer PYTHON] [--megabytes 2]

DATA is a folder of JSONL.zst files (``text``, ``lang``). Of each language every n-th document of
all files is taken, so many that they have that many megabytes; ours and the peer's filters get the
same. PYTHON is the interpreter of datatrove's environment (``peer_quality.py`` says which).

MB are UTF-8 bytes; seconds are those of one thread, the best of five runs of ours, one run of the
peer's. "All" is the stage with all signals and rules; a family alone is the stage with only its
rules and what they need; "reading" is NumPy's sum over the same bytes, far more than caches hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import zstandard

from formats.buffers import text_buffers
from stages.quality.quality import Quality
from stages.quality.rules import FAMILIES

LANGUAGES = ("zh", "th", "ar", "en", "fr")
RUNS = 5
READING_BYTES = 256_000_000
LONGEST_DOCUMENT = 300_000
"""Characters; spaCy refuses more than a million."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", metavar="PYTHON", help="python of datatrove's environment")
    parser.add_argument("--megabytes", type=float, default=2, help="text of each language")
    options = parser.parse_args()
    texts = samples(options.data, LANGUAGES, int(options.megabytes * 1e6))
    theirs = run_peer(options.peer, texts) if options.peer else {}
    print_speed(texts, theirs)


def samples(data: Path, languages: tuple[str, ...], text_bytes: int) -> dict[str, list[str]]:
    """Documents of each language from all files, evenly, about so many bytes together."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(data.glob("*.jsonl.zst")):
        with path.open("rb") as file:
            for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
                row = orjson.loads(line)
                if row["lang"] in languages and len(row["text"]) < LONGEST_DOCUMENT:
                    found[row["lang"]].append(row["text"])
    return {name: evenly(found[name], text_bytes) for name in languages}


def evenly(texts: list[str], text_bytes: int) -> list[str]:
    """Every n-th text."""
    total = sum(len(text.encode()) for text in texts)
    return texts[:: max(1, round(total / text_bytes))]


def size_of(texts: list[str]) -> float:
    """Megabytes of UTF-8."""
    return sum(len(text.encode()) for text in texts) / 1e6


def run_peer(python: str, texts: dict[str, list[str]], *options: str) -> dict[str, Any]:
    """What ``peer_quality.py`` says of these documents."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(texts, file)
        file.flush()
        script = str(Path(__file__).with_name("peer_quality.py"))
        command = [python, script, file.name, *options]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    results: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return results


def best_seconds(work: Callable[[], object]) -> float:
    """Thread seconds of the fastest run; the first one, which loads kernels, does not count."""
    work()
    seconds = []
    for _ in range(RUNS):
        started = time.thread_time()
        work()
        seconds.append(time.thread_time() - started)
    return min(seconds)


def batch_of(texts: list[str], language: str) -> pa.RecordBatch:
    """A batch as the stage gets it."""
    columns = {
        "text": pa.array(texts, pa.large_string()),
        "lang": pa.array([language] * len(texts)),
    }
    return pa.record_batch(columns)


def reading_speed(texts: list[str]) -> float:
    """MB/s of a sum over the bytes of the texts, repeated until no cache holds them."""
    data, _ = text_buffers(pa.array(texts, pa.large_string()))
    words = np.resize(data[: len(data) // 8 * 8].view(np.uint64), READING_BYTES // 8)
    return READING_BYTES / 1e6 / best_seconds(words.sum)


def print_speed(texts: dict[str, list[str]], theirs: dict[str, Any]) -> None:
    """A row per language; then the rates over all of them together."""
    columns = ["all", *FAMILIES, "reading"]
    header = f"{'':8}{'MB':>6}{'docs':>7}" + "".join(f"{name:>12}" for name in columns)
    if theirs:
        header += f"{'datatrove':>12}{'ratio':>8}  (its filters; tokenizer)"
    print("MB/s of one core\n" + header)
    totals: dict[str, float] = defaultdict(float)
    for language, documents in texts.items():
        size = size_of(documents)
        batch = batch_of(documents, language)
        stages = {"all": Quality()} | {
            family: Quality(rules=[family], signals="rules") for family in FAMILIES
        }
        seconds = {name: best_seconds(partial(s.apply, batch)) for name, s in stages.items()}
        seconds["reading"] = size / reading_speed(documents)
        rates = "".join(f"{size / seconds[name]:12.1f}" for name in columns)
        print(f"{language:8}{size:6.1f}{len(documents):7,}{rates}", end="")
        if theirs:
            peer = theirs[language]
            seconds["datatrove"] = sum(peer["seconds"].values())
            parts = ", ".join(f"{name} {size / s:.2f}" for name, s in peer["seconds"].items())
            print(f"{size / seconds['datatrove']:12.3f}", end="")
            print(f"{seconds['datatrove'] / seconds['all']:8.0f}  ({parts}; {peer['tokenizer']})")
        else:
            print()
        totals["MB"] += size
        totals["documents"] += len(documents)
        for name, value in seconds.items():
            totals[name] += value
    rates = "".join(f"{totals['MB'] / totals[name]:12.1f}" for name in columns)
    print(f"{'together':8}{totals['MB']:6.1f}{totals['documents']:7,.0f}{rates}", end="")
    if theirs:
        print(f"{totals['MB'] / totals['datatrove']:12.3f}", end="")
        print(f"{totals['datatrove'] / totals['all']:8.0f}", end="")
    print()


if __name__ == "__main__":
    main()
