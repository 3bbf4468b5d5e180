"""What a training run may say, and which of it decides what the run learns."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from trainer.config import TrainConfig, describe_settings, learning_settings

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_learnt_depends_on_the_learning_settings_alone():
    config = TrainConfig(shards="a", out="b")
    moved = TrainConfig(shards="c", out="d", micro_batch_rows=2, log_every=1, threads=3)
    assert learning_settings(config) == learning_settings(moved)
    assert learning_settings(config)["model.layers"] == 4


def test_a_configuration_does_not_change():
    config = TrainConfig(shards="a", out="b")
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 3


def test_every_setting_says_what_it_means():
    described = {key: (default, meaning) for key, default, meaning in describe_settings()}
    assert set(described) == {"shards", "out", "device", "threads", "micro_batch_rows", "log_every",
                              "checkpoint_every", "keep_checkpoints", "keep_every",
                              "evaluate_every", "evaluate_rows", "time_limit", "trackers",
                              "precision", "speed.compile", "speed.recompute", "speed.loss_chunk",
                              "speed.recompute_of", "speed.reduce_each_pass",
                              "deterministic", "speed.attention",
                              *learning_settings(TrainConfig(shards="a", out="b"))}  # fmt: skip
    assert described["model.tie_embeddings"] == ("true", "The output head is the embedding.")
    assert all(meaning.endswith(".") for _, meaning in described.values())


def test_reading_a_configuration_does_not_import_torch():
    """Nor does the command line's help."""
    code = "import sys, trainer.config_file, trainer.cli; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"torch", "numpy", "pyarrow"} & set(run.stdout.split())
