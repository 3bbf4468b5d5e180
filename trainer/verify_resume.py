"""Proof, on the user's own machine, that a run that was killed goes on bit for bit.

A short run of the configuration is made unbroken; another one is killed (SIGKILL, no time to tidy
up) at steps that a hash names, and goes on each time. Then all losses and every byte of the last
checkpoint are compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer.checkpoints.checkpoint import latest_checkpoint, open_checkpoint
from trainer.config_file import load_config
from trainer.errors import TrainingError
from trainer.machine.deterministic import describe_determinism
from trainer.machine.device import device_kind
from trainer.output import OutputFolder

POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Verdict:
    """What the comparison came to."""

    steps: int
    killed_after: list[int]
    """Steps that had been written down when the process was killed."""
    differences: list[str]
    """A line each; empty: the runs are equal to the bit."""


def verify_resume(
    config_path: str,
    overrides: list[str],
    steps: int = 12,
    kills: int = 2,
    checkpoint_every: int = 3,
    say: Callable[[str], None] = lambda line: None,
) -> Verdict:
    """Run, kill, go on, compare.

    Args:
        config_path: the configuration.
        overrides: ``key=value`` over it.
        steps: of the short runs; the schedule is squeezed into them.
        kills: how often the second run is killed.
        checkpoint_every: steps between its checkpoints.
        say: told what happens.

    Raises:
        ConfigError: the configuration is wrong.
        TrainingError: a run ended by itself with an error.
    """
    config = load_config(config_path, overrides)
    say(describe_determinism(config.deterministic, device_kind(config.device)))
    with tempfile.TemporaryDirectory(prefix="verify-resume-") as temporary:
        folders = [Path(temporary) / name for name in ("unbroken", "broken")]

        def command(folder: Path) -> list[str]:
            settings = [*overrides, f"out={folder}", f"max_steps={steps}", "trackers=[]",
                        f"checkpoint_every={checkpoint_every}", "time_limit=0"]  # fmt: skip
            return [sys.executable, "-m", "trainer", "run", config_path, *settings]

        say(f"an unbroken run of {steps} steps")
        _run_to_end(command(folders[0]))
        killed_after = []
        for number in range(kills):
            wanted = _hashed(number, steps - 1) + 1
            reached = _run_and_kill(command(folders[1]), folders[1], wanted)
            killed_after.append(reached)
            say(f"killed when step {reached} was written down")
        say("going on to the end")
        _run_to_end(command(folders[1]))
        return Verdict(steps, killed_after, differences(*map(OutputFolder, folders)))


def differences(one: OutputFolder, other: OutputFolder) -> list[str]:
    """What differs between two runs of one configuration, a line each: losses, then tensors."""
    found = []
    for mine, theirs in zip(one.read_metrics(), other.read_metrics(), strict=False):
        names = [name for name in mine if mine[name] != theirs.get(name)]
        if names:
            values = ", ".join(f"{name} {mine[name]} / {theirs.get(name)}" for name in names)
            found.append(f"step {mine['step']}: {values}")
    counts = [len(folder.read_metrics()) for folder in (one, other)]
    if counts[0] != counts[1]:
        found.append(f"steps written down: {counts[0]} / {counts[1]}")
    return found + _tensor_differences(one, other)


def _tensor_differences(one: OutputFolder, other: OutputFolder) -> list[str]:
    paths = [latest_checkpoint(folder.checkpoints_path) for folder in (one, other)]
    if paths[0] is None or paths[1] is None:
        return ["a run has no checkpoint"]
    found = []
    with open_checkpoint(paths[0]) as mine, open_checkpoint(paths[1]) as theirs:
        if sorted(mine.names()) != sorted(theirs.names()):
            return ["the checkpoints hold different tensors"]
        for name in sorted(mine.names()):
            values = [saved.rows(name, 0, None) for saved in (mine, theirs)]
            # Bits, not values: a nan equals itself then, and 0.0 is not -0.0.
            if values[0].numpy().tobytes() != values[1].numpy().tobytes():
                apart = (values[0] - values[1]).abs().max() if values[0].is_floating_point() else 0
                found.append(f"{name}: differs by up to {float(apart):.3g}")
    return found


def _hashed(number: int, end: int) -> int:
    digest = hashlib.sha256(json.dumps(["verify-resume", number]).encode()).digest()
    return int.from_bytes(digest[:8], "big") % max(end, 1)


def _run_to_end(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise TrainingError(f"the run failed:\n{result.stderr.strip()[-2000:]}")


def _run_and_kill(command: list[str], folder: Path, wanted: int) -> int:
    """Kill the run once it has written down ``wanted`` more steps; how many were there then."""
    metrics = folder / "metrics.jsonl"
    # A file, not a pipe, which would be full some day with no one reading.
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        lines = 0
        while lines < wanted and process.poll() is None:
            time.sleep(POLL_SECONDS)
            lines = metrics.read_bytes().count(b"\n") if metrics.exists() else 0
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        elif process.returncode:
            said.seek(0)
            raise TrainingError(f"the run failed:\n{said.read().strip()[-2000:]}")
    return metrics.read_bytes().count(b"\n")
