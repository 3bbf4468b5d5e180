"""Kernels that add in one order: what is switched on for a GPU, and off again."""

import pytest
import torch

from trainer.errors import ConfigError
from trainer.machine.deterministic import WORKSPACE, describe_determinism, deterministic_kernels

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def switches():
    import torch._inductor.config as compiler

    return (
        torch.are_deterministic_algorithms_enabled(),
        compiler.deterministic,
        torch.utils.deterministic.fill_uninitialized_memory,
    )


def test_inside_the_block_alone(monkeypatch):
    monkeypatch.delenv(WORKSPACE, raising=False)
    before = switches()
    with deterministic_kernels(True, CUDA):
        assert switches() == (True, True, False)
        import os

        assert os.environ[WORKSPACE] == ":4096:8"
    assert switches() == before
    for wanted, device in ((False, CUDA), (True, CPU)):
        with deterministic_kernels(wanted, device):
            assert switches() == before


def test_a_workspace_that_is_not_deterministic_is_refused(monkeypatch):
    monkeypatch.setenv(WORKSPACE, ":4096:2:16:8")
    with (
        pytest.raises(ConfigError, match=f"{WORKSPACE} is ':4096:2:16:8' .*; :4096:8 or :16:8"),
        deterministic_kernels(True, CUDA),
    ):
        pass
    with deterministic_kernels(False, CUDA):
        pass


def test_what_is_said_of_it(monkeypatch):
    monkeypatch.setenv(WORKSPACE, ":16:8")
    assert "changes nothing" in describe_determinism(True, CPU)
    assert "deterministic=true makes runs equal" in describe_determinism(False, CUDA)
    assert "CUBLAS_WORKSPACE_CONFIG=:16:8" in describe_determinism(True, CUDA)
