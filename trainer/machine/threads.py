"""CPU threads: how many, and how they wait for one another.

Sums of floating-point numbers depend on their order, and the order in which torch adds depends on
the number of threads: with another number, losses differ in their last bits. So a run keeps the
number it began with (``run.json``), and is bit-identical however busy the machine is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SPINS = "10000"
"""How often a thread looks whether the others are done before it sleeps, about 0.3 ms. GNU's
OpenMP, which torch uses on Linux, looks some 300,000 times. That is no faster on an idle machine;
where other programs run, the thread it waits for needs the very core that it spins on: beside four
busy programs on two cores a step of the sample model took 6.0 s, with this 0.4 s, idle 0.1 s."""


def wait_without_spinning() -> None:
    """Let threads that wait go to sleep soon. To be called before torch is imported.

    What the user says with GOMP_SPINCOUNT or OMP_WAIT_POLICY holds.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def default_threads() -> int:
    """Threads where nobody says how many.

    Torch's choice is the physical cores that this process may use, or OMP_NUM_THREADS. In a
    container with a quota it sees all cores of the host, so no more than the quota are taken.
    """
    import torch

    quota = cpu_quota()
    threads = torch.get_num_threads()
    return threads if quota is None else max(1, min(threads, int(quota)))


def cpu_quota(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Cores' worth of time that the control group grants, None where there is no limit.

    Read as Linux's documentation of control groups describes it: ``cpu.max`` of version 2,
    ``cpu.cfs_quota_us`` of version 1.
    """
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        return int(quota) / int(period) if int(quota) > 0 else None
    except ValueError:  # "max"
        return None


def format_threads(count: int) -> str:
    """``1 thread``, ``2 threads``."""
    return f"{count} thread{'s' if count > 1 else ''}"


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Inside the block torch computes with ``count`` threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
