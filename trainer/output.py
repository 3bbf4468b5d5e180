"""The folder of a training run, and which configuration it belongs to.

OUT/run.json            configuration, shards, parameter count, unigram entropy
OUT/metrics.jsonl       one JSON object per step
OUT/checkpoints/        see ``trainer.checkpoint``
OUT/loss.png            see ``trainer.curve``
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from formats.storage import atomic_path


class OutputError(ValueError):
    """The folder cannot be used for, or read as, this run; the message says what to do."""


class OutputFolder:
    """Names every place of a run's folder, and reads and writes the small files in it."""

    def __init__(self, path: str | Path) -> None:
        """Nothing is made or read yet."""
        self.path = Path(path)
        self.run_path = self.path / "run.json"
        self.metrics_path = self.path / "metrics.jsonl"
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
        for path in (self.run_path, self.metrics_path, self.curve_path):
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
        """The steps so far, in order; a last line cut by a crash is left out."""
        if not self.metrics_path.exists():
            return []
        steps = []
        for line in self.metrics_path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                steps.append(json.loads(line))
        return steps

    def cut_metrics(self, step: int) -> None:
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
        with atomic_path(str(self.metrics_path)) as temporary:
            text = "".join(metrics_line(metrics) for metrics in kept)
            Path(temporary).write_text(text, encoding="utf-8")


def metrics_line(metrics: dict[str, Any]) -> str:
    """A step's figures as a line of ``metrics.jsonl``; floats keep every digit."""
    return json.dumps(metrics) + "\n"


def check_same_run(folder: OutputFolder, before: dict[str, Any], now: dict[str, Any]) -> None:
    """That a run may go on where an earlier one stopped.

    Args:
        folder: of both.
        before: ``settings`` and ``shards_sha256`` of the earlier one's run.json.
        now: the same of this one.

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
        changes.append("the shards are others (their manifest.json differs)")
    if changes:
        raise OutputError(
            f"{folder.path} holds a run of other settings: {'; '.join(changes)}. Set them back to "
            "go on, give another out=FOLDER, or throw that run away with --fresh"
        )
