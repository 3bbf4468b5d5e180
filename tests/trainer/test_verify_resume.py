"""The proof of exact resuming: says yes where runs are equal, and what differs where not."""

import json
import shutil

from safetensors.torch import load_file, save_file

from trainer.checkpoints.checkpoint import latest_checkpoint
from trainer.cli import main
from trainer.config_file import load_config
from trainer.output import OutputFolder, as_line
from trainer.train import train
from trainer.verify_resume import differences


def test_it_kills_a_run_and_finds_it_equal(config_path, tmp_path, capsys):
    arguments = ["verify-resume", str(config_path), "--steps", "6", "--kills", "1"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "bit-exact: 6 steps, killed 1 times" in said.out
    assert "killed when step" in said.err
    assert "on a CPU every kernel adds in one order" in said.err
    assert not (tmp_path / "model").exists(), "the user's own run is not touched"


def test_it_says_what_differs(config_path, tmp_path):
    outcome = train(load_config(config_path, ["max_steps=3"]))
    other = OutputFolder(shutil.copytree(tmp_path / "model", tmp_path / "other"))
    assert differences(outcome.folder, other) == []
    path = latest_checkpoint(other.checkpoints_path) / "rank-00000.safetensors"
    tensors = load_file(path)
    tensors["model/norm.weight"][3] += 0.25
    save_file(tensors, path)
    metrics = other.read_metrics()
    metrics[1]["loss"] += 1
    other.metrics_path.write_text("".join(map(as_line, metrics)))
    first, second = differences(outcome.folder, other)
    assert first.startswith(f"step 2: loss {json.dumps(metrics[1]['loss'] - 1)} / ")
    assert second == "model/norm.weight: differs by up to 0.25"
