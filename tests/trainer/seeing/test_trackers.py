"""Metrics in TensorBoard, wandb and trackio."""

import sys
import types

import pytest

from trainer.config_file import load_config
from trainer.seeing.trackers import flat
from trainer.train import train


def test_numbers_of_mappings_get_names_with_slashes():
    figures = {"loss": 2.5, "phase": "a", "components": {"en": {"loss": 2.0}}}
    assert flat(figures) == {"loss": 2.5, "components/en/loss": 2.0}


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_a_run_is_told_step_by_step(config_path, monkeypatch, name):
    """A library that keeps what it is told stands in for both, which have the same functions."""
    told, opened = {}, []
    library = types.ModuleType(name)
    library.init = lambda **settings: opened.append(settings)
    library.log = lambda figures, step: told.update({step: figures})
    library.finish = lambda: opened.append("finished")
    monkeypatch.setitem(sys.modules, name, library)
    monkeypatch.setattr("trainer.seeing.trackers.find_spec", lambda wanted: wanted == name)
    train(load_config(config_path, ["max_steps=3", f"trackers=[{name}]"]))
    assert list(told) == [1, 2, 3]
    assert told[3]["components/two/loss"] > 0
    assert told[3]["tokens_per_second"] > 0
    assert opened[0]["config"]["model.layers"] == 2
    assert opened[1] == "finished"


def test_tensorboard_files(config_path, tmp_path):
    pytest.importorskip("tensorboard")
    train(load_config(config_path, ["max_steps=2", "trackers=[tensorboard]"]))
    assert list((tmp_path / "model" / "tensorboard").glob("events.*"))
