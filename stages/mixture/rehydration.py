"""Repeating documents by the size of their cluster of near-duplicates, after deduplication.

What the web repeats a few times is better than what stands on it once, and what it repeats a
thousand times is worse: FineWeb-2 (Penedo et al. 2025, "rehydration") sees that in the share of
each cluster size that its filters remove, and gives every language a table of its own. Here such a
table is stated, as ``rehydrate`` of a phase: from which cluster size on a document stands how often
in one epoch.

Repetitions are rounds over the component: round k holds every document that stands more than k
times. A packing window never crosses a round, so no row holds a document twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.mixture.options import CLUSTER_SIZE, EVERY_COMPONENT, PhaseOptions

Table = Sequence[Sequence[int]]
"""Pairs of a cluster size and how often a document of that size or more stands in an epoch."""


def table_of(phase: PhaseOptions, component: str) -> list[list[int]]:
    """The table for a component in a phase, smallest size first; empty: every document once."""
    tables = phase.rehydrate
    table = tables.get(component, tables.get(EVERY_COMPONENT, {}))
    return [[size, times] for size, times in sorted(table.items())]


def repetitions(cluster_sizes: np.ndarray, table: Table) -> np.ndarray:
    """How often each document stands in one epoch.

    ``repetitions([1, 2, 4, 5, 900], [(2, 2), (5, 3), (100, 1)])`` is ``[1, 2, 2, 3, 1]``.

    Args:
        cluster_sizes: int64 [documents].
        table: sizes ascending; a size below the first stands once.

    Returns:
        int64 [documents].
    """
    sizes = np.array([0, *(size for size, _ in table)], np.int64)
    times = np.array([1, *(times for _, times in table)], np.int64)
    found: np.ndarray = times[np.searchsorted(sizes, cluster_sizes, side="right") - 1]
    return found


def repetitions_in(batch: pa.RecordBatch, table: Table) -> np.ndarray:
    """The same, of a batch of tokenized documents; one without a cluster is a cluster of one."""
    sizes = pc.fill_null(batch.column(CLUSTER_SIZE).cast(pa.int64()), 1)
    return repetitions(sizes.to_numpy(), table)


def most(table: Table) -> int:
    """How often a document stands in an epoch at most."""
    return max([1, *(times for _, times in table)])


def documents_by_repetition(rounds: Sequence[int]) -> dict[int, int]:
    """From the documents of each round to how many stand how often.

    ``documents_by_repetition([9, 4, 4])`` is ``{1: 5, 3: 4}``.
    """
    following = [*rounds[1:], 0]
    counts = [now - then for now, then in zip(rounds, following, strict=True)]
    return {times: count for times, count in enumerate(counts, 1) if count}


def in_words(found: Mapping[int, int]) -> str:
    """``"1x: 5, 3x: 4"``: documents by how often they stand in an epoch."""
    return ", ".join(f"{times}x: {count:,}" for times, count in sorted(found.items()))
