"""A token by chance: temperature, the likeliest by number (top-k) or by share (top-p)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.errors import ConfigError


@dataclass(frozen=True)
class Draws:
    """How a token is chosen."""

    temperature: float = 0.8
    """Logits are divided by it; 0: the likeliest token each time."""
    top_p: float = 0.95
    """Drawn from the likeliest that have this share together (Holtzman et al. 2020)."""
    top_k: int = 0
    """Drawn from so many of the likeliest, before top_p (Fan et al. 2018); 0: all."""
    seed: int = 17

    def check(self) -> None:
        """That all are in their range.

        Raises:
            ConfigError: one is not.
        """
        for name, value, is_valid, wanted in (
            ("--temperature", self.temperature, self.temperature >= 0, "0 or more"),
            ("--top-p", self.top_p, 0 < self.top_p <= 1, "more than 0 and at most 1"),
            ("--top-k", self.top_k, self.top_k >= 0, "0 (all) or more"),
            ("--seed", self.seed, self.seed >= 0, "0 or more"),
        ):
            if not is_valid:
                raise ConfigError(f"{name}: {value} was given; {wanted} is wanted")


def draw(logits_v: Tensor, how: Draws, generator: torch.Generator) -> int:
    """A token; of equally likely ones the first is taken before the others.

    Args:
        logits_v: [V].
        how: it is chosen.
        generator: where chance comes from: one number a token.
    """
    if how.temperature == 0:
        return int(logits_v.argmax())
    shares_v = torch.softmax(logits_v.double() / how.temperature, 0)
    if 0 < how.top_k < len(shares_v):
        least = float(shares_v.topk(how.top_k).values[-1])
    else:
        # All below this have less than 1 - top_p together: few are left to be sorted.
        least = (1 - how.top_p) / len(shares_v)
    likely = (shares_v >= least).nonzero()[:, 0]
    order = likely[shares_v[likely].argsort(descending=True, stable=True)][: how.top_k or None]
    sums = shares_v[order].cumsum(0)
    # Those before the share is reached, and the one with it.
    kept = int((sums < how.top_p * (sums[-1] if how.top_k else 1.0)).sum()) + 1
    sums = sums[:kept]
    point = torch.rand((), generator=generator, dtype=torch.float64) * sums[-1]
    place = int((sums <= point).sum())
    return int(order[min(place, len(sums) - 1)])
