"""A run: learns, goes on bit for bit where it was stopped, refuses what is not the same run."""

import json
import math
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from trainer.checkpoints.checkpoint import checkpoints, read_state
from trainer.config_file import load_config
from trainer.errors import ConfigError, OutputError, ShardsError, TrainingError
from trainer.output import OutputFolder
from trainer.train import Outcome, train

ROOT = Path(__file__).resolve().parents[2]


class CutOffError(Exception):
    """The run was cut off."""


def assert_same_run(one: Outcome, other: Outcome):
    """The same losses in the same steps, and the same parameters and moments: byte for byte."""
    assert one.folder.metrics_path.read_bytes() == other.folder.metrics_path.read_bytes()
    for name in ("rank-00000.safetensors", "rank-00000.json", "state.json"):
        assert (one.checkpoint / name).read_bytes() == (other.checkpoint / name).read_bytes()
    assert [each["step"] for each in one.folder.read_speed()] == list(range(1, one.steps + 1))


def cut_off_after(monkeypatch, step):
    """Let the process die, as far as the run can tell, in the step after ``step``."""
    from trainer.learning.step import Learner

    real, calls = Learner.step, []

    def step_or_die(self, batches, rate):
        calls.append(1)
        if len(calls) > step:
            raise CutOffError
        return real(self, batches, rate)

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
    assert len(before) == step - (step % config.checkpoint_every != 0)  # one was still queued
    again = train(config)
    kept = step // config.checkpoint_every * config.checkpoint_every
    assert again.folder.read_speed()[:kept] == before[:kept]  # not made again
    assert_same_run(again, train(load_config(config_path, [f"out={tmp_path}/whole"])))


KILLED_WHILE_WRITING = """\
import os, signal, sys
import trainer.checkpoints.files
from trainer.cli import main

calls = []

def sync_file(path):
    calls.append(path)
    if len(calls) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)

trainer.checkpoints.files.sync_file = sync_file
main(sys.argv[1:])
"""


@pytest.mark.parametrize("call", [1, 4])
def test_a_process_killed_while_it_writes_a_checkpoint_goes_on(config_path, tmp_path, call):
    """In the tensors of the first checkpoint, in the table of contents of the second."""
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


def test_a_process_killed_ten_times_goes_on_bit_for_bit(config_path, tmp_path, make_shards):
    """SIGKILL leaves no time to tidy up: half a line may be written, half a checkpoint."""
    shards = make_shards(tmp_path / "more" / "shards", {"pretrain": [256, 256], "anneal": [88]})
    overrides = [f"shards={shards}", "checkpoint_every=7"]
    config = load_config(config_path, overrides)
    places = sorted(np.random.default_rng(5).integers(1, 140, 10).tolist())
    killed = 0
    for place in places:
        child = os.fork()
        if not child:
            os.setsid()
            _train_quietly_until_killed(config, place)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        killed += 1
    assert killed == 10
    with (tmp_path / "model" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 9')
    again = train(config)
    assert again.step == 150
    assert_same_run(again, train(load_config(config_path, [*overrides, f"out={tmp_path}/whole"])))


def _train_quietly_until_killed(config, place):
    """Train; SIGKILL comes with the line of step ``place``, if it was not there yet."""
    from trainer.output import StepLog

    real = StepLog.add

    def add(self, metrics, speed):
        real(self, metrics, speed)
        if metrics["step"] >= place:
            os.kill(os.getpid(), signal.SIGKILL)

    StepLog.add = add
    try:
        train(config)
    finally:
        os._exit(1)


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


def test_a_damaged_checkpoint_is_passed_over(config_path, tmp_path, caplog):
    outcome = train(load_config(config_path))
    whole = train(load_config(config_path, [f"out={tmp_path}/whole"]))
    (outcome.checkpoint / "state.json").write_text('{"step": 24}')
    again = train(load_config(config_path))
    assert "step-000024/state.json: is damaged" in caplog.text
    assert_same_run(again, whole)


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


def test_the_held_out_rows_are_evaluated_and_not_trained_on(config_path, tmp_path, make_shards):
    phases = {"pretrain": [40, 30], "anneal": [26], "held_out": [6]}
    shards = make_shards(tmp_path / "more" / "shards", phases)
    settings = [f"shards={shards}", "evaluate_every=10"]
    outcome = train(load_config(config_path, settings))
    found = outcome.folder.read_held_out()
    assert [each["step"] for each in found] == [10, 20, 24]
    assert [each["loss"] for each in found] == sorted((e["loss"] for e in found), reverse=True)
    assert {name: each["rows"] for name, each in found[0]["components"].items()} == {
        "two": 3, "one": 3,
    }  # fmt: skip
    assert outcome.folder.read_metrics()[-1]["tokens"] == 96 * 16
    few = train(load_config(config_path, [*settings, "evaluate_rows=1", f"out={tmp_path}/few"]))
    assert list(few.folder.read_held_out()[0]["components"]) == ["two"]
    assert few.folder.metrics_path.read_bytes() == outcome.folder.metrics_path.read_bytes()


def test_a_ramp_makes_steps_larger(config_path):
    ramp = "batch_ramp=[{rows: 8, from_row: 10}]"
    outcome = train(load_config(config_path, [ramp]))
    tokens = [each["tokens"] // 16 for each in outcome.folder.read_metrics()]
    assert tokens == [4, 8, 12, *range(20, 97, 8), 96]


def test_losses_come_by_component(config_path):
    metrics = train(load_config(config_path, ["max_steps=3"])).folder.read_metrics()
    for step in metrics:
        parts = step["components"]
        assert {name: part["rows"] for name, part in parts.items()} == {"two": 2, "one": 2}
        nats = sum(part["loss"] * part["targets"] for part in parts.values())
        assert nats / step["targets"] == pytest.approx(step["loss"])


def test_the_time_limit_writes_a_checkpoint(config_path):
    outcome = train(load_config(config_path, ["time_limit=1e-6"]))
    assert (outcome.step, outcome.steps) == (1, 24)
    assert train(load_config(config_path)).step == 24


def test_too_many_skips_in_a_row_end_the_run(config_path, monkeypatch):
    """With the rows that were read, and the documents in them."""
    from trainer.learning.spikes import SpikeGuard

    monkeypatch.setattr(
        SpikeGuard, "judge", lambda self, loss, norm: self.skipped_in_a_row.add_(1) * 0.0 + 1.0
    )
    with pytest.raises(TrainingError) as raised:
        train(load_config(config_path, ["optimizer.most_skips=3"]))
    said = str(raised.value)
    assert said.startswith("step 3 (rows 8 to 11): the last 3 steps were skipped; loss is 4.")
    assert "Try a smaller optimizer.learning_rate" in said
    assert "component two: 2 rows" in said
    assert f"document {16:016x}: 6 tokens" in said


def test_learned_positions_must_reach_through_a_row(config_path):
    settings = ["model.architecture=gpt2", "model.kv_heads=4", "model.max_positions=8"]
    with pytest.raises(ConfigError, match=r"max_positions is 8, .* rows of the shards have 16"):
        train(load_config(config_path, settings))


def test_what_a_tracker_needs_is_said(config_path, monkeypatch):
    monkeypatch.setattr("trainer.seeing.trackers.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="trackers: not installed: pip install trackio"):
        train(load_config(config_path, ["trackers=[trackio]"]))
