"""An index of what was kept: documents of earlier runs that a new one is compared with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan


class Outside(NamedTuple):
    """Documents of a run that go for one of an index."""

    places: np.ndarray
    """int64 [n]: which of the nodes asked for."""
    similarities: np.ndarray
    """float64 [n]"""
    ids: pa.Array
    """string [n]: the documents of the index."""

    def ids_of(self, places: np.ndarray) -> pa.Array:
        """string: for each of these nodes the document it goes for, or null."""
        found = np.searchsorted(self.places, places)
        found[found == len(self.places)] = 0
        has = self.places[found] == places if len(self.places) else np.zeros(len(places), np.bool_)
        return self.ids.take(pa.array(found, mask=~has))


def indexed_rows(plan: Plan, nodes: np.ndarray) -> Outside:
    """Which of some nodes (ascending) go for a document of the index."""
    none = np.zeros(0, np.int64)
    return Outside(none, none.astype(np.float64), pa.array([], pa.string()))


def indexed_annotations(plan: Plan, index: int, said: pa.Table) -> list[pa.Table]:
    """What is said of rows of a partition that go for the index and are in no component."""
    return []
