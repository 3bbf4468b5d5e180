"""Batches for ``torch.utils.data.DataLoader``, in the same order for any number of workers.

A DataLoader takes the batches of its workers in turn, so worker w of W makes those numbered
w, w + W, w + 2 W and so on, and needs no word with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch.utils.data import IterableDataset, get_worker_info

from formats.loading.torch_batches import to_tensors

if TYPE_CHECKING:
    from formats.loading.loader import Loader


class RowsDataset(IterableDataset[dict[str, Any]]):
    """The batches of a loader as dictionaries of tensors: ``batch_size=None`` for DataLoader.

    Where a run stands is ``batch["state"]`` of the last batch it has trained on: a loader made with
    it goes on, with any number of workers and ranks. ``state_dict`` and ``load_state_dict`` are
    what torchdata's ``StatefulDataLoader`` asks for; it goes on with as many workers as before, and
    in the middle of a step if that is where it stood.
    """

    def __init__(self, loader: Loader, fields: Sequence[str] | None = None) -> None:
        """Of one rank's loader, which is left as it is; ``fields`` as in ``to_tensors``."""
        self._loader, self._fields = loader, fields
        self._resumed: dict[str, int] | None = None
        self._where = {"state": loader.state, "batch": 0, "workers": 1}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """This worker's batches."""
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        start, first = self._loader.state, worker
        if self._resumed is not None:
            start, first = self._resumed["state"], self._resumed["batch"]
            if self._resumed["workers"] == 1:
                first += worker  # what one worker left, any number takes up
            elif self._resumed["workers"] != workers:
                raise ValueError(
                    f"the state of {self._resumed['workers']} workers cannot be taken up by "
                    f'{workers}; a loader with the last batch["state"] can go on with any number'
                )
            self._resumed = None
        self._where = {"state": start, "batch": first, "workers": workers}
        return self._batches(start, first, workers)

    def _batches(self, start: int, first: int, workers: int) -> Iterator[dict[str, Any]]:
        division = replace(self._loader.division, start=start)
        for number in range(first, division.batches, workers):
            # DataLoader asks for the state when it has the batch: it is that of the next one.
            self._where = self._where | {"batch": number + workers}
            yield to_tensors(self._loader.read(division, number), self._fields)

    def state_dict(self) -> dict[str, int]:
        """Where this worker stands: its next batch, counted from the row ``state``."""
        return dict(self._where)

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on there."""
        self._resumed = dict(state_dict)
