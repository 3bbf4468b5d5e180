"""A run against test sets: what is dropped, and what it tells of the test sets."""

import json

import pyarrow.parquet as pq

from .small_runs import corpus_recipe, kept_rows, run_inline, write_corpus

ITEM = "A gardener plants seven rows of tulips with twelve bulbs in each row, and waters them."
OTHER = "The ferry to the island leaves the harbour at nine and comes back before the tide turns."


def recipe(folder, action):
    pages = [{"id": "a", "text": f"Read this. {ITEM} Done."}, {"id": "b", "text": "A clean page."}]
    write_corpus(folder / "corpus" / "pages.jsonl", pages)
    items = [{"question": text, "id": name} for name, text in (("x", ITEM), ("y", OTHER))]
    write_corpus(folder / "evals" / "sums.jsonl", [*items, {"question": "Why?", "id": "z"}])
    stages = (
        f"stages: [{{decontaminate: {{against: ['{folder}/evals/*.jsonl'], action: {action}}}}}]\n"
    )
    return corpus_recipe(folder, stages.replace("*.jsonl", "sums.jsonl"))


def test_what_is_found_is_dropped_and_reported(tmp_path):
    outcome = run_inline(recipe(tmp_path, "remove"))
    assert [row["original_id"] for row in kept_rows(outcome.folder)] == ["b"]
    [counts] = json.loads((tmp_path / "run" / "contamination" / "benchmarks.json").read_text())
    assert counts == {
        "benchmark": "sums", "items": 3, "items_too_short": 1, "items_found": 1,
        "items_in_kept_documents": 0, "documents": 1, "documents_kept": 0,
    }  # fmt: skip
    [row] = pq.read_table(tmp_path / "run" / "contamination" / "found.parquet").to_pylist()
    assert (row["benchmark"], row["item"], row["found_in"]) == (
        "sums",
        "x",
        "removed/decontaminate",
    )
    assert any("1 of 3 items of sums found in 1 documents; 0 are in" in n for n in outcome.notes)
    assert outcome.notes == outcome.summary["notes"]


def test_flagged_documents_leave_their_items_touched(tmp_path):
    outcome = run_inline(recipe(tmp_path, "flag"))
    assert len(kept_rows(outcome.folder)) == 2
    [counts] = json.loads((tmp_path / "run" / "contamination" / "benchmarks.json").read_text())
    assert (counts["items_in_kept_documents"], counts["documents_kept"]) == (1, 1)


def test_changed_test_sets_run_the_stage_again(tmp_path):
    same = recipe(tmp_path, "remove")
    assert not run_inline(same).did_nothing
    assert run_inline(same).did_nothing
    write_corpus(tmp_path / "evals" / "sums.jsonl", [{"question": OTHER, "id": "y"}])
    from pipeline.fingerprints import file_hash

    file_hash.cache_clear()  # another process would read it anew
    assert len(kept_rows(run_inline(same).folder)) == 2
