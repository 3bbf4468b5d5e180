"""The texts that a run's shards hold out, as texts again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from formats.shards import PADDING, TokenShards
from trainer.data import HELD_OUT
from trainer.errors import ConfigError
from trainer.evaluation.questions import Task, Text
from trainer.loaded import LoadedModel


def held_out_task(model: LoadedModel, most_rows: int = 0) -> Task:
    """The documents of the phase that is not trained on, by component.

    A document that goes on in another row is two texts.

    Args:
        model: trained on shards that are still there, with their tokenizer.
        most_rows: rows that count, from the first; 0: all.

    Raises:
        ConfigError: the model is none of ours, or its shards hold nothing out.
    """
    if model.shards is None:
        raise ConfigError(f"{HELD_OUT}: {model.name} is a model of others; give files of texts")
    shards = TokenShards(model.shards)
    phases = [phase for phase in shards.manifest.every_phase if phase.name == HELD_OUT]
    if not phases or not phases[0].rows:
        raise ConfigError(
            f"{HELD_OUT}: {model.shards} holds nothing out; say mixture.held_out in the recipe, or "
            "give files of texts"
        )
    rows = shards.read(HELD_OUT, 0, min(phases[0].rows, most_rows or phases[0].rows))
    names = [component.name for component in phases[0].components]
    found = [
        Text(model.decode(ids), names[component])
        for component, ids in _pieces(rows, model.special_ids.get("eos"))
    ]
    return Task(HELD_OUT, texts=[text for text in found if text.text])


def _pieces(rows: dict[str, np.ndarray], eos: int | None) -> Iterator[tuple[int, list[int]]]:
    """Component and ids of every document, or part of one, in some rows; without its end token."""
    offsets, length = rows["row_offsets"], rows["input_ids"].shape[1]
    for row, component in enumerate(rows["component"].tolist()):
        pieces = range(offsets[row], offsets[row + 1])
        starts = [int(rows["document_starts"][piece]) for piece in pieces]
        for piece, start, end in zip(pieces, starts, [*starts[1:], length], strict=True):
            ids = rows["input_ids"][row][start:end].tolist()
            if rows["document_ids"][piece] != PADDING:
                yield component, ids[:-1] if ids[-1:] == [eos] else ids
