"""What a person sees while a run trains: a live bar on a terminal, lines in a log elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from datetime import timedelta
from typing import Any

from formats.units import format_count

log = logging.getLogger("trainer")


class Progress:
    """Shows steps: ``with Progress(steps, done, log_every) as shown: shown.step(metrics)``."""

    def __init__(self, steps: int, done: int, log_every: int, live: bool | None = None) -> None:
        """Live where standard error is a terminal, or as ``live`` says.

        Args:
            steps: of the whole run.
            done: by an earlier process.
            log_every: steps between lines of the log.
            live: a bar instead of lines.
        """
        self._steps, self._log_every = steps, log_every
        self._first: tuple[int, float] | None = None
        self._tokens, self._seconds = 0.0, 0.0
        """Since the last line of the log: a single step's pace says little on a busy machine."""
        self._bar: Any = None
        self._task: Any = None
        if sys.stderr.isatty() if live is None else live:
            self._bar = _live_bar()
            self._task = self._bar.add_task("", total=steps, completed=done, figures="")

    def __enter__(self) -> Progress:
        """Start showing."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop showing; what was shown stays."""
        if self._bar is not None:
            self._bar.stop()

    def step(self, metrics: dict[str, Any]) -> None:
        """One more step is done."""
        self._seconds += metrics.get("seconds", 0.0)
        self._tokens += metrics["tokens_per_second"] * metrics.get("seconds", 0.0)
        if self._bar is not None:
            self._bar.update(
                self._task,
                completed=metrics["step"],
                description=metrics["phase"],
                figures=figures(metrics),
            )
        elif metrics["step"] in (1, self._steps) or metrics["step"] % self._log_every == 0:
            mean = {"tokens_per_second": self._tokens / self._seconds} if self._seconds else {}
            log.info(
                "step %d of %d, %s: %s%s",
                metrics["step"], self._steps, metrics["phase"], figures(metrics | mean),
                self._time_left(metrics["step"]),
            )  # fmt: skip
            self._tokens, self._seconds = 0.0, 0.0

    def _time_left(self, step: int) -> str:
        """At the pace since the first step that was seen, checkpoints and evaluations included."""
        now = time.monotonic()
        if self._first is None:
            self._first = (step, now)
        first, began = self._first
        if step == first or step == self._steps:
            return ""
        seconds = (now - began) / (step - first) * (self._steps - step)
        return f", {timedelta(seconds=round(seconds))} left"

    def note(self, message: str) -> None:
        """A line that stays."""
        if self._bar is not None:
            self._bar.console.print(message, highlight=False, markup=False)
        else:
            log.info("%s", message)


def figures(metrics: dict[str, Any]) -> str:
    """The figures of a step that a person steers by."""
    parts = [
        f"loss {metrics['loss']:.3f}",
        f"learning rate {metrics['learning_rate']:.2g}",
        f"gradient norm {metrics['gradient_norm']:.2f}",
        f"{format_count(int(metrics['tokens_per_second']))} tokens/s",
    ]
    if "mfu" in metrics:
        parts.append(f"MFU {metrics['mfu']:.1%}")
    if "memory_bytes" in metrics:
        parts.append(f"{metrics['memory_bytes'] / 2**30:.1f} GiB")
    if metrics.get("skipped"):
        parts.append(f"{metrics['skipped']} steps skipped")
    return ", ".join(parts)


def _live_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = [
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[figures]}"),
    ]
    return Bar(*columns, console=Console(stderr=True), refresh_per_second=4)
