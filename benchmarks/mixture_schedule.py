"""The order of a mixture: how far prefixes stray, how fast rows are assigned, how rows are found.

    python benchmarks/mixture_schedule.py                      # about two minutes
    python benchmarks/mixture_schedule.py --rows 1e9           # every row of a two-trillion phase

1. Rows per second of the schedule: 41 constant shares, the same under a curriculum, 500 of each;
   the largest deviation over every prefix and component.
2. The XVERSE shares (54.91 % to 0.02 %, 41 languages, as published) beside Megatron-LM's greedy
   rule (``megatron/core/datasets/helpers.cpp``, ``build_blending_indices``: each row to the one
   furthest behind) and random sampling: the largest deviation, over all prefixes of ``--prefix``
   rows and over every prefix.
3. A simulated manifest of ``--rows`` rows and 40 components: its size, time to read it, to resolve
   any row to its component, epoch and place, and to resume in the middle; memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numba
import numpy as np

from formats.manifest import (
    MANIFEST,
    SCHEDULE,
    Manifest,
    ManifestComponent,
    ManifestFile,
    ManifestPhase,
    read_manifest,
)
from stages.mixture.interleave import Schedule, make_schedule
from stages.mixture.locate import RowLocator

XVERSE = [
    54.91, 31.09, 3.22, 3.15, 1.52, 0.91, 0.73, 0.48, 0.36, 0.34, 0.27, 0.24, 0.23, 0.20, 0.19,
    0.18, 0.15, 0.14, 0.14, 0.13, 0.13, 0.12, 0.11, 0.10, 0.10, 0.09, 0.08, 0.08, 0.07, 0.07, 0.07,
    0.06, 0.06, 0.05, 0.05, 0.05, 0.04, 0.03, 0.03, 0.03, 0.02,
]  # fmt: skip
"""Languages of XVERSE-65B's data, in percent (XVERSE-65B/README_EN.md); they sum to 99.96."""
ROWS_PER_FILE = 65_536
CHUNK = 1 << 20


def main() -> None:
    """Run the three parts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=float, default=1e8, help="of the simulated phase (1e8)")
    parser.add_argument("--rival-rows", type=float, default=5e6, help="of part 2 (5e6)")
    parser.add_argument("--prefix", type=int, default=100_000, help="of part 2 (100,000)")
    parser.add_argument("--components", type=int, default=40, help="of part 3 (40)")
    options = parser.parse_args()
    speed()
    rivals(int(options.rival_rows), options.prefix)
    manifest(int(options.rows), options.components)


def drawn_shares(components: int, seed: int) -> np.ndarray:
    """Shares as uneven as those of languages: float64 [k]."""
    weights = np.random.default_rng(seed).pareto(1.0, components) + 0.01
    return weights / weights.sum()


def speed() -> None:
    """Part 1."""
    rows = 4_000_000
    print(f"1. schedule, {rows:,} rows each, every prefix looked at")
    for components in (len(XVERSE), 500):
        first, last = drawn_shares(components, 1), drawn_shares(components, 2)
        kinds = {
            "constant": [[(0.0, a)] for a in first],
            "curriculum": [
                [(0.0, a), (0.5, b), (1.0, a)] for a, b in zip(first, last, strict=True)
            ],
        }
        for kind, shares in kinds.items():
            schedule = make_schedule(rows, shares)
            nothing = np.zeros(components, np.int64)
            schedule.assign(0, nothing, 1000)
            started = time.perf_counter()
            assigned, _ = schedule.assign(0, nothing, rows)
            seconds = time.perf_counter() - started
            low, high = extremes(schedule, assigned)
            print(
                f"   {components:>4} {kind:<10} {rows / seconds / 1e6:5.1f} M rows/s, "
                f"{low:+.4f} to {high:+.4f} rows"
            )


def extremes(schedule: Schedule, assigned: np.ndarray) -> tuple[float, float]:
    """The largest deviations over every prefix."""
    stray, _ = schedule.stray(0, np.zeros(len(schedule.shares), np.int64), assigned)
    return float(stray[:, 0].min()), float(stray[:, 1].max())


@numba.njit(cache=False)
def greedy(weights: np.ndarray, rows: int) -> np.ndarray:
    """Megatron-LM's rule: the row goes to the component that is furthest behind."""
    counts = np.zeros(len(weights), np.int64)
    out = np.empty(rows, np.uint16)
    for row in range(rows):
        weight_of = max(float(row), 1.0)
        best = 0
        furthest = weights[0] * weight_of - counts[0]
        for component in range(1, len(weights)):
            behind = weights[component] * weight_of - counts[component]
            if behind > furthest:
                furthest = behind
                best = component
        counts[best] += 1
        out[row] = best
    return out


