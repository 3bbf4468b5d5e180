"""Steps that are better not taken: their loss or gradient is not finite, or far out of the usual.

A step is skipped where its loss, or the norm of its gradient, lies more than so many standard
deviations above the mean of the last ``WINDOW`` steps taken (OLMo-core's SkipStepOptimizer: six, of
128). All is decided on the device: the host neither waits nor needs to know.
"""

from __future__ import annotations

import torch
from torch import Tensor

WINDOW = 128
LEAST = 64
"""Steps to have seen before any is called unusual."""
LEAST_DEVIATION = 0.01
"""Of the mean: with less spread than that, six deviations are nothing."""


class SpikeGuard:
    """The losses and gradient norms of the last steps, on the device."""

    def __init__(self, deviations: float, device: torch.device) -> None:
        """Remember nothing yet; ``deviations`` 0: only what is not finite is skipped."""
        self.deviations = deviations
        self._seen = torch.zeros(2, WINDOW, device=device)
        self._count = torch.zeros((), dtype=torch.int64, device=device)
        self.skipped_in_a_row = torch.zeros((), dtype=torch.int64, device=device)
        self.skipped = torch.zeros((), dtype=torch.int64, device=device)

    def judge(self, loss: Tensor, norm: Tensor) -> Tensor:
        """Whether the step is not to be taken: a float32 scalar, 1 or 0, on the device."""
        now = torch.stack((loss.detach(), norm.detach())).float()
        usual = torch.isfinite(now).all()
        if self.deviations:
            filled = torch.arange(WINDOW, device=now.device) < self._count
            known = filled.sum().clamp(min=1)
            mean = self._seen.sum(dim=1) / known
            spread = ((self._seen - mean[:, None]) * filled).square().sum(dim=1) / known
            limit = mean + self.deviations * spread.sqrt().clamp(min=LEAST_DEVIATION * mean.abs())
            usual &= (now <= limit).all() | (self._count < LEAST)
        place = (self._count % WINDOW)[None]
        kept = torch.where(usual, now, self._seen.index_select(1, place)[:, 0])
        self._seen.index_copy_(1, place, kept[:, None])
        self._count += usual
        self.skipped_in_a_row.copy_(torch.where(usual, 0, self.skipped_in_a_row + 1))
        self.skipped += ~usual
        return (~usual).float()

    def state_dict(self) -> dict[str, Tensor]:
        """What a run that goes on must know."""
        return {
            "seen": self._seen,
            "count": self._count,
            "in_a_row": self.skipped_in_a_row,
            "skipped": self.skipped,
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from ``state_dict``."""
        for name, part in self.state_dict().items():
            part.copy_(state[name])
