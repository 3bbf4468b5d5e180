"""Where the arithmetic happens, in which precision, and how fast it could be at best."""

from __future__ import annotations

import resource
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


def choose_device(wanted: str, local_rank: int = 0) -> torch.device:
    """The device that ``auto``, ``cpu`` or ``cuda`` means here.

    Args:
        wanted: one of them.
        local_rank: this process among those of the machine, each of which has a GPU of its own.

    Raises:
        ConfigError: cuda is wanted and there is none, or not one for each process.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is cuda, and torch finds none here; auto or cpu is wanted")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cpu":
        return torch.device("cpu")
    if local_rank >= torch.cuda.device_count():
        raise ConfigError(
            f"process {local_rank + 1} of this machine has no GPU of its own: there are "
            f"{torch.cuda.device_count()}; give torchrun as many processes"
        )
    device = torch.device("cuda", local_rank)
    torch.cuda.set_device(device)
    return device


def is_bf16(device: torch.device, wanted: str = "auto") -> bool:
    """Whether products of matrices are made in bf16: ``auto`` means on CUDA."""
    return wanted == "bf16" or (wanted == "auto" and device.type == "cuda")


def precision(device: torch.device, wanted: str = "auto") -> AbstractContextManager[object]:
    """bf16 matrix products over fp32 parameters, or fp32 throughout."""
    if is_bf16(device, wanted):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def memory_used(device: torch.device) -> int:
    """Most bytes in use so far: of the GPU's memory, or of this process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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
