"""Losses by component: what each row cost goes to the component the row is of.

A row holds documents of one component, so the loss of each is told by adding up rows: a product
with a matrix of zeros and ones, on the device, without waiting for it and in one order (adding by
index would add in another order each time).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

NATS, TARGETS, BYTES, ROWS = range(4)
COLUMNS = 4


def component_sums(nats_b: Tensor, component_b: Tensor, figures_b3: Tensor, count: int) -> Tensor:
    """Nats, targets, bytes of the targets and rows of each component: float64 [components, 4].

    Args:
        nats_b: what each row cost.
        component_b: number of each row's component.
        figures_b3: ``row_figures`` of the batch.
        count: how many components there are.
    """
    is_of = component_b[None, :] == torch.arange(count, device=component_b.device)[:, None]
    by_row = torch.cat((nats_b.double()[:, None], figures_b3), dim=1)
    return is_of.double() @ by_row


def figures_by_component(
    sums: Sequence[Sequence[float]], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Figures of each component that had rows, for a line of JSON.

    Returns:
        Name -> loss (nats per token), bits_per_byte (where bytes are known), targets, rows.
    """
    found: dict[str, dict[str, float]] = {}
    for name, (nats, targets, text_bytes, rows) in zip(names, sums, strict=True):
        if rows:
            figures: dict[str, float] = mean_losses(nats, targets, text_bytes)
            found[name] = figures | {"targets": int(targets), "rows": int(rows)}
    return found


def mean_losses(nats: float, targets: float, text_bytes: float) -> dict[str, float]:
    """``loss`` in nats per token, and ``bits_per_byte`` where bytes are known."""
    figures = {"loss": nats / targets} if targets else {}
    if text_bytes > 0:
        figures["bits_per_byte"] = nats / math.log(2) / text_bytes
    return figures
