"""The rows of a phase, or of all phases one after the other, by one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formats.loading.errors import ShardError
from formats.manifest import MANIFEST

if TYPE_CHECKING:
    from formats.shards import TokenShards


class RowOrder:
    """Row order is training order: row 0 is the first that a run reads."""

    def __init__(self, shards: TokenShards, phase: str | None = None) -> None:
        """Number the rows.

        Args:
            shards: where they are.
            phase: the only one; None: all, in the manifest's order.

        Raises:
            ValueError: there is no such phase.
        """
        manifest = shards.manifest
        phases = manifest.phases if phase is None else [manifest.phase(phase)]
        self.shards = shards
        self.phases = [found.name for found in phases]
        self.phase_rows = [found.rows for found in phases]
        self._first_rows = np.cumsum([0, *self.phase_rows])
        names = [[component.name for component in found.components] for found in phases]
        self.components: list[str] = list(dict.fromkeys(name for own in names for name in own))
        """Of all the phases, in the order of their first appearance; ``component`` counts here."""
        self._numbers = [
            np.array([self.components.index(name) for name in own], np.uint16) for own in names
        ]

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self._first_rows[-1])

    def phase_of(self, row: int) -> str:
        """Name of the phase that a row belongs to."""
        return self.phases[self._phase_index(row)]

    def read(self, start: int, count: int) -> dict[str, np.ndarray]:
        """Rows ``start`` to ``start + count - 1``, as ``TokenShards.read`` gives them.

        The tokens are looked at once: that brings them into memory, and an id beyond the embedding
        would be a crash without a reason on a GPU.

        Raises:
            IndexError: there are no such rows.
            ShardError: a file is damaged, or a token id is not of the vocabulary.
        """
        if start < 0 or count < 1 or start + count > len(self):
            raise IndexError(f"rows {start}..{start + count - 1} of rows 0..{len(self) - 1}")
        parts = []
        while count:
            phase = self._phase_index(start)
            taken = min(count, int(self._first_rows[phase + 1]) - start)
            found = self._found(phase, start - int(self._first_rows[phase]), taken)
            self._check_ids(found["input_ids"], start)
            parts.append(found | {"component": self._components(phase, found["component"], start)})
            start, count = start + taken, count - taken
        return joined(parts)

    def _phase_index(self, row: int) -> int:
        return int(np.searchsorted(self._first_rows, row, "right")) - 1

    def _found(self, phase: int, inside: int, count: int) -> dict[str, np.ndarray]:
        """What ``TokenShards.read`` finds in a phase; if it fails, with the name of the file."""
        try:
            return self.shards.read(self.phases[phase], inside, count)
        except ShardError:
            raise
        except (OSError, ValueError) as error:  # Arrow's errors are one or the other
            files = self.shards.manifest.phase(self.phases[phase]).files
            ends = np.cumsum([file.rows for file in files])
            first, last = np.searchsorted(ends, [inside, inside + count - 1], "right").tolist()
            names = ", ".join(f"{self.shards.path}/{file.path}" for file in files[first : last + 1])
            raise ShardError(
                f"{names}: cannot be read, or holds other rows than {MANIFEST} says: {error}"
            ) from error

    def _components(self, phase: int, column: np.ndarray, start: int) -> np.ndarray:
        """The phase's numbers of components as numbers of ``components``."""
        numbers = self._numbers[phase]
        if column.max() >= len(numbers):
            raise ShardError(
                f"{self.shards.path}: row {start + int(column.argmax())} is of component "
                f"{column.max()}, the manifest has {len(numbers)} in phase {self.phases[phase]!r}"
            )
        return numbers[column]

    def _check_ids(self, input_ids: np.ndarray, start: int) -> None:
        vocab_size = self.shards.manifest.vocab_size
        # Seen without a sign a negative id is a large one.
        ids = input_ids.view(np.uint32) if input_ids.dtype == np.int32 else input_ids
        if ids.max() < vocab_size:
            return
        row = int((ids.max(axis=1) >= vocab_size).argmax())
        raise ShardError(
            f"{self.shards.path}: row {start + row} has token ids from {input_ids[row].min()} to "
            f"{input_ids[row].max()}, the manifest says vocab_size {vocab_size}"
        )


def joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Several reads as one; a single one stays a view."""
    if len(parts) == 1:
        return parts[0]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    counts = np.concatenate([np.diff(part["row_offsets"]) for part in parts])
    return found | {"row_offsets": np.concatenate([[0], np.cumsum(counts)])}
