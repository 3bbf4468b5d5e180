"""Which kernels a step spends its time in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def dearest_kernels(
    step: Callable[[], None], device: torch.device, count: int = 10
) -> list[dict[str, Any]]:
    """Name, milliseconds, share of the step's kernels and number of calls, the dearest first."""
    from torch.profiler import ProfilerActivity, profile

    on_gpu = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]) as seen:
        step()
        if on_gpu:
            torch.cuda.synchronize(device)
    events = seen.key_averages()
    took = {
        each.key: each.self_device_time_total if on_gpu else each.self_cpu_time_total
        for each in events
    }
    calls = {each.key: each.count for each in events}
    whole = sum(took.values()) or 1
    return [
        {"kernel": name, "ms": took[name] / 1e3, "share": took[name] / whole, "calls": calls[name]}
        for name in sorted(took, key=lambda name: -took[name])[:count]
    ]
