"""Stopping on request: Ctrl-C, or a scheduler's SIGTERM, lets the step end and is then obeyed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """False until someone wants the run to stop."""

    def __init__(self) -> None:
        """Nobody does yet."""
        self._asked = False

    def __bool__(self) -> bool:
        """Whether to stop after this step."""
        return self._asked

    def ask(self) -> None:
        """Stop after this step."""
        self._asked = True


@contextmanager
def stop_requests(note: Callable[[str], None]) -> Iterator[StopRequest]:
    """Inside the block, the first signal sets the request and the second one interrupts at once.

    Outside the main thread, where Python takes no signals, the request is never set.

    Args:
        note: told what will happen.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if request:
            raise KeyboardInterrupt
        request.ask()
        note("stopping: this step ends, then a checkpoint is written (again: stop at once)")

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
