"""Keys that are lists, of a whole partition, flat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.passages.cutting import flat, ranges_per_row
from stages.shuffle import open_ipc


def flat_lists(keys: str, columns: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
    """List columns of a keys file; all its list columns have equally long lists.

    Args:
        keys: Arrow IPC file.
        columns: names; the first tells the lengths.

    Returns:
        int64 [rows] how many values each row has; per column the values of all rows.
    """
    reader = open_ipc(keys)
    batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    lengths = [ranges_per_row(batch.column(columns[0])) for batch in batches]
    values = []
    for name in columns:
        empty = reader.schema.field(name).type.value_type.to_pandas_dtype()
        some = [flat(batch.column(name)) for batch in batches]
        values.append(np.concatenate([np.zeros(0, empty), *some]))
    return np.concatenate([np.zeros(0, np.int64), *lengths]), values


def in_large_groups(keys: np.ndarray, limit: int) -> np.ndarray:
    """Which rows (bool [rows]) have a key that more than ``limit`` rows have.

    ``in_large_groups([5, 3, 5, 7], 1)`` is true at 0 and 2.
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    sizes = np.diff(np.append(begins, len(ordered)))
    large = np.empty(len(keys), np.bool_)
    large[order] = np.repeat(sizes > limit, sizes)
    return large


def changes(values: np.ndarray) -> np.ndarray:
    """True (bool [rows]) where a value is not that of the row before; at the first row too."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]
