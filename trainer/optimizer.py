"""AdamW, or Muon for the matrices of the blocks and AdamW for the rest."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainer.config import OptimizerConfig
from trainer.model import Decoder


class Optimizer:
    """One optimizer or two, with one learning rate, which can leave a step out."""

    def __init__(self, model: Decoder, config: OptimizerConfig) -> None:
        """Weight decay holds for matrices of the blocks and the head alone: neither a norm's scale
        nor the vector of a rare token has a reason to shrink (OLMo 2, section 3)."""
        groups = _groups(model, config)
        betas = (config.beta1, config.beta2)
        matrices = [group for group in groups if group["matrices"]]
        others = [group for group in groups if not (config.kind == "muon" and group["matrices"])]
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=config.learning_rate, betas=betas, eps=config.eps, fused=True)
        ]
        if config.kind == "muon":
            # Updates as large as AdamW's usually are (Liu et al. 2025), so one rate serves both.
            self.parts.append(
                torch.optim.Muon(matrices, lr=config.learning_rate, adjust_lr_fn="match_rms_adamw")
            )
        self._whole = config.kind == "adamw"

    def step(self, learning_rate: float, skip: Tensor) -> None:
        """Update the weights and forget the gradients.

        Args:
            learning_rate: of the step; groups have it times their ``scale``.
            skip: 1 where the weights are to stay as they are, a scalar on their device. AdamW's
                kernel reads it there; Muon's has no such argument, and the host has to wait.
        """
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = learning_rate * group["scale"]
        if self._whole:
            # The way of torch.amp.GradScaler: fused kernels leave everything as it was.
            self.parts[0].found_inf = skip  # type: ignore[attr-defined]
            self.parts[0].grad_scale = None  # type: ignore[attr-defined]
        if self._whole or not bool(skip):
            for part in self.parts:
                part.step()
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def state_dicts(self) -> list[dict[str, object]]:
        """Of each part."""
        return [part.state_dict() for part in self.parts]

    def load_state_dicts(self, states: list[dict[str, object]]) -> None:
        """Go on from ``state_dicts``."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def _groups(model: Decoder, config: OptimizerConfig) -> list[dict[str, object]]:
    """Matrices of the blocks, the head, and what has no decay; ``scale`` is of the rate."""
    blocks, head, plain = [], [], []
    for name, parameter in model.named_parameters():
        if parameter.dim() < 2 or name.startswith(("embedding.", "positions.")):
            plain.append(parameter)
        else:
            (blocks if name.startswith("blocks.") else head).append(parameter)
    kinds: list[tuple[list[nn.Parameter], float, float, bool]] = [
        (blocks, config.weight_decay, model.config.hidden_scale, True),
        (head, config.weight_decay, 1.0, False),
        (plain, 0.0, 1.0, False),
    ]
    return [
        {"params": parameters, "weight_decay": decay, "scale": scale, "matrices": matrices}
        for parameters, decay, scale, matrices in kinds
        if parameters
    ]
