"""Near-duplicates: recall and precision, speed and memory beside other tools, growth.

    python benchmarks/dedup.py DATA [--peers PYTHON] [--trove PYTHON] [--parts quality,peers,…]

DATA is a folder with ``neardup/neardup_*_docs.jsonl.zst`` and ``*_pairs.jsonl.zst`` (all pairs
with their exact Jaccard of word 5-grams), and ``mono_*.jsonl.zst``. ``peer_dedup.py`` says how to
install the peers; ``--peers`` and ``--trove`` are the pythons of their environments. Parts:

quality   every set, by verify and linkage: pairs of 0.85 and more found, removals justified
peers     the sets together through every tool: MB/s end to end from JSONL, peak memory, quality
growth    1, 2, 4 and 8 times perturbed development data: seconds and peak memory
giants    200,000 copies, 100,000 near-copies, a drifting chain and a template of 30,000
paper     what 10 TB on 100 nodes would take, from the rates of ``growth``

Every run is a process of its own, one worker, kernels compiled before; CPU seconds are its own,
so that a busy machine does not enter them. MB are UTF-8 text. Ours
reads JSONL, signs, deduplicates, writes kept and removed documents to Parquet and a report; the
peers write less.
A pair is found when not both of its documents stay; a removal is justified when a document that
stays has an exact Jaccard of at least 0.8 to it.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import zstandard

ROOT = Path(__file__).resolve().parents[1]
SETS = ("en_otel", "multi_fastapi", "zh_pingcap")
PARTS = ("quality", "peers", "growth", "giants", "paper")
Documents = list[dict[str, str]]
LIMIT = 1800
"""Seconds after which a run is given up."""
DOCUMENTS_OF_A_FILE = 5000
"""As a crawl comes: many files. A file being read is mapped, and its pages count as memory."""

OURS = """
import json, sys, time
from formats.precompile import compile_kernels
from formats.run_folder import RunFolder
from pipeline.recipe_file import load_recipe
from pipeline.run import run
compile_kernels(2)
run(load_recipe(sys.argv[2]), engine="inline", live=False)  # imports; the peers' are left out too
started, before = time.perf_counter(), time.process_time()
outcome = run(load_recipe(sys.argv[1]), engine="inline", live=False)
seconds, cpu = time.perf_counter() - started, time.process_time() - before
status = open("/proc/self/status").read()  # ru_maxrss would count the parent's memory too
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
kept = [i for b in outcome.folder.documents(["original_id"]) for i in b.column(0).to_pylist()]
steps = {n: s["core_seconds"] for n, s in outcome.summary["steps"].items()}
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "kept": kept, "steps": steps,
                  "facts": outcome.summary["stages"]["minhash_dedup"]}))
"""


def main() -> None:
    """Measure the parts asked for, and print a table of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers", metavar="PYTHON", help="with datasketch, rensa, text-dedup")
    parser.add_argument("--trove", metavar="PYTHON", help="with datatrove")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--growth-mb", type=int, default=120, help="text of 1x at most")
    options = parser.parse_args()
    parts = options.parts.split(",")
    with tempfile.TemporaryDirectory(prefix="polymill-") as folder:
        work = Path(folder)
        if "quality" in parts:
            quality(options.data, work)
        if "peers" in parts:
            peers(options, work)
        rate = growth(options.data, work, options.growth_mb) if "growth" in parts else None
        if "giants" in parts:
            giants(work)
        if "paper" in parts:
            paper(rate or 40.0)


def quality(data: Path, work: Path) -> None:
    """Every set, by what decides."""
    print(
        "| set | verify, linkage | removed | pairs >= 0.85 found | removals justified | below 0.6 |"
    )
    print("|---|---|--:|--:|--:|--:|")
    for name in SETS:
        documents, truth = near_duplicates(data, name)
        for settings in ("verify: exact", "verify: signature", "linkage: connected"):
            got = ours(documents, work, settings)
            print(f"| {name} | {settings} | {scores(documents, truth, got['kept'])} |", flush=True)


