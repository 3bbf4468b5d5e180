"""Checkpoints: everything a run needs to go on as if it had never stopped.

    OUT/checkpoints/step-000050/rank-00000.safetensors, .json   see ``trainer.checkpoints.files``
    OUT/checkpoints/step-000050/state.json                      step, rows read, hashes

The folder is written under a temporary name and renamed when all processes have written, and
renamed again before it is removed, so one that is there is whole. The model has no dropout and rows
are read in order, so no state of a random generator belongs to it: on a CPU, with as many threads,
a run that goes on from here makes the bytes it would have made unbroken.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from trainer.checkpoints.files import SavedTensors, check_files, damaged
from trainer.errors import CheckpointError
from trainer.machine.distributed import Ranks

STATE = "state.json"
log = logging.getLogger("trainer")


@dataclass(frozen=True)
class State:
    """Where a run stands."""

    step: int
    """Optimizer steps done."""
    rows_read: int
    """The whole reading state: the next step begins with this row."""
    settings_sha256: str
    shards_sha256: str
    world: int = 1
    """How many processes wrote the checkpoint."""


def checkpoint_name(step: int) -> str:
    """Name of the folder of a step's checkpoint."""
    return f"step-{step:06d}"


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints that are there, oldest first."""
    found = [path for path in folder.glob("step-*") if (path / STATE).exists()]
    return sorted(found, key=step_of)


def step_of(checkpoint: Path) -> int:
    """The step after which it was written."""
    return int(checkpoint.name.removeprefix("step-"))


def latest_checkpoint(folder: Path) -> Path | None:
    """The last one, or None."""
    found = checkpoints(folder)
    return found[-1] if found else None


def last_sound_checkpoint(folder: Path, ranks: Ranks) -> Path | None:
    """The last one whose bytes are those that were written; damaged ones are named and removed.

    Every process checks a share of the files, and all agree.
    """
    for path in reversed(ranks.from_first(lambda: checkpoints(folder))):
        problem = None
        try:
            world = read_state(path).world
            check_files(path, range(ranks.rank, world, ranks.world))
        except CheckpointError as error:
            problem = str(error)
            log.warning("%s; the checkpoint before it is used, if there is one", problem)
        if not ranks.any(problem is not None):
            return path
        ranks.from_first(lambda path=path: _remove(path))  # type: ignore[misc]
    return None


def read_state(checkpoint: Path) -> State:
    """Where the run stood.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = checkpoint / STATE
    try:
        return State(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise damaged(path, str(error)) from error


def write_state(folder: Path, state: State) -> None:
    """Write ``state.json`` into a checkpoint that is whole but for it."""
    text = json.dumps(dataclasses.asdict(state), indent=2) + "\n"
    (folder / STATE).write_text(text, encoding="utf-8")


def open_checkpoint(checkpoint: Path) -> SavedTensors:
    """Its tensors, by name and rows: ``model/...``, ``optimizer/...``, ``guard/...``.

    Raises:
        CheckpointError: a file is damaged.
    """
    return SavedTensors(checkpoint, read_state(checkpoint).world)


def load_model(checkpoint: Path) -> Mapping[str, Tensor]:
    """The parameters by name, whole, on the CPU; a tied head is the embedding, and not named.

    Raises:
        CheckpointError: a file is damaged.
    """
    with open_checkpoint(checkpoint) as saved:
        return {
            name.removeprefix("model/"): saved.rows(name, 0, None) for name in saved.names("model/")
        }


def remove_unfinished(folder: Path) -> None:
    """What a process that died left half written or half removed."""
    for path in folder.glob(".step-*.tmp"):
        shutil.rmtree(path)


def remove_old(folder: Path, keep: int, keep_every: int) -> None:
    """Keep the last ``keep``, and those of multiples of ``keep_every`` steps."""
    for path in checkpoints(folder)[:-keep]:
        if not keep_every or step_of(path) % keep_every:
            _remove(path)


def _remove(checkpoint: Path) -> None:
    hidden = checkpoint.with_name(f".{checkpoint.name}.tmp")
    checkpoint.rename(hidden)
    shutil.rmtree(hidden)
