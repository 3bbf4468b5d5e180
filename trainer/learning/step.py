"""One optimizer step: the loss of a global batch, its gradient, the update. The host never waits.

What a step found stays on the device and comes over while the next step computes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from trainer.checkpoints.files import Piece, SavedTensors
from trainer.config import TrainConfig
from trainer.learning.loss import TokenLosses, linear_cross_entropy
from trainer.learning.optimizer import Optimizer
from trainer.learning.spikes import SpikeGuard
from trainer.learning.sums import COLUMNS, component_sums
from trainer.machine.device import check_precision, is_bf16, precision
from trainer.machine.distributed import Ranks, first_row, own_part, reduce_gradients, share
from trainer.machine.flash import takes_offsets, use_flash_attention
from trainer.model import Decoder, Documents
from trainer.model.decoder import initial_weight
from trainer.model.linear import use_fp8

EPSILON = 1e-6
"""Added to the norm that a gradient is divided by, as torch's clip_grad_norm_ does."""


class StepResult(NamedTuple):
    """What a step found, before the update; on the host."""

    loss: float
    """Mean over the targets of all processes, in nats, the z-loss not in it."""
    gradient_norm: float
    """Before it was clipped."""
    was_skipped: bool
    skipped_in_a_row: int
    skipped: int
    """In the whole run."""
    components: list[list[float]]
    """Nats, targets, bytes and rows of each component: see ``trainer.learning.sums``."""

    @property
    def targets(self) -> int:
        """Tokens that carried loss."""
        return int(sum(row[1] for row in self.components))


class PendingResult:
    """The same, on its way."""

    def __init__(self, figures: Tensor) -> None:
        """Send float64 figures to the host."""
        self._event = None
        self.finished = time.perf_counter()
        """When the step was done; on a GPU known once it was waited for."""
        if figures.is_cuda:
            self._figures = torch.empty_like(figures, device="cpu", pin_memory=True)
            self._figures.copy_(figures, non_blocking=True)
            self._event = torch.cuda.Event()
            self._event.record()
        else:
            self._figures = figures

    def wait(self) -> StepResult:
        """Once the step is done."""
        if self._event is not None:
            self._event.synchronize()
            self.finished = time.perf_counter()
        loss, norm, skip, in_a_row, skipped, *sums = self._figures.tolist()
        rows = [sums[first : first + COLUMNS] for first in range(0, len(sums), COLUMNS)]
        return StepResult(loss, norm, bool(skip), int(in_a_row), int(skipped), rows)


