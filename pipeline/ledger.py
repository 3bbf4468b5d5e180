"""Records of finished work, and the engine that skips what has one.

A task's outputs are written under temporary names and renamed when whole; then, in the same
worker, its record is written: fingerprint, result, outputs with sizes, seconds, memory. A killed
run leaves whole outputs with records, whole outputs without (made again, the same bytes), and
temporary files (swept). Nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from formats import storage
from pipeline.executors import Executor
from pipeline.fingerprints import fingerprint
from pipeline.progress import Display

UNFINISHED = ".tmp"
"""End of the temporary names of ``formats.storage.atomic_path``."""
RUN_FOLDER = "<run>/"
"""Stands in records for the folder of the run."""


@dataclass
class StepStatistics:
    """What a step cost, over all its tasks, those of earlier runs included."""

    tasks: int = 0
    tasks_skipped: int = 0
    seconds: float = 0.0
    """Added up over the tasks: one core's time."""
    wall_seconds: float = 0.0
    """Of this run alone."""
    peak_memory_bytes: int = 0
    """Of the largest worker process."""


@dataclass
class RecordedEngine:
    """The ``Engine`` of barriers and of the runner's own steps.

    Attributes:
        executor: where tasks run.
        run_folder: root of the run; paths below it do not enter fingerprints.
        lineage: fingerprint of everything upstream of the steps that run now.
        prefix: before the names of steps, so that two barriers may both have "annotations".
    """

    executor: Executor
    run_folder: str
    records: str
    display: Display
    lineage: str = ""
    prefix: str = ""
    statistics: dict[str, StepStatistics] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """How many tasks run at a time."""
        return self.executor.workers

    def map(
        self, step: str, function: Callable[[Any], dict[str, Any]], items: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """Results of ``function`` in the order of the items; recorded ones are not computed."""
        step = self.prefix + step
        prints = [self._fingerprint(step, item) for item in items]
        return self.map_fingerprinted(step, function, items, prints)

    def map_fingerprinted(
        self,
        step: str,
        function: Callable[[Any], dict[str, Any]],
        items: Sequence[Any],
        prints: Sequence[str],
    ) -> list[dict[str, Any]]:
        """As ``map``, where the caller knows what each item depends on."""
        started = time.monotonic()
        records: list[dict[str, Any]] = [{}] * len(items)
        todo: list[RecordedTask] = []
        for index, item in enumerate(items):
            path = self.record_path(step, index)
            record = read_record(path, prints[index], self.run_folder)
            if record is None:
                task = RecordedTask(index, function, item, path, prints[index], self.run_folder)
                todo.append(task)
            else:
                records[index] = record
        with self.display.step(step, len(items), len(items) - len(todo)):
            for number, record in self.executor.run(run_recorded, todo):
                records[todo[number].index] = record
                self.display.part_done()
        self._count(step, records, len(items) - len(todo), time.monotonic() - started)
        return [record["result"] for record in records]

    def record_path(self, step: str, index: int) -> str:
        """Where the record of a task stands."""
        return f"{self.records}/{step.replace('/', '-')}/{index:05d}.json"

    def is_done(self, step: str, index: int, print_: str) -> bool:
        """True where a task has a matching record."""
        return read_record(self.record_path(step, index), print_, self.run_folder) is not None

    def _fingerprint(self, step: str, item: Any) -> str:
        return fingerprint(self.lineage, step, _without_folder(item, self.run_folder))

    def _count(
        self, step: str, records: Iterable[dict[str, Any]], skipped: int, wall_seconds: float
    ) -> None:
        counted = self.statistics.setdefault(step, StepStatistics())
        for record in records:
            counted.tasks += 1
            counted.seconds += record["seconds"]
            counted.peak_memory_bytes = max(counted.peak_memory_bytes, record["peak_memory_bytes"])
        counted.tasks_skipped += skipped
        counted.wall_seconds += wall_seconds


@dataclass(frozen=True)
class RecordedTask:
    """A task with the place of its record."""

    index: int
    function: Callable[[Any], dict[str, Any]]
    item: Any
    record: str
    fingerprint: str
    run_folder: str


def run_recorded(task: RecordedTask) -> dict[str, Any]:
    """Run a task where its worker is, and write its record once its outputs are whole."""
    started = time.monotonic()
    with storage.collect_outputs() as outputs:
        result = task.function(task.item)
    record = {
        "fingerprint": task.fingerprint,
        "result": result,
        "outputs": [[path, storage.file_size(path)] for path in outputs],
        "seconds": round(time.monotonic() - started, 3),
        "peak_memory_bytes": peak_memory_bytes(),
    }
    write_json(task.record, _moved(record, _root(task.run_folder), RUN_FOLDER))
    return record


def read_record(path: str, print_: str, run_folder: str) -> dict[str, Any] | None:
    """The record, if it is whole, has this fingerprint, and all its outputs are there.

    Paths below the run folder stand in it relative to that folder: a run that was copied or moved
    has its own files in mind, not those of the place it came from.
    """
    try:
        record: dict[str, Any] = read_json(path)
    except (FileNotFoundError, ValueError):
        return None
    if record.get("fingerprint") != print_:
        return None
    record = _moved(record, RUN_FOLDER, _root(run_folder))
    if any(storage.file_size(output) != size for output, size in record["outputs"]):
        return None
    return record


def read_json(path: str) -> Any:
    """Parse a JSON file, local or remote."""
    with storage.open_input(path) as stream:
        return json.loads(stream.read())


def write_json(path: str, value: Any, indent: int | None = None) -> None:
    """Write a JSON file atomically, keys in the order given."""
    storage.write_text(path, json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def peak_memory_bytes() -> int:
    """Largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def sweep(folder: str, keep: Iterable[str]) -> int:
    """Remove files below ``folder`` that this recipe and input did not make; return how many.

    A folder of which nothing is kept goes too.
    """
    kept = {storage.filesystem(path)[1] for path in keep}
    files, inner = storage.filesystem(folder)
    if not files.exists(inner):
        return 0
    present = files.find(inner)
    stale = [path for path in present if path not in kept]
    if len(stale) == len(present):
        files.rm(inner, recursive=True)
        return len(stale)
    for path in stale:
        files.rm(path)
    return len(stale)


def sweep_unfinished(run_folder: str) -> int:
    """Remove what a killed run was writing; return how many files. No task may be running."""
    files, inner = storage.filesystem(run_folder)
    unfinished = [p for p in files.find(inner) if p.endswith(UNFINISHED)]
    for path in unfinished:
        files.rm(path)
    return len(unfinished)


def _without_folder(item: Any, folder: str) -> Any:
    """The item as plain values, paths below the run folder made relative."""
    plain = json.loads(json.dumps(item, sort_keys=True, default=_plain_default))
    return _moved(plain, _root(folder), "")


def _root(folder: str) -> str:
    return folder.rstrip("/") + "/"


def _moved(value: Any, before: str, after: str) -> Any:
    """Plain values with every path that begins with ``before`` beginning with ``after``."""
    if isinstance(value, str):
        return after + value[len(before) :] if value.startswith(before) else value
    if isinstance(value, dict):
        return {key: _moved(inner, before, after) for key, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner, before, after) for inner in value]
    return value


def _plain_default(value: Any) -> Any:
    from pipeline.fingerprints import _plain

    return _plain(value)
