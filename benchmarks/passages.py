"""Repeated paragraphs and passages: what is found, how fast, in how much memory; beside others.

    python benchmarks/passages.py DATA [--peer PEER_PYTHON] [--suffix-array PEER_PYTHON]

DATA is a folder of JSONL.zst files (``text``, ``lang``). ``--peer``: an environment with datatrove
(see ``peer_passages.py``); ``--suffix-array``: one with pydivsufsort (``peer_suffix_array.py``).
Every run is a process of its own, inline; seconds are of its CPU.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import zstandard

BOILERPLATE = [
    # file, unit, what every copy holds, what it is
    ("bilingual_iot-for-beginners", "paragraph", "co-op-translator", "translated disclaimer"),
    ("mono_ja_aozora", "line", "このファイルは、インターネットの図書館、青空文庫", "colophon"),
]
LIMIT = 5
"""Documents that may have a paragraph: the stage's own default."""
SAMPLE = ("bilingual_iot-for-beginners", "mono_en_classic-books", "mono_th_thaigov")
SUFFIXES = "mono_en_digitalgov"
SURE, LEAST = 200, 100


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def run_stages(work: Path, paths: Iterable[Path], *stages: dict[str, Any]) -> dict[str, Any]:
    """Run a recipe in a process of its own; its summary."""
    import yaml

    recipe = {
        "run": {"name": "passages", "out": str(work / "run")},
        "sources": [{"name": "data", "read": "jsonl", "paths": [str(path) for path in paths]}],
        "stages": list(stages),
    }
    (work / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    command = [sys.executable, "-m", "pipeline", "run", str(work / "recipe.yaml"), "--fresh"]
    before = children_seconds()
    subprocess.run([*command, "--engine", "inline"], check=True, capture_output=True)
    summary: dict[str, Any] = json.loads((work / "run" / "summary.json").read_text())
    return summary | {"cpu_seconds": children_seconds() - before}


def children_seconds() -> float:
    """CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cut_by(work: Path, stage: str) -> list[dict[str, Any]]:
    """The audit of a stage."""
    files = sorted((work / "run" / "cut" / stage).glob("*.parquet"))
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def documents_of(work: Path, columns: list[str]) -> list[dict[str, Any]]:
    """The kept documents."""
    files = sorted((work / "run" / "documents").glob("*.parquet"))
    return [row for path in files for row in pq.read_table(path, columns=columns).to_pylist()]


def report_boilerplate(data: Path) -> None:
    """How many copies of known boilerplate are cut, and how many stay."""
    print("known boilerplate  copies  languages  wordings  copies to go  gone  documents dropped")
    for name, unit, mark, what in BOILERPLATE:
        path = data / f"{name}.jsonl.zst"
        separator = r"\n\s*\n" if unit == "paragraph" else r"\n"
        copies: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, row in enumerate(rows_of(path)):
            for part in re.split(separator, row["text"]):
                if mark in part:
                    copies[row["lang"], *re.findall(r"\w+", part.lower())].append(number)
        frequent = [found for found in copies.values() if len(set(found)) > LIMIT]
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            settings = {"unit": unit, "max_documents": LIMIT, "min_characters_left": 1}
            summary = run_stages(work, [path], {"paragraph_dedup": settings})
            cut = sum(mark in row["text"] for row in cut_by(work, "paragraph_dedup"))
            dropped = summary["funnel"][0]["dropped"]["documents"]
        languages = len({key[0] for key in copies})
        total, to_go = (sum(map(len, some)) for some in (copies.values(), frequent))
        counts = (total, languages, len(copies), to_go - len(frequent), cut, dropped)
        print("  ".join([f"{name}: {what}", *map(str, counts)]))


def stage_line(name: str, summary: dict[str, Any], nothing: dict[str, Any]) -> str:
    """What a stage adds to a run that only reads and writes: CPU seconds, MB/s; memory in all."""
    megabytes = summary["input"]["text_bytes"] / 1e6
    seconds = max(summary["cpu_seconds"] - nothing["cpu_seconds"], 0.01)
    peak = summary["peak_worker_memory_bytes"] / 1e6
    return f"{name}  {seconds:.2f} s  {megabytes / seconds:.0f} MB/s  {peak:.0f} MB"


def report_speed(data: Path, peer: str | None) -> None:
    """Rates over all of the data, and beside plain Python and datatrove on one file."""
    print("\nstage  CPU seconds  rate  peak memory of the process, reading included")
    everything = sorted(data.glob("*.jsonl.zst"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        nothing = run_stages(work, everything)
        size, peak = nothing["input"]["text_bytes"], nothing["peak_worker_memory_bytes"]
        print(f"only read and written, {size / 1e6:.0f} MB  {nothing['cpu_seconds']:.2f} s  "
              f"{peak / 1e6:.0f} MB")  # fmt: skip
        for stage in ("paragraph_dedup", "substring_dedup"):
            summary = run_stages(work, everything, {stage: {}})
            print(stage_line(stage, summary, nothing))
            print("   ", counted(summary))
    report_lines([data / f"{name}.jsonl.zst" for name in SAMPLE], peer)


def report_lines(paths: list[Path], peer: str | None) -> None:
    """Lines that stand twice: the stage, plain Python, datatrove."""
    print(f"\nrepeated lines of {', '.join(SAMPLE)}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        line = {"unit": "line", "max_documents": 1, "scope": "all", "min_characters_left": 1}
        nothing = run_stages(work, paths)
        summary = run_stages(work, paths, {"paragraph_dedup": line})
        print(stage_line("paragraph_dedup", summary, nothing))
        megabytes, seconds = summary["input"]["text_bytes"] / 1e6, summary["cpu_seconds"]
        print(f"the same, reading and writing included  {seconds:.2f} s  "
              f"{megabytes / seconds:.1f} MB/s")  # fmt: skip
        texts = [row["text"] for path in paths for row in rows_of(path)]
        started = time.process_time()
        plain_lines(texts)
        seconds = time.process_time() - started
        print(f"plain Python, counted only  {seconds:.2f} s  {megabytes / seconds:.1f} MB/s")
        if peer:
            (work / "in").mkdir()
            with open(work / "in" / "sample.jsonl", "w", encoding="utf-8") as out:
                for path in paths:
                    for row in rows_of(path):
                        out.write(json.dumps(row | {"meta": {}}, ensure_ascii=False) + "\n")
            script = str(Path(__file__).with_name("peer_passages.py"))
            told = run_peer([peer, script, str(work / "in"), str(work / "peer")])
            rate, peak = megabytes / told["seconds"], told["peak_memory_bytes"] / 1e6
            print(f"datatrove, reading and writing included  {told['seconds']:.2f} s  "
                  f"{rate:.2f} MB/s  {peak:.0f} MB")  # fmt: skip


def counted(summary: dict[str, Any]) -> str:
    """What was cut and dropped."""
    [repair] = summary["repairs"]
    documents = sum(found["documents"] for found in repair["languages"].values())
    times = sum(found["times"] for found in repair["languages"].values())
    dropped = summary["funnel"][0]["dropped"]["documents"]
    lost = summary["input"]["text_bytes"] - summary["kept"]["text_bytes"]
    return f"{times:,} ranges cut in {documents:,} documents, {dropped:,} dropped, {lost:,} bytes"


def plain_lines(texts: list[str]) -> int:
    """Lines of eight words or more that an earlier line equals but for case and punctuation."""
    seen = set()
    repeated = 0
    for text in texts:
        for line in text.split("\n"):
            words = re.findall(r"\w+", line.lower())
            if len(words) < 8:
                continue
            key = hash(tuple(words))
            repeated += key in seen
            seen.add(key)
    return repeated


def report_suffix_array(data: Path, peer: str) -> None:
    """What share of all repeats is cut, and whether anything else is."""
    path = data / f"{SUFFIXES}.jsonl.zst"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        read = run_stages(work, [path])
        documents = sorted(documents_of(work, ["id", "text"]), key=lambda row: row["id"])
        texts = [row["text"].encode() for row in documents]
        begins = np.cumsum([0, *(len(text) + 1 for text in texts[:-1])])
        starts = dict(zip((row["id"] for row in documents), begins, strict=True))
        (work / "text").write_bytes(b"\xff".join(texts) + b"\xff")
        script = str(Path(__file__).with_name("peer_suffix_array.py"))
        marks, told = {}, {}
        for length in (LEAST, SURE):
            out = f"{work}/repeated-{length}.npy"
            told = run_peer([peer, script, str(work / "text"), str(length), out])
            marks[length] = np.load(out)
        settings = {"min_characters": LEAST, "sure_characters": SURE, "min_characters_left": 1}
        summary = run_stages(work, [path], {"substring_dedup": settings})
        cut = np.zeros(len(marks[SURE]), np.bool_)
        for row in cut_by(work, "substring_dedup"):
            cut[starts[row["id"]] + row["begin"] : starts[row["id"]] + row["end"]] = True
        kept = {row["id"] for row in documents_of(work, ["id"])}
        for row, text in zip(documents, texts, strict=True):
            if row["id"] not in kept:
                cut[starts[row["id"]] : starts[row["id"]] + len(text)] = True
        megabytes = read["input"]["text_bytes"] / 1e6
        print(f"\nrepeats of {SUFFIXES}, {megabytes:.1f} MB")
        print(stage_line("substring_dedup", summary, read))
        print(f"suffix array  {told['seconds']:.2f} s  {megabytes / told['seconds']:.1f} MB/s  "
              f"{told['peak_memory_bytes'] / 1e6:.0f} MB")  # fmt: skip
        truth = marks[SURE]
        print(f"bytes of repeats of {SURE} bytes or more: {truth.sum():,}; of them cut: "
              f"{(truth & cut).sum() / max(truth.sum(), 1):.4f}")  # fmt: skip
        print(f"bytes cut: {cut.sum():,}; of them in a repeat of {LEAST} bytes or more: "
              f"{(cut & marks[LEAST]).sum() / max(cut.sum(), 1):.4f}")  # fmt: skip


def run_peer(command: list[str]) -> dict[str, Any]:
    """The JSON that a peer prints last."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", help="Python with datatrove")
    parser.add_argument("--suffix-array", help="Python with pydivsufsort")
    arguments = parser.parse_args()
    report_boilerplate(arguments.data)
    report_speed(arguments.data, arguments.peer)
    if arguments.suffix_array:
        report_suffix_array(arguments.data, arguments.suffix_array)


if __name__ == "__main__":
    main()
