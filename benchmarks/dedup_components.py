"""Connected components: memory and CPU time as pairs grow, in groups and in one group.

    python benchmarks/dedup_components.py [--millions 4] [--bucket-mb 8]

Pairs are made: components of 2 to 9 documents that lie anywhere in the corpus, each pair standing
in three files, as a pair that shares several bands does. 1, 2, 4 and 8 times as many documents,
each size in a process of its own. Peak memory is the process's own (RssAnon), the largest of any
task; Python and Arrow, which are there before, are told apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FILES = 16


def main() -> None:
    """Every size, both ways."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--millions", type=float, default=1, help="documents in a pair at 1x")
    parser.add_argument("--bucket-mb", type=int, default=8)
    parser.add_argument("--one", nargs=2, metavar=("DOCUMENTS", "GROUPS"), help="used by itself")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(int(options.one[0]), int(options.one[1]))))
        return
    print(
        "| documents in pairs | pairs | groups | rounds | CPU s | peak MB of a task | one group |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for times in (1, 2, 4, 8):
        documents = int(times * options.millions * 1e6)
        pairs = 3 * documents
        groups = -(-pairs * 16 // (options.bucket_mb << 20))
        many, one = (in_a_process(documents, count) for count in (groups, 1))
        print(
            f"| {documents:,} | {pairs:,} | {groups} | {many['rounds']} | {many['seconds']:.1f} | "
            f"{many['peak'] / 1e6:.0f} | {one['peak'] / 1e6:.0f} |",
            flush=True,
        )


def in_a_process(documents: int, groups: int) -> dict[str, Any]:
    """``measured`` in a fresh process."""
    command = [sys.executable, __file__, "--one", str(documents), str(groups)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured(documents: int, groups: int) -> dict[str, Any]:
    """Components of made pairs: rounds, CPU seconds, and the most memory above what was there."""
    sys.path.insert(0, str(ROOT))
    import pyarrow as pa

    from stages.barrier_files import Plan, write_table
    from stages.base import Partition
    from stages.dedup.component_steps import find_components
    from stages.dedup.star_steps import attach_heads, find_stars

    engine = MeasuringEngine()
    with tempfile.TemporaryDirectory(prefix="polymill-") as folder:
        rows = 4 * documents
        parts = tuple(Partition(i, rows // FILES, "", "", ()) for i in range(FILES))
        settings = {
            "buckets": FILES, "collapse_buckets": 1, "nodes_per_batch": 1 << 15,
            "linkage": "survivor",
        }  # fmt: skip
        plan = Plan(folder, parts, settings)
        plan.save()
        left, right = made_pairs(documents, rows)
        files = np.random.default_rng(1).integers(0, FILES, (3, len(left)))
        for index in range(FILES):
            here = np.concatenate([np.flatnonzero(some == index) for some in files])
            pairs = pa.table({"left": left[here], "right": right[here]})
            write_table(plan.path("pairs", index), pairs)
        nothing = pa.array([], pa.int64())
        write_table(plan.path("copies", 0), pa.table({"copy": nothing, "head": nothing}))
        del left, right, files, here, pairs
        started = time.process_time()
        items = find_stars(plan, engine, groups)
        engine.map("heads", attach_heads, items)
        found = engine.map("components", find_components, items)
        seconds = time.process_time() - started
    if sum(result["documents"] for result in found) != documents:
        raise RuntimeError("documents of pairs were lost")
    rounds = sum(step.startswith("small_star") for step in engine.steps)
    return {"rounds": rounds, "seconds": seconds, "peak": engine.peak}


def made_pairs(documents: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs that join so many documents to components of 2 to 9; int64 [pairs], twice."""
    rng = np.random.default_rng(0)
    nodes = rng.permutation(rows)[:documents]
    sizes = rng.integers(2, 10, documents // 2)
    begins = np.append(0, np.cumsum(sizes))
    begins = np.append(begins[begins < documents - 1], documents)
    inner = np.setdiff1d(np.arange(documents), begins[:-1])
    before = np.maximum(inner - rng.integers(1, 9, len(inner)), 0)
    before = np.maximum(before, begins[np.searchsorted(begins, inner, side="right") - 1])
    return np.minimum(nodes[inner], nodes[before]), np.maximum(nodes[inner], nodes[before])


class MeasuringEngine:
    """In this process; keeps the most memory of its own that the process had during a task."""

    workers = 1

    def __init__(self) -> None:
        """Nothing measured yet."""
        self.peak = 0
        self.steps: list[str] = []

    def map(
        self, step: str, function: Callable[[Any], dict[str, Any]], items: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """Call the function on each item."""
        self.steps.append(step)
        results = []
        for item in items:
            before = own_memory("RssAnon")
            Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
            mapped = own_memory("RssFile")
            results.append(function(item))
            grown = own_memory("VmHWM") - max(own_memory("RssFile"), mapped) - before
            self.peak = max(self.peak, grown)
        return results


def own_memory(name: str) -> int:
    """Bytes that the kernel says of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
