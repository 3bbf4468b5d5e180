"""What a person sees while a run works: live bars on a terminal, a line every few seconds in a log.

Tasks call ``report`` (they need not know where they run); the executor carries the counts to the
driver, where ``advance`` adds them to the step that is shown.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from formats.units import format_bytes, format_count

log = logging.getLogger("pipeline")
LOG_SECONDS = 5.0

_reporter: Callable[[int, int], None] | None = None
_display: Display | None = None


def report(documents: int, text_bytes: int) -> None:
    """Called by a task after each batch: documents and bytes of text worked on."""
    if _reporter is not None:
        _reporter(documents, text_bytes)
    else:
        advance(documents, text_bytes)


@contextmanager
def reporting_to(reporter: Callable[[int, int], None]) -> Iterator[None]:
    """Inside the block, this process's ``report`` goes to ``reporter`` (a worker's way home)."""
    global _reporter
    before, _reporter = _reporter, reporter
    try:
        yield
    finally:
        _reporter = before


def advance(documents: int, text_bytes: int) -> None:
    """Add to the counts of the step that is shown."""
    if _display is not None and (documents or text_bytes):
        _display.add(documents, text_bytes)


class Display:
    """One line per step; the running one renews itself."""

    def __init__(self, live: bool | None = None) -> None:
        """Live bars where standard error is a terminal, or as ``live`` says."""
        self._live = sys.stderr.isatty() if live is None else live
        self._bars: Any = None
        self._bar: Any = None
        self._step = ""
        self._started = self._logged = 0.0
        self._done = self._total = self._documents = self._text_bytes = 0

    def __enter__(self) -> Display:
        """Start showing."""
        global _display
        _display = self
        if self._live:
            self._bars = _live_bars()
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop showing; what was shown stays."""
        global _display
        _display = None
        if self._bars is not None:
            self._bars.stop()

    @contextmanager
    def step(self, name: str, total: int, done: int = 0) -> Iterator[None]:
        """Show a step of ``total`` parts, of which ``done`` were finished by an earlier run."""
        self._step, self._total, self._done = name, total, done
        self._started = self._logged = time.monotonic()
        self._documents = self._text_bytes = 0
        if self._bars is not None:
            self._bar = self._bars.add_task(name, total=total, completed=done, rates="")
        yield
        if self._bars is not None:
            self._bars.update(self._bar, completed=total, rates=self._rates())
        elif total > done:
            log.info("%s: %s", name, self._rates())

    def part_done(self) -> None:
        """One more part of the step is finished."""
        self._done += 1
        self._show()

    def add(self, documents: int, text_bytes: int) -> None:
        """More documents and bytes went through the step."""
        self._documents += documents
        self._text_bytes += text_bytes
        self._show()

    def note(self, message: str) -> None:
        """A line that stays."""
        if self._bars is not None:
            self._bars.console.print(message, highlight=False, markup=False)
        else:
            log.info("%s", message)

    def _show(self) -> None:
        now = time.monotonic()
        if self._bars is not None:
            self._bars.update(self._bar, completed=self._done, rates=self._rates())
        elif now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.info("%s: %d of %d parts, %s", self._step, self._done, self._total, self._rates())

    def _rates(self) -> str:
        seconds = max(time.monotonic() - self._started, 1e-3)
        if not self._documents:
            return f"{seconds:.1f} s"
        return (
            f"{format_count(self._documents)} documents, {format_bytes(self._text_bytes)}, "
            f"{format_count(int(self._documents / seconds))} documents/s, "
            f"{self._text_bytes / seconds / 1e6:.1f} MB/s, {seconds:.1f} s"
        )


def _live_bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = [
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        Left(compact=True),
        TextColumn("{task.fields[rates]}"),
    ]
    return Progress(*columns, console=Console(stderr=True), refresh_per_second=4)
