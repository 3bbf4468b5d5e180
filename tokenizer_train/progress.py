"""How a training says where it stands.

Tasks call ``report`` with the share of their own work that is done; whoever runs them in this
process says where that goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, float], None]
"""Called with the step's name and the share of it that is done, 0 to 1."""

STEPS = {
    "measure": "measuring text by language",
    "count": "counting pieces",
    "combine": "combining counts",
    "merge": "learning merges",
}
"""The steps in their order, in words."""

_reporter: Callable[[float], None] | None = None


def no_progress(step: str, done: float) -> None:
    """Say nothing."""


def report(done: float) -> None:
    """Called by a task: the share of its work that is done."""
    if _reporter is not None:
        _reporter(done)


@contextmanager
def reporting_to(reporter: Callable[[float], None]) -> Iterator[None]:
    """Inside the block, ``report`` goes to ``reporter``."""
    global _reporter
    before, _reporter = _reporter, reporter
    try:
        yield
    finally:
        _reporter = before
