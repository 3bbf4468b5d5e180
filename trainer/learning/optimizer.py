"""AdamW, or Muon for the matrices of the blocks and AdamW for the rest.

AdamW works value by value, so where processes share the weights it gets this process's parts as
plain tensors. Muon needs whole matrices, which their parts gather.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from trainer.config import OptimizerConfig
from trainer.machine.distributed import own_part
from trainer.model import Decoder

DECAYED, HEAD, PLAIN = "blocks", "head", "plain"


class Optimizer:
    """One optimizer or two, with one learning rate, which can leave a step out."""

    def __init__(self, model: Decoder, config: OptimizerConfig) -> None:
        """Weight decay holds for matrices of the blocks and the head alone.

        Neither a norm's scale nor the vector of a rare token has a reason to shrink (OLMo 2,
        section 3).
        """
        self._with_muon = config.kind == "muon"
        self._originals = dict(model.named_parameters())
        self.updated = {
            name: parameter if self._by_muon(name, parameter) else _part(parameter)
            for name, parameter in self._originals.items()
        }
        """Name -> what is updated: the parameter, or this process's part of it."""
        groups = self._groups(config, model.config.hidden_scale)
        betas, rate = (config.beta1, config.beta2), config.learning_rate
        others = [group for group in groups if not (self._with_muon and group["kind"] == DECAYED)]
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=rate, betas=betas, eps=config.eps, fused=True)
        ]
        if self._with_muon:
            # Updates as large as AdamW's usually are (Liu et al. 2025), so one rate serves both.
            matrices = [group for group in groups if group["kind"] == DECAYED]
            self.parts.append(torch.optim.Muon(matrices, lr=rate, adjust_lr_fn="match_rms_adamw"))

    def gradients(self) -> list[Tensor]:
        """This process's parts of the gradients, those of parameters that have any."""
        found = []
        for name, parameter in self._originals.items():
            if parameter.grad is not None:
                part = own_part(parameter.grad)
                if self.updated[name] is not parameter:
                    self.updated[name].grad = part
                if part.numel():
                    found.append(part)
        return found

    def step(self, learning_rate: float, skip: Tensor) -> None:
        """Update the weights and forget the gradients; ``gradients`` has been called before.

        Args:
            learning_rate: of the step; groups have it times their ``scale``.
            skip: 1 where the weights are to stay as they are, a scalar on their device. AdamW's
                kernel reads it there; Muon's has no such argument, and the host has to wait.
        """
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = learning_rate * group["scale"]
        # The way of torch.amp.GradScaler: fused kernels leave everything as it was.
        self.parts[0].found_inf = skip  # type: ignore[attr-defined]
        self.parts[0].grad_scale = None  # type: ignore[attr-defined]
        self.parts[0].step()
        if self._with_muon and not bool(skip):
            self.parts[1].step()
        for parameter in [*self._originals.values(), *self.updated.values()]:
            parameter.grad = None

    def state(self) -> Iterator[tuple[str, str, Tensor]]:
        """Name of the parameter, name of the value, this process's part of it."""
        for part in self.parts:
            for name, parameter in self.updated.items():
                for key, value in part.state.get(parameter, {}).items():
                    yield name, key, own_part(value)

    def load_state(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from what ``state`` gave, by name of the parameter."""
        owners = {
            parameter: part
            for part in self.parts
            for group in part.param_groups
            for parameter in group["params"]
        }
        for name, values in state.items():
            parameter = self.updated[name]
            owner = owners[parameter].state[parameter]
            for key, value in values.items():
                owner[key] = value
                if self._by_muon(name, parameter) and value.dim():
                    owner[key] = torch.empty_like(parameter)
                    own_part(owner[key]).copy_(value)

    def _by_muon(self, name: str, parameter: Tensor) -> bool:
        return self._with_muon and _kind(name, parameter) == DECAYED

    def _groups(self, config: OptimizerConfig, scale: float) -> list[dict[str, object]]:
        """What is updated, by kind; ``scale`` is of the rate (µP)."""
        groups = []
        for kind, decay, times in (
            (DECAYED, config.weight_decay, scale),
            (HEAD, config.weight_decay, 1.0),
            (PLAIN, 0.0, 1.0),
        ):
            params = [
                each
                for name, each in self.updated.items()
                if _kind(name, each) == kind and own_part(each).numel()
            ]
            if params:
                groups.append(
                    {"params": params, "weight_decay": decay, "scale": times, "kind": kind}
                )
        return groups


def _part(parameter: nn.Parameter) -> nn.Parameter:
    """The same storage as a plain tensor, or the parameter itself where it is not shared."""
    part = own_part(parameter)
    return parameter if part is parameter else nn.Parameter(part.detach())


def _kind(name: str, parameter: Tensor) -> str:
    if parameter.dim() < 2 or name.startswith(("embedding.", "positions.")):
        return PLAIN
    return DECAYED if name.startswith("blocks.") else HEAD
