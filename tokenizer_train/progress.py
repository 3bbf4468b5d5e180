"""How a training says where it stands."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with the step's name and the share of it that is done, 0 to 1."""

STEPS = {
    "count": "counting text by language",
    "sample": "reading the sample",
    "merge": "learning merges",
    "measure": "measuring on held-out text",
}
"""The steps in their order, in words."""


def no_progress(step: str, done: float) -> None:
    """Say nothing."""
