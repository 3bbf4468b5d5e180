"""Shards as training batches. Row order is training order, so where a run stands is one integer.

The rows of all phases that are trained on, one after the other, are numbered from 0. Nothing is
shuffled or buffered, so nothing but the number of rows read has to be saved. Reading is
``TokenShards.loader``'s; here its batches get what losses by component need, made in the same
thread, and its errors become the trainer's.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from formats.loading.batch import IGNORE, Batch
from formats.loading.errors import ShardError
from formats.loading.loader import Loader, read_ahead
from formats.loading.order import RowOrder
from formats.manifest import MANIFEST
from formats.shards import TokenShards
from formats.storage import file_size
from trainer.errors import ConfigError, ShardsError
from trainer.token_bytes import token_bytes

NO_TARGET = IGNORE
"""A target without loss."""
HELD_OUT = "held_out"
"""Phase that is evaluated where there is one of that name."""
OFFSETS = "cu_seqlens"
PIECES_BESIDE = 2
"""In a row, beside whole documents: the rest of one that was cut, and padding."""
ROOM, ROOM_MULTIPLE = 1.5, 16
"""Times the pieces that are expected, and rounded up."""
MOST_AHEAD = 64
"""Micro batches that are read before their turn, at most."""


@dataclass(frozen=True)
class Corpus:
    """What a run reads."""

    shards: TokenShards
    training: RowOrder
    held_out: RowOrder | None
    token_bytes: np.ndarray | None
    """int64 [vocabulary]: bytes of text of each token; None where the tokenizer is not there."""


def open_corpus(path: str, held_out: str | None = None, phases: Sequence[str] = ()) -> Corpus:
    """The rows of a folder of shards, all of whose files are there.

    Args:
        path: the folder.
        held_out: phase that is not trained on; None: the one called held_out, if there is one.
        phases: only these are trained on; none: all others.

    Raises:
        ShardsError: it is not such a folder, a file is missing, or there is no row.
        ConfigError: there is no phase ``held_out``, or none of ``phases``.
    """
    shards = _opened(path)
    names = [phase.name for phase in shards.manifest.every_phase]
    if held_out is not None and held_out not in names:
        raise ConfigError(f"held_out: no phase {held_out!r} in {path}; it has {', '.join(names)}")
    kept_apart = held_out or HELD_OUT
    trained_on = [phase.name for phase in shards.manifest.phases if phase.name != kept_apart]
    unknown = [name for name in phases if name not in trained_on]
    if unknown:
        there = ", ".join(trained_on)
        raise ConfigError(f"phases: no phase {unknown[0]!r} to train on in {path}; it has {there}")
    trained_on = [name for name in trained_on if not phases or name in phases]
    training = RowOrder(_of_phases(shards, trained_on))
    if not len(training):
        raise ShardsError(f"{shards.path} has no rows: there is nothing to train on")
    aside = RowOrder(_of_phases(shards, [kept_apart])) if kept_apart in names else None
    manifest = shards.manifest
    lengths = token_bytes(path, manifest.vocab_size, manifest.tokenizer_sha256)
    return Corpus(shards, training, aside if aside is not None and len(aside) else None, lengths)


def _opened(path: str) -> TokenShards:
    try:
        shards = TokenShards(path)
    except FileNotFoundError as error:
        raise ShardsError(f"{error}. Shards are made by: python -m pipeline run RECIPE") from error
    except (OSError, ValueError, TypeError) as error:
        manifest = f"{path.rstrip('/')}/{MANIFEST}"
        named = manifest in str(error)
        raise ShardsError(f"{'' if named else f'{manifest}: cannot be read: '}{error}") from error
    files = [file.path for phase in shards.manifest.every_phase for file in phase.files]
    missing = [name for name in files if file_size(f"{shards.path}/{name}") is None]
    if missing:
        raise ShardsError(
            f"{shards.path}/{missing[0]}: is missing (missing: {len(missing)} of the {len(files)} "
            f"files that {MANIFEST} names)"
        )
    return shards


def _of_phases(shards: TokenShards, names: list[str]) -> TokenShards:
    """The same folder as if it had these phases alone."""
    found = copy.copy(shards)
    phases = [phase for phase in shards.manifest.every_phase if phase.name in names]
    found.manifest = shards.manifest.model_copy(update={"phases": phases, "held_out": None})
    return found


def micro_batches(
    order: RowOrder, micro_rows: int, global_rows: int, start: int = 0, end: int | None = None,
    rank: int = 0, world: int = 1, lengths: np.ndarray | None = None,
    fields: Sequence[str] | None = None,
) -> Iterator[list[dict[str, Any]]]:  # fmt: skip
    """The micro batches of each step of a process.

    A thread reads ahead, so that disk and device work at the same time.

    Args:
        order: the rows.
        micro_rows: rows of a micro batch.
        global_rows: rows of a step, over all processes; a multiple of world x micro_rows.
        start: first row.
        end: the row after the last; None: all.
        rank: this process.
        world: how many there are.
        lengths: bytes of each token.
        fields: which tensors are made, ``labels`` among them; None: all.

    Returns:
        ``Loader.tensors``'s dictionaries, and ``row_figures`` float64 [B, 3]: targets, bytes of the
        targets (nan where they are not known), and 1, or 0 for a row of padding.

    Raises:
        ShardsError: a file is damaged, or a token id is not of the vocabulary.
    """
    from formats.loading.torch_batches import TENSORS, can_pin, to_tensors

    loader = Loader(order.shards, None, global_rows, micro_rows, rank, world, start, end)
    division, pinned = loader.division, can_pin()
    room = attention_room(order, micro_rows)
    with_offsets = fields is None or OFFSETS in fields
    others = [name for name in TENSORS if name != OFFSETS and (fields is None or name in fields)]

    def made(number: int) -> dict[str, Any]:
        import torch

        batch = loader.read(division, number)
        tensors = to_tensors(batch, others, pinned)
        found = {"row_figures": row_figures(batch, tensors["labels"].numpy(), lengths)}
        if with_offsets:
            found[OFFSETS] = batch.cu_seqlens(room)
        for name, values in found.items():
            tensor = torch.from_numpy(values)
            tensors[name] = tensor.pin_memory() if pinned else tensor
        return tensors

    ahead = min(division.batches_per_step + 1, MOST_AHEAD)
    step: list[dict[str, Any]] = []
    with named_as_ours():
        for batch in read_ahead(made, range(division.batches), ahead):
            step.append(batch)
            if len(step) == division.batches_per_step:
                yield step
                step = []


def attention_room(order: RowOrder, rows: int) -> int:
    """How many pieces ``cu_seqlens`` has room for in a micro batch of so many rows.

    FlashAttention starts blocks of threads for every sequence it is told of, those of no length
    too: as many as a whole row would need, for each head, and its backward pass has a buffer of 128
    tokens for each. So there is room for half as many pieces again as the shards have on average,
    not for the most there could be. A batch with more gets twice the room (``Batch.cu_seqlens``),
    which is compiled for once.

    Args:
        order: the rows; their manifest tells how many documents there are.
        rows: of a micro batch.
    """
    phases = [phase for phase in order.shards.manifest.phases if phase.name in order.phases]
    parts = [part for phase in phases for part in phase.components]
    documents = sum(part.documents * max(part.epochs, 1) for part in parts)
    return room_for(rows, documents / max(sum(part.rows for part in parts), 1))


def room_for(rows: int, documents: float) -> int:
    """The same where rows have so many documents on average."""
    wanted = math.ceil(rows * (documents + PIECES_BESIDE) * ROOM)
    return -(-wanted // ROOM_MULTIPLE) * ROOM_MULTIPLE


def row_figures(batch: Batch, labels: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Targets, bytes of the targets, and whether it is a row of the shards: float64 [B, 3]."""
    has_target = labels != NO_TARGET
    figures = np.empty((len(labels), 3))
    figures[:, 0] = has_target.sum(axis=1)
    if lengths is None:
        figures[:, 1] = np.nan
    else:
        figures[:, 1] = (lengths[np.where(has_target, labels, 0)] * has_target).sum(axis=1)
    figures[:, 2] = np.arange(len(labels)) < batch.rows
    return figures


