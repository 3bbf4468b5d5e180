"""A run: learns, goes on bit for bit where it was stopped, refuses what is not the same run."""

import json
import math
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from trainer.checkpoint import checkpoints, read_state
from trainer.config_file import load_config
from trainer.errors import CheckpointError, OutputError, ShardsError, TrainingError
from trainer.output import OutputFolder
from trainer.train import Outcome, train

ROOT = Path(__file__).resolve().parents[2]


class CutOffError(Exception):
    """The run was cut off."""


def assert_same_run(one: Outcome, other: Outcome):
    """The same losses in the same steps, and the same parameters and moments: byte for byte."""
    assert one.folder.metrics_path.read_bytes() == other.folder.metrics_path.read_bytes()
    for name in ("model.pt", "optimizer.pt", "state.json"):
        assert (one.checkpoint / name).read_bytes() == (other.checkpoint / name).read_bytes()
    assert [each["step"] for each in one.folder.read_speed()] == list(range(1, one.steps + 1))


def cut_off_after(monkeypatch, step):
    """Let the process die, as far as the run can tell, in the step after ``step``."""
    from trainer.step import Learner

    real, calls = Learner.step, []

    def step_or_die(self, batch, rate):
        calls.append(1)
        if len(calls) > step:
            raise CutOffError
        return real(self, batch, rate)

    monkeypatch.setattr(Learner, "step", step_or_die)


def test_a_whole_run(config_path, tmp_path):
    outcome = train(load_config(config_path))
    assert (outcome.step, outcome.steps) == (24, 24)
    assert outcome.first_loss == pytest.approx(math.log(64), rel=0.05)
    assert outcome.last_loss < outcome.unigram_entropy - 1  # the next token is the one after this
    metrics = outcome.folder.read_metrics()
    assert [each["step"] for each in metrics] == list(range(1, 25))
    assert [each["phase"] for each in metrics] == ["pretrain"] * 18 + ["anneal"] * 6
    assert metrics[-1]["tokens"] == 96 * 16
    assert metrics[0]["targets"] == 52
    assert metrics[16]["learning_rate"] == 1e-2 > metrics[17]["learning_rate"]
    assert metrics[-1]["learning_rate"] == pytest.approx(1e-5)
    run = json.loads((tmp_path / "model" / "run.json").read_text())
    assert run["unigram_entropy"] == outcome.unigram_entropy
    assert run["parameters"] == 64 * 32 + 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 32 * 48) + 5 * 32
    assert [path.name for path in checkpoints(tmp_path / "model" / "checkpoints")] == [
        "step-000020",
        "step-000024",
    ]
    assert read_state(outcome.checkpoint).rows_read == 96
    assert outcome.folder.curve_path.read_bytes().startswith(b"\x89PNG")


def test_a_complete_run_does_nothing(config_path):
    train(load_config(config_path))
    before = (config_path.parent / "model" / "metrics.jsonl").read_bytes()
    assert train(load_config(config_path)).did_nothing
    assert (config_path.parent / "model" / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize("step", [2, 5, 13])
def test_a_run_that_was_cut_off_goes_on_bit_for_bit(config_path, tmp_path, monkeypatch, step):
    """Before the first checkpoint, right after it, and three steps after the second."""
    config = load_config(config_path)
    with monkeypatch.context() as patch, pytest.raises(CutOffError):
        cut_off_after(patch, step)
        train(config)
    before = OutputFolder(config.out).read_speed()
    assert len(before) == step
    again = train(config)
    kept = step // config.checkpoint_every * config.checkpoint_every
    assert again.folder.read_speed()[:kept] == before[:kept]  # not made again
    assert_same_run(again, train(load_config(config_path, [f"out={tmp_path}/whole"])))


KILLED_WHILE_WRITING = """\
import os, signal, sys, types
import trainer.checkpoint
from trainer.cli import main

calls = []

def fsync(handle):
    calls.append(handle)
    if len(calls) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)

trainer.checkpoint.os = types.SimpleNamespace(fsync=fsync)
main(sys.argv[1:])
"""


@pytest.mark.parametrize("call", [1, 4])
def test_a_process_killed_while_it_writes_a_checkpoint_goes_on(config_path, tmp_path, call):
    """In the parameters of the first checkpoint, in the moments of the second."""
    process = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_WRITING.format(call=call), "run", str(config_path)],
        cwd=ROOT, capture_output=True,
    )  # fmt: skip
    assert process.returncode == -signal.SIGKILL
    left = {path.name for path in (tmp_path / "model" / "checkpoints").iterdir()}
    assert left == ({".step-000005.tmp"} if call == 1 else {"step-000005", ".step-000010.tmp"})
    again = train(load_config(config_path))
    assert_same_run(again, train(load_config(config_path, [f"out={tmp_path}/whole"])))
    assert not list(again.checkpoint.parent.glob(".*"))


