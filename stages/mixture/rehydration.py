"""Repeating documents: by the size of their cluster of near-duplicates, or by any number.

What the web repeats a few times is better than what stands on it once, and what it repeats a
thousand times is worse: FineWeb-2 (Penedo et al. 2025, "rehydration") sees that in the share of
each cluster size that its filters remove, and gives every language a table of its own. Here such a
table is stated, as ``rehydrate`` of a phase: from which cluster size on a document stands how often
in one epoch. ``upsample`` states the same of any other column, quality first of all; what the
tables of several columns say of a document is multiplied.

Repetitions are rounds over the component: round k holds every document that stands more than k
times. A packing window never crosses a round, so no row holds a document twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from stages.mixture.options import CLUSTER_SIZE, EVERY_COMPONENT, PhaseOptions

Table = Sequence[Sequence[float]]
"""Pairs of a value and how often a document of that value or more stands in an epoch."""
Tables = Mapping[str, Table]
"""Column -> table."""


def table_of(phase: PhaseOptions, component: str) -> dict[str, list[list[float]]]:
    """The tables for a component in a phase, smallest value first; empty: every document once."""
    sizes = phase.rehydrate.get(component, phase.rehydrate.get(EVERY_COMPONENT, {}))
    tables: dict[str, Mapping[int, int] | Mapping[float, int]] = {**phase.upsample}
    if sizes:
        tables = {CLUSTER_SIZE: sizes, **tables}
    return {
        column: [[value, times] for value, times in sorted(table.items())]
        for column, table in tables.items()
    }


def repetitions(values: np.ndarray, table: Table) -> np.ndarray:
    """How often each document stands in one epoch.

    ``repetitions([1, 2, 4, 5, 900], [(2, 2), (5, 3), (100, 1)])`` is ``[1, 2, 2, 3, 1]``.

    Args:
        values: any numbers [documents]; compared in their own type, as ``where`` does.
        table: values ascending; below the first, and without a number, a document stands once.

    Returns:
        int64 [documents].
    """
    bounds = np.array([value for value, _ in table]).astype(values.dtype)
    times = np.array([1, *(times for _, times in table)], np.int64)
    found: np.ndarray = times[np.searchsorted(bounds, values, side="right")]
    return np.where(np.isnan(values), 1, found) if values.dtype.kind == "f" else found


def repetitions_in(batch: pa.RecordBatch, tables: Tables) -> np.ndarray:
    """The same, of a batch of tokenized documents.

    Raises:
        ValueError: a column is not there, or holds no numbers.
    """
    found = np.ones(batch.num_rows, np.int64)
    for column, table in tables.items():
        if column not in batch.schema.names:
            names = ", ".join(sorted(batch.schema.names))
            raise ValueError(f"upsample: no column {column!r}; the columns are: {names}")
        values = batch.column(column)
        if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            raise ValueError(f"upsample: column {column!r} of type {values.type} has no numbers")
        if column == CLUSTER_SIZE:  # without a cluster it is one of one
            values = values.fill_null(1)
        present = values.is_valid().to_numpy(zero_copy_only=False)
        times = repetitions(values.fill_null(0).to_numpy(zero_copy_only=False), table)
        found *= np.where(present, times, 1)
    return found


def most(tables: Tables) -> int:
    """How often a document stands in an epoch at most."""
    return math.prod(max([1, *(int(times) for _, times in table)]) for table in tables.values())


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
