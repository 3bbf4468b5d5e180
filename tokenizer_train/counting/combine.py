"""Runs to one file of counts: ranges of hashes are combined apart, then put together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.storage import remove
from tokenizer_train.counting.counts_file import (
    BATCH_ROWS,
    COUNTS_SCHEMA,
    CountsInfo,
    common_info,
    read_batches,
    read_info,
    rows_between,
    write_counts,
)

BYTES_PER_ROW = 192
"""Memory that combining takes for a row: its columns twice, its order, a piece of usual length."""
LEAST_MEMORY = 1 << 16
"""So that a budget of nothing does not make a range of every row."""


def ranges(rows: int, memory_bytes: int) -> list[tuple[int, int]]:
    """Ranges of hashes, each of so many rows that combining them fits into the memory."""
    count = max(1, -(-rows * BYTES_PER_ROW // max(memory_bytes, LEAST_MEMORY)))
    borders = [(number << 64) // count for number in range(count + 1)]
    return list(itertools.pairwise(borders))


def combine_range(item: dict[str, Any]) -> dict[str, Any]:
    """Combine one range of all runs: an engine's task.

    Args:
        item: ``runs``: paths; ``low`` and ``high`` of the hashes; ``out``: where the rows go.

    Returns:
        ``rows``: how many are left.
    """
    from tokenizer_train.counting.combine_kernels import combine

    infos = [read_info(path) for path in item["runs"]]
    info = common_info(infos)
    batches, groups = [], []
    for path, own in zip(item["runs"], infos, strict=True):
        numbers = _numbers(own, info)
        for batch in rows_between(path, item["low"], item["high"]):
            batches.append(batch)
            groups.append(numbers[batch.column("group").to_numpy()])
    rows = pa.Table.from_batches(batches, COUNTS_SCHEMA) if batches else COUNTS_SCHEMA.empty_table()
    hashes = rows.column("hash").to_numpy()
    pieces = rows.column("piece").combine_chunks()
    if isinstance(pieces, pa.ChunkedArray):
        pieces = pa.concat_arrays(pieces.chunks)
    data, offsets = text_buffers(pieces)
    # Timsort takes sorted runs as they are and merges them.
    order = np.argsort(hashes, kind="stable")
    out = [np.empty(len(rows), np.int64) for _ in range(3)]
    written = combine(
        order, hashes, data, offsets,
        np.concatenate([np.zeros(0, np.int64), *groups]), rows.column("count").to_numpy(),
        len(info.groups), *out,
    )  # fmt: skip
    chosen, of_group, counts = (array[:written] for array in out)
    write_counts(item["out"], _batches(hashes, pieces, chosen, of_group, counts), info)
    return {"rows": written}


def join(paths: Sequence[str], out: str) -> None:
    """Put ranges one behind the other, in batches that say nothing of where the ranges ended."""
    info = common_info([read_info(paths[0])])
    write_counts(out, _in_full_batches(b for path in paths for b in read_batches(path)), info)
    for path in paths:
        remove(path)


def _numbers(own: CountsInfo, common: CountsInfo) -> np.ndarray:
    """int64 [own groups]: their numbers among the common ones."""
    number = {(g.language, g.held_out): i for i, g in enumerate(common.groups)}
    return np.array([number[g.language, g.held_out] for g in own.groups], np.int64)


def _batches(
    hashes: np.ndarray,
    pieces: pa.Array,
    rows: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(rows), BATCH_ROWS):
        part = slice(start, start + BATCH_ROWS)
        columns = [
            pa.array(hashes[rows[part]]),
            pieces.take(pa.array(rows[part])),
            pa.array(groups[part].astype(np.uint32)),
            pa.array(counts[part]),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=COUNTS_SCHEMA)


def _in_full_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        while rows >= BATCH_ROWS:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, BATCH_ROWS).combine_chunks().to_batches()[0]
            rows -= BATCH_ROWS
            waiting = table.slice(BATCH_ROWS).to_batches()
    if rows:
        yield pa.Table.from_batches(waiting).combine_chunks().to_batches()[0]