def test_a_killed_process_goes_on_bit_for_bit(config_path, tmp_path, make_shards):
    """SIGKILL leaves no time to tidy up: half a line may be written, half a checkpoint."""
    shards = make_shards(tmp_path / "more" / "shards", {"pretrain": [256, 256], "anneal": [88]})
    overrides = [f"shards={shards}", "checkpoint_every=7"]
    metrics = tmp_path / "model" / "metrics.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", "run", str(config_path), *overrides],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not metrics.exists() or metrics.read_bytes().count(b"\n") < 24:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    with metrics.open("a") as file:
        file.write('{"step": 9')
    config = load_config(config_path, overrides)
    again = train(config)
    assert again.step == 150
    assert_same_run(again, train(load_config(config_path, [*overrides, f"out={tmp_path}/whole"])))


def test_a_run_keeps_the_number_of_threads_it_began_with(config_path, monkeypatch):
    """Another number adds in another order, and the machine may have other cores now."""
    seen = []
    monkeypatch.setattr("trainer.train.cpu_threads", lambda n: seen.append(n) or nullcontext())
    for cores in (2, 16):
        monkeypatch.setattr("trainer.train.default_threads", lambda cores=cores: cores)
        with monkeypatch.context() as patch, pytest.raises(CutOffError):
            cut_off_after(patch, 7)
            train(load_config(config_path, ["threads=0"]))
    assert seen == [2, 2]


def test_another_number_of_threads_holds_and_is_mentioned(config_path, monkeypatch, caplog):
    caplog.set_level("INFO", logger="trainer")
    monkeypatch.setattr("trainer.train.cpu_threads", lambda count: nullcontext())
    with monkeypatch.context() as patch, pytest.raises(CutOffError):
        cut_off_after(patch, 7)
        train(load_config(config_path, ["threads=1"]))
    assert "the run began with" not in caplog.text
    train(load_config(config_path, ["threads=2"]))
    assert "the run began with 1 thread: with 2 the last bits of losses will differ" in caplog.text


def test_a_damaged_checkpoint_says_what_to_do(config_path):
    outcome = train(load_config(config_path))
    (outcome.checkpoint / "state.json").write_text('{"step": 24}')
    with pytest.raises(CheckpointError, match=r"Remove the folder .*step-000024"):
        train(load_config(config_path))
    shutil.rmtree(outcome.checkpoint)
    assert train(load_config(config_path)).step == 24


def test_other_settings_are_refused_and_named(config_path):
    train(load_config(config_path, ["max_steps=2"]))
    with pytest.raises(OutputError) as raised:
        train(load_config(config_path, ["max_steps=2", "model.layers=1", "seed=3"]))
    assert "model.layers was 2, is 1; seed was 17, is 3." in str(raised.value)
    assert "--fresh" in str(raised.value)


def test_settings_that_do_not_matter_may_change(config_path):
    train(load_config(config_path))
    changed = ["micro_batch_rows=4", "log_every=1", "checkpoint_every=1", "threads=2"]
    assert train(load_config(config_path, changed)).did_nothing


def test_other_shards_are_refused(config_path, tmp_path, make_shards):
    train(load_config(config_path, ["max_steps=2"]))
    other = make_shards(tmp_path / "other", {"pretrain": [40, 30], "anneal": [26]}, seed=2)
    with pytest.raises(OutputError, match="the shards are others"):
        train(load_config(config_path, ["max_steps=2", f"shards={other}"]))


def test_fresh_throws_the_run_away_and_nothing_else(config_path, tmp_path):
    train(load_config(config_path, ["max_steps=2"]))
    (tmp_path / "model" / "notes.txt").write_text("mine")
    outcome = train(load_config(config_path, ["max_steps=3", "model.layers=1"]), fresh=True)
    assert outcome.step == 3
    assert (tmp_path / "model" / "notes.txt").exists()


def test_fresh_without_shards_throws_nothing_away(config_path, tmp_path):
    train(load_config(config_path, ["max_steps=2"]))
    with pytest.raises(ShardsError, match=r"no .*manifest.json"):
        train(load_config(config_path, [f"shards={tmp_path}/none"]), fresh=True)
    assert (tmp_path / "model" / "run.json").exists()


def test_checkpoints_without_their_run_are_refused(config_path, tmp_path):
    train(load_config(config_path, ["max_steps=2"]))
    (tmp_path / "model" / "run.json").unlink()
    with pytest.raises(OutputError, match="is not of the run in"):
        train(load_config(config_path, ["max_steps=2"]))


def test_a_folder_in_use_is_refused(config_path, tmp_path):
    with (
        OutputFolder(tmp_path / "model").locked(),
        pytest.raises(OutputError, match="another process"),
    ):
        train(load_config(config_path))


def test_the_last_step_reads_the_rows_that_are_left(config_path):
    outcome = train(load_config(config_path, ["global_batch_rows=50"]))
    assert [each["tokens"] for each in outcome.folder.read_metrics()] == [50 * 16, 96 * 16]


def test_a_loss_that_is_not_a_number_is_reported_with_its_rows(config_path, monkeypatch):
    from trainer.step import Learner

    def not_a_number(self, batch, rate):
        raise TrainingError("loss is nan, gradient norm nan")

    monkeypatch.setattr(Learner, "step", not_a_number)
    with pytest.raises(
        TrainingError, match=r"step 1 \(rows 0 to 3\): loss is nan, .*try a smaller"
    ):
        train(load_config(config_path))
