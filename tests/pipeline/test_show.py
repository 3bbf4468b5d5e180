"""Tables for a terminal."""

import re

import pytest

from formats.run_folder import NotARunFolder, RunFolder
from pipeline.check import check
from pipeline.plan import Plan
from pipeline.show import closing_lines, show_check, show_plan, show_run

from .small_runs import corpus_recipe, kept_rows, run_inline, sample_recipe, write_corpus


def cells(said: str, first: str) -> list[str]:
    """The cells of the first line that begins with this word."""
    line = next(line for line in said.splitlines() if line.split()[:1] == [first])
    return re.split(r"\s{2,}", line.strip())


def test_a_run_is_shown_with_the_numbers_of_its_summary(sample_run, capsys) -> None:
    show_run(sample_run)
    said, summary = capsys.readouterr().out, sample_run.read_summary()
    assert cells(said, "read")[1] == f"{summary['input']['documents']:,}"
    for entry in summary["funnel"]:
        _, left, _, dropped, share, _ = cells(said, entry["stage"])
        assert int(left) == entry["out"]["documents"]
        assert int(dropped) == entry["dropped"]["documents"]
        assert share == f"{entry['dropped']['documents'] / entry['in']['documents']:.1%}"
    for title in ("funnel", "documents left per language", "why documents went", "bytes per token",
                  "mixture of pretrain", "mixture of anneal", "time: "):  # fmt: skip
        assert title in said
    assert "quarantined: 1 broken JSON, 1 missing text, 1 not UTF-8" in said
    assert "translations: pairs of documents" in said


def test_no_cell_is_cut_off_in_a_pipe(sample_run, capsys) -> None:
    show_run(sample_run)
    assert "…" not in capsys.readouterr().out


def test_a_run_without_a_tail_is_shown_too(tmp_path, capsys) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any."}])
    show_run(run_inline(corpus_recipe(tmp_path, "")).folder)
    said = capsys.readouterr().out
    assert cells(said, "read")[1] == "1"
    assert "mixture" not in said


def test_what_is_no_run_says_so(tmp_path) -> None:
    with pytest.raises(NotARunFolder, match="is no run folder"):
        show_run(RunFolder(str(tmp_path)))


def test_a_plan_tells_what_is_done(sample_path, tmp_path, capsys) -> None:
    show_plan(Plan(sample_recipe(sample_path)))
    said = capsys.readouterr().out
    assert "15 files" in said
    assert cells(said, "read+normalize+langid+quality+pii")[1:] == ["7", "7", "done"]
    assert "complete: a run would do nothing" in said
    show_plan(Plan(sample_recipe(sample_path, "tokenizer.train.vocab=500")))
    said = capsys.readouterr().out
    assert cells(said, "documents")[-1] == "done"
    assert cells(said, "tokenizer")[-1] == "to do"
    assert "complete" not in said
    show_plan(Plan(sample_recipe(tmp_path)))
    assert cells(capsys.readouterr().out, "read+normalize+langid+quality+pii")[1:] == [
        "7", "0", "to do"
    ]  # fmt: skip


def test_a_check_shows_sources_and_supply(tmp_path, capsys) -> None:
    show_check(check(sample_recipe(tmp_path)))
    said = capsys.readouterr().out
    assert cells(said, "web")[:2] == ["web", "15"]
    assert cells(said, "th")[1].startswith("about ")
    assert said.endswith("the recipe is valid\n")


def test_the_last_words_say_what_there_is_and_what_to_open(sample_run) -> None:
    lines = closing_lines(sample_run, sample_run.read_summary())
    kept, read = len(kept_rows(sample_run)), sample_run.read_summary()["input"]["documents"]
    assert re.match(rf"done in [\d.]+ s: kept {kept} documents \(.*\) of {read} read", lines[0])
    assert f"  open {sample_run.report_path}" in lines
    assert any(line.startswith("  pretrain: ") for line in lines)
    assert f"  python -m pipeline trace {sample_run.path} --row 0" in lines


def test_a_run_without_shards_has_no_row_to_trace(sample_run) -> None:
    summary = sample_run.read_summary()
    del summary["mixture"]
    assert not [line for line in closing_lines(sample_run, summary) if "trace" in line]
