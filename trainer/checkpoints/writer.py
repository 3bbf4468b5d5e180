"""Checkpoints written while training goes on: copied to the host, then to disk by a thread.

The copy is queued behind the step it belongs to and the thread waits for it, so training waits only
where a checkpoint is due before the one before it is written. Processes meet through files: each
puts its part into one folder, and the first gives it its name once all parts are there. So nothing
in a thread can come between the messages that the training itself sends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError
from torch import Tensor

from trainer.checkpoints.checkpoint import (
    State,
    checkpoint_name,
    remove_old,
    remove_unfinished,
    write_state,
)
from trainer.checkpoints.files import Piece, index_name, write_pieces
from trainer.errors import CheckpointError
from trainer.machine.distributed import Ranks

PATIENCE_SECONDS = 1800.0
"""How long the first process waits for the parts of the others."""
POLL_SECONDS = 0.02


class CheckpointWriter:
    """Writes the checkpoints of a run, one at a time."""

    def __init__(self, folder: Path, ranks: Ranks, keep: int, keep_every: int = 0) -> None:
        """Tidy up what an earlier process left; all processes make one at the same time.

        Args:
            folder: of all checkpoints; where processes are on several machines, they share it.
            ranks: who writes.
            keep: how many checkpoints stay.
            keep_every: those of multiples of so many steps stay too; 0: none.
        """
        self.folder, self.ranks, self.keep, self.keep_every = folder, ranks, keep, keep_every
        self._host: dict[str, Tensor] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self.last_step = -1
        """Of the checkpoint that was last read or submitted."""
        ranks.from_first(self._tidy)

    def __enter__(self) -> Self:
        """Ready to write."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let what was submitted come to the disk, whatever else has gone wrong."""
        self._thread.shutdown()

    def submit(
        self, state: State, pieces: Callable[[], Mapping[str, Piece]], before: Callable[[], None]
    ) -> Path:
        """Copy what a checkpoint holds, and let the thread write it.

        Nothing happens where it would be the last one again.

        Args:
            state: where the run stands.
            pieces: gives those of this process.
            before: called before the checkpoint gets its name.

        Returns:
            Where it will be.

        Raises:
            CheckpointError: the one before it could not be written.
        """
        target = self.folder / checkpoint_name(state.step)
        if state.step != self.last_step:
            self.wait()
            host, copied = self._to_host(pieces())
            self._writing = self._thread.submit(self._write, state, host, copied, before)
            self.last_step = state.step
        return target

    def wait(self) -> None:
        """Until what was submitted is on the disk.

        Raises:
            CheckpointError: it could not be written.
        """
        if self._writing is not None:
            writing, self._writing = self._writing, None
            try:
                writing.result()
            except (OSError, SafetensorError) as error:
                raise CheckpointError(
                    f"{self.folder}: the checkpoint cannot be written: {error}. The one before "
                    "it stays; make room and give the same command again"
                ) from error

    def _tidy(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self.folder)

    def _to_host(
        self, pieces: Mapping[str, Piece]
    ) -> tuple[dict[str, Piece], torch.cuda.Event | None]:
        """Copies in memory that is used again for the next checkpoint; an event to wait for."""
        found = {}
        event = None
        for name, piece in pieces.items():
            kept = self._host.get(name)
            on_gpu = piece.tensor.is_cuda
            if kept is None or kept.shape != piece.tensor.shape:
                kept = torch.empty_like(
                    piece.tensor, device="cpu", pin_memory=on_gpu,
                    memory_format=torch.contiguous_format,
                )  # fmt: skip
                self._host[name] = kept
            kept.copy_(piece.tensor.detach(), non_blocking=on_gpu)
            found[name] = Piece(kept, piece.shape, piece.first_row)
            if on_gpu and event is None:
                event = torch.cuda.Event()
        if event is not None:
            event.record()
        return found, event

    def _write(
        self,
        state: State,
        pieces: Mapping[str, Piece],
        copied: torch.cuda.Event | None,
        before: Callable[[], None],
    ) -> None:
        if copied is not None:
            copied.synchronize()
        target = self.folder / checkpoint_name(state.step)
        temporary = self.folder / f".{target.name}.tmp"
        temporary.mkdir(exist_ok=True)
        write_pieces(temporary, self.ranks.rank, pieces)
        if not self.ranks.is_first:
            return
        self._meet(temporary)
        before()
        write_state(temporary, state)
        temporary.rename(target)
        remove_old(self.folder, self.keep, self.keep_every)

    def _meet(self, folder: Path) -> None:
        """Wait for the parts of the others.

        Raises:
            OSError: they did not come.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        wanted = [folder / index_name(rank) for rank in range(self.ranks.world)]
        while missing := [path for path in wanted if not path.exists()]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{missing[0]} did not come")
            time.sleep(POLL_SECONDS)
