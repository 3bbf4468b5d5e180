"""Which FlashAttention a GPU computes attention with.

PyTorch brings FlashAttention 2. On Hopper that leaves half of the tensor cores' arithmetic unused;
FlashAttention 3 and 4 are packages of their own, which PyTorch can be told to use in its place
(``torch.nn.attention.activate_flash_attention_impl``), for rows of documents too.
"""

from __future__ import annotations

import torch

from trainer.config import ModelConfig
from trainer.errors import ConfigError

IMPLEMENTATIONS = {"flash3": ("FA3", "flash_attn_interface"), "flash4": ("FA4", "flash_attn.cute")}
"""PyTorch's name, and the module that has to be installed."""
LARGEST_HEAD, MULTIPLE = 256, 8
"""Sizes of heads that FlashAttention 2 takes: multiples of 8 up to 256."""
CAPABILITY = (8, 0)
"""Of Ampere, the first GPUs it runs on."""


def use_flash_attention(wanted: str, device: torch.device) -> None:
    """Let attention on a GPU be computed by ``flash2``, ``flash3`` or ``flash4`` from now on.

    Raises:
        ConfigError: it is not installed.
    """
    from torch.nn.attention import (
        activate_flash_attention_impl,
        current_flash_attention_impl,
        restore_flash_attention_impl,
    )

    if device.type != "cuda":
        return
    if wanted not in IMPLEMENTATIONS:
        if current_flash_attention_impl() is not None:
            restore_flash_attention_impl()
        return
    name, module = IMPLEMENTATIONS[wanted]
    try:
        activate_flash_attention_impl(name)
    except (ImportError, RuntimeError) as error:
        raise ConfigError(
            f"speed.attention is {wanted}, and the module {module} that has it cannot be used "
            f"({error}); install it, or set speed.attention=flash2, which PyTorch brings"
        ) from error


def takes_offsets(model: ModelConfig, device: torch.device) -> bool:
    """Whether the device has a kernel for this model that is told where documents end."""
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < CAPABILITY:
        return False
    return model.head_size <= LARGEST_HEAD and model.head_size % MULTIPLE == 0
