"""The largest clusters of a run: who is shown, and what is marked."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.run_folder import RunFolder
from pipeline.cli import main
from pipeline.clusters import EQUAL_SHOWN, differences, largest_clusters

from .small_runs import corpus_recipe, run_inline, write_corpus

WORDS = [f"word{i}" for i in range(80)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A cluster of five, one of two, and one alone."""
    folder = tmp_path_factory.mktemp("clusters")
    texts = [" ".join([*WORDS[:70], *(f"new{k}" for k in range(i)), "end"]) for i in range(5)]
    other = "在" + "".join(chr(0x4E00 + i) for i in range(60))
    texts += [other + "一\x1b[31m二", other + "三二", "alone <b>here</b>"]
    write_corpus(folder / "corpus" / "a.jsonl", [{"text": text} for text in texts])
    return run_inline(corpus_recipe(folder, "stages: [minhash_dedup]\n")).folder


def test_the_largest_first_and_those_least_like_the_one_kept(run) -> None:
    large, small = largest_clusters(run, 20)
    assert (large.size, small.size) == (5, 2)
    assert len(large.members) == 3
    reasons = [member.reason for member in large.members]
    assert reasons == sorted(reasons)
    assert [cluster.size for cluster in largest_clusters(run, 1)] == [5]
    [member] = small.members
    assert [kind for kind, _ in member.differences] == ["equal", "removed", "added", "equal"]
    assert ("removed", "一\x1b[31m") in member.differences


def test_the_command_marks_what_differs(run, capsys) -> None:
    assert main(["show", run.path, "--clusters", "20"]) == 0
    said = capsys.readouterr().out
    assert "1. 5 documents, kept " in said
    assert "[-new0 new1 new2 new3 -]" in said
    assert "\x1b" not in said


def test_a_run_without_clusters_says_so(tmp_path, capsys) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any text."}])
    for stages in ("", "stages: [minhash_dedup]\n"):
        folder = run_inline(corpus_recipe(tmp_path, stages)).folder
        assert main(["show", folder.path, "--clusters", "2"]) == 0
        assert "no clusters" in capsys.readouterr().out


def test_the_report_has_them_and_the_curve(run) -> None:
    page = Path(run.report_path).read_text(encoding="utf-8")
    assert ">Near-duplicates</h2>" in page
    assert "<del>new0 new1 new2 new3 </del>" in page
    assert "\x1b" not in page
    summary = json.loads(Path(run.summary_path).read_text(encoding="utf-8"))
    assert summary["stages"]["minhash_dedup"]["largest_clusters"][0][1] == 5


def test_an_alarm_is_a_note_of_the_run(tmp_path) -> None:
    lines = [{"text": f"{' '.join(WORDS)} number {i}"} for i in range(120)]
    write_corpus(tmp_path / "corpus" / "a.jsonl", lines)
    recipe = corpus_recipe(tmp_path, "stages: [minhash_dedup]\n")
    outcome = run_inline(recipe)
    assert any("'web' loses 119 of 120 documents" in note for note in outcome.notes)
    assert "loses 119 of 120" in Path(outcome.folder.report_path).read_text(encoding="utf-8")


TEXTS = st.lists(st.sampled_from(["a", "b", " ", ", ", "字", "ที่", "\n"]), max_size=12).map("".join)


@given(TEXTS, TEXTS)
def test_the_pieces_make_both_texts_again(kept, other) -> None:
    pieces = differences(kept, other)
    assert "".join(text for kind, text in pieces if kind != "added") == kept
    assert "".join(text for kind, text in pieces if kind != "removed") == other
    assert (kept == other) == all(kind == "equal" for kind, _ in pieces)


def test_what_is_equal_is_cut_short_and_what_is_long_compared_in_part() -> None:
    before, after = "a " * 500, " b" * 500
    pieces = differences(f"{before}x{after}", f"{before}y{after}")
    assert [kind for kind, _ in pieces] == ["equal", "removed", "added", "equal"]
    assert len(pieces[0][1]) == EQUAL_SHOWN + 1
    numbers = " ".join(map(str, range(9000)))
    pieces = differences(numbers, numbers.replace("1", "x"))
    assert [kind for kind, _ in pieces] == ["equal", "removed", "added", "equal"]


def test_lines_are_compared_first() -> None:
    lines = [f"line {i} of many\n" for i in range(400)]
    other = [*lines[:100], "line 100 of some\n", *lines[101:300], "new\n", *lines[300:]]
    changes = [p for p in differences("".join(lines), "".join(other)) if p[0] != "equal"]
    assert changes == [("removed", "many\n"), ("added", "some\n"), ("added", "new\n")]
