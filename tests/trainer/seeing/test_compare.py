"""Two annealings of one checkpoint beside each other."""

import pytest

from trainer.cli import main
from trainer.config_file import load_config
from trainer.train import train

from ..small_tokenizer import put_tokenizer


@pytest.fixture
def runs(config_path, make_shards, tmp_path):
    """A run of ten steps, and two that anneal from its end at different rates."""
    phases = {"pretrain": [40], "anneal": [24], "held_out": [6]}
    shards = make_shards(tmp_path / "more" / "shards", phases)
    put_tokenizer(shards)
    here = [f"shards={shards}", "optimizer.learning_rate=2e-2"]
    stem = train(load_config(config_path, [*here, "phases=[pretrain]"])).folder.path
    found = [stem]
    for rate in ("1e-2", "1e-6"):
        out = tmp_path / f"rate-{rate}"
        own = [f"shards={shards}", f"init=run:{stem}", "phases=[anneal]", f"out={out}",
               f"optimizer.learning_rate={rate}", "optimizer.final_learning_rate=0"]  # fmt: skip
        train(load_config(config_path, own))
        found.append(out)
    return [str(path) for path in found]


def test_compare(runs, capsys):
    assert main(["compare", *runs]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["run", "begun", "with", "step", "tokens", "last", "loss"]
    assert lines[1][:4] == [runs[0], "random", "10", "640"]
    assert lines[2][:4] == [runs[1], f"run:{runs[0]}", "6", "384"]
    held_out = {line[0]: [float(figure) for figure in line[4:]] for line in lines[6:]}
    assert set(held_out) == {"one", "two", "all"}
    stem, learnt, frozen = held_out["all"]
    assert learnt < stem == pytest.approx(frozen, abs=0.01)


def test_a_folder_without_a_run(tmp_path, capsys):
    assert main(["compare", str(tmp_path)]) == 2
    assert "no training run in it" in capsys.readouterr().err


def test_nothing_was_held_out(config_path, capsys):
    out = str(train(load_config(config_path, ["max_steps=1"])).folder.path)
    assert main(["compare", out]) == 0
    assert "nothing was held out" in capsys.readouterr().out
