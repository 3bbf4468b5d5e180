"""Where tasks run: in this process, or as Ray Core tasks on this machine or a cluster.

An executor knows nothing of stages, records or progress bars. It calls a module-level function on
small plain items and yields small plain results as they finish; text never crosses it, tasks read
and write files.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Protocol

from formats.precompile import compile_kernels
from pipeline import progress

Task = Callable[[Any], dict[str, Any]]
MAX_RETRIES = 3
"""How often a task is started again when its worker process dies."""


class Executor(Protocol):
    """Runs tasks; ``workers`` of them at a time."""

    workers: int

    def run(self, task: Task, items: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (index of the item, result) in the order of completion."""
        ...

    def close(self) -> None:
        """Release the workers."""
        ...


class InlineExecutor:
    """Everything in this process, one item after the other: for debugging, and without Ray."""

    workers = 1

    def run(self, task: Task, items: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (index, result) in order."""
        for index, item in enumerate(items):
            yield index, task(item)

    def close(self) -> None:
        """Nothing to release."""


class RayExecutor:
    """Ray Core tasks, one CPU each."""

    def __init__(
        self,
        workers: int | None = None,
        address: str | None = None,
        kernel_packages: Collection[str] | None = None,
    ) -> None:
        """Start Ray on this machine, or join the cluster at ``address``.

        Args:
            workers: tasks at a time; None: a core each.
            address: of a cluster; None: this machine.
            kernel_packages: whose kernels the tasks run; None: any.
        """
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        os.environ.setdefault("RAY_DEDUP_LOGS", "0")
        import ray

        self._ray = ray
        self._kernel_packages = kernel_packages
        if address:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
            self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        else:
            self.workers = workers or usable_cpus()
            ray.init(
                num_cpus=self.workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                # Results are a few hundred bytes; the smallest store Ray accepts is plenty.
                object_store_memory=80 << 20,
            )
        board: Any = ray.remote(num_cpus=0, max_restarts=-1)(ProgressBoard)
        self._board = board.remote()
        self._remote = ray.remote(num_cpus=1, max_retries=MAX_RETRIES)(_run_in_worker)

    def run(self, task: Task, items: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (index, result) as tasks finish; two tasks per worker are in flight."""
        waiting = list(reversed(list(enumerate(items))))
        running: dict[Any, int] = {}
        while waiting or running:
            while waiting and len(running) < 2 * self.workers:
                index, item = waiting.pop()
                running[self._remote.remote(task, item, self._board, self._kernel_packages)] = index
            done, _ = self._ray.wait(list(running), num_returns=1, timeout=0.5)
            self._show_progress()
            for reference in done:
                yield running.pop(reference), self._get(reference)

    def _show_progress(self) -> None:
        # Where the board's process died, Ray starts another; some progress is lost, nothing else.
        with contextlib.suppress(self._ray.exceptions.RayActorError):
            progress.advance(*self._ray.get(self._board.take.remote()))

    def _get(self, reference: Any) -> dict[str, Any]:
        try:
            result: dict[str, Any] = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        return result

    def close(self) -> None:
        """Stop Ray, or leave the cluster."""
        self._ray.shutdown()


class ProgressBoard:
    """A Ray actor that adds up what the workers report between two looks of the driver."""

    def __init__(self) -> None:
        """Start at zero."""
        self._documents = 0
        self._text_bytes = 0

    def add(self, documents: int, text_bytes: int) -> None:
        """Called by workers, not waited for."""
        self._documents += documents
        self._text_bytes += text_bytes

    def take(self) -> tuple[int, int]:
        """What has come since the last call."""
        taken = self._documents, self._text_bytes
        self._documents = self._text_bytes = 0
        return taken


def _run_in_worker(
    task: Task, item: Any, board: Any, packages: Collection[str] | None
) -> dict[str, Any]:
    limit_arrow_threads()
    # Where the driver has not: on another machine of the cluster.
    compile_kernels(packages=packages)
    with progress.reporting_to(lambda *counts: board.add.remote(*counts)):
        return task(item)


def limit_arrow_threads() -> None:
    """One core per task: Arrow's own thread pool would take those of the neighbours."""
    import pyarrow as pa

    if threading.current_thread() is threading.main_thread() and pa.cpu_count() != 1:
        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)


def usable_cpus() -> int:
    """The CPUs this process may use (affinity and container limits, as far as the system says)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_executor(
    engine: str, workers: int | None, address: str | None, kernel_packages: Collection[str]
) -> Executor:
    """The executor of ``--engine``: ``ray`` or ``inline``."""
    if engine == "inline":
        return InlineExecutor()
    return RayExecutor(workers, address, kernel_packages)
