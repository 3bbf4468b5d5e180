"""Threads: no more than a container grants, and none that spins for long."""

import os
import subprocess
import sys

import pytest
import torch

from trainer.machine import threads
from trainer.machine.threads import (
    SPINS,
    cpu_quota,
    cpu_threads,
    default_threads,
    wait_without_spinning,
)


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_container(tmp_path, files, quota):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert cpu_quota(tmp_path) == quota


@pytest.mark.parametrize(("quota", "expected"), [(None, 8), (3.9, 3), (0.5, 1), (64.0, 8)])
def test_no_more_threads_than_the_quota_grants(monkeypatch, quota, expected):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(threads, "cpu_quota", lambda: quota)
    assert default_threads() == expected


def test_the_number_of_threads_holds_inside_the_block():
    before = torch.get_num_threads()
    with cpu_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, SPINS),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_what_the_user_says_of_waiting_holds(monkeypatch, environment, expected):
    monkeypatch.setattr(os, "environ", dict(environment))
    wait_without_spinning()
    assert os.environ.get("GOMP_SPINCOUNT") == expected


def test_waiting_is_settled_before_torch_is_loaded():
    """OpenMP reads its environment once, when it is loaded."""
    code = "import sys, trainer.machine.threads, trainer.cli; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
