"""Losses of rows that are not trained on, by component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from trainer.config import TrainConfig
from trainer.data import Corpus, micro_batches
from trainer.learning.step import Learner
from trainer.learning.sums import COLUMNS, figures_by_component, mean_losses


def evaluate_held_out(
    learner: Learner, corpus: Corpus, config: TrainConfig, stop: Callable[[], bool]
) -> dict[str, Any] | None:
    """Mean losses over the held-out rows and of each of their components.

    Args:
        learner: the model.
        corpus: with held-out rows.
        config: how many of them count, and how many at a time.
        stop: asked between batches, by all processes.

    Returns:
        loss, bits_per_byte (where bytes are known), targets, components; None: it was stopped.
    """
    order, ranks = corpus.held_out, learner.ranks
    assert order is not None
    end = min(len(order), config.evaluate_rows or len(order))
    micro = min(config.micro_batch_rows, -(-end // ranks.world))
    names = order.components
    sums = torch.zeros(len(names), COLUMNS, dtype=torch.float64, device=learner.device)
    steps = micro_batches(
        order, micro, micro * ranks.world, end=end, rank=ranks.rank, world=ranks.world,
        lengths=corpus.token_bytes, fields=learner.fields,
    )  # fmt: skip
    for batches in steps:
        sums += learner.evaluate(batches, len(names))
        if ranks.any(stop()):
            return None
    rows = ranks.add_up(sums).tolist()
    nats, targets, text_bytes, _ = (sum(column) for column in zip(*rows, strict=True))
    return mean_losses(nats, targets, text_bytes) | {
        "targets": int(targets),
        "components": figures_by_component(rows, names),
    }