def unigram_entropy(order: RowOrder, end: int, most_tokens: int = 20_000_000) -> float:
    """Entropy, in nats per token, of how often each token is a target.

    It is the loss of a model that knows the frequencies of tokens and nothing else: a trained
    model has to be below it.

    Args:
        order: where from.
        end: rows before this one count.
        most_tokens: more are not read; blocks evenly spread over the rows stand for all.

    Raises:
        ShardsError: a file is damaged, or a token id is not of the vocabulary.
    """
    block = 64
    manifest = order.shards.manifest
    loader = order.shards.loader(None, block, block, end=end)
    numbers = np.arange(loader.division.batches)
    wanted = max(1, most_tokens // (block * manifest.sequence_length))
    if len(numbers) > wanted:
        numbers = numbers[np.linspace(0, len(numbers) - 1, wanted).astype(np.int64)]
    counts = np.zeros(manifest.vocab_size, np.int64)
    with named_as_ours():
        for number in numbers.tolist():
            targets = loader.read(loader.division, number).labels()
            counts += np.bincount(targets[targets != NO_TARGET], minlength=len(counts))
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(shares * np.log(shares)).sum())


@contextmanager
def named_as_ours() -> Iterator[None]:
    """What is wrong with shards is for the person who started the run to mend."""
    try:
        yield
    except ShardError as error:
        raise ShardsError(str(error)) from error
