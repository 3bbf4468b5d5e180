"""Rotary positions (Su et al. 2021), halves rotated as in Hugging Face's Llama, and their scaling.

A rotation says only how far two positions are from each other, so it needs no reset where a
document begins: attention does not cross documents.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from trainer.config import ModelConfig


def rotary_table(
    length: int, config: ModelConfig, device: torch.device | str
) -> tuple[Tensor, Tensor]:
    """Cosines and sines [T, D] of position x frequency, each half repeated: float32."""
    frequencies = scaled_frequencies(config).to(device)
    angles = torch.arange(length, device=device).float()[:, None] * frequencies[None, :]
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def scaled_frequencies(config: ModelConfig) -> Tensor:
    """theta^(-2i/D) for i < D/2, scaled for texts longer than those first trained on: float32.

    ``linear`` divides all by the factor (Chen et al. 2023). ``llama3`` divides the slow ones, keeps
    the fast ones, and goes smoothly from one to the other (Llama 3.1, ``modeling_rope_utils`` of
    transformers).
    """
    half = torch.arange(0, config.head_size, 2, dtype=torch.int64).float()
    frequencies = 1.0 / (config.rope_theta ** (half / config.head_size))
    scaling = config.rope_scaling
    if scaling is None:
        return frequencies
    if scaling.kind == "linear":
        return frequencies / scaling.factor
    turns = scaling.original_length * frequencies / (2 * math.pi)
    low, high = scaling.low_frequency_factor, scaling.high_frequency_factor
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return kept * frequencies + (1 - kept) * frequencies / scaling.factor


def rotate(x_bthd: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate pairs (i, i + D/2) of each head by the position's angles."""
    cos, sin = (part[:, None].to(x_bthd.dtype) for part in rotation)
    first, second = x_bthd.chunk(2, dim=-1)
    return x_bthd * cos + torch.cat((-second, first), dim=-1) * sin
