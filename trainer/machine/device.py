"""Where the arithmetic happens, in which precision, and how fast it could be at best."""

from __future__ import annotations

import resource
from contextlib import AbstractContextManager, nullcontext

import torch

from trainer.config import TrainConfig
from trainer.errors import ConfigError
from trainer.machine.threads import format_threads
from trainer.model.fp8 import MULTIPLE

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
    kind = device_kind(wanted)
    if kind.type == "cpu":
        return kind
    if local_rank >= torch.cuda.device_count():
        raise ConfigError(
            f"process {local_rank + 1} of this machine has no GPU of its own: there are "
            f"{torch.cuda.device_count()}; give torchrun as many processes"
        )
    device = torch.device("cuda", local_rank)
    torch.cuda.set_device(device)
    return device


def device_kind(wanted: str) -> torch.device:
    """``cpu`` or ``cuda``, and nothing is done with it yet.

    Raises:
        ConfigError: cuda is wanted and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is cuda, and torch finds none here; auto or cpu is wanted")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def is_bf16(device: torch.device, wanted: str = "auto") -> bool:
    """Whether products of matrices are made in bf16: ``auto`` means on CUDA."""
    return wanted in ("bf16", "fp8") or (wanted == "auto" and device.type == "cuda")


def precision(device: torch.device, wanted: str = "auto") -> AbstractContextManager[object]:
    """bf16 matrix products over fp32 parameters, or fp32 throughout."""
    if is_bf16(device, wanted):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


FP8_CAPABILITY = (8, 9)
"""Of Ada, and Hopper has 9.0: the first whose tensor cores know fp8."""


def check_precision(device: torch.device, config: TrainConfig) -> None:
    """That the device has the products that are wanted, and the model matrices for them.

    A CPU has those in fp8, slowly: enough to try a configuration.

    Raises:
        ConfigError: it has not.
    """
    if config.precision != "fp8":
        return
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < FP8_CAPABILITY:
        major, minor = torch.cuda.get_device_capability(device)
        raise ConfigError(
            f"precision is fp8, and {torch.cuda.get_device_name(device)} (compute capability "
            f"{major}.{minor}) has no products in it; 8.9 or more is wanted, or precision: bf16"
        )
    model = config.model
    sizes = {
        "model.hidden_size": model.hidden_size,
        "model.feed_forward_size": model.feed_forward_size,
        "the size of all key/value heads": model.kv_heads * model.head_size,
    }
    for name, size in sizes.items():
        if size % MULTIPLE:
            raise ConfigError(
                f"precision is fp8, and {name} is {size}; a multiple of {MULTIPLE} is wanted"
            )


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
