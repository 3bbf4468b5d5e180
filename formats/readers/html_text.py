"""Main text and facts of HTML pages, through a child process that a bad page may take down.

    Extractor.extract([page, page, …]) ── batch ──► html_child ── answers ──► [Page | PageError, …]

A page has ``PAGE_SECONDS`` of CPU time: CPU time and not time on the clock, so that a machine under
load gives the same documents. A page that takes longer, or more memory, is answered with an error;
the pages behind it go to a new child. The price of the second process is some 80 microseconds a
page and, once, its start.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

ExtractSetting = Literal[
    "resiliparse",
    "resiliparse_all",
    "trafilatura",
    "trafilatura_fast",
    "trafilatura_precision",
    "trafilatura_recall",
]
PAGE_SECONDS = 20.0
"""CPU time of one page; the slowest of 250 real pages of up to 1.2 MB took 1.2 s (trafilatura)."""
CLOCK_SECONDS = 600.0
"""The child is ended when it is silent for so long, whatever it does."""
START_SECONDS = 120.0
BATCH_BYTES = 1 << 20
BATCH_PAGES = 256


@dataclass(frozen=True)
class Page:
    """What a page holds."""

    text: str
    facts: dict[str, str]
    """title, html_lang, content_language, og_locale, canonical, date: those that it gives."""


@dataclass(frozen=True)
class PageError:
    """A page that could not be taken apart."""

    error: str
    """As a quarantine error."""


class Extractor:
    """Keeps one child process with an extractor loaded."""

    def __init__(self, setting: str, page_seconds: float = PAGE_SECONDS) -> None:
        """Check that the extractor is there; the child starts with the first page.

        Raises:
            ValueError: no such setting.
            ModuleNotFoundError: the package is missing; the message says what to install.
        """
        if setting not in get_args(ExtractSetting):
            valid = ", ".join(get_args(ExtractSetting))
            raise ValueError(f"extract: {setting!r} is not one of {valid}")
        check_installed(setting)
        self._setting = setting
        self._page_seconds = page_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._received = bytearray()

    def extract(self, pages: Sequence[str]) -> list[Page | PageError]:
        """Take pages apart, in order."""
        encoded = [page.encode("utf-8", "replace") for page in pages]
        answers: list[Page | PageError] = []
        again = False
        while len(answers) < len(encoded):
            before = len(answers)
            answers += self._serve(_batch(encoded[before:]), again)
            again = len(answers) == before
        return answers

    def finish(self) -> None:
        """Let the child end by itself, so that its times are counted."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
            self._child.wait(CLOCK_SECONDS)
        self.close()

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # what a dead child was still to be sent
                        pipe.close()

    def _serve(self, batch: list[bytes], again: bool) -> Iterator[Page | PageError]:
        """Send a batch, yield its answers; fewer where a page takes the child down.

        Args:
            batch: pages.
            again: the child was ended at the first of them before, perhaps not by the page's doing.
        """
        child = self._running()
        message = [struct.pack("<I", len(batch))]
        for page in batch:
            message += struct.pack("<I", len(page)), page
        try:
            assert child.stdin is not None
            child.stdin.write(b"".join(message))
            child.stdin.flush()
            for _ in batch:
                yield self._answer(CLOCK_SECONDS)
        except (EOFError, BrokenPipeError, TimeoutError) as error:
            reason, killed = self._obituary(error)
            if again or not killed:
                yield PageError(reason)

    def _running(self) -> subprocess.Popen[bytes]:
        """The child, started when there is none; forked processes do not share one."""
        if self._child is None:
            command = [sys.executable, "-m", "formats.readers.html_child"]
            path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
            self._child = subprocess.Popen(
                [*command, self._setting, str(self._page_seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
            )
            self._received.clear()
            try:
                self._answer(START_SECONDS)
            except (EOFError, TimeoutError) as error:
                reason, _ = self._obituary(error)
                raise RuntimeError(
                    f"the extractor {self._setting} does not start: {reason}"
                ) from None
        return self._child

    def _answer(self, seconds: float) -> Page | PageError:
        """Wait for the next answer.

        Raises:
            EOFError: the child is gone.
            TimeoutError: it is silent.
        """
        import orjson

        facts_bytes, text_bytes = struct.unpack("<II", self._take(8, seconds))
        facts = orjson.loads(self._take(facts_bytes, seconds))
        text = self._take(text_bytes, seconds).decode()
        if "error" in facts:
            return PageError(f"extraction failed: {facts['error']}")
        return Page(text, facts)

    def _take(self, size: int, seconds: float) -> bytes:
        """The next bytes of the child's answers."""
        assert self._child is not None and self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        deadline = time.monotonic() + seconds
        while len(self._received) < size:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError
            data = os.read(descriptor, 1 << 20)
            if not data:
                raise EOFError
            self._received += data
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _obituary(self, error: Exception) -> tuple[str, bool]:
        """Why the child is gone, and whether the page may be innocent; takes it away."""
        import signal

        child = self._child
        assert child is not None
        if isinstance(error, TimeoutError):
            child.kill()
        code = child.wait()
        self.close()
        if isinstance(error, TimeoutError):  # a machine that was suspended looks the same
            return f"extraction too long: silent for {CLOCK_SECONDS:g} s", True
        if code == -signal.SIGPROF:
            return f"extraction too long: more than {self._page_seconds:g} s of CPU time", False
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        killed = code == -signal.SIGKILL
        return f"extraction failed: the page ended the extractor ({how})", killed


@cache
def shared_extractor(setting: str) -> Extractor:
    """The process's one extractor of a setting: its child lives as long as the worker."""
    extractor = Extractor(setting)
    atexit.register(extractor.close)
    return extractor


def check_installed(setting: str) -> None:
    """Raise a ``ModuleNotFoundError`` that says what to install, if a package is missing."""
    wanted = ["resiliparse", "trafilatura"] if "trafilatura" in setting else ["resiliparse"]
    for name in wanted:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(
                f"read: warc with extract: {setting} needs the package {name}: "
                'pip install -e ".[web]" (or pip install "polymill[web]")',
                name=name,
            )


def _batch(pages: list[bytes]) -> list[bytes]:
    """The first pages, up to a megabyte."""
    size = 0
    for count, page in enumerate(pages):
        if count and (size + len(page) > BATCH_BYTES or count == BATCH_PAGES):
            return pages[:count]
        size += len(page)
    return pages
