"""Several processes: the same losses as one, the same order of rows, checkpoints for any number."""

import subprocess
import sys
from pathlib import Path

import pytest

from trainer.checkpoint import load_model, read_state
from trainer.config_file import load_config
from trainer.distributed import check_batches
from trainer.errors import ConfigError
from trainer.train import train

ROOT = Path(__file__).resolve().parents[2]


def run_together(config_path, *overrides, processes=2):
    """What ``torchrun`` does with the configuration."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*torchrun, f"--nproc-per-node={processes}", "-m", "trainer", "run", str(config_path)]
    result = subprocess.run(
        [*command, *overrides], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def losses(outcome):
    return [step["loss"] for step in outcome.folder.read_metrics()]


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_two_processes_learn_what_one_does(config_path, tmp_path, kind):
    """Ten steps by two processes, then on by one: as if one had done it all."""
    kind = f"optimizer.kind={kind}"
    one = train(load_config(config_path, [kind, f"out={tmp_path}/one"]))
    limit = "time_limit=0.0001"  # after the first step; then again, to the tenth
    run_together(config_path, kind, limit)
    assert read_state(tmp_path / "model" / "checkpoints" / "step-000001").world == 2
    run_together(config_path, kind)
    other = train(load_config(config_path, [kind]))
    assert other.did_nothing
    assert losses(other) == pytest.approx(losses(one), rel=1e-5)
    read = [(step["tokens"], step["targets"]) for step in one.folder.read_metrics()]
    assert read == [(step["tokens"], step["targets"]) for step in other.folder.read_metrics()]
    mine, theirs = load_model(one.checkpoint), load_model(other.checkpoint)
    assert {name: weight.shape for name, weight in mine.items()} == {
        name: weight.shape for name, weight in theirs.items()
    }
    for name, weight in mine.items():
        assert (weight - theirs[name]).abs().max() < 1e-3, name


def test_one_process_goes_on_where_two_stopped(config_path, tmp_path):
    whole = train(load_config(config_path, [f"out={tmp_path}/whole"]))
    run_together(config_path, "time_limit=0.0001")
    again = train(load_config(config_path))
    assert losses(again) == pytest.approx(losses(whole), rel=1e-5)


def test_steps_that_cannot_be_shared_are_refused():
    check_batches([8, 16], 4)
    with pytest.raises(
        ConfigError, match=r"steps of 6 rows cannot be shared by 4 .*; 4 or 8 could"
    ):
        check_batches([8, 6], 4)
