"""Kernels that add in one order, so that a run that goes on is equal to the bit on a GPU too.

Sums of floating-point numbers depend on their order. Without the switch FlashAttention adds up the
gradient of queries as its blocks come, cuBLAS may split a product over streams, and the compiler
chooses kernels by timing them, which another process may do with another result. With it torch
takes the ways that it documents as deterministic, and raises an error where there is none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from trainer.errors import ConfigError

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
WORKSPACES = (":4096:8", ":16:8")
"""Of cuBLAS, which is deterministic with one of them (its documentation, "Reproducibility")."""


@contextmanager
def deterministic_kernels(wanted: bool, device: torch.device) -> Iterator[None]:
    """Inside the block, kernels add in one order if that is ``wanted``.

    To be entered before the first product on a GPU: cuBLAS reads its environment then.

    Raises:
        ConfigError: the environment has a workspace for cuBLAS that is not deterministic.
    """
    if not wanted or device.type != "cuda":
        yield
        return
    found = os.environ.setdefault(WORKSPACE, WORKSPACES[0])
    if found not in WORKSPACES:
        raise ConfigError(
            f"deterministic is true, and {WORKSPACE} is {found!r} in the environment; "
            f"{' or '.join(WORKSPACES)} is wanted, or no value"
        )
    before = torch.are_deterministic_algorithms_enabled()
    memory: Any = torch.utils.deterministic
    filled = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)  # the compiler's choices too
    memory.fill_uninitialized_memory = False  # none of it is read
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        memory.fill_uninitialized_memory = filled


def describe_determinism(wanted: bool, device: torch.device) -> str:
    """What makes runs equal here, or what is missing for it."""
    if device.type == "cpu":
        return "on a CPU every kernel adds in one order; deterministic changes nothing"
    if not wanted:
        return (
            "deterministic is false: the gradient of attention is added up in an order that "
            "differs from run to run, so the last bits of losses may differ; deterministic=true "
            "makes runs equal"
        )
    return (
        f"deterministic is true: attention's gradient in one order, cuBLAS with {WORKSPACE}="
        f"{os.environ.get(WORKSPACE, WORKSPACES[0])}, kernels that are chosen without timing them"
    )
