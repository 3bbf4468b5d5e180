"""Texts of documents read again, and their sets of shingles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from stages.base import Partition
from stages.shuffle import open_ipc


def texts_of(partition: Partition, rows: np.ndarray) -> pa.ChunkedArray:
    """The texts of some rows of a partition (int64, ascending), large_string [rows]."""
    texts = [some for _, _, some in text_batches(partition, rows)]
    return pa.chunked_array([pa.array([], pa.large_string()), *texts])


def text_batches(partition: Partition, rows: np.ndarray) -> Iterator[tuple[int, int, pa.Array]]:
    """The same, batch by batch: which of the rows (begin, end), and their texts."""
    reader = open_ipc(partition.documents, ["text"])
    start = 0
    for i in range(reader.num_record_batches if len(rows) else 0):
        documents = reader.get_batch(i)
        first, last = np.searchsorted(rows, (start, start + documents.num_rows))
        texts = documents.column("text").take(pa.array(rows[first:last] - start))
        yield int(first), int(last), texts
        start += documents.num_rows


def shingle_sets(
    texts: pa.Array | pa.ChunkedArray, tokens: np.ndarray, ngram: int
) -> tuple[np.ndarray, np.ndarray]:
    """The shingles of texts: uint64, all of them; int64 [texts], how many each has."""
    from stages.dedup.folding import fold_table
    from stages.dedup.shingle_kernels import distinct_shingles

    data, offsets = text_buffers(texts)
    values = np.empty(int(tokens.sum()), np.uint64)
    starts = np.empty(len(tokens) + 1, np.int64)
    distinct_shingles(data, offsets, tokens, *fold_table(), ngram, values, starts)
    return values[: starts[-1]], np.diff(starts)
