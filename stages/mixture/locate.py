"""Any row of a phase, resolved from the manifest alone: its component, its epoch and its place.

The counts at the start of each file say where to begin, so at most one file is replayed; no shard
is opened. The way back, from a component's k-th row to the row of the phase, is as short.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from formats.manifest import Manifest, ManifestPhase
from stages.mixture.interleave import Schedule, make_schedule
from stages.mixture.permutation import drawn_places, permutation_key, restored


class LocatedRow(NamedTuple):
    """What stands at a row of a phase."""

    component: int
    """Index into the phase's components."""
    number: int
    """How many rows of the component were drawn before it."""
    epoch: int
    place: int
    """The row of the component's packing plan, the same in every epoch."""


class RowLocator:
    """Rows of one phase."""

    def __init__(self, manifest: Manifest, phase: ManifestPhase) -> None:
        """Lay out what the manifest says of a phase.

        Raises:
            ValueError: the shares do not sum to one, or it continues a phase that is not there.
        """
        self._phase = phase
        self._seed = manifest.seed
        self._order = drawing_order(manifest, phase)
        self.schedule: Schedule = make_schedule(phase.rows, [c.share for c in phase.components])
        self.first_rows = np.cumsum([0] + [file.rows for file in phase.files], dtype=np.int64)
        """int64 [files + 1]."""
        counts = [file.component_counts_before for file in phase.files]
        last = [component.rows for component in phase.components]
        self.counts = np.array([*counts, last], np.int64)
        """int64 [files + 1, k]: rows of each component before each file, and in all."""
        self.epoch_rows = np.array(
            [max(1, round(c.rows / c.epochs)) if c.epochs > 0 else 1 for c in phase.components],
            np.int64,
        )
        """int64 [k]: rows that one pass over each component makes."""
        self.first_drawn = np.array([c.first_row for c in phase.components], np.int64)
        """int64 [k]: number of each component's first row in the phase."""

    def locate(self, row: int) -> LocatedRow:
        """What stands at a row.

        Raises:
            IndexError: the phase has no such row.
        """
        if not 0 <= row < self._phase.rows:
            raise IndexError(
                f"row {row} of phase {self._phase.name!r}, which has {self._phase.rows}"
            )
        file = int(np.searchsorted(self.first_rows, row, "right")) - 1
        first = int(self.first_rows[file])
        assigned, counts = self.schedule.assign(first, self.counts[file], row - first + 1)
        component = int(assigned[-1])
        number = int(self.first_drawn[component] + counts[component]) - 1
        size = int(self.epoch_rows[component])
        name = self._phase.components[component].name
        [place] = drawn_places(number, 1, size, self._seed, self._order, name).tolist()
        return LocatedRow(component, number, number // size, place)

    def row_of(self, component: int, number: int) -> int | None:
        """Where a component's row ``number``, in drawing order, stands; None: not in the phase."""
        drawn = number - int(self.first_drawn[component])
        if not 0 <= drawn < self.counts[-1, component]:
            return None
        file = int(np.searchsorted(self.counts[:, component], drawn, "right")) - 1
        first, rows = int(self.first_rows[file]), self._phase.files[file].rows
        assigned, _ = self.schedule.assign(first, self.counts[file], rows)
        own = np.flatnonzero(assigned == component)
        return first + int(own[drawn - int(self.counts[file, component])])

    def twin(self, located: LocatedRow, epoch: int) -> int | None:
        """The row that holds the same in another epoch; None where the phase does not have it."""
        name = self._phase.components[located.component].name
        size = int(self.epoch_rows[located.component])
        key = permutation_key(self._seed, self._order, name, epoch)
        number = int(restored(np.array([located.place]), size, key)[0])
        return self.row_of(located.component, epoch * size + number)


def drawing_order(manifest: Manifest, phase: ManifestPhase) -> str:
    """The phase by whose name a phase's rows are permuted: the first of those it continues.

    Raises:
        ValueError: a phase continues one that is not there, or itself.
    """
    seen = [phase.name]
    while phase.continues is not None:
        phase = manifest.phase(phase.continues)
        if phase.name in seen:
            raise ValueError(f"phase {phase.name!r} continues itself: {' -> '.join(seen)}")
        seen.append(phase.name)
    return phase.name
