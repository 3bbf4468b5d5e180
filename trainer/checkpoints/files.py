"""The files of a checkpoint: every process writes its part, any number of processes reads them.

    rank-00000.safetensors    the parts of weights and moments that process 0 held
    rank-00000.json           {"sha256": ..., "parts": {name: {"shape": [...], "first_row": 0}}}

A part is some rows of a tensor of that shape. What every process holds whole, process 0 writes.
Unlike ``torch.distributed.checkpoint``, whose table of contents is a pickle, nothing here can run
code; and a reader takes of each file the rows it needs and no others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from trainer.errors import CheckpointError


class Piece(NamedTuple):
    """Some rows of a tensor, or all of it."""

    tensor: Tensor
    shape: tuple[int, ...]
    """Of the whole tensor."""
    first_row: int


def data_name(rank: int) -> str:
    """Name of a process's file."""
    return f"rank-{rank:05d}.safetensors"


def index_name(rank: int) -> str:
    """Name of the table of contents of a process's file; once it is there, that file is whole."""
    return f"rank-{rank:05d}.json"


def write_pieces(folder: Path, rank: int, pieces: Mapping[str, Piece]) -> None:
    """Write a process's part of a checkpoint, then its table of contents.

    Args:
        folder: exists.
        rank: of the process.
        pieces: on the host. Empty ones are left out, and whole ones where ``rank`` is not 0.
    """
    kept = {
        name: piece
        for name, piece in pieces.items()
        if piece.tensor.numel() and (rank == 0 or tuple(piece.tensor.shape) != piece.shape)
    }
    path = folder / data_name(rank)
    save_file({name: piece.tensor.contiguous() for name, piece in kept.items()}, path)
    sync_file(path)
    index = {
        "sha256": sha256_of(path),
        "parts": {
            name: {"shape": list(piece.shape), "first_row": piece.first_row}
            for name, piece in kept.items()
        },
    }
    temporary = folder / f".{index_name(rank)}.tmp"
    temporary.write_text(json.dumps(index), encoding="utf-8")
    sync_file(temporary)
    temporary.rename(folder / index_name(rank))


def sync_file(path: Path) -> None:
    """Bring a file to the disk: a rename must not survive a power cut that the bytes did not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sha256_of(path: str | Path) -> str:
    """Of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SavedTensors:
    """The tensors of a checkpoint, by rows; to be used in a ``with``."""

    def __init__(self, folder: Path, world: int) -> None:
        """Read the tables of contents.

        Args:
            folder: of the checkpoint.
            world: how many processes wrote it.

        Raises:
            CheckpointError: one cannot be read.
        """
        self.folder = folder
        self._parts: dict[str, list[tuple[int, int, tuple[int, ...]]]] = {}
        for rank in range(world):
            for name, part in read_index(folder, rank)["parts"].items():
                place = (part["first_row"], rank, tuple(part["shape"]))
                self._parts.setdefault(name, []).append(place)
        self._open: dict[int, Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Files are opened when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close them."""
        self._stack.close()
        self._open.clear()

    def names(self, start: str = "") -> list[str]:
        """All tensors whose names begin so."""
        return [name for name in self._parts if name.startswith(start)]

    def shape(self, name: str) -> tuple[int, ...]:
        """Of the whole tensor."""
        return self._parts[name][0][2]

    def rows(self, name: str, first: int, count: int | None) -> Tensor:
        """Rows ``first`` to ``first + count - 1``; None, or a tensor without rows: all.

        A tensor that is not cut by rows, as a count of steps is, comes whole.

        Raises:
            CheckpointError: a file is damaged, or does not have them.
        """
        if name not in self._parts:
            raise damaged(self.folder, f"there is no {name} in it")
        parts = sorted(self._parts[name])
        shape = parts[0][2]
        found = []
        try:
            if not shape:
                return self._file(parts[0][1]).get_tensor(name)
            end = shape[0] if count is None else first + count
            for begin, rank, _ in parts:
                stored = self._file(rank).get_slice(name)
                length = stored.get_shape()[0]
                low, high = max(first, begin), min(end, begin + length)
                if low < high:
                    found.append(stored[low - begin : high - begin])
        except (OSError, SafetensorError) as error:
            raise damaged(self.folder, str(error)) from error
        if sum(map(len, found)) != end - first:
            raise damaged(self.folder, f"{name} lacks some of the rows {first} to {end - 1}")
        return torch.cat(found) if found else torch.empty(0, *shape[1:])

    def _file(self, rank: int) -> Any:
        if rank not in self._open:
            opened = safe_open(self.folder / data_name(rank), framework="pt")
            self._open[rank] = self._stack.enter_context(opened)
        return self._open[rank]


def read_index(folder: Path, rank: int) -> dict[str, Any]:
    """The table of contents of a process's file.

    Raises:
        CheckpointError: it cannot be read.
    """
    path = folder / index_name(rank)
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(index["parts"], dict):
            raise ValueError("parts is no mapping")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, _reason(error)) from error
    return index


def check_files(folder: Path, ranks: Sequence[int]) -> None:
    """That the files of these processes have the bytes that were written.

    Raises:
        CheckpointError: one has not.
    """
    for rank in ranks:
        path = folder / data_name(rank)
        try:
            found = sha256_of(path)
        except OSError as error:
            raise damaged(path, _reason(error)) from error
        if found != read_index(folder, rank)["sha256"]:
            raise damaged(path, "its sha256 is not the one that was written down")


def damaged(path: Path, reason: str) -> CheckpointError:
    """An error that says which file, and why."""
    return CheckpointError(f"{path}: is damaged ({reason})")


def _reason(error: Exception) -> str:
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return said.partition("\n")[0]
