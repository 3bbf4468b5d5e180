"""Where the arithmetic happens, in which precision, and how fast it could be at best."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from trainer.errors import ConfigError
from trainer.threads import format_threads

PEAK_FLOPS = (
    ("H100 PCIe", 756e12),
    ("H100 NVL", 835e12),
    ("H100", 989e12),
    ("H200 NVL", 835e12),
    ("H200", 989e12),
    ("A100", 312e12),
)
"""Dense bf16 FLOP/s by a part of the device's name, the first that fits (NVIDIA's data sheets,
whose larger figures are for sparse matrices). A device that is not here gets no MFU."""


def choose_device(wanted: str) -> torch.device:
    """The device that ``auto``, ``cpu`` or ``cuda`` means here.

    Raises:
        ConfigError: cuda is wanted and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is cuda, and torch finds none here; auto or cpu is wanted")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def precision(device: torch.device) -> AbstractContextManager[object]:
    """bf16 matrix products over fp32 parameters on CUDA; fp32 throughout on a CPU."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def device_name(device: torch.device, threads: int) -> str:
    """What a person calls it: ``cpu with 2 threads``."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} with {format_threads(threads)}"


def peak_flops(device: torch.device) -> float | None:
    """Largest dense bf16 FLOP/s of a CUDA device, None where it is not known."""
    if device.type != "cuda":
        return None
    return peak_flops_of(torch.cuda.get_device_name(device))


def peak_flops_of(name: str) -> float | None:
    """The same by name: ``peak_flops_of("NVIDIA H100 80GB HBM3") == 989e12``."""
    return next((flops for part, flops in PEAK_FLOPS if part in name), None)