def peers(options: argparse.Namespace, work: Path) -> None:
    """All sets together, every tool."""
    documents: Documents = []
    truth: dict[tuple[str, str], float] = {}
    for name in SETS:
        some, pairs = near_duplicates(options.data, name)
        documents += some
        truth |= pairs
    size = text_bytes(documents)
    print(f"\n{len(documents):,} documents, {size / 1e6:.1f} MB")
    print(
        "| tool | wall s | CPU s | MB/s of CPU | times ours | peak MB | removed | found "
        "| justified | below 0.6 |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    first = None
    for settings in ("verify: exact", "verify: signature"):
        got = ours(documents, work, settings)
        first = first or got["cpu"]
        report(f"ours, {settings}", got, size, first, scores(documents, truth, got["kept"]))
    asked = {"datasketch": options.peers, "rensa": options.peers, "text-dedup": options.peers,
             "datatrove": options.trove}  # fmt: skip
    path = work / "peers" / "documents.jsonl"
    write_lines(path, documents)
    for tool, python in asked.items():
        if python:
            script = str(ROOT / "benchmarks" / "peer_dedup.py")
            try:
                got = last_line([python, script, tool, str(path), str(work / f"peer-{tool}")])
            except subprocess.TimeoutExpired:
                print(f"| {tool} | did not finish in {LIMIT} s |", flush=True)
                continue
            report(tool, got, size, first or 1.0, scores(documents, truth, got["kept"]))
    got = ours(documents, work, "verify: exact")
    report("ours, verify: exact (again)", got, size, first or 1.0,
           scores(documents, truth, got["kept"]))  # fmt: skip


def report(tool: str, got: dict[str, Any], size: int, first: float, scored: str) -> None:
    """One line of the table of peers."""
    cpu = got["cpu"]
    print(
        f"| {tool} | {got['seconds']:.1f} | {cpu:.1f} | {size / 1e6 / cpu:.2f} | "
        f"{cpu / first:.1f} | {got['peak'] / 1e6:.0f} | {scored} |",
        flush=True,
    )


def growth(data: Path, work: Path, megabytes: int) -> float:
    """Perturbed copies: every copy has the near-duplicates of the first and none of another."""
    base: Documents = []
    for path in sorted(data.glob("mono_*.jsonl.zst")):
        some = list(lines(path))
        base += some[:: max(len(some) * len(list(data.glob("mono_*"))) // 40_000, 1)]
    while text_bytes(base) > megabytes * 1e6:
        base = base[::2]
    for name in SETS:
        base += near_duplicates(data, name)[0][::8]
    print("\n| size | MB | wall s | CPU s | MB/s of CPU | CPU/MB against 1x | peak MB | removed |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    once = rate = 0.0
    for times in (1, 2, 4, 8):
        documents = [perturbed(d, k) for k in range(times) for d in base]
        got = ours(documents, work, "verify: exact")
        size = text_bytes(documents)
        once = once or got["cpu"] / size
        rate = size / 1e6 / got["cpu"]
        print(
            f"| {times}x | {size / 1e6:.0f} | {got['seconds']:.1f} | {got['cpu']:.1f} | "
            f"{rate:.1f} | {got['cpu'] / size / once:.2f} | {got['peak'] / 1e6:.0f} | "
            f"{len(documents) - len(got['kept']):,} |",
            flush=True,
        )
    print(f"seconds by step, 8x: {got['steps']}")
    return rate


def perturbed(document: dict[str, str], copy: int) -> dict[str, str]:
    """A copy with a word of its own after every third one: no word 5-gram is as it was."""
    text = re.sub(
        r"(?:\w+\W+){3}|[\u0e00-\u0eff\u3040-\u9fff]{4}",
        lambda found: f"{found[0]} q{copy} ",
        document["text"],
    )
    return {"id": f"{document['id']}-{copy}", "text": text}


def giants(work: Path) -> None:
    """What is quadratic elsewhere."""
    words = [f"w{i}" for i in range(400)]
    shared = " ".join(words[:150])
    cases: dict[str, Iterable[str]] = {
        "200,000 copies": (shared for _ in range(200_000)),
        "100,000 near-copies": (f"{shared} item{i}" for i in range(100_000)),
        "a drifting chain of 30,000": (
            " ".join(f"v{j}" for j in range(3 * i, 3 * i + 150)) for i in range(30_000)
        ),
        "30,000 of a template at 0.75": (
            " ".join([*words[:180], *(f"u{i}x{k}" for k in range(30))]) for i in range(30_000)
        ),
    }
    print("\n| cluster | linkage | s | peak MB | kept |")
    print("|---|---|--:|--:|--:|")
    for name, texts in cases.items():
        documents = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
        for linkage in ("survivor", "connected"):
            got = ours(documents, work, f"linkage: {linkage}")
            print(
                f"| {name} | {linkage} | {got['seconds']:.1f} | {got['peak'] / 1e6:.0f} | "
                f"{len(got['kept']):,} |",
                flush=True,
            )


def paper(rate: float) -> None:
    """10 TB, 5e9 documents, 100 nodes of 16 cores; 40 % of the documents in clusters (assumed).

    A range is what one task reads of one file of another step. Bytes are written once and read
    once; a document in a cluster is taken to stand in three pairs.
    """
    documents, text, nodes, cores = 5e9, 10e12, 100, 16
    partition, bucket, batch = 256e6, 256 * 2**20, 2**17
    parts, alike = text / partition, 0.4 * documents
    bands, batches = documents * 18 * 16, alike / batch
    groups = alike * 3 * 16 / bucket
    ranges = parts * (bands / bucket + documents * 24 / bucket + 2 * batches) + 12 * groups**2
    moved = [2 * 0.5 * text, documents * 350 * 2, 2 * bands, 2 * documents * 24,
             2 * 0.4 * text, 4 * 2 * alike * 32, 0.3 * text]  # fmt: skip
    hours = text / (rate * 1e6) / 3600
    rows = [
        ("core-hours at the rate of 8x", f"{hours:,.0f}"),
        ("minutes of computing, 100 nodes of 16 cores", f"{hours * 60 / nodes / cores:.0f}"),
        ("moved in all: intermediate, keys, shuffles, results", f"{sum(moved) / 1e12:.0f} TB"),
        ("minutes to move it, 1 GB/s a node", f"{sum(moved) / nodes / 1e9 / 60:.0f}"),
        ("partitions of 256 MB, and files of a step", f"{parts:,.0f}"),
        ("shuffle of bands, 18 x 16 B a document", f"{bands / 1e12:.2f} TB"),
        ("buckets of 256 MB, and ranges of 7 kB", f"{bands / bucket:,.0f}, "
         f"{parts * bands / bucket:.1e}"),
        ("shuffle for copies, 24 B a document", f"{documents * 24 / 1e12:.2f} TB"),
        ("shuffle of texts", f"{text * 0.4 / 1e12:.1f} TB"),
        ("batches of 131,072 documents, and ranges", f"{batches:,.0f}, {parts * batches:.1e}"),
        ("components: groups, and TB a round (4 rounds)", f"{groups:,.0f}, "
         f"{2 * alike * 32 / 1e12:.2f}"),
        ("ranges in all", f"{ranges:.1e}"),
        ("minutes for them, 1,600 tasks, 0.2 ms / 10 ms a range",
         f"{ranges * 2e-4 / 1600 / 60:.0f} / {ranges * 1e-2 / 1600 / 60:.0f}"),
        ("memory of a task: 6 x a bucket, and libraries", f"{(6 * bucket + 3e8) / 1e9:.1f} GB"),
        ("an index of all that stays (60 %), 600 B and 1.2 x text",
         f"{(documents * 0.6 * 600 + text * 0.6 * 1.2) / 1e12:.1f} TB"),
    ]  # fmt: skip
    print("\n| 10 TB, 5e9 documents (estimate) | |\n|---|--:|")
    for name, value in rows:
        print(f"| {name} | {value} |")


def ours(documents: Documents, work: Path, settings: str) -> dict[str, Any]:
    """Run our stage on documents in a process of its own."""
    folder = work / "ours"
    for start in range(0, len(documents), DOCUMENTS_OF_A_FILE):
        some = documents[start : start + DOCUMENTS_OF_A_FILE]
        write_lines(folder / "corpus" / f"{start:09d}.jsonl", some)
    write_lines(folder / "few" / "documents.jsonl", documents[:100])
    recipes = []
    for corpus in ("corpus", "few"):
        recipes.append(folder / f"{corpus}.yaml")
        recipes[-1].write_text(
            f"run: {{name: dedup, out: {folder}/run-{corpus}, partition_bytes: 16MB}}\n"
            f'sources:\n  - {{name: web, read: jsonl, paths: ["{folder}/{corpus}/*.jsonl"]}}\n'
            f"stages: [minhash_dedup: {{{settings}, keep: longest}}]\n",
            encoding="utf-8",
        )
    got = last_line([sys.executable, "-c", OURS, *map(str, recipes)])
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    return got


def last_line(command: list[str]) -> dict[str, Any]:
    """The JSON object that a command prints last."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=LIMIT
    )
    if done.returncode:
        raise RuntimeError(f"{command[:3]} failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def scores(documents: Documents, truth: dict[tuple[str, str], float], kept: list[str]) -> str:
    """Removed; share of pairs found; share of removals justified; removals below 0.6."""
    stays = set(kept)
    gone = {document["id"] for document in documents} - stays
    alike = [pair for pair, value in truth.items() if value >= 0.85]
    found = sum(bool(gone & set(pair)) for pair in alike)
    best = dict.fromkeys(gone, 0.0)
    for (left, right), value in truth.items():
        for one, other in ((left, right), (right, left)):
            if one in gone and other in stays:
                best[one] = max(best[one], value)
    justified = sum(value >= 0.8 for value in best.values())
    below = sum(value < 0.6 for value in best.values())
    share = justified / max(len(gone), 1)
    return f"{len(gone):,} | {found / max(len(alike), 1):.4f} | {share:.4f} | {below}"


def near_duplicates(data: Path, name: str) -> tuple[Documents, dict[tuple[str, str], float]]:
    """A set's documents, and the exact Jaccard of all its pairs from 0.3."""
    stem = data / "neardup" / f"neardup_{name}"
    documents = [{"id": d["id"], "text": d["text"]} for d in lines(Path(f"{stem}_docs.jsonl.zst"))]
    pairs = lines(Path(f"{stem}_pairs.jsonl.zst"))
    return documents, {(p["a"], p["b"]): p["jaccard_word5"] for p in pairs}


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a compressed JSONL file."""
    with path.open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        for line in io.TextIOWrapper(stream, "utf-8"):
            yield orjson.loads(line)


def write_lines(path: Path, documents: Documents) -> None:
    """Documents as JSONL: ``id`` and ``text``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for document in documents:
            file.write(orjson.dumps({"id": document["id"], "text": document["text"]}) + b"\n")


def text_bytes(documents: Documents) -> int:
    """UTF-8 bytes of all texts."""
    return sum(len(document["text"].encode()) for document in documents)


if __name__ == "__main__":
    main()
