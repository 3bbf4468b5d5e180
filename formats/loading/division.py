"""Which rows a micro batch has: arithmetic on its number, so that nothing has to be remembered.

Step s of a run that begins at row ``start`` has the ``global_batch`` rows from
``start + s * global_batch`` on, whoever reads them. Rank k has the k-th part of them, cut into
micro batches, so the rows of a step, and their order by rank and micro batch, are the same for any
number of ranks and any micro batch:

    global batch 8, two ranks, micro batches of 2:   0 1 | 2 3 || 4 5 | 6 7
    four ranks, the same micro batch:                0 1 || 2 3 || 4 5 || 6 7
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """The rows of a micro batch."""

    first: int
    rows: int
    """Fewer than a micro batch, or none, at the end of the last step."""
    state: int
    """Rows of the whole steps that are done once this micro batch is."""


@dataclass(frozen=True)
class Division:
    """The rows ``start`` to ``end - 1`` as micro batches of one rank."""

    start: int
    end: int
    global_batch: int
    micro_batch: int
    rank: int
    world: int

    def __post_init__(self) -> None:
        """Check that all goes into whole numbers.

        Raises:
            ValueError: it does not; says which of them would.
        """
        if min(self.global_batch, self.micro_batch, self.world) < 1:
            raise ValueError(
                f"global_batch {self.global_batch}, micro_batch {self.micro_batch} and world "
                f"{self.world} must be at least 1"
            )
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank {self.rank} is not one of world {self.world}: 0 to world - 1")
        together = self.world * self.micro_batch
        if self.global_batch % together:
            times = self.global_batch // together
            near = [str(n * together) for n in (times, times + 1) if n]
            raise ValueError(
                f"global_batch {self.global_batch} is no multiple of world {self.world} x "
                f"micro_batch {self.micro_batch}; near it: {' or '.join(near)}"
            )
        if not 0 <= self.start <= self.end:
            raise ValueError(f"state {self.start} is not one of the rows 0 to {self.end}")

    @property
    def batches_per_step(self) -> int:
        """Micro batches of a rank in a step."""
        return self.global_batch // (self.world * self.micro_batch)

    @property
    def batches(self) -> int:
        """Micro batches of a rank: as many for every rank, so that none waits for another."""
        steps = -(-(self.end - self.start) // self.global_batch)
        return steps * self.batches_per_step

    def span(self, number: int) -> Span:
        """The rows of this rank's micro batch ``number``, counted from ``start``."""
        step, micro = divmod(number, self.batches_per_step)
        begin = self.start + step * self.global_batch
        first = begin + self.rank * (self.global_batch // self.world) + micro * self.micro_batch
        first = min(first, self.end)
        done = micro == self.batches_per_step - 1
        state = min(begin + self.global_batch, self.end) if done else begin
        return Span(first, min(self.micro_batch, self.end - first), state)
