"""Compiling kernels before anyone needs them, once per machine, on several cores.

A worker that finds the cache filled loads its kernels in half a second; one that does not would
compile them for half a minute, like every other worker beside it. Only the packages that a run uses
are compiled: all of them take three times as long as those of the usual stages.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

from formats.compile import cache_directory, kernel_files, kernel_hash

_IMPORT = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"


def kernel_groups(packages: Collection[str] | None = None) -> list[list[str]]:
    """The kernel modules, by package: those of one share steps and are compiled together.

    The package with most code comes first, so that no process starts on it last.

    Args:
        packages: as ``stages.pii``, without what lies below them; None: all.
    """
    root = Path(__file__).resolve().parent.parent
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in kernel_files():
        folders[path.parent].append(path)
    by_size = sorted(folders.values(), key=lambda paths: -sum(p.stat().st_size for p in paths))
    groups = [[".".join(p.relative_to(root).with_suffix("").parts) for p in g] for g in by_size]
    return [group for group in groups if packages is None or _package(group) in packages]


def missing_groups(packages: Collection[str] | None = None) -> list[list[str]]:
    """Those that the cache lacks, for this code, this compiler and this kind of CPU."""
    return [group for group in kernel_groups(packages) if not _stamp(_package(group)).exists()]


def compile_kernels(
    processes: int = 1,
    part_done: Callable[[], None] | None = None,
    packages: Collection[str] | None = None,
) -> None:
    """Fill the cache, unless it is filled; whoever comes second waits for the first.

    Args:
        processes: at a time.
        part_done: called after each of ``missing_groups()``.
        packages: whose kernels are needed; None: all.

    Raises:
        RuntimeError: a module of kernels cannot be imported; its error is the message.
    """
    if not missing_groups(packages):
        return
    with _locked(_stamp("lock")), ThreadPoolExecutor(max(1, processes)) as pool:
        started = {pool.submit(_compile, group): group for group in missing_groups(packages)}
        for done in as_completed(started):
            done.result()
            _stamp(_package(started[done])).touch()
            if part_done:
                part_done()


def _package(group: list[str]) -> str:
    return group[0].rpartition(".")[0]


@cache
def _stamp(name: str) -> Path:
    from llvmlite.binding import get_host_cpu_name

    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or cache_directory())
    folder.mkdir(parents=True, exist_ok=True)
    python = f"{sys.implementation.cache_tag}-numba{version('numba')}"
    code = f"{kernel_hash()}-{_installation()}"
    return folder / f"compiled-{code}-{python}-{get_host_cpu_name()}-{name}"


@cache
def _installation() -> str:
    """8 hexadecimal digits: Numba finds kernels by the path of a file and the time it changed."""
    files = [f"{path}:{path.stat().st_mtime_ns}" for path in kernel_files()]
    return hashlib.sha256("\n".join(files).encode()).hexdigest()[:8]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(modules: list[str]) -> None:
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    finished = subprocess.run(
        [sys.executable, "-c", _IMPORT, *modules],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"compiling {', '.join(modules)} failed: {finished.stderr[-2000:]}")
