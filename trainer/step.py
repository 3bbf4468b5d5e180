"""One optimizer step: the loss of a global batch, its gradient, AdamW."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor, nn

from trainer.config import OptimizerConfig, TrainConfig
from trainer.data import NO_TARGET, Batch
from trainer.device import precision
from trainer.errors import TrainingError
from trainer.model import Decoder


class StepResult(NamedTuple):
    """What a step found."""

    loss: float
    """Mean over the batch's targets, in nats, before the update."""
    targets: int
    """Tokens that carried loss."""
    gradient_norm: float
    """Before it was clipped."""


class Learner:
    """A model, its optimizer and the device they are on."""

    def __init__(self, config: TrainConfig, vocab_size: int, device: torch.device) -> None:
        """Random weights from ``config.seed``: the same on every device, drawn on the CPU."""
        self.config, self.device = config, device
        torch.manual_seed(config.seed)
        self.model = Decoder(config.model, vocab_size).to(device)
        self.optimizer = make_optimizer(self.model, config.optimizer, device)

    def step(self, batch: Batch, learning_rate: float) -> StepResult:
        """Learn from a global batch.

        The loss is the sum over all targets divided by their number, so it does not depend on how
        the batch is cut into micro batches, nor on which of them has more padding.

        Raises:
            TrainingError: loss or gradient is not finite; the weights are as they were before.
        """
        count = int((batch.targets != NO_TARGET).sum())
        total = torch.zeros((), device=self.device)
        for first in range(0, len(batch.input_ids), self.config.micro_batch_rows):
            micro = slice(first, first + self.config.micro_batch_rows)
            loss = self._loss_sum(Batch(*(array[micro] for array in batch))) / max(count, 1)
            loss.backward()
            total += loss.detach()
        clip = self.config.optimizer.gradient_clip or float("inf")
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        result = StepResult(float(total), count, float(norm))
        if not torch.isfinite(total + norm):
            raise TrainingError(f"loss is {result.loss}, gradient norm {result.gradient_norm}")
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return result

    def _loss_sum(self, batch: Batch) -> Tensor:
        """Cross entropy added up over the targets of a micro batch."""
        ids_bt, documents_bt, targets_bt = (
            torch.from_numpy(array).to(self.device) for array in batch
        )
        with precision(self.device):
            logits_btv = self.model(ids_bt, documents_bt if self.config.document_mask else None)
        return F.cross_entropy(
            logits_btv.float().flatten(0, 1),
            targets_bt.flatten(),
            ignore_index=NO_TARGET,
            reduction="sum",
        )


def make_optimizer(
    model: nn.Module, config: OptimizerConfig, device: torch.device
) -> torch.optim.AdamW:
    """AdamW whose weight decay holds for matrices alone: a norm's scale has no reason to shrink."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=device.type == "cuda",
    )