def rivals(rows: int, prefix: int) -> None:
    """Part 2."""
    weights = np.array(XVERSE) / sum(XVERSE)
    schedule = make_schedule(rows, [[(0.0, share)] for share in weights])
    rng = np.random.default_rng(17)
    orders = {
        "ours": lambda: schedule.assign(0, np.zeros(len(weights), np.int64), rows)[0],
        "Megatron-LM": lambda: greedy(weights, rows),
        "random": lambda: rng.choice(len(weights), rows, p=weights).astype(np.uint16),
    }
    greedy(weights, 10)
    print(f"2. XVERSE's {len(weights)} languages, {rows:,} rows")
    for name, make in orders.items():
        started = time.perf_counter()
        assigned = make()
        seconds = time.perf_counter() - started
        low, high = extremes(schedule, assigned)
        ends = range(prefix, rows + 1, prefix)
        counts = np.cumsum(
            [np.bincount(assigned[e - prefix : e], minlength=len(weights)) for e in ends], axis=0
        )
        off = counts - np.array(list(ends))[:, None] * weights
        print(
            f"   {name:<12} prefixes of {prefix:,}: {off.min():+9.2f} to {off.max():+9.2f}; "
            f"every prefix: {low:+9.2f} to {high:+9.2f}; {rows / seconds / 1e6:.1f} M rows/s"
        )


def manifest(rows: int, components: int) -> None:
    """Part 3."""
    first, last = drawn_shares(components, 3), drawn_shares(components, 4)
    shares = [[(0.0, float(a)), (1.0, float(b))] for a, b in zip(first, last, strict=True)]
    schedule = make_schedule(rows, shares)
    counts = np.zeros(components, np.int64)
    before, seconds, worst = [], 0.0, [0.0, 0.0]
    for start in range(0, rows, ROWS_PER_FILE):
        before.append(counts.tolist())
        started = time.perf_counter()
        assigned, after = schedule.assign(start, counts, ROWS_PER_FILE)
        seconds += time.perf_counter() - started
        stray, counts = schedule.stray(start, counts, assigned)
        assert counts.tolist() == after.tolist()
        worst = [min(worst[0], stray[:, 0].min()), max(worst[1], stray[:, 1].max())]
    print(
        f"3. {rows:,} rows of {components} components under a curriculum: assigned in "
        f"{seconds:.1f} s ({rows / seconds / 1e6:.1f} M rows/s), "
        f"every prefix {worst[0]:+.8f} to {worst[1]:+.8f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        simulated(rows, shares, before, counts).write(folder)
        size = (Path(folder) / MANIFEST).stat().st_size
        memory = peak_memory()
        started = time.perf_counter()
        read = read_manifest(folder)
        reading = time.perf_counter() - started
        locator = RowLocator(read, read.phases[0])
        opening = time.perf_counter() - started
        chosen = np.random.default_rng(5).integers(0, rows, 300).tolist()
        locator.locate(0)
        times = []
        for row in [rows * 8 // 10, *chosen]:
            started = time.perf_counter()
            located = locator.locate(row)
            times.append(time.perf_counter() - started)
            assert locator.row_of(located.component, located.number) == row
        print(
            f"   manifest of {len(before):,} files: {size / 1e6:.1f} MB, read in "
            f"{reading * 1e3:.0f} ms, ready to resolve after {opening * 1e3:.0f} ms, "
            f"{(peak_memory() - memory) / 1e6:.0f} MB more memory"
        )
        print(
            f"   any row to component, epoch and place: {np.mean(times[1:]) * 1e3:.2f} ms "
            f"(worst {max(times) * 1e3:.2f}); row {rows * 8 // 10:,}: {times[0] * 1e3:.2f} ms"
        )


def simulated(
    rows: int, shares: list[list[tuple[float, float]]], before: list[list[int]], counts: np.ndarray
) -> Manifest:
    """The manifest that a run of so many rows would leave."""
    files = [
        ManifestFile(
            path=f"pretrain/shard-{number:05d}.arrow",
            rows=min(ROWS_PER_FILE, rows - number * ROWS_PER_FILE),
            sha256=f"{number:064x}",
            component_counts_before=own,
        )
        for number, own in enumerate(before)
    ]
    components = [
        ManifestComponent(
            name=f"component-{number}", share=share, rows=count, tokens=count * 2048, padding=0,
            documents=count * 4, epochs=1 + number % 3,
        )
        for number, (share, count) in enumerate(zip(shares, counts.tolist(), strict=True))
    ]  # fmt: skip
    phase = ManifestPhase(
        name="pretrain", rows=rows, tokens=rows * 2048, schedule=SCHEDULE,
        components=components, files=files,
    )  # fmt: skip
    return Manifest(
        sequence_length=2048, dtype="int32", vocab_size=100_534, tokenizer_sha256="0" * 64,
        seed=17, special_ids={"eos": 0}, phases=[phase],
    )  # fmt: skip


def peak_memory() -> int:
    """Largest resident size so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
