"""Two runs beside each other."""

from pathlib import Path

import pytest

from formats.run_folder import NotARunFolder, RunFolder
from pipeline.cli import main
from pipeline.exit_codes import DONE, FAILED
from pipeline.report import redraw
from pipeline.report.against import recipe_differences

from ..small_runs import corpus_recipe, run_inline, write_corpus
from ..test_report import HOSTILE, Page, check_self_contained


def test_settings_are_named_as_one_overrides_them() -> None:
    before = {
        "run": {"name": "a", "out": "x", "seed": 1},
        "stages": [{"langid": {"keep": ["en", "th"], "min_score": {"default": 0.5}}}],
        "mixture": {"phases": [{"name": "pretrain", "tokens": 5}]},
    }
    now = {
        "run": {"name": "b", "out": "y", "seed": 2},
        "stages": [{"langid": {"keep": ["en"], "min_score": {"default": 0.5}}}, {"pii": {}}],
        "mixture": {"phases": [{"name": "pretrain", "tokens": 6}]},
    }
    assert recipe_differences(now, before) == [
        ("run.seed", "1", "2"),
        ("stages.langid.keep", "['en', 'th']", "['en']"),
        ("stages.pii", "—", "{}"),
        ("mixture.phases.pretrain.tokens", "5", "6"),
    ]
    assert recipe_differences(now, now) == []


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A small run without a mixture, of a hostile corpus."""
    folder = tmp_path_factory.mktemp("other")
    write_corpus(folder / "corpus" / "a.jsonl", [{"text": HOSTILE}, {"text": HOSTILE}])
    recipe = corpus_recipe(folder, "stages: [exact_dedup]\n", f"sources.web.license='{HOSTILE}'")
    return run_inline(recipe).folder


def test_what_is_different_comes_first(sample_run, other, tmp_path) -> None:
    path = redraw(sample_run, other, str(tmp_path / "both.html"))
    found = Page(Path(path).read_text(encoding="utf-8"))
    check_self_contained(found)
    assert found.text.index("Beside another run") < found.text.index("Documents and text left")
    assert "sources.web.license" in found.text
    assert HOSTILE in found.text
    now = sample_run.read_summary()
    assert f"\n{now['input']['documents']:,}\n" in found.text
    assert f"— entries before, {now['tokenizer']['vocab_size']:,} now." in found.text


def test_a_run_beside_itself_is_the_same(other, tmp_path) -> None:
    text = Path(redraw(other, other, str(tmp_path / "p.html"))).read_text(encoding="utf-8")
    assert "The recipes say the same." in text
    assert "+0.0%" not in text


def test_the_command_redraws_what_the_run_drew(other, tmp_path, capsys) -> None:
    drawn = Path(other.report_path).read_bytes()
    Path(other.report_path).unlink()
    assert main(["report", other.path]) == DONE
    assert capsys.readouterr().out == f"{other.report_path}\n"
    assert Path(other.report_path).read_bytes() == drawn
    assert main(["report", other.path, "--against", str(tmp_path)]) == FAILED
    assert f"{tmp_path} is no run folder" in capsys.readouterr().err


def test_a_run_that_is_not_finished_has_no_report(tmp_path) -> None:
    with pytest.raises(NotARunFolder):
        redraw(RunFolder(str(tmp_path)))
