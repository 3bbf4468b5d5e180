"""A run that goes on from another's checkpoint: weights, moments, and no row twice."""

import json
import shutil

import pytest
import torch

from trainer.checkpoints.checkpoint import load_model, open_checkpoint
from trainer.config_file import load_config
from trainer.errors import ConfigError
from trainer.train import train


@pytest.fixture
def stem(config_path, tmp_path):
    """Ten steps of four rows, of which the fifth's checkpoint stays."""
    return train(load_config(config_path, ["max_steps=10", "keep_every=5", "model.kv_heads=4"]))


@pytest.fixture
def settings(shards, tmp_path):
    path = tmp_path / "branch.yaml"
    path.write_text(
        f"shards: {shards}\nout: {tmp_path / 'branch'}\ninit: run:{tmp_path / 'model'}@5\n"
        "phases: [anneal]\ndevice: cpu\nthreads: 1\nglobal_batch_rows: 4\nmicro_batch_rows: 2\n"
    )
    return path


def continuing(shards, first_row):
    """Let the manifest say that the second phase goes on with the order of the first."""
    path = f"{shards}/manifest.json"
    with open(path) as file:
        manifest = json.load(file)
    manifest["phases"][1]["continues"] = "pretrain"
    for component in manifest["phases"][1]["components"]:
        component |= {"first_row": first_row, "documents": 35}
    with open(path, "w") as file:
        json.dump(manifest, file)


def test_it_begins_with_the_weights_and_moments_of_the_checkpoint(stem, settings, tmp_path):
    config = load_config(settings, ["max_steps=1", "optimizer.learning_rate=1e-12"])
    outcome = train(config)
    begun = stem.folder.checkpoints_path / "step-000005"
    for name, weight in load_model(begun).items():
        torch.testing.assert_close(load_model(outcome.checkpoint)[name], weight)
    with open_checkpoint(outcome.checkpoint) as saved:
        steps = {float(saved.rows(n, 0, None)) for n in saved.names("optimizer/") if "/step" in n}
    assert steps == {6.0}
    assert [line["phase"] for line in outcome.folder.read_metrics()] == ["anneal"]


def test_two_annealings_of_one_checkpoint_are_alike_until_they_differ(stem, settings, tmp_path):
    losses = []
    for out, rate in (("a", 1e-3), ("b", 1e-2)):
        overrides = [f"out={tmp_path / out}", f"optimizer.learning_rate={rate}", "max_steps=3",
                     "optimizer.warmup_steps=0"]  # fmt: skip
        outcome = train(load_config(settings, overrides))
        losses.append([line["loss"] for line in outcome.folder.read_metrics()])
    assert losses[0][0] == losses[1][0]
    assert losses[0][2] != losses[1][2]


def test_it_resumes_when_the_other_run_is_gone(stem, settings, tmp_path):
    first = train(load_config(settings, ["max_steps=4", "checkpoint_every=2"]))
    whole = first.folder.metrics_path.read_bytes()
    shutil.rmtree(tmp_path / "model")
    shutil.rmtree(first.folder.checkpoints_path / "step-000004")
    again = train(load_config(settings, ["max_steps=4", "checkpoint_every=2"]))
    assert again.folder.metrics_path.read_bytes() == whole


def test_rows_that_were_read_are_not_read_again(stem, settings, shards, caplog):
    continuing(shards, first_row=10)  # half of the twenty rows: there are two components
    caplog.set_level("INFO")
    train(load_config(settings, ["max_steps=1"]))
    assert "goes on where row 20 of 'pretrain' would be next" in caplog.text


def test_a_phase_that_would_repeat_rows_is_refused(stem, settings, shards):
    continuing(shards, first_row=6)
    with pytest.raises(ConfigError, match="rows 6 to 9 of its order would be seen again"):
        train(load_config(settings, ["max_steps=1"]))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("init=run:nowhere", "nowhere has no checkpoint|nowhere is no training run"),
        ("model.layers=3", "model.layers is 3, and in .*model it is 2"),
        ("phases=[cooldown]", "no phase 'cooldown' to train on .* it has pretrain, anneal"),
    ],
)
def test_what_does_not_fit_is_named(stem, settings, override, message):
    with pytest.raises(ConfigError, match=message):
        train(load_config(settings, [override]))


def test_a_step_that_is_not_kept_is_named_with_those_that_are(stem, settings, tmp_path):
    with pytest.raises(ConfigError, match="no checkpoint of step 7; it has 5, 10"):
        train(load_config(settings, [f"init=run:{tmp_path / 'model'}@7"]))
