"""Every training row leads to its documents, every document to where it ended and why."""

import re
from pathlib import Path

import pytest

from formats.run_folder import RunFolder
from pipeline.sample import SAMPLE_CORPUS
from pipeline.trace import show_document, show_row, trace_document, trace_row

from .small_runs import corpus_recipe, kept_rows, removed_rows, run_inline, write_corpus

CRAWL = f"{SAMPLE_CORPUS}/crawl/crawl.jsonl"
BROKEN_LINE = f"{CRAWL}#25"


def test_a_row_is_the_sum_of_its_pieces(sample_run: RunFolder) -> None:
    traced = trace_row(sample_run, 0)
    assert (traced["phase"], traced["row"]) == ("pretrain", 0)
    lengths = [piece.get("tokens") or piece["padding"] for piece in traced["pieces"]]
    assert sum(lengths) == 128
    first = traced["pieces"][0]
    assert first["document"]["id"].startswith(first["document_number"])
    assert first["document"]["found_in"] == "documents"


def test_a_row_of_another_phase_and_what_there_is_instead(sample_run) -> None:
    assert trace_row(sample_run, 3, "anneal")["phase"] == "anneal"
    with pytest.raises(ValueError, match="no phase 'aneal'; the shards have: pretrain, anneal"):
        trace_row(sample_run, 0, "aneal")
    for row in (-1, 10**9):
        with pytest.raises(ValueError, match=rf"row {row} is not there; .* has rows 0 to \d+"):
            trace_row(sample_run, row)


def test_a_kept_document_by_each_of_its_names(sample_run) -> None:
    row = kept_rows(sample_run)[0]
    for name in (row["id"], row["id"][:16], row["origin"]):
        found = trace_document(sample_run, name)
        assert found is not None
        assert (found["id"], found["found_in"]) == (row["id"], "documents")


def test_a_kept_document_names_its_pairs(sample_run) -> None:
    paired = [row["id"] for row in kept_rows(sample_run) if row["pair_key"] and row["lang"] == "en"]
    found = [trace_document(sample_run, identifier) for identifier in paired]
    pairs = [pair for document in found if document for pair in document["part_of"]]
    assert {pair["left_lang"] for pair in pairs} == {"en"}
    assert {pair["right_lang"] for pair in pairs} == {"ar", "fr", "th", "zh"}


def test_a_removed_document_tells_stage_and_reason(sample_run, capsys) -> None:
    row = next(row for row in removed_rows(sample_run) if row["drop_stage"] == "quality")
    found = trace_document(sample_run, row["id"])
    assert found is not None
    assert found["found_in"] == "removed/quality"
    assert show_document(sample_run, row["id"])
    assert f"dropped by quality: {row['drop_reason']}" in capsys.readouterr().out


def test_what_could_not_be_read_is_found_by_its_place(sample_run, capsys) -> None:
    found = trace_document(sample_run, BROKEN_LINE)
    assert found is not None
    assert found["found_in"] == "quarantine"
    assert found["position"] == 25
    assert show_document(sample_run, BROKEN_LINE)
    said = capsys.readouterr().out
    assert f"quarantined, no document: {BROKEN_LINE} (source web)" in said
    assert "broken JSON" in said


def test_a_file_that_could_not_be_read_is_found_by_its_name(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Something to keep."}])
    (tmp_path / "corpus" / "b.jsonl.zst").write_bytes(b"no zstd")
    recipe = corpus_recipe(tmp_path, "", f"sources.web.paths=[{tmp_path}/corpus/*]")
    folder = run_inline(recipe).folder
    [entry] = folder.quarantined(limit=5)
    name = entry["path"] if entry["position"] is None else f"{entry['path']}#{entry['position']}"
    found = trace_document(folder, name)
    assert found is not None
    assert found["error"] == entry["error"]


@pytest.mark.parametrize("name", ["f" * 32, "f" * 16, f"{CRAWL}#99999", "no such thing", "", "#"])
def test_an_unknown_document_is_said_to_be_unknown(sample_run, capsys, name) -> None:
    assert trace_document(sample_run, name) is None
    assert not show_document(sample_run, name)
    assert f"no document {name!r}" in capsys.readouterr().out


def test_a_row_in_words(sample_run, capsys) -> None:
    show_row(sample_run, 0, None)
    said = capsys.readouterr().out
    assert said.startswith("row 0 of pretrain, component ")
    piece = r"^(\d+) tokens, from its (?:beginning|token \d+), of document [0-9a-f]{16}$"
    tokens = re.findall(piece, said, re.MULTILINE)
    padding = re.findall(r"^(\d+) tokens of padding$", said, re.MULTILINE)
    assert sum(map(int, tokens + padding)) == 128
    assert said.count("  kept") == len(tokens)


def test_a_row_whose_documents_are_gone_says_so(tmp_path, capsys) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "A short story. " * 30}])
    tail = """\
tokenizer: {train: {vocab: 300}}
mixture:
  sequence_length: 16
  components: [{name: all}]
  phases: [{name: pretrain, tokens: 32}]
"""
    folder = run_inline(corpus_recipe(tmp_path, tail)).folder
    for path in (tmp_path / "run" / "documents").iterdir():
        path.rename(tmp_path / path.name)
    show_row(folder, 0, None)
    assert "not found in documents/ or removed/" in capsys.readouterr().out
