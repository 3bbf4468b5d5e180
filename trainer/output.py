"""The folder of a training run, and which configuration it belongs to.

OUT/run.json            configuration, shards, parameter count, unigram entropy
OUT/metrics.jsonl       what was learnt, one JSON object per step
OUT/speed.jsonl         how fast, one JSON object per step
OUT/held_out.jsonl      losses of the held-out rows, one JSON object per evaluation
OUT/checkpoints/        see ``trainer.checkpoints.checkpoint``
OUT/loss.png            see ``trainer.seeing.curve``
OUT/report.html         see ``trainer.seeing.page``

Nothing in ``metrics.jsonl`` depends on the clock, so on a CPU it has the same bytes whether a run
was stopped or not; times are kept apart for that.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from formats.storage import atomic_path
from trainer.errors import OutputError

LAST_STEPS = 10
"""The last loss is a mean over so many steps: single ones differ by the text they read."""


class OutputFolder:
    """Names every place of a run's folder, and reads and writes the small files in it."""

    def __init__(self, path: str | Path) -> None:
        """Nothing is made or read yet."""
        self.path = Path(path)
        self.run_path = self.path / "run.json"
        self.metrics_path = self.path / "metrics.jsonl"
        self.speed_path = self.path / "speed.jsonl"
        self.held_out_path = self.path / "held_out.jsonl"
        self.page_path = self.path / "report.html"
        self.checkpoints_path = self.path / "checkpoints"
        self.curve_path = self.path / "loss.png"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and keep other processes out; the lock goes when the process does.

        Raises:
            OutputError: another process trains into it, or it cannot be a folder.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"out: {self.path}: {error.strerror}") from error
        handle = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OutputError(f"{self.path}: another process trains into it now") from error
            yield
        finally:
            os.close(handle)

    def clear(self) -> None:
        """Remove what a run writes, and nothing else that may be in the folder."""
        files = (self.run_path, self.metrics_path, self.speed_path, self.held_out_path,
                 self.curve_path, self.page_path)  # fmt: skip
        for path in files:
            path.unlink(missing_ok=True)
        if self.checkpoints_path.exists():
            shutil.rmtree(self.checkpoints_path)

    def read_run(self) -> dict[str, Any] | None:
        """``run.json``, or None where no run has begun.

        Raises:
            OutputError: it is not one.
        """
        if not self.run_path.exists():
            return None
        try:
            run: dict[str, Any] = json.loads(self.run_path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise OutputError(f"{self.run_path}: is damaged: {error}") from error
        return run

    def write_run(self, run: dict[str, Any]) -> None:
        """Write ``run.json``, whole or not at all."""
        with atomic_path(str(self.run_path)) as temporary:
            text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
            Path(temporary).write_text(text, encoding="utf-8")

    def read_metrics(self) -> list[dict[str, Any]]:
        """What was learnt in the steps so far, in order."""
        return _read_lines(self.metrics_path)

    def read_speed(self) -> list[dict[str, Any]]:
        """How fast the steps so far were, in order."""
        return _read_lines(self.speed_path)

    def read_held_out(self) -> list[dict[str, Any]]:
        """The evaluations so far, in order."""
        return _read_lines(self.held_out_path)

    def cut_steps(self, step: int) -> None:
        """Forget the steps after ``step``: they are about to be made again.

        Raises:
            OutputError: steps before it are missing.
        """
        kept = [metrics for metrics in self.read_metrics() if metrics["step"] <= step]
        if len(kept) != step:
            raise OutputError(
                f"{self.metrics_path}: has {len(kept)} of the {step} steps before the checkpoint; "
                "start anew with --fresh"
            )
        _write_lines(self.metrics_path, kept)
        for path in (self.speed_path, self.held_out_path):
            before = [figures for figures in _read_lines(path) if figures["step"] <= step]
            _write_lines(path, before)

    @contextmanager
    def step_log(self) -> Iterator[StepLog]:
        """The files that grow by a line per step, open for appending.

        Without a buffer, which closing a file on a full disk would try to write again.
        """
        with (
            FileIO(self.metrics_path, "a") as metrics,
            FileIO(self.speed_path, "a") as speed,
            FileIO(self.held_out_path, "a") as held_out,
        ):
            yield StepLog(metrics, speed, held_out)


class StepLog:
    """Appends to ``metrics.jsonl``, ``speed.jsonl`` and ``held_out.jsonl``."""

    def __init__(self, metrics: FileIO, speed: FileIO, held_out: FileIO) -> None:
        """Of open files."""
        self._metrics, self._speed, self._held_out = metrics, speed, held_out

    def add(self, metrics: dict[str, Any], speed: dict[str, Any]) -> None:
        """A step's line of each; whoever follows the files sees it at once."""
        _append(self._metrics, metrics)
        _append(self._speed, speed)

    def add_held_out(self, figures: dict[str, Any]) -> None:
        """An evaluation's line."""
        _append(self._held_out, figures)

    def sync(self) -> None:
        """Bring the lines to the disk: a checkpoint must not survive a power cut that they did not.

        See ``OutputFolder.cut_steps``, which refuses to go on where steps are missing.
        """
        for file in (self._metrics, self._speed, self._held_out):
            os.fsync(file.fileno())


def _append(file: FileIO, figures: dict[str, Any]) -> None:
    try:
        file.write(as_line(figures).encode())
    except OSError as error:
        raise OutputError(
            f"{file.name}: cannot be written: {error.strerror}. Make room and give the same "
            "command again: it goes on after the last checkpoint"
        ) from error


def as_line(figures: dict[str, Any]) -> str:
    """A step's figures as a line of JSON; floats keep every digit."""
    return json.dumps(figures) + "\n"


def first_and_last_loss(metrics: list[dict[str, Any]]) -> tuple[float, float]:
    """Loss of the first step, and mean of the last ``LAST_STEPS``."""
    losses = [step["loss"] for step in metrics]
    last = losses[-LAST_STEPS:]
    return losses[0], sum(last) / len(last)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file, none where it is absent; a line cut by a crash is left out.

    Raises:
        OutputError: a line is no object.
    """
    if not path.exists():
        return []
    objects = []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        if line.endswith("\n"):
            try:
                objects.append(json.loads(line))
            except ValueError as error:
                raise OutputError(f"{path}:{number}: is damaged: {error}") from error
    return objects


def _write_lines(path: Path, objects: list[dict[str, Any]]) -> None:
    with atomic_path(str(path)) as temporary:
        Path(temporary).write_text("".join(map(as_line, objects)), encoding="utf-8")


def check_same_run(folder: OutputFolder, before: dict[str, Any], now: dict[str, Any]) -> None:
    """That a run may go on where an earlier one stopped.

    Args:
        folder: of both.
        before: the earlier one's run.json.
        now: its settings, hashes, sizes and phases as they are now.

    Raises:
        OutputError: with every setting that differs, what it was and is.
    """
    old, new = before["settings"], now["settings"]
    changes = [
        f"{key} was {old.get(key)}, is {new.get(key)}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]
    if before["shards_sha256"] != now["shards_sha256"]:
        changes.append(_how_shards_differ(before, now))
    if changes:
        raise OutputError(
            f"{folder.path} holds a run of other settings: {'; '.join(changes)}. Set them back to "
            "go on, give another out=FOLDER, or throw that run away with --fresh; weights go on "
            f"elsewhere with init=run:{folder.path}"
        )


def _how_shards_differ(before: dict[str, Any], now: dict[str, Any]) -> str:
    """The facts that a person knows shards by."""
    told = []
    for key, name in (("tokenizer_sha256", "tokenizer"), ("vocab_size", "vocabulary"),
                      ("sequence_length", "sequence length")):  # fmt: skip
        if before[key] != now[key]:
            values = [str(each[key])[:16] for each in (before, now)]
            told.append(f"{name} {values[0]}, now {values[1]}")
    rows = [{each["name"]: each["rows"] for each in run["phases"]} for run in (before, now)]
    if rows[0] != rows[1]:
        texts = [", ".join(f"{name} of {count:,} rows" for name, count in each.items())
                 for each in rows]  # fmt: skip
        told.append(f"phases {texts[0]}; now {texts[1]}")
    about = f": {'; '.join(told)}" if told else ", of the same size"
    return f"the shards are others (their manifest.json differs{about})"
