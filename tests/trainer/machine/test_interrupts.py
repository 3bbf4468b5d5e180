"""Stopping: after the step, or at once where nothing is lost; also inside a compiler."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer.machine.interrupts import Leave, StopRequest, stop_requests

ROOT = Path(__file__).resolve().parents[3]
STUCK = """\
import sys, time
import trainer.machine.interrupts
from trainer.cli import main
from trainer.learning.step import Learner

trainer.machine.interrupts.SECONDS_TO_LEAVE = 0.2

def stuck(self, batches, rate):
    print("in the first step", flush=True)
    {wait}

Learner.step = stuck
sys.exit(main(sys.argv[1:]))
"""
NATIVE = """\
import ctypes
    mutex = ctypes.create_string_buffer(64)
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(mutex)
"""
"""As a compiler, or a wait for another process, that lets Python run no handler."""


def test_a_signal_asks_and_a_later_one_interrupts(monkeypatch):
    """Not one right after it: torchrun passes on the Ctrl-C that the terminal sent everyone."""
    said = []
    with stop_requests(said.append) as stop:
        assert not stop
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop
        os.kill(os.getpid(), signal.SIGTERM)
        monkeypatch.setattr("trainer.machine.interrupts.SECONDS_OF_ONE_REQUEST", 0)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert len(said) == 1
    assert "this step ends, then a checkpoint is written" in said[0]


def test_where_all_is_saved_it_is_left_at_once():
    with stop_requests(lambda message: None) as stop:
        with pytest.raises(Leave), stop.all_is_saved():
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Leave), stop.all_is_saved():
            pytest.fail("it was asked before")
        with stop.all_is_saved(holds=False):
            pass


def test_a_time_limit():
    assert not StopRequest(60)
    stop = StopRequest(1e-9)
    time.sleep(0.001)
    assert stop


@pytest.mark.parametrize("wait", ["time.sleep(60)", NATIVE], ids=["python", "native"])
def test_a_first_step_that_takes_long_is_left_within_seconds(config_path, tmp_path, wait):
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK.format(wait=wait), "run", str(config_path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "in the first step\n"
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert time.monotonic() - began < 25
    assert not list((tmp_path / "model" / "checkpoints").glob("step-*"))
