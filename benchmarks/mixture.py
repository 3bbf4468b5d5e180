"""Reading shards beside other loaders, and making them: one run, the same rows.

    python benchmarks/mixture.py [--peer PEER_PYTHON] [--rows 16384] [--run RUN]

Writes rows of 4,096 synthetic tokens of six components through the pipeline's schedule and shard
writer, and the same rows as a flat file and as a file a component for loaders that mix themselves.
Each loader (``peer_loaders.py``) then reads all of them in a process of its own, the best of
``--rounds`` that take turns: tokens/s, MB/s, time to the first batch without imports, anonymous
memory over imports, time to go on at 80 %, and whether it goes on with the batch that was next.
Then any row of a larger set: 2^20 rows of 512 tokens.

``--peer`` is the python of an environment with ``requirements-loaders.txt``. ``--run`` names a
finished run folder, whose own timings give tokens/s per core of tokenising, packing and writing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from formats import TokenShards
from formats.manifest import (
    SCHEDULE,
    Manifest,
    ManifestComponent,
    ManifestFile,
    ManifestPhase,
)
from formats.shard_writer import ShardWriter
from stages.mixture.interleave import component_counts_before, make_schedule

SHARES = {"en": 0.5, "zh": 0.2, "fr": 0.15, "ar": 0.08, "th": 0.05, "parallel": 0.02}
VOCABULARY = 60_000
LENGTH, SMALL_LENGTH = 4096, 512
MANY_ROWS = 1 << 20
MAIN = [
    *(("ours", 0), ("ours-thread", 0), ("ours-tensors", 0)),
    *(("ours-dataloader", workers) for workers in (0, 1, 2)),
    *(("ours-dataloader-all", 2), ("memmap", 0), ("datasets-arrow", 0)),
    *(("datasets-interleave", workers) for workers in (0, 1, 2)),
]
PEER = [(name, workers) for name in ("mosaic", "litdata") for workers in (0, 1, 2)]
TOKENISE = "tokens"
PACK_AND_WRITE = ("mixture-pack", "mixture-schedule", "mixture-shards")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peer", metavar="PYTHON", help="python of the peers' environment")
    parser.add_argument("--rows", type=int, default=16_384)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--many-rows", type=int, default=MANY_ROWS)
    parser.add_argument("--run", type=Path, help="a finished run, for its timings")
    options = parser.parse_args()
    if options.run:
        print_run(json.loads((options.run / "summary.json").read_text()))
    with tempfile.TemporaryDirectory(prefix="polymill-") as name:
        folder = Path(name)
        write_shards(folder / "shards", 1, LENGTH)  # compiled and imported
        started = time.perf_counter()
        write_shards(folder / "shards", options.rows, LENGTH)
        seconds = time.perf_counter() - started
        tokens = options.rows * LENGTH
        print(f"{options.rows:,} rows, {tokens / 1e6:.0f} M tokens, written at "
              f"{tokens / seconds / 1e6:.0f} M tokens/s")  # fmt: skip
        write_flat(folder)
        print_loaders(folder, options.peer, options.rounds)
    with tempfile.TemporaryDirectory(prefix="polymill-") as name:
        write_shards(Path(name, "shards"), options.many_rows, SMALL_LENGTH, 65_536)
        print_random_rows(Path(name, "shards"), options.many_rows)


def write_shards(folder: Path, rows: int, length: int, rows_per_file: int = 8192) -> None:
    """A phase of rows with two documents each; tokens are drawn from a fixed seed."""
    schedule = make_schedule(rows, [[(0.0, share)] for share in SHARES.values()])
    before = component_counts_before(schedule, rows_per_file)
    pool = np.random.default_rng(17).integers(0, VOCABULARY, 1 << 23, dtype=np.uint16)
    files = []
    for number, first in enumerate(range(0, rows, rows_per_file)):
        component, _ = schedule.assign(first, before[number], rows_per_file)
        path = f"pretrain/shard-{number:05d}.arrow"
        with ShardWriter(f"{folder}/{path}", length, np.uint16) as writer:
            for start in range(0, len(component), writer.batch_rows):
                own = component[start : start + writer.batch_rows]
                count = len(own)
                offset = (first + start) * 7919 % (len(pool) - count * length)
                ids = pool[offset : offset + count * length].reshape(count, length).copy()
                ids[:, 0] = (first + start + np.arange(count)) % VOCABULARY
                cut = np.full(count, length // 3, np.int32)
                numbers = 2 * np.arange(first + start, first + start + count, dtype=np.uint64)
                writer.append(
                    input_ids=ids,
                    component=own,
                    row_offsets=2 * np.arange(count + 1),
                    document_starts=np.stack([np.zeros_like(cut), cut], 1).reshape(-1),
                    document_ids=np.stack([numbers, numbers + np.uint64(1)], 1).reshape(-1),
                    document_offsets=np.zeros(2 * count, np.int32),
                )
        files.append(
            ManifestFile(path=path, rows=len(component), sha256=writer.sha256,
                         component_counts_before=before[number].tolist())
        )  # fmt: skip
    components = [
        ManifestComponent(name=name, share=[(0, share)], rows=count, tokens=count * length,
                          padding=0, documents=2 * count, epochs=1)
        for (name, share), count in zip(SHARES.items(), before[-1].tolist(), strict=True)
    ]  # fmt: skip
    phase = ManifestPhase(name="pretrain", rows=rows, tokens=rows * length, schedule=SCHEDULE,
                          components=components, files=files)  # fmt: skip
    Manifest(sequence_length=length, dtype="uint16", vocab_size=VOCABULARY, seed=17,
             tokenizer_sha256="0" * 64, special_ids={"eos": 0}, phases=[phase],
             ).write(str(folder))  # fmt: skip


def write_flat(folder: Path) -> None:
    """The rows without their shards: in order, and by component."""
    shards = TokenShards(f"{folder}/shards")
    found = shards.read("pretrain", 0, shards.rows("pretrain"))
    np.save(folder / "flat.npy", found["input_ids"])
    (folder / "flat").mkdir()
    for number, name in enumerate(SHARES):
        own = found["component"] == number
        np.save(folder / "flat" / f"{name}.npy", found["input_ids"][own])
    settings = {"shares": SHARES, "sequence_length": LENGTH}
    (folder / "shares.json").write_text(json.dumps(settings))


def print_loaders(folder: Path, peer: str | None, rounds: int) -> None:
    """A line for each loader."""
    wanted = [(sys.executable, *one) for one in MAIN]
    wanted += [(peer, *one) for one in PEER] if peer else []
    for python, name in dict.fromkeys((python, name) for python, name, _ in wanted):
        if name in ("datasets-interleave", "mosaic", "litdata"):
            child(python, name, folder, "prepare")
    results: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for _ in range(rounds):
        for python, name, workers in wanted:
            found = child(python, name, folder, str(workers))
            results.setdefault((name, workers), []).append(found)
    print(f"\n{'loader':22}{'workers':>8}{'M tok/s':>9}{'rows/s':>10}{'MB/s':>8}{'first ms':>10}"
          f"{'memory MB':>11}{'resume ms':>11}  same batch")  # fmt: skip
    for (name, workers), found in results.items():
        rate = max(one["tokens"] / one["seconds"] for one in found)
        rows = max(one["rows"] / one["seconds"] for one in found)
        first = 1e3 * min(one["first"] for one in found)
        memory = max(one["memory"] for one in found) / 1e6
        resumed = [one["resume"] for one in found if one["resume"] is not None]
        resume = f"{1e3 * min(resumed):11.0f}" if resumed else f"{'-':>11}"
        same = {True: "yes", False: "NO", None: "-", "fails": "fails"}[found[-1]["same"]]
        print(f"{name:22}{workers:8}{rate / 1e6:9.1f}{rows:10,.0f}{2 * rate / 1e6:8,.0f}"
              f"{first:10.0f}{memory:11.0f}{resume}  {same}")  # fmt: skip


def child(python: str, name: str, folder: Path, what: str) -> dict[str, Any]:
    """Run ``peer_loaders.py``; what it measured, nothing where it was to prepare."""
    script = Path(__file__).with_name("peer_loaders.py")
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": f"{folder}/hf-cache"}
    if python == sys.executable:
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [python, str(script), name, str(folder), what],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} {what} failed:\n{done.stderr[-3000:]}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(lines[-1]) if what != "prepare" else {}
    return found


def print_random_rows(folder: Path, rows: int) -> None:
    """Any row of a large set: ours, and datasets on the same files."""
    from datasets import Dataset, concatenate_datasets

    def ours() -> Any:
        shards = TokenShards(str(folder))
        return lambda row: shards.row("pretrain", row)["input_ids"]

    def theirs() -> Any:
        files = sorted((folder / "pretrain").glob("*.arrow"))
        table = concatenate_datasets([Dataset.from_file(str(file)) for file in files])
        mapped = table.with_format("numpy")
        return lambda row: mapped[row]["input_ids"]

    target = min(1_000_000, rows - 1)
    some = np.random.default_rng(1).integers(0, rows, 2000).tolist()
    print(f"\n{rows:,} rows of {SMALL_LENGTH}: row {target:,} from nothing, then any row")
    for name, make in (("ours", ours), ("datasets", theirs)) * 2:  # the first round warms files up
        started = time.perf_counter()
        row = make()
        assert int(row(target)[0]) == target % VOCABULARY
        opened = time.perf_counter() - started
        started = time.perf_counter()
        for number in some:
            assert int(row(number)[0]) == number % VOCABULARY
        each = (time.perf_counter() - started) / len(some)
        print(f"  {name:10}{1e3 * opened:9.1f} ms   {1e6 * each:9.1f} us a row")
    shards = TokenShards(str(folder))
    started = time.perf_counter()
    cursors = shards.cursors("pretrain", target)
    seconds = time.perf_counter() - started
    print(f"  cursors at row {target:,}: {1e3 * seconds:.2f} ms, sum {sum(cursors.values()):,}")


def print_run(summary: dict[str, Any]) -> None:
    """What a run took from kept text to shards, by its own clock."""
    steps = summary["steps"]
    tokenise = steps[TOKENISE]["core_seconds"]
    write = sum(steps[name]["core_seconds"] for name in PACK_AND_WRITE)
    tokens = sum(phase["tokens"] for phase in summary["mixture"]["phases"])
    print(f"{tokens / 1e6:.1f} M tokens in shards: tokenise {tokenise:.2f} s, pack, schedule and "
          f"write {write:.2f} s of one core: {tokens / (tokenise + write) / 1e6:.2f} M tokens/s, "
          f"pack and write alone {tokens / write / 1e6:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
