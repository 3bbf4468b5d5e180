"""A barrier that cuts: the documents, what is counted, and what comes after it."""

import pyarrow.parquet as pq
import pytest

from formats.run_folder import RunFolder
from pipeline.trace import trace_document

from .small_runs import (
    PROMISED,
    corpus_recipe,
    digests,
    kept_rows,
    removed_rows,
    run_inline,
    write_corpus,
)

FOOTERS = {
    "en": "We use cookies to give you the best experience on our website.",
    "th": "เว็บไซต์นี้ใช้คุกกี้เพื่อให้คุณได้รับประสบการณ์ที่ดีที่สุด",
}
CUT = "stages: [{paragraph_dedup: {max_documents: 2}}]\n"


def pages(count=4):
    """In each language pages with a footer of their own; two pages differ in their footers only."""
    for lang, footer in FOOTERS.items():
        for n in range(count):
            body = f"{lang}: what page {n} says nobody says but page {n}, which says it here."
            yield {"id": f"{lang}{n}", "lang": lang, "text": f"{body}\n\n{footer}"}
            if n == 1:
                yield {"id": f"{lang}{n}b", "lang": lang, "text": body}


@pytest.fixture
def corpus(tmp_path):
    write_corpus(tmp_path / "corpus" / "pages.jsonl", list(pages()))
    return tmp_path


def test_documents_lose_what_was_cut_and_the_audit_has_it(corpus):
    outcome = run_inline(corpus_recipe(corpus, CUT))
    kept = {row["original_id"]: row for row in kept_rows(outcome.folder)}
    assert len(kept) == 10
    assert not any(name.startswith("cut_") for name in kept["en0"])
    for lang, footer in FOOTERS.items():
        with_it = [name for name, row in kept.items() if name[:2] == lang and footer in row["text"]]
        [keeper] = with_it
        cut = pq.read_table(f"{outcome.folder.cut_path}/paragraph_dedup").to_pylist()
        here = [row for row in cut if row["text"] == footer]
        assert {row["kept_in"] for row in here} == {kept[keeper]["id"][:16]}
        assert len(here) == 3


def test_cuts_are_counted_by_language_with_a_sample(corpus):
    summary = run_inline(corpus_recipe(corpus, CUT)).summary
    assert any(n.startswith("paragraph_dedup: 6 passages of ") for n in summary["notes"])
    [entry] = summary["repairs"]
    assert (entry["stage"], entry["kind"]) == ("paragraph_dedup", "cut")
    assert entry["languages"] == {"und": {"documents": 6, "times": 6}}
    assert any(footer in entry["samples"][0]["before"] for footer in FOOTERS.values())


def test_a_document_can_be_asked_what_it_lost(corpus):
    folder = run_inline(corpus_recipe(corpus, CUT)).folder
    for row in kept_rows(folder):
        story = trace_document(folder, row["id"])
        assert story is not None
        footer = FOOTERS[row["original_id"][:2]]
        whole = footer in row["text"] or row["original_id"].endswith("b")
        assert [cut["text"] for cut in story["cuts"]] == ([] if whole else [footer])


def test_later_barriers_see_what_is_left(corpus):
    """Two pages that differ in their footer only are equal once it is cut."""
    stages = "stages:\n  - paragraph_dedup: {max_documents: 2, keep: none}\n  - exact_dedup: {}\n"
    outcome = run_inline(corpus_recipe(corpus, stages))
    removed = [row["original_id"][:3] for row in removed_rows(outcome.folder)]
    assert sorted(removed) == ["en1", "th1"]
    [entry] = outcome.summary["repairs"]  # counted once, though two passes read the rows
    assert entry["languages"]["und"]["documents"] == 8


def test_neither_partitions_nor_a_second_run_change_anything(corpus, tmp_path):
    one = run_inline(corpus_recipe(corpus, CUT))
    rows = sorted((r["id"], r["text"]) for r in kept_rows(one.folder))
    before = digests(one.folder.path, *PROMISED)
    assert run_inline(corpus_recipe(corpus, CUT)).did_nothing
    recipe = corpus_recipe(corpus, CUT, "run.partition_bytes=1KB", f"run.out={tmp_path}/many")
    many = run_inline(recipe)
    assert sorted((r["id"], r["text"]) for r in kept_rows(many.folder)) == rows
    assert digests(one.folder.path, *PROMISED) == before


def test_a_recipe_without_the_stage_leaves_no_audit_behind(corpus):
    folder = run_inline(corpus_recipe(corpus, CUT)).folder
    run_inline(corpus_recipe(corpus, "stages: []\n"))
    assert not RunFolder(folder.path)._folders("cut")
