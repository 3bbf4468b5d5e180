"""The command line: what it says, where it says it, and its exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.exit_codes import DONE, FAILED, USAGE

from .small_runs import ROOT, write_corpus

RECIPE = """\
run: {{name: small, out: {folder}/run}}
sources:
  - {{name: web, read: jsonl, paths: ["{folder}/corpus/*.jsonl"]}}
stages:
  - exact_dedup: {{}}
"""
INFEASIBLE = """\
tokenizer: {train: {vocab: 300}}
mixture:
  sequence_length: 16
  components: [{name: everything}]
  phases: [{name: pretrain, tokens: 1M}]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe over two documents and their copies."""
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": t} for t in ("One.", "Two.", "One.")])
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.format(folder=tmp_path))
    return path


def test_run_then_show_then_trace(recipe, tmp_path, capsys) -> None:
    run = str(tmp_path / "run")
    assert main(["run", str(recipe), "--engine", "inline"]) == DONE
    said = capsys.readouterr().out
    assert "kept 2 documents (8 B) of 3 read" in said
    assert f"python -m pipeline show {run}" in said
    assert main(["show", run]) == DONE
    assert "exact_dedup" in capsys.readouterr().out
    assert main(["trace", run, "--doc", f"{tmp_path}/corpus/a.jsonl#2"]) == DONE
    assert '"Two."' in capsys.readouterr().out
    assert main(["run", str(recipe), "--engine", "inline"]) == DONE
    assert capsys.readouterr().out == (
        f"nothing to do: {run} is complete and nothing it depends on changed\n"
    )


def test_out_and_set_go_before_the_file(recipe, tmp_path, capsys) -> None:
    out = str(tmp_path / "elsewhere")
    command = ["run", str(recipe), "--engine", "inline", "--out", out, "--set", "run.name=renamed"]
    assert main(command) == DONE
    assert not (tmp_path / "run").exists()
    capsys.readouterr()
    assert main(["show", out]) == DONE
    assert capsys.readouterr().out.startswith("renamed  (")


def test_plan_and_check_do_no_work(recipe, tmp_path, capsys) -> None:
    assert main(["plan", str(recipe)]) == DONE
    assert "to do" in capsys.readouterr().out
    assert main(["check", str(recipe)]) == DONE
    assert "the recipe is valid" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()


def test_fresh_throws_the_earlier_run_away(recipe, tmp_path, capsys) -> None:
    command = ["run", str(recipe), "--engine", "inline"]
    assert main(command) == main([*command, "--fresh"]) == DONE
    assert "nothing to do" not in capsys.readouterr().out


# 2: the command or the recipe is wrong.


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (("exact_dedup: {}", "exact_dedup: {bye: text}"),
         ":5: stages.0.exact_dedup.bye: unknown key 'bye' (did you mean 'by'? valid: by, scope)"),
        (("exact_dedup", "exact_dedupe"),
         ":5: stages.0.exact_dedupe: no such stage 'exact_dedupe' (did you mean 'exact_dedup'?"),
        (("name: small", "nam: small"),
         ":1: run.nam: unknown key 'nam' (did you mean 'name'?"),
        (("read: jsonl", "read: json"), ":3: sources.0.read: "),
        (("*.jsonl", "*.json"), "no file matches"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["run", "plan", "check"])
def test_a_mistake_in_the_recipe_is_2_and_names_the_place(
    command: str, mistake: tuple[str, str], said: str, recipe: Path, tmp_path: Path, capsys
) -> None:
    recipe.write_text(recipe.read_text().replace(*mistake))
    assert main([command, str(recipe)]) == USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("pipeline: ")
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_a_mistake_in_an_override_is_2(recipe, capsys) -> None:
    assert main(["plan", str(recipe), "--set", "stages.exact_dedup.bye=text"]) == USAGE
    assert "did you mean 'by'?" in capsys.readouterr().err
    assert main(["plan", str(recipe), "--set", "run.seed"]) == USAGE
    assert "write it as key=value" in capsys.readouterr().err


def test_a_mixture_that_cannot_be_met_is_2(recipe, capsys) -> None:
    recipe.write_text(recipe.read_text() + INFEASIBLE)
    assert main(["check", str(recipe)]) == USAGE
    assert "the recipe is valid, but it cannot be met" in capsys.readouterr().out
    assert main(["run", str(recipe), "--engine", "inline"]) == USAGE
    assert "everything: 1M tokens wanted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([], "required: COMMAND"),
        (["rum"], "invalid choice: 'rum'"),
        (["run"], "required: RECIPE"),
        (["run", "recipe.yaml", "--workers", "0"], "0 is not a positive number"),
        (["run", "recipe.yaml", "--engine", "spark"], "invalid choice: 'spark'"),
        (["trace", "run"], "one of the arguments --row --doc is required"),
        (["trace", "run", "--row", "1", "--doc", "x"], "not allowed with"),
    ],
)
def test_a_mistake_in_the_command_is_2(command: list[str], said: str, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command)
    assert caught.value.code == USAGE
    assert said in capsys.readouterr().err


# 1: something else went wrong.


def test_a_bad_record_is_1_where_the_recipe_says_fail(recipe, tmp_path, capsys) -> None:
    write_corpus(tmp_path / "corpus" / "b.jsonl", [{"text": "Fine."}, b"{"])
    command = ["run", str(recipe), "--engine", "inline", "--set", "run.on_error=fail"]
    assert main(command) == FAILED
    assert f"pipeline: {tmp_path}/corpus/b.jsonl:2: broken JSON" in capsys.readouterr().err


def test_what_is_not_there_is_1(recipe, tmp_path, capsys) -> None:
    assert main(["show", str(tmp_path / "corpus")]) == FAILED
    assert "is no run folder" in capsys.readouterr().err
    main(["run", str(recipe), "--engine", "inline"])
    capsys.readouterr()
    assert main(["trace", str(tmp_path / "run"), "--doc", "f" * 32]) == FAILED
    assert "no document" in capsys.readouterr().out


def test_a_row_that_is_not_there_is_1(sample_run, capsys) -> None:
    assert main(["trace", sample_run.path, "--row", "999999999"]) == FAILED
    assert "pipeline: row 999999999 is not there" in capsys.readouterr().err
    assert main(["trace", sample_run.path, "--row", "0", "--phase", "aneal"]) == FAILED
    assert "no phase 'aneal'; the shards have: pretrain, anneal" in capsys.readouterr().err


def test_debug_shows_the_stack(tmp_path) -> None:
    with pytest.raises(ValueError, match="is no run folder"):
        main(["--debug", "show", str(tmp_path)])


def test_every_command_has_help(capsys) -> None:
    for command in ("run", "plan", "check", "show", "train-quality", "trace"):
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0
        assert f"python -m pipeline {command}" in capsys.readouterr().out


# As a process.


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_the_process_ends_with_the_code(recipe, tmp_path) -> None:
    assert call("show", str(tmp_path / "corpus")).returncode == FAILED
    assert call("plan", str(tmp_path / "none.yaml")).returncode == USAGE
    assert call("plan", str(recipe)).returncode == DONE


@pytest.mark.parametrize("command", ["show", "trace --row 0"])
def test_a_reader_that_closes_the_pipe_is_no_failure(command: str, sample_path: Path) -> None:
    """As ``| head`` does when it has seen enough."""
    name, *options = command.split()
    reading, writing = os.pipe()
    os.close(reading)
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", name, str(sample_path), *options],
        stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=buffered,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (DONE, "")
