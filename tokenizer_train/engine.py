"""Where the parts of a training run: an engine, as the pipeline has one, or this machine alone."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, Protocol

from formats import storage
from tokenizer_train.progress import Progress, no_progress, reporting_to

Task = Callable[[Any], dict[str, Any]]


class Engine(Protocol):
    """Runs tasks; the pipeline's engine is one."""

    def map(self, step: str, function: Task, items: Sequence[Any]) -> list[dict[str, Any]]:
        """Call ``function`` on each item and return the results in order.

        ``function`` is a module-level function; items and results are plain values.
        """
        ...


class LocalEngine:
    """Runs tasks in this process, or in as many as there are workers, and remembers what is done.

    A task that was done is not run again if its item is the same and its files are there, so a
    training that was killed goes on where it stood.
    """

    def __init__(self, records: str, workers: int = 1, progress: Progress | None = None) -> None:
        """Start nothing yet.

        Args:
            records: folder of the records.
            workers: processes; 1: this one.
            progress: called with a step's name and the share done.
        """
        self._records = records
        self._workers = workers
        self._progress = progress or no_progress

    def map(self, step: str, function: Task, items: Sequence[Any]) -> list[dict[str, Any]]:
        """See ``Engine``."""
        paths = [f"{self._records}/{step}-{_fingerprint(step, item)}.json" for item in items]
        results = [_read_record(path) for path in paths]
        todo = [index for index, result in enumerate(results) if result is None]
        done = len(items) - len(todo)
        if self._workers > 1 and len(todo) > 1:
            with ProcessPoolExecutor(self._workers, get_context("spawn")) as pool:
                calls = {pool.submit(run_recorded, function, items[i], paths[i]): i for i in todo}
                for call in as_completed(calls):
                    results[calls[call]] = call.result()
                    done += 1
                    self._progress(step, done / len(items))
        else:
            for index in todo:
                with reporting_to(self._shares(step, done, len(items))):
                    results[index] = run_recorded(function, items[index], paths[index])
                done += 1
                self._progress(step, done / len(items))
        return [result for result in results if result is not None]

    def _shares(self, step: str, done: int, total: int) -> Callable[[float], None]:
        return lambda share: self._progress(step, (done + share) / total)


def run_recorded(function: Task, item: Any, record: str) -> dict[str, Any]:
    """Run a task, and write its record once its outputs are whole."""
    with storage.collect_outputs() as outputs:
        result = function(item)
    sizes = [[path, storage.file_size(path)] for path in outputs]
    storage.write_text(record, json.dumps({"result": result, "outputs": sizes}))
    return result


def _read_record(path: str) -> dict[str, Any] | None:
    if storage.file_size(path) is None:
        return None
    with storage.open_input(path) as stream:
        record = json.loads(stream.read())
    if any(storage.file_size(output) != size for output, size in record["outputs"]):
        return None
    result: dict[str, Any] = record["result"]
    return result


def _fingerprint(step: str, item: Any) -> str:
    text = json.dumps([step, item], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def usable_cpus() -> int:
    """The CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
