r"""Megatron-LM's indexed dataset: tokens in ``.bin``, where sequences stand in ``.idx``.

The index, little endian (``megatron/core/datasets/indexed_dataset.py``):

    9 bytes  "MMIDIDX\0\0"        8 bytes  version, 1         1 byte  type: 4 int32, 8 uint16
    8 bytes  sequences S            8 bytes  document bounds, D + 1
    int32 [S]      tokens of each sequence
    int64 [S]      where it begins in the .bin, in bytes
    int64 [D + 1]  the first sequence of each document, and S

Megatron's GPT dataset takes a sequence for a document, lays them end to end and cuts every
``seq_length`` tokens: with sequences that are rows of that length it finds our rows again, and a
row's last token has the next row's first as its label.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from formats.shards import TokenShards
from formats.storage import atomic_path, filesystem
from formats.tokens import component_folder
from pipeline.export.rows import RowBatch

HEADER = b"MMIDIDX\x00\x00"
VERSION = 1
TYPE_CODES = {"int32": 4, "uint16": 8}
INDEX_CHUNK = 1 << 20
"""Entries of the index in memory at a time."""


def export_megatron(
    shards: TokenShards, phase: str, batches: Iterator[RowBatch], folder: str, sequences: str
) -> list[str]:
    """Write ``<phase>.bin`` and ``<phase>.idx``; the index last."""
    prefix = f"{folder}/{component_folder(phase)}"
    with tempfile.TemporaryFile() as lengths:
        count = 0
        with atomic_path(f"{prefix}.bin") as temporary:
            files, inner = filesystem(temporary)
            with files.open(inner, "wb") as sink:
                for batch in batches:
                    tokens, sizes = sequences_of(batch, sequences)
                    sink.write(np.ascontiguousarray(tokens).data)
                    lengths.write(sizes.astype("<i4").tobytes())
                    count += len(sizes)
        with atomic_path(f"{prefix}.idx") as temporary:
            files, inner = filesystem(temporary)
            with files.open(inner, "wb") as sink:
                write_index(sink, lengths, count, shards.dtype)
    return [f"{prefix}.bin", f"{prefix}.idx"]


def sequences_of(batch: RowBatch, sequences: str) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of a batch and the lengths of its sequences: [tokens], int64 [sequences]."""
    flat = batch.tokens.reshape(-1)
    if sequences == "rows":
        return flat, np.full(len(batch.tokens), batch.tokens.shape[1], np.int64)
    kept = ~batch.is_padding
    return flat[np.repeat(kept, batch.lengths)], batch.lengths[kept]


def write_index(sink: Any, lengths: IO[bytes], count: int, dtype: np.dtype[Any]) -> None:
    """Write an index of sequences that are documents.

    Args:
        sink: the file to write.
        lengths: int32 of every sequence, in a file.
        count: how many.
        dtype: of the tokens.
    """
    sink.write(HEADER + struct.pack("<QBQQ", VERSION, TYPE_CODES[dtype.name], count, count + 1))
    for chunk in _chunks(lengths):
        sink.write(chunk.tobytes())
    position = 0
    for chunk in _chunks(lengths):
        ends = np.cumsum(chunk, dtype=np.int64) * dtype.itemsize + position
        sink.write((ends - chunk.astype(np.int64) * dtype.itemsize).astype("<i8").tobytes())
        position = int(ends[-1])
    for first in range(0, count + 1, INDEX_CHUNK):
        bounds = np.arange(first, min(first + INDEX_CHUNK, count + 1), dtype="<i8")
        sink.write(bounds.tobytes())


def _chunks(lengths: IO[bytes]) -> Iterator[np.ndarray]:
    lengths.seek(0)
    while data := lengths.read(4 * INDEX_CHUNK):
        yield np.frombuffer(data, "<i4")
