"""How long a training step waits for its rows, at 500,000 tokens a second.

    python benchmarks/loader_stall.py [--speed 500k] [--steps 100] [--busy 0 0.5] [--shards FOLDER]

A dummy step takes as long as a model of that speed would: it sleeps, as one does that waits for a
GPU, and for a share of the time it runs Python, as one does that launches kernels. The time in
``next`` is the stall. Batches are all of the loader's tensors (int64 tokens and labels, positions,
boundaries). Without ``--shards`` the rows are synthetic (``mixture.py``); cold means that the
files' pages were dropped from memory before.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from pathlib import Path

from mixture import LENGTH, write_shards

from formats import TokenShards
from formats.units import parse_count


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--speed", type=parse_count, default=500_000, help="tokens a second")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--micro-batch", type=int, default=8, help="rows")
    parser.add_argument("--micro-batches", type=int, default=2, help="of a step")
    parser.add_argument(
        "--busy", type=float, nargs="+", default=[0.0, 0.5], help="share of a step that runs Python"
    )
    parser.add_argument("--shards", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="polymill-") as name:
        rows = options.micro_batch * options.micro_batches * options.steps
        folder = options.shards or Path(name)
        if not options.shards:
            write_shards(folder, rows, LENGTH)
        warm_up(folder)
        names = ("reads ahead", "files", "step ms", "stall ms", "share", "worst ms", "first ms")
        print(f"{'busy':>5}" + "".join(f"{name:>12}" for name in names))
        for busy, ahead, cold in itertools.product(options.busy, (0, 2), (True, False)):
            if cold:
                drop_pages(folder)
            print(line(folder, options, busy, ahead, cold), flush=True)


def warm_up(folder: Path) -> None:
    """Import torch and compile kernels before anything is timed."""
    next(TokenShards(str(folder)).loader(None, 1, 1).tensors())


def line(folder: Path, options: argparse.Namespace, busy: float, ahead: int, cold: bool) -> str:
    """A line of the table: of all steps but the first, which waits for the first batch."""
    global_batch = options.micro_batch * options.micro_batches
    shards = TokenShards(str(folder))
    loader = shards.loader(None, global_batch, options.micro_batch, ahead=ahead)
    tokens = options.micro_batch * shards.sequence_length
    batches = loader.tensors()
    waits = []
    started = time.perf_counter()
    for _ in range(options.steps * options.micro_batches):
        before = time.perf_counter()
        if next(batches, None) is None:
            break
        waits.append(time.perf_counter() - before)
        compute(tokens / options.speed, busy)
    seconds = time.perf_counter() - started
    first, later = waits[0], waits[1:]
    return (f"{busy:5}{ahead:12}{'cold' if cold else 'warm':>12}"
            f"{1e3 * seconds / len(waits) * options.micro_batches:12.1f}"
            f"{1e3 * sum(later) / len(later) * options.micro_batches:12.2f}"
            f"{sum(later) / seconds:12.3%}{1e3 * max(later):12.2f}{1e3 * first:12.1f}")  # fmt: skip


def compute(seconds: float, busy: float) -> None:
    """Be busy in Python for a share of the time, and wait for the rest."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end - (1 - busy) * seconds:
        pass
    time.sleep(max(0.0, end - time.perf_counter()))


def drop_pages(folder: Path) -> None:
    """Take the files' pages out of memory, as far as the system follows the advice."""
    for path in folder.rglob("*.arrow"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
