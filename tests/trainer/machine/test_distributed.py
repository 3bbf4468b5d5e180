"""Several processes: the same losses as one, the same order of rows, checkpoints for any number."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.checkpoints.checkpoint import load_model, read_state
from trainer.config_file import load_config
from trainer.errors import ConfigError
from trainer.machine.distributed import check_batches
from trainer.train import train

ROOT = Path(__file__).resolve().parents[3]


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


def test_two_processes_learn_what_one_does_and_one_goes_on_from_there(config_path, tmp_path):
    one = train(load_config(config_path, [f"out={tmp_path}/one"]))
    run_together(config_path)
    config = load_config(config_path)
    both = train(config)
    assert both.did_nothing
    assert losses(both) == pytest.approx(losses(one), rel=1e-5)
    read = [(step["tokens"], step["targets"]) for step in one.folder.read_metrics()]
    assert read == [(step["tokens"], step["targets"]) for step in both.folder.read_metrics()]
    assert_close(load_model(both.checkpoint), load_model(one.checkpoint), 1e-3)

    assert read_state(both.checkpoint).world == 2
    shutil.rmtree(both.checkpoint)  # the one of step 20 is left
    again = train(config)
    assert losses(again) == pytest.approx(losses(one), rel=1e-5)
    assert_close(load_model(again.checkpoint), load_model(one.checkpoint), 1e-3)


def test_gradients_added_up_each_pass_are_the_same_and_blocks_computed_again_too(
    config_path, tmp_path
):
    """Four rows a step: two passes of one row in each process."""
    one = train(load_config(config_path, ["max_steps=6", f"out={tmp_path}/one"]))
    cut = ["max_steps=6", "micro_batch_rows=1"]
    ways = {
        "last": [],
        "each": ["speed.reduce_each_pass=true", "speed.recompute=1",
                 "speed.recompute_of=pointwise"],
    }  # fmt: skip
    for name, settings in ways.items():
        where = [*cut, *settings, f"out={tmp_path}/{name}"]
        run_together(config_path, *where)
        both = train(load_config(config_path, where))
        assert both.did_nothing
        assert losses(both) == pytest.approx(losses(one), rel=1e-5), name
        assert_close(load_model(both.checkpoint), load_model(one.checkpoint), 1e-3)


def test_muon_gets_whole_matrices(config_path, tmp_path):
    """Its arithmetic is bf16, so float error is larger."""
    settings = ["optimizer.kind=muon", "max_steps=8"]
    one = train(load_config(config_path, [*settings, f"out={tmp_path}/one"]))
    run_together(config_path, *settings)
    both = train(load_config(config_path, settings))
    assert losses(both) == pytest.approx(losses(one), rel=1e-3)
    assert_close(load_model(both.checkpoint), load_model(one.checkpoint), 1e-2)


def assert_close(mine, theirs, most):
    """The same weights, apart by ``most`` or less."""
    assert sorted(mine) == sorted(theirs)
    for name, weight in mine.items():
        assert (weight - theirs[name]).abs().max() < most, name


def test_steps_that_cannot_be_shared_are_refused():
    check_batches([8, 16], 4)
    with pytest.raises(
        ConfigError, match=r"steps of 6 rows cannot be shared by 4 .*; 4 or 8 could"
    ):
        check_batches([8, 6], 4)
