"""Shards as training batches. Row order is training order, so where a run stands is one integer.

The rows of all phases, one after the other, are numbered from 0; step s reads the rows from
``s * global_batch_rows`` on, however many devices share them. Nothing is shuffled or buffered, so
nothing but the number of rows read has to be saved. Reading is ``TokenShards.loader``'s; here its
batches become the model's inputs, and its errors the trainer's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from formats.loading.batch import IGNORE
from formats.loading.errors import ShardError
from formats.loading.order import RowOrder
from formats.manifest import MANIFEST
from formats.shards import TokenShards
from formats.storage import file_size
from trainer.errors import ShardsError

NO_TARGET = IGNORE
"""A target without loss."""


class Batch(NamedTuple):
    """Consecutive rows, ready for the model."""

    input_ids: np.ndarray
    """int64 [B, T]."""
    documents: np.ndarray
    """int64 [B, T]: which piece of the row a position belongs to, from 0; padding is a piece."""
    targets: np.ndarray
    """int64 [B, T]: the token after each position, ``NO_TARGET`` where none is to be predicted."""


def open_rows(path: str) -> RowOrder:
    """The rows of a folder of shards, all of whose files are there.

    Raises:
        ShardsError: it is not such a folder, a file is missing, or there is no row.
    """
    try:
        shards = TokenShards(path)
    except FileNotFoundError as error:
        raise ShardsError(f"{error}. Shards are made by: python -m pipeline run RECIPE") from error
    except (OSError, ValueError, TypeError) as error:
        manifest = f"{path.rstrip('/')}/{MANIFEST}"
        named = manifest in str(error)
        raise ShardsError(f"{'' if named else f'{manifest}: cannot be read: '}{error}") from error
    files = [file.path for phase in shards.manifest.phases for file in phase.files]
    missing = [name for name in files if file_size(f"{shards.path}/{name}") is None]
    if missing:
        raise ShardsError(
            f"{shards.path}/{missing[0]}: is missing (missing: {len(missing)} of the {len(files)} "
            f"files that {MANIFEST} names)"
        )
    rows = RowOrder(shards)
    if not len(rows):
        raise ShardsError(f"{shards.path} has no rows: there is nothing to train on")
    return rows


def batches(rows: RowOrder, start: int, end: int, batch_rows: int) -> Iterator[Batch]:
    """Batches of ``batch_rows`` rows from ``start`` on; the last one may have fewer.

    A thread reads ahead, so that disk and device work at the same time.

    Args:
        rows: where from.
        start: first row.
        end: the row after the last.
        batch_rows: rows per batch.

    Raises:
        ShardsError: a file is damaged, or a token id is not of the vocabulary.
    """
    with _named_as_ours():
        for batch in rows.shards.loader(None, batch_rows, batch_rows, state=start, end=end):
            arrays = batch.input_ids, batch.pieces(), batch.labels()
            # One process needs no rows of padding to keep step with others.
            yield Batch(*(array[: batch.rows].astype(np.int64, copy=False) for array in arrays))


def unigram_entropy(rows: RowOrder, end: int, most_tokens: int = 20_000_000) -> float:
    """Entropy, in nats per token, of how often each token is a target.

    It is the loss of a model that knows the frequencies of tokens and nothing else: a trained
    model has to be below it.

    Args:
        rows: where from.
        end: rows before this one count.
        most_tokens: more are not read; blocks evenly spread over the rows stand for all.

    Raises:
        ShardsError: a file is damaged, or a token id is not of the vocabulary.
    """
    block = 64
    manifest = rows.shards.manifest
    loader = rows.shards.loader(None, block, block, end=end)
    numbers = np.arange(loader.division.batches)
    wanted = max(1, most_tokens // (block * manifest.sequence_length))
    if len(numbers) > wanted:
        numbers = numbers[np.linspace(0, len(numbers) - 1, wanted).astype(np.int64)]
    counts = np.zeros(manifest.vocab_size, np.int64)
    with _named_as_ours():
        for number in numbers.tolist():
            targets = loader.read(loader.division, number).labels()
            counts += np.bincount(targets[targets != NO_TARGET], minlength=len(counts))
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(shares * np.log(shares)).sum())


@contextmanager
def _named_as_ours() -> Iterator[None]:
    """What is wrong with shards is for the person who started the run to mend."""
    try:
        yield
    except ShardError as error:
        raise ShardsError(str(error)) from error
