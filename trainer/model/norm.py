"""RMSNorm (Zhang & Sennrich 2019) computed in float32, whatever the precision of the stream."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor, nn


class RMSNorm(nn.RMSNorm):
    """x / sqrt(mean(x^2) + eps) x scale."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., C] -> [..., C], of the precision that came in."""
        scale = self.weight.float()
        return F.rms_norm(x.float(), self.normalized_shape, scale, self.eps).to(x.dtype)
