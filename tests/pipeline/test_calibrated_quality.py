"""configs/calibrated_quality.yaml: thresholds and a model from trusted text, used in a run."""

import json
from pathlib import Path

import pytest

from formats.run_folder import RunFolder
from pipeline.cli import main
from pipeline.exit_codes import DONE, FAILED

from .small_runs import kept_rows

RECIPE = str(Path(__file__).resolve().parents[2] / "configs" / "calibrated_quality.yaml")


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("RUNS", str(tmp_path))
    return tmp_path


def test_the_three_commands_in_their_order(runs, capsys) -> None:
    thresholds = runs / "calibrated_quality-thresholds.yaml"
    assert main(["calibrate", RECIPE, "--to", str(thresholds)]) == DONE
    said = capsys.readouterr().out
    assert "168 documents of 14 kinds of text" in said  # of the trusted source alone
    assert "no language has 20 documents" in said

    assert main(["train-quality", RECIPE]) == DONE
    model = runs / "calibrated_quality-model"
    measured = json.loads((model / "training.json").read_text(encoding="utf-8"))
    assert 0.5 < measured["classifiers"]["default"]["auc"] < 0.9
    assert "stand among positives and negatives" in " ".join(measured["notes"])

    assert main(["run", RECIPE, "--engine", "inline"]) == DONE
    rows = kept_rows(RunFolder(str(runs / "calibrated_quality")))
    assert {row["source"] for row in rows} == {"articles", "crawl"}
    for row in rows:
        assert 0 <= row["quality_model"] <= 1
        assert row["unusual"] is None or row["unusual"] >= 0
    mean = {
        source: sum(scores) / len(scores)
        for source in ("articles", "crawl")
        for scores in [[row["quality_model"] for row in rows if row["source"] == source]]
    }
    assert mean["articles"] > mean["crawl"]


def test_a_run_before_calibrate_says_which_file_is_missing(runs, capsys) -> None:
    assert main(["run", RECIPE, "--engine", "inline"]) == FAILED
    complaint = capsys.readouterr().err
    missing = runs / "calibrated_quality-thresholds.yaml"
    assert f"stage langid reads {missing}, which is not there; thresholds are made by" in complaint
