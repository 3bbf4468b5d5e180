"""Metrics where people already look: TensorBoard, Weights & Biases, trackio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from trainer.errors import ConfigError


class Tracker(Protocol):
    """Takes numbers by name."""

    def add(self, figures: dict[str, float], step: int) -> None:
        """The figures of a step."""

    def close(self) -> None:
        """Nothing follows."""


class TensorBoard:
    """Event files below ``OUT/tensorboard``."""

    def __init__(self, folder: Path, step: int) -> None:
        """What an earlier process wrote of the steps after ``step`` is hidden."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def add(self, figures: dict[str, float], step: int) -> None:
        """A scalar each."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class Wandb:
    """Weights & Biases, or trackio, which has the same functions."""

    def __init__(self, name: str, folder: Path, settings: dict[str, Any]) -> None:
        """One run of the project ``trainer``, called like the folder; resumed where it exists."""
        self._library: Any = import_module(name)
        options: dict[str, Any] = {"id": folder.name} if name == "wandb" else {}
        self._library.init(
            project="trainer", name=folder.name, config=settings, resume="allow", **options
        )

    def add(self, figures: dict[str, float], step: int) -> None:
        """All of a step at once."""
        self._library.log(figures, step=step)

    def close(self) -> None:
        """Send what is left."""
        self._library.finish()


def check_trackers(names: Sequence[str]) -> None:
    """That each is installed.

    Raises:
        ConfigError: one is not.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ConfigError(f"trackers: not installed: pip install {' '.join(missing)}")


@contextmanager
def open_trackers(
    names: Sequence[str], folder: Path, step: int, settings: dict[str, Any]
) -> Iterator[list[Tracker]]:
    """The trackers of a run that goes on after ``step``."""
    with ExitStack() as stack:
        found: list[Tracker] = []
        for name in dict.fromkeys(names):
            tracker: Tracker
            if name == "tensorboard":
                tracker = TensorBoard(folder, step)
            else:
                tracker = Wandb(name, folder, settings)
            stack.callback(tracker.close)
            found.append(tracker)
        yield found


def flat(figures: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Numbers of nested mappings under names such as ``components/en/loss``."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            found[f"{prefix}{name}"] = value
    return found