class Learner:
    """A model, its optimizer and the device they are on; a part of them among several processes."""

    def __init__(
        self,
        config: TrainConfig,
        vocab_size: int,
        components: int,
        device: torch.device,
        ranks: Ranks | None = None,
    ) -> None:
        """Random weights from ``config.seed``: the same on every device and number of processes."""
        self.config, self.device, self.ranks = config, device, ranks or Ranks()
        self.components = components
        check_precision(device, config)
        use_flash_attention(config.speed.attention, device)
        self.bf16 = is_bf16(device, config.precision)
        self.varlen = self.bf16 and takes_offsets(config.model, device)
        """Whether attention is told by offsets where documents end, not by a mask."""
        wanted = config.speed.compile
        self.compiles = device.type == "cuda" if wanted == "auto" else wanted
        self.model = self._new_model(vocab_size)
        self.optimizer = Optimizer(self.model, config.optimizer)
        self.guard = SpikeGuard(config.optimizer.skip_deviations, device)

    @property
    def fields(self) -> list[str]:
        """The tensors of a batch that are of use."""
        found = ["input_ids", "labels", "component"]
        if self.config.document_mask:
            found += ["position_ids", "cu_seqlens" if self.varlen else "pieces"]
        return found

    def _new_model(self, vocab_size: int) -> Decoder:
        """Shapes first, then weights one after the other: no process holds the whole at once."""
        config = self.config
        with torch.device("meta"):
            model = Decoder(config.model, vocab_size)
        again = round(config.speed.recompute * config.model.layers)
        model.recompute(again, config.speed.recompute_of)
        use_fp8(model, config.precision == "fp8")
        if self.compiles:
            for block in model.blocks:
                block.compile(dynamic=False)  # sizes as symbols would make slower kernels
        if self.ranks.world > 1:
            share(model, self.ranks, self.device, self.bf16)
        model.to_empty(device=self.device)
        if config.model.tie_embeddings:
            model.head.weight = model.embedding.weight  # to_empty parts what is tied
        torch.manual_seed(config.seed)
        self._draw_weights(model)
        return model

    @torch.no_grad()
    def _draw_weights(self, model: Decoder) -> None:
        for name, parameter in model.named_parameters():
            part, first = own_part(parameter), first_row(parameter, self.ranks)
            whole = initial_weight(name, tuple(parameter.shape), self.config.model)
            part.copy_(whole[first : first + len(part)])

    def pieces(self) -> dict[str, Piece]:
        """What a checkpoint has to hold of this process: weights, moments, what the guard knows."""
        found = {
            f"model/{name}": self._piece(own_part(parameter), parameter)
            for name, parameter in self.model.named_parameters()
        }
        parameters = dict(self.model.named_parameters())
        for name, key, value in self.optimizer.state():
            found[f"optimizer/{name}/{key}"] = self._piece(value, parameters[name])
        for name, value in self.guard.state_dict().items():
            found[f"guard/{name}"] = Piece(value, tuple(value.shape), 0)
        return found

    @torch.no_grad()
    def load(self, saved: SavedTensors) -> None:
        """Go on from a checkpoint that any number of processes wrote."""
        parameters = dict(self.model.named_parameters())
        for name, parameter in parameters.items():
            part = own_part(parameter)
            part.copy_(saved.rows(f"model/{name}", first_row(parameter, self.ranks), len(part)))
        moments: dict[str, dict[str, Tensor]] = {}
        for key in saved.names("optimizer/"):
            name, _, kind = key.removeprefix("optimizer/").rpartition("/")
            part, first = own_part(parameters[name]), first_row(parameters[name], self.ranks)
            if part.numel():
                value = saved.rows(key, first, len(part))
                moments.setdefault(name, {})[kind] = value.to(self.device)
        self.optimizer.load_state(moments)
        self.guard.load_state_dict(
            {name: saved.rows(f"guard/{name}", 0, None) for name in self.guard.state_dict()}
        )

    def _piece(self, part: Tensor, parameter: Tensor) -> Piece:
        """A value with as many numbers as the parameter is cut like it; any other is whole."""
        if part.shape != own_part(parameter).shape:
            return Piece(part, tuple(part.shape), 0)
        return Piece(part, tuple(parameter.shape), first_row(parameter, self.ranks))

    def step(self, batches: Sequence[Mapping[str, Any]], learning_rate: float) -> PendingResult:
        """Learn from a global batch.

        The loss is the sum over all targets divided by their number, so it does not depend on how
        the batch is cut into micro batches or shared, nor on which part has more padding.

        Args:
            batches: this process's micro batches.
            learning_rate: of this step.
        """
        on_device = [self._to_device(batch) for batch in batches]
        counts = [batch["row_figures"][:, 0].sum() for batch in on_device]
        targets = self.ranks.add_up(torch.stack(counts).sum()).clamp(min=1)
        sums = torch.zeros(self.components, COLUMNS, dtype=torch.float64, device=self.device)
        for number, batch in enumerate(on_device, start=1):
            is_last = number == len(on_device)
            reduce_gradients(self.model, is_last or self.config.speed.reduce_each_pass)
            losses = self._losses(batch)
            (losses.total / targets.float()).backward()
            sums += self._sums(batch, losses)
        gradients = self.optimizer.gradients()
        squares = torch.stack(torch._foreach_norm(gradients)).double().square().sum()
        shared = self.ranks.add_up(torch.cat((squares[None], sums.flatten())))
        norm, sums = shared[0].sqrt(), shared[1:].view_as(sums)
        loss = sums[:, 0].sum() / targets
        skip = self.guard.judge(loss, norm)
        self._clip(gradients, norm)
        self.optimizer.step(learning_rate, skip)
        told = [loss, norm, skip, self.guard.skipped_in_a_row, self.guard.skipped]
        figures = torch.stack([figure.double() for figure in told])
        return PendingResult(torch.cat((figures, sums.flatten())))

    @torch.no_grad()
    def evaluate(self, batches: Sequence[Mapping[str, Any]], components: int) -> Tensor:
        """Sums by component over this process's micro batches: float64 [components, 4]."""
        sums = torch.zeros(components, COLUMNS, dtype=torch.float64, device=self.device)
        for batch in batches:
            on_device = self._to_device(batch)
            sums += self._sums(on_device, self._losses(on_device, z_loss=0.0), components)
        return sums

    def _to_device(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        return {
            name: value.to(self.device, non_blocking=True)
            for name, value in batch.items()
            if isinstance(value, Tensor)
        }

    def _losses(self, batch: Mapping[str, Tensor], z_loss: float | None = None) -> TokenLosses:
        """What the tokens of a micro batch cost."""
        config = self.config
        documents = None
        if config.document_mask:
            documents = Documents.of_batch(batch, self.varlen)

        def then(hidden_btc: Tensor, head_vc: Tensor) -> TokenLosses:
            hidden_nc = hidden_btc.flatten(0, 1)
            if self.bf16:
                hidden_nc = hidden_nc.to(torch.bfloat16)
            return linear_cross_entropy(
                hidden_nc,
                head_vc,
                batch["labels"].flatten(),
                config.optimizer.z_loss if z_loss is None else z_loss,
                config.speed.loss_chunk or None,
                self.compiles,
            )

        with precision(self.device, config.precision):
            losses: TokenLosses = self.model(batch["input_ids"], documents, then)
        return losses

    def _sums(
        self, batch: Mapping[str, Tensor], losses: TokenLosses, components: int | None = None
    ) -> Tensor:
        nats_b = losses.nats_n.view(batch["input_ids"].shape).sum(dim=1)
        return component_sums(
            nats_b, batch["component"], batch["row_figures"], components or self.components
        )

    def _clip(self, gradients: list[Tensor], norm: Tensor) -> None:
        most = self.config.optimizer.gradient_clip
        if most:
            torch._foreach_mul_(gradients, (most / (norm + EPSILON)).clamp(max=1.0).float())
