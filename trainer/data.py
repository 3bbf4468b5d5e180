"""Shards as training batches. Row order is training order, so where a run stands is one integer.

The rows of all phases, one after the other, are numbered from 0; step s reads the rows from
``s * global_batch_rows`` on, however many devices share them. Nothing is shuffled or buffered, so
nothing but the number of rows read has to be saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from formats.manifest import MANIFEST
from formats.shards import PADDING, TokenShards
from formats.storage import file_size
from trainer.errors import ShardsError

NO_TARGET = -100
"""A target without loss: the value that torch's cross entropy ignores by default."""


class Batch(NamedTuple):
    """Consecutive rows, ready for the model."""

    input_ids: np.ndarray
    """int64 [B, T]."""
    documents: np.ndarray
    """int64 [B, T]: which piece of the row a position belongs to, from 0; padding is a piece."""
    targets: np.ndarray
    """int64 [B, T]: the token after each position, ``NO_TARGET`` where none is to be predicted."""


def open_rows(path: str) -> TrainingRows:
    """The rows of a folder of shards, all of whose files are there.

    Raises:
        ShardsError: it is not such a folder, or a file is missing.
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
    return TrainingRows(shards)


class TrainingRows:
    """All rows of a folder of shards, across its phases."""

    def __init__(self, shards: TokenShards) -> None:
        """Number the rows.

        Raises:
            ShardsError: there is none.
        """
        self.shards = shards
        self.phases = [phase.name for phase in shards.manifest.phases]
        self.phase_rows = [phase.rows for phase in shards.manifest.phases]
        self._first_rows = np.cumsum([0, *self.phase_rows])
        if not len(self):
            raise ShardsError(f"{shards.path} has no rows: there is nothing to train on")

    def __len__(self) -> int:
        """Rows of all phases."""
        return int(self._first_rows[-1])

    def phase_of(self, row: int) -> str:
        """Name of the phase that a row belongs to."""
        return self.phases[self._phase_index(row)]

    def read(self, start: int, count: int) -> Batch:
        """Rows ``start`` to ``start + count - 1``; a batch may span two phases.

        Raises:
            IndexError: there are no such rows.
            ShardsError: a file is damaged, or a token id is not of the vocabulary.
        """
        if start < 0 or count < 1 or start + count > len(self):
            raise IndexError(f"rows {start}..{start + count - 1} of rows 0..{len(self) - 1}")
        parts = []
        while count:
            phase = self._phase_index(start)
            taken = min(count, int(self._first_rows[phase + 1]) - start)
            inside = start - int(self._first_rows[phase])
            parts.append(make_batch(self._found(phase, inside, taken)))
            self._check_ids(parts[-1], start)
            start, count = start + taken, count - taken
        return Batch(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _phase_index(self, row: int) -> int:
        return int(np.searchsorted(self._first_rows, row, "right")) - 1

    def _found(self, phase: int, inside: int, count: int) -> dict[str, np.ndarray]:
        """What ``TokenShards.read`` finds in a phase; if it fails, with the name of the file."""
        try:
            return self.shards.read(self.phases[phase], inside, count)
        except (OSError, ValueError) as error:  # Arrow's errors are one or the other
            files = self.shards.manifest.phases[phase].files
            ends = np.cumsum([file.rows for file in files])
            first, last = np.searchsorted(ends, [inside, inside + count - 1], "right").tolist()
            names = ", ".join(f"{self.shards.path}/{file.path}" for file in files[first : last + 1])
            raise ShardsError(
                f"{names}: cannot be read, or holds other rows than {MANIFEST} says: {error}"
            ) from error

    def _check_ids(self, batch: Batch, start: int) -> None:
        """An id beyond the embedding is a crash without a reason on a GPU."""
        vocab_size = self.shards.manifest.vocab_size
        highest = batch.input_ids.max(axis=1)
        wrong = np.flatnonzero((highest >= vocab_size) | (batch.input_ids.min(axis=1) < 0))
        if len(wrong):
            row = int(wrong[0])
            raise ShardsError(
                f"{self.shards.path}: row {start + row} has token ids up to {highest[row]}, "
                f"the manifest says vocab_size {vocab_size}"
            )


def make_batch(found: dict[str, np.ndarray]) -> Batch:
    """What ``TokenShards.read`` returned, as model inputs and targets.

    A position predicts the token after it, unless that token is padding or the first of another
    piece: a beginning, or a continuation whose first part stands in another row, cannot be told
    from what stands before it.

        pieces at 0 and 3, padding at 5:  a b c d e _   ->   b c . e . .
    """
    input_ids = found["input_ids"].astype(np.int64)
    rows, length = input_ids.shape
    pieces_of_row = np.diff(found["row_offsets"])
    row_of_piece = np.repeat(np.arange(rows), pieces_of_row)
    begins = np.zeros((rows, length), np.int64)
    begins[row_of_piece, found["document_starts"]] = 1
    documents = begins.cumsum(axis=1) - 1

    is_padding = found["document_ids"] == PADDING
    text_ends = np.full(rows, length)
    text_ends[row_of_piece[is_padding]] = found["document_starts"][is_padding]
    next_position = np.arange(1, length)
    predicted = (begins[:, 1:] == 0) & (next_position < text_ends[:, None])
    targets = np.full((rows, length), NO_TARGET)
    targets[:, :-1][predicted] = input_ids[:, 1:][predicted]
    return Batch(input_ids, documents, targets)


def batches(rows: TrainingRows, start: int, end: int, batch_rows: int) -> Iterator[Batch]:
    """Batches of ``batch_rows`` rows from ``start`` on; the last one may have fewer.

    A thread reads one batch ahead, so that disk and device work at the same time.

    Args:
        rows: where from.
        start: first row.
        end: the row after the last.
        batch_rows: rows per batch.
    """
    spans = ((first, min(batch_rows, end - first)) for first in range(start, end, batch_rows))
    with ThreadPoolExecutor(1, thread_name_prefix="shards") as reader:
        ahead = None
        for span in spans:
            ready, ahead = ahead, reader.submit(rows.read, *span)
            if ready is not None:
                yield ready.result()
        if ahead is not None:
            yield ahead.result()


def unigram_entropy(rows: TrainingRows, end: int, most_tokens: int = 20_000_000) -> float:
    """Entropy, in nats per token, of how often each token is a target.

    It is the loss of a model that knows the frequencies of tokens and nothing else: a trained
    model has to be below it.

    Args:
        rows: where from.
        end: rows before this one count.
        most_tokens: more are not read; blocks evenly spread over the rows stand for all.
    """
    block = 64
    firsts = np.arange(0, end, block)
    wanted = max(1, most_tokens // (block * rows.shards.sequence_length))
    if len(firsts) > wanted:
        firsts = firsts[np.linspace(0, len(firsts) - 1, wanted).astype(np.int64)]
    counts = np.zeros(rows.shards.manifest.vocab_size, np.int64)
    for first in firsts.tolist():
        targets = rows.read(first, min(block, end - first)).targets
        counts += np.bincount(targets[targets != NO_TARGET], minlength=len(counts))
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(shares * np.log(shares)).sum())
