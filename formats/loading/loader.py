"""The batches of one rank, read ahead in a thread; where it stands is one integer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from formats.loading.batch import Batch, filled, no_rows
from formats.loading.division import Division
from formats.loading.order import RowOrder

if TYPE_CHECKING:
    from formats.loading.torch_dataset import RowsDataset
    from formats.shards import TokenShards

Made = TypeVar("Made")


class Loader:
    """Iterates over the micro batches of a rank, from ``state`` to the last row.

    ``state`` counts the rows of whole steps that have been handed out. A loop that stops in the
    middle of a step and a run on another number of ranks both go on with the row of that number.
    """

    def __init__(
        self,
        shards: TokenShards,
        phase: str | None,
        global_batch: int,
        micro_batch: int,
        rank: int = 0,
        world: int = 1,
        state: int = 0,
        end: int | None = None,
        ahead: int = 2,
    ) -> None:
        """Nothing is read yet. See ``TokenShards.loader``."""
        self.order = RowOrder(shards, phase)
        last = len(self.order)
        if end is not None and not 0 <= end <= last:
            raise ValueError(f"end {end} is not one of the rows 0 to {last}")
        self.division = Division(
            state, last if end is None else end, global_batch, micro_batch, rank, world
        )
        self.ahead = ahead
        self.state = state
        special = shards.manifest.special_ids
        self._pad_id = special.get("pad", special.get("eos", 0))

    @property
    def components(self) -> list[str]:
        """Names of the components; a batch's ``component`` counts here."""
        return self.order.components

    def __iter__(self) -> Iterator[Batch]:
        """The batches from ``state`` on."""
        division = replace(self.division, start=self.state)
        numbers = range(division.batches)
        for batch in read_ahead(lambda number: self.read(division, number), numbers, self.ahead):
            self.state = batch.state
            yield batch

    def tensors(
        self, fields: Sequence[str] | None = None, pin_memory: bool | None = None
    ) -> Iterator[dict[str, Any]]:
        """The same batches as tensors, made in the thread that reads ahead.

        Args:
            fields: which tensors; None: all of ``formats.loading.torch_batches.TENSORS``.
            pin_memory: page-locked, so that ``to(device, non_blocking=True)`` overlaps with
                computing; None: where there is CUDA.

        Returns:
            Dictionaries of tensors: see ``formats.loading.torch_batches.to_tensors``.
        """
        from formats.loading.torch_batches import can_pin, to_tensors

        pinned = can_pin() if pin_memory is None else pin_memory
        division = replace(self.division, start=self.state)

        def made(number: int) -> dict[str, Any]:
            return to_tensors(self.read(division, number), fields, pinned)

        for batch in read_ahead(made, range(division.batches), self.ahead):
            self.state = batch["state"]
            yield batch

    def dataset(self, fields: Sequence[str] | None = None) -> RowsDataset:
        """The same batches as a ``torch.utils.data.IterableDataset``, for any number of workers.

        >>> DataLoader(loader.dataset(), batch_size=None, num_workers=2)       # doctest: +SKIP

        Args:
            fields: which tensors; None: all. What workers make they have to hand over: few are
                faster.
        """
        from formats.loading.torch_dataset import RowsDataset

        return RowsDataset(self, fields)

    def read(self, division: Division, number: int) -> Batch:
        """One micro batch of a division of these rows."""
        span = division.span(number)
        rows = division.micro_batch
        shards = self.order.shards
        found = (
            self.order.read(span.first, span.rows)
            if span.rows
            else no_rows(shards.sequence_length, shards.dtype)
        )
        return Batch(span.first, span.rows, span.state, **filled(found, rows, self._pad_id))


def read_ahead(read: Callable[[int], Made], numbers: Iterable[int], ahead: int) -> Iterator[Made]:
    """``map(read, numbers)``, up to ``ahead`` results of which a thread makes before their turn."""
    if not ahead:
        yield from map(read, numbers)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="shards") as reader:
        try:
            for number in numbers:
                waiting.append(reader.submit(read, number))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
