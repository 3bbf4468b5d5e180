import json
from pathlib import Path

import pytest

from tokenizer_evaluate.__main__ import load_candidates, main


def test_one_line_writes_both_files(
    folder: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.html"
    status = main(
        [str(folder), "--data", str(corpus), "--parallel", str(corpus), "--against",
         str(folder / "tokenizer.json"), "--out", str(out)]
    )  # fmt: skip
    shown = capsys.readouterr().out
    assert status == 0 and "report.html" in shown and "small" in shown
    report = json.loads((tmp_path / "report.json").read_text())
    assert [one["name"] for one in report["tokenizers"]] == ["small", "small (2)"]
    first, second = report["tokenizers"]
    assert first["vocabulary"] == second["vocabulary"]
    assert out.read_text().startswith("<!doctype html>")


def test_names_of_candidates(folder: Path) -> None:
    names = [one.name for one in load_candidates([str(folder)] * 3, [])]
    assert names == ["small", "small (2)", "small (3)"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "no tokenizer.json at absent"),
        (["{folder}", "--against", "o20k"], "did you mean 'o200k'"),
        (["{folder}", "--parallel", "{corpus}", "--pivot", "fi"], "no document has a translation"),
    ],
)
def test_mistakes_are_named(
    arguments: list[str],
    message: str,
    folder: Path,
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled = [a.format(folder=folder, corpus=corpus) for a in arguments]
    assert main([*filled, "--data", str(corpus), "--out", str(tmp_path / "r")]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
