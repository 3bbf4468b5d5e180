"""Products of activations and weights: as autocast has them, or in fp8."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor, nn

from trainer.model.fp8 import fp8_linear


class Linear(nn.Linear):
    """A projection of a block, whose product can be made in fp8."""

    fp8 = False

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return linear(x, self.weight, self.bias, self.fp8)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None, fp8: bool) -> Tensor:
    """``x @ weight.T + bias``: [..., in] -> [..., out]."""
    if fp8:
        return fp8_linear(x, weight, bias)
    return F.linear(x, weight, bias)


def use_fp8(model: nn.Module, wanted: bool) -> None:
    """Make the products of all ``Linear`` of a model in fp8, or as before."""
    for module in model.modules():
        if isinstance(module, Linear):
            module.fp8 = wanted
