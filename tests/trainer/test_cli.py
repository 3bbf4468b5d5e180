"""The command line: exit codes, one line per mistake, what it says at the end and when stopped."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer import cli
from trainer.cli import main
from trainer.config import describe_settings

ROOT = Path(__file__).resolve().parents[2]


def test_run_and_export(config_path, tmp_path, capsys):
    assert main(["run", str(config_path), "--fresh", "max_steps=4"]) == 0
    said = capsys.readouterr().out
    assert "unigram entropy" in said
    assert f"curve       {tmp_path}/model/loss.png" in said
    assert f"checkpoint  {tmp_path}/model/checkpoints/step-000004" in said
    assert main(["run", str(config_path), "max_steps=4"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main(["export", f"{tmp_path}/model", "--to", "hf", f"{tmp_path}/hf"]) == 0
    assert (tmp_path / "hf" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml"], "none.yaml: No such file or directory"),
        (
            ["run", "CONFIG", "model.layer=2"],
            "command line: model.layer=2: unknown key (did you mean 'model.layers'",
        ),
        (["run", "CONFIG", "shards=none"], "no none/manifest.json: the shards are not there"),
        (["export", "none", "--to", "hf", "there"], "none: no checkpoint of a training run in it"),
        (["export", "none", "--to", "gguf", "there"], "unknown format 'gguf' (valid: hf)"),
    ],
)
def test_a_mistake_is_one_line(arguments, message, config_path, capsys):
    arguments = [str(config_path) if word == "CONFIG" else word for word in arguments]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("trainer: ")
    assert said.count("\n") == 1


def test_trace_names_documents(config_path, tmp_path, capsys):
    assert main(["run", str(config_path), "max_steps=2"]) == 0
    capsys.readouterr()
    assert main(["trace", f"{tmp_path}/model", "--step", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "step 2: rows 4 to 7, phase pretrain, 6 documents"
    assert f"document {10:016x}: 16 tokens" in said  # row 5: all of it is one document's
    assert main(["trace", f"{tmp_path}/model/checkpoints/step-000002", "--step", "3"]) == 2
    assert "no step 3 in this run; it has the steps 1 to 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["train"], ["run"], ["run", "a.yaml", "--frsh"], ["export", "a", "b"]]
)
def test_bad_usage(arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_each_mistake_has_a_line(config_path, capsys):
    assert main(["run", str(config_path), "model.layers=0", "seed=x"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:3] for line in said] == [
        ["trainer", "command line", "model.layers=0"],
        ["trainer", "command line", "seed=x"],
    ]


def test_an_error_of_another_kind_is_1_and_debug_shows_it(config_path, monkeypatch, capsys):
    def fail(*arguments, **options):
        raise KeyError("of the code")

    monkeypatch.setattr("trainer.train.train", fail)
    assert main(["run", str(config_path)]) == 1
    assert "trainer: KeyError: 'of the code' (--debug shows the stack)" in capsys.readouterr().err
    with pytest.raises(KeyError):
        main(["--debug", "run", str(config_path)])


def test_the_help_lists_every_key(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    said = capsys.readouterr().out
    assert "  shards (must be given)\n      Folder with manifest.json." in said
    for key, default, _ in describe_settings():
        assert f"  {key}={default}\n" in said or not default


def test_what_is_missing_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "torch" else object())
    assert main(["run", "a.yaml"]) == 1
    assert 'torch not installed: pip install "polymill[train]"' in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_a_checkpoint_and_says_how_to_go_on(
    config_path, tmp_path, make_shards, number
):
    shards = make_shards(tmp_path / "more", {"pretrain": [1024, 1024]})
    command = [sys.executable, "-m", "trainer", "run", str(config_path), f"shards={shards}",
               "checkpoint_every=1000"]  # fmt: skip
    metrics = tmp_path / "model" / "metrics.jsonl"
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not metrics.exists() or metrics.read_bytes().count(b"\n") < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate()[1]
    assert process.returncode == 0
    assert "stopping: this step ends, then a checkpoint is written" in said
    assert "Give the same command again to go on." in said
    steps = metrics.read_bytes().count(b"\n")
    assert (tmp_path / "model" / "checkpoints" / f"step-{steps:06d}").is_dir()


@pytest.mark.parametrize("option", ["--steps", "--kills"])
def test_verify_resume_needs_something_to_do(config_path, option, capsys):
    assert main(["verify-resume", str(config_path), option, "0"]) == 2
    assert f"{option}: 0 was given; 1 or more is wanted" in capsys.readouterr().err
