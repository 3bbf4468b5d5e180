"""Checkpoints: everything a run needs to go on as if it had never stopped.

    OUT/checkpoints/step-000050/model.pt       parameters
    OUT/checkpoints/step-000050/optimizer.pt   AdamW's moments
    OUT/checkpoints/step-000050/state.json     step, rows read, hashes of settings and shards

The folder is written under a temporary name and renamed, and renamed again before it is removed, so
one that is there is whole. The model has no dropout and rows are read in order, so no state of a
random generator belongs to it: on a CPU, with as many threads, a run that goes on from here makes
the bytes it would have made unbroken.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trainer.errors import CheckpointError

MODEL, OPTIMIZER, STATE = "model.pt", "optimizer.pt", "state.json"


@dataclass(frozen=True)
class State:
    """Where a run stands."""

    step: int
    """Optimizer steps done."""
    rows_read: int
    """The whole reading state: the next step begins with this row."""
    settings_sha256: str
    shards_sha256: str


def save_checkpoint(
    folder: Path, state: State, model: nn.Module, optimizer: torch.optim.Optimizer, keep: int
) -> Path:
    """Write a checkpoint and remove the oldest ones.

    Args:
        folder: of all checkpoints.
        state: where the run stands.
        model: its parameters.
        optimizer: its moments.
        keep: how many checkpoints stay.

    Returns:
        The folder of this one.
    """
    path = folder / f"step-{state.step:06d}"
    if not path.exists():
        temporary = folder / f".{path.name}.tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        _save(model.state_dict(), temporary / MODEL)
        _save(optimizer.state_dict(), temporary / OPTIMIZER)
        text = json.dumps(dataclasses.asdict(state), indent=2) + "\n"
        (temporary / STATE).write_text(text, encoding="utf-8")
        temporary.rename(path)
    for old in checkpoints(folder)[:-keep]:
        old.rename(folder / f".{old.name}.tmp")
    for unfinished in folder.glob(".step-*.tmp"):
        shutil.rmtree(unfinished)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints that are there, oldest first."""
    found = [path for path in folder.glob("step-*") if (path / STATE).exists()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")))


def latest_checkpoint(folder: Path) -> Path | None:
    """The last one, or None."""
    found = checkpoints(folder)
    return found[-1] if found else None


def read_state(checkpoint: Path) -> State:
    """Where the run stood.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = checkpoint / STATE
    try:
        return State(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error


def load_model(checkpoint: Path, device: torch.device | str = "cpu") -> Mapping[str, torch.Tensor]:
    """The parameters by name.

    Raises:
        CheckpointError: the file is damaged.
    """
    state: Mapping[str, torch.Tensor] = _load(checkpoint / MODEL, device)
    return state


def load_checkpoint(
    checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device
) -> None:
    """Put the parameters and moments into ``model`` and ``optimizer``.

    Raises:
        CheckpointError: a file is damaged.
    """
    model.load_state_dict(load_model(checkpoint, device))
    optimizer.load_state_dict(_load(checkpoint / OPTIMIZER, device))


def _save(state: Mapping[str, Any], path: Path) -> None:
    with path.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())  # the rename must not survive a power cut that the bytes did not


def _load(path: Path, device: torch.device | str) -> Any:
    """Tensors and plain values only: a checkpoint of unknown origin cannot run code."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointError:
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    reason = said.partition(". ")[0].partition("\n")[0]
    return CheckpointError(
        f"{path}: is damaged ({reason}). Remove the folder {path.parent}: the run then goes on "
        "from the checkpoint before it, or from the beginning where there is none"
    )
