"""Stopping on request: Ctrl-C, a scheduler's SIGTERM or the time limit, obeyed within seconds.

As a rule the step ends and a checkpoint is written. Where that could take longer than a scheduler
waits (torchrun kills after 30 s), nothing is to be lost: a first step, which compiles, comes right
after a checkpoint, and is left at once. A thread sees to that where the main thread does not get
to hear of the signal, inside a compiler or waiting for another process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SECONDS_TO_LEAVE = 8.0
"""For the main thread, before the process is ended from beside it."""


SECONDS_OF_ONE_REQUEST = 1.5
"""Ctrl-C reaches a process of torchrun twice: from the terminal and from torchrun."""


class Leave(BaseException):
    """The run is left where nothing is to be saved."""


class StopRequest:
    """False until someone wants the run to stop."""

    def __init__(self, time_limit: float = 0.0) -> None:
        """Nobody does yet; ``time_limit``: seconds after which it stops, 0: none."""
        self.asked = False
        self.nothing_to_lose = False
        self._deadline = time.monotonic() + time_limit if time_limit else float("inf")

    def __bool__(self) -> bool:
        """Whether to stop after this step."""
        return self.asked or time.monotonic() > self._deadline

    def ask(self) -> None:
        """Stop after this step; at once where nothing is lost by it.

        Raises:
            Leave: nothing is.
        """
        self.asked = True
        if self.nothing_to_lose:
            raise Leave

    @contextmanager
    def all_is_saved(self, holds: bool = True) -> Iterator[None]:
        """Inside the block a request leaves the run at once."""
        if holds and self.asked:
            raise Leave
        self.nothing_to_lose = holds
        try:
            yield
        finally:
            self.nothing_to_lose = False


@contextmanager
def stop_requests(
    note: Callable[[str], None], time_limit: float = 0.0, may_exit: bool = False
) -> Iterator[StopRequest]:
    """Inside the block, the first signal sets the request and the second one interrupts at once.

    Outside the main thread, where Python takes no signals, only the time limit sets it.

    Args:
        note: told what will happen.
        time_limit: seconds; 0: none.
        may_exit: the process is the run's own, and may be ended from a thread.
    """
    request = StopRequest(time_limit)
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    asked_at: list[float] = []

    def handle(number: int, frame: FrameType | None) -> None:
        asked_at.append(time.monotonic())
        if request.asked:
            if asked_at[-1] - asked_at[0] > SECONDS_OF_ONE_REQUEST:
                raise KeyboardInterrupt
            return
        if not request.nothing_to_lose:
            note("stopping: this step ends, then a checkpoint is written (again: stop at once)")
        request.ask()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        with _watched(request) if may_exit else nullcontext():
            yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _watched(request: StopRequest) -> Iterator[None]:
    """End the process from a thread where a signal came and nothing is lost by it."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    over = threading.Event()

    def watch() -> None:
        while number := os.read(heard, 1):
            if number[0] not in SIGNALS:
                continue
            if not over.wait(SECONDS_TO_LEAVE) and request.nothing_to_lose:
                os._exit(0)

    watcher = threading.Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        os.close(told)  # the watcher reads an end
        watcher.join()
        os.close(heard)
