"""Configurations: read, overridden, and refused in one line that says what would be valid."""

import subprocess
import sys
from pathlib import Path

import pytest

from trainer.config import ConfigError, TrainConfig, learning_settings, load_config

ROOT = Path(__file__).resolve().parents[2]


def write(tmp_path, text):
    path = tmp_path / "train.yaml"
    path.write_text(text)
    return path


def test_a_file_with_variables_and_overrides(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS", "/somewhere")
    path = write(tmp_path, 'shards: "${RUNS}/shards"\nout: "${MODELS:-models}/a"\n')
    config = load_config(path, ["model.layers=2", "optimizer.learning_rate=6e-4", "max_steps=1e3"])
    assert (config.shards, config.out) == ("/somewhere/shards", "models/a")
    assert config.model.layers == 2
    assert config.optimizer.learning_rate == 6e-4  # which YAML reads as text
    assert config.max_steps == 1000


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        ("out: a", [], "train.yaml: shards is missing"),
        ("", ["model.hiden_size=8"], r"unknown key model.hiden_size \(did you mean 'hidden_size'"),
        ("", ["model.layers=two"], "model.layers is 'two'; a value of type int is wanted"),
        ("", ["model.layers=true"], "model.layers is True; a value of type int"),
        ("", ["model.layers=0"], "model.layers is 0; a number above 0 is wanted"),
        ("", ["model=3"], "model is 3; a mapping of keys is wanted"),
        ("", ["layers"], "layers: write it as key=value"),
        ("", ["out=[a"], "the value is not valid YAML"),
        ("", ["optimizer.beta2=1"], "optimizer.beta2 is 1.0; a number below 1"),
        ("", ["optimizer.decay_share=2"], "a share from 0 to 1"),
        ("", ["optimizer.weight_decay=-1"], "a number from 0"),
        ("", ["optimizer.eps=.nan"], "optimizer.eps is nan; a finite number"),
        ("", ["device=gpu"], "device is 'gpu'; one of auto, cpu, cuda is wanted"),
        ("", ["out=s3://a/b"], "a local folder"),
        ("", ["out=${NOWHERE_SET}"], r"\$\{NOWHERE_SET\} is not set"),
        ("", ["model.heads=3"], r"model.hidden_size is 256; a multiple of 3 \(model.heads\)"),
        ("", ["global_batch_rows=20"], "global_batch_rows is 20; a multiple of 16"),
        ("- a", [], "is not a mapping"),
        ("a: b: c", [], "train.yaml:1: is not valid YAML"),
    ],
)
def test_a_mistake_is_named(tmp_path, text, overrides, message):
    path = write(tmp_path, text or "{shards: a, out: b}")
    with pytest.raises(ConfigError, match=message) as raised:
        load_config(path, overrides)
    assert "\n" not in str(raised.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"none.yaml: No such file"):
        load_config(tmp_path / "none.yaml")


def test_what_is_learnt_depends_on_the_learning_settings_alone():
    config = TrainConfig(shards="a", out="b")
    moved = TrainConfig(shards="c", out="d", micro_batch_rows=2, log_every=1)
    assert learning_settings(config) == learning_settings(moved)
    assert learning_settings(config)["model.layers"] == 4


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "train").glob("*.yaml")))
def test_every_configuration_that_we_ship_loads(path):
    load_config(path)


def test_reading_a_configuration_does_not_import_torch():
    code = "import sys, trainer.config, trainer.cli; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"torch", "numpy", "pyarrow", "pydantic", "rich"} & set(run.stdout.split())
