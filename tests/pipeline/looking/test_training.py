"""The log of a training as tables."""

import json

import pytest

import pipeline
from pipeline.looking import plots


@pytest.fixture
def folder(tmp_path):
    steps = [
        {"step": n, "loss": 5 / n, "components": {"th": {"loss": 6 / n}, "en": {"loss": 4 / n}}}
        for n in range(1, 41)
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, steps)) + "\n")
    (tmp_path / "run.json").write_text(json.dumps({"parameters": 7}))
    return tmp_path


def test_steps_and_components(folder):
    log = pipeline.open_training(str(folder))
    assert log.run["parameters"] == 7
    assert log.steps().schema.names == ["step", "loss"]
    components = log.by_component()
    assert len(components) == 80
    assert components.to_pylist()[0] == {"step": 1, "component": "th", "loss": 6.0}


def test_the_loss_is_drawn_for_all_and_for_each(folder):
    pytest.importorskip("matplotlib")
    (axes,) = plots.training_loss(pipeline.open_training(str(folder)), window=1).axes
    named = {line.get_label(): line.get_ydata()[-1] for line in axes.lines}
    assert {name: named[name] for name in ("all", "th", "en")} == pytest.approx(
        {"all": 5 / 40, "th": 6 / 40, "en": 4 / 40}
    )


def test_a_folder_without_a_log(tmp_path):
    with pytest.raises(ValueError, match="is no training run"):
        pipeline.open_training(str(tmp_path))
