"""Documents in several languages are counted and shown; nothing is dropped for it."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from formats.run_folder import RunFolder
from pipeline.mixed_languages import MixedLanguages, merged, spread_excerpt
from pipeline.sample import SAMPLE_CORPUS
from pipeline.show import show_run
from pipeline.trace import show_document

from ..stages.language_texts import rows
from .small_runs import corpus_recipe, kept_rows, run_inline, write_corpus
from .test_report import check_self_contained, read_page

STAGES = "stages:\n  - langid: {}\n  - quality: {rules: []}\n  - exact_dedup: {}\n"


def article(lang: str, number: int) -> str:
    lines = Path(f"{SAMPLE_CORPUS}/articles/{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    text: str = json.loads(lines[number])["text"]
    return text


@pytest.fixture(scope="module")
def mixed_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """German articles, three of them with a Russian one behind, one of these twice."""
    folder = tmp_path_factory.mktemp("mixed")
    both = [f"{article('de', n)}\n\n{article('ru', n)}" for n in (0, 1, 1)]
    texts = [*both, *(article("de", n) for n in range(2, 7)), article("ru", 8)]
    write_corpus(folder / "corpus" / "some.jsonl", [{"text": text} for text in texts])
    return run_inline(corpus_recipe(folder, STAGES)).folder


def test_the_summary_counts_them_by_language_read_and_kept(mixed_run) -> None:
    [(lang, found)] = mixed_run.read_summary()["mixed_languages"]["languages"].items()
    other = {"de": "ru", "ru": "de"}[lang]
    assert found == {"read": 3, "kept": 2, "with": {other: 2}}  # the copy went


def test_the_report_shows_their_share_and_pieces_of_the_whole_text(mixed_run) -> None:
    found = read_page(mixed_run)
    check_self_contained(found)
    summary = mixed_run.read_summary()
    [lang] = summary["mixed_languages"]["languages"]
    kept = summary["kept_by_language"][lang]["documents"]
    assert f"{2 / kept:.1%}: 2 of {kept} kept documents, beside " in found.text
    [sample] = summary["mixed_languages"]["samples"]
    assert sample["text"].startswith((article("de", 0)[:20], article("de", 1)[:20]))
    assert any("а" <= letter <= "я" for letter in sample["text"])  # and Russian, behind it
    assert sample["text"] in found.text


def test_show_and_trace_name_the_languages(mixed_run, capsys) -> None:
    show_run(mixed_run)
    assert "documents in several languages (lang_mix)" in capsys.readouterr().out
    document = next(row for row in kept_rows(mixed_run) if row["lang_mix"])
    assert show_document(mixed_run, document["id"])
    assert f"  lang_mix: {document['lang_mix']}\n" in capsys.readouterr().out


def test_a_run_without_any_says_nothing_of_them(tmp_path, capsys) -> None:
    recipe = corpus_recipe(tmp_path, "stages:\n  - langid: {lang_mix: false}\n")
    write_corpus(tmp_path / "corpus" / "some.jsonl", [{"text": article("de", 0)}])
    folder = run_inline(recipe).folder
    show_run(folder)
    assert "several languages" not in capsys.readouterr().out
    assert "several languages" not in read_page(folder).text


def documents(*columns: tuple[str, str, str | None, str | None]) -> pa.RecordBatch:
    ids, langs, mixes, stages = zip(*columns, strict=True)
    return pa.record_batch(
        {
            "id": pa.array(ids),
            "lang": pa.array(langs),
            "lang_mix": pa.array(mixes, pa.string()),
            "drop_stage": pa.array(stages, pa.string()),
            "origin": pa.array([f"{name}.txt#0" for name in ids]),
            "text": pa.array([f"text of {name}" for name in ids], pa.large_string()),
        }
    )


def test_tasks_add_up_and_the_smallest_ids_are_shown_whatever_their_order() -> None:
    batches = [
        documents(("c", "en", "en:0.6,de:0.4", None), ("a", "en", "en:0.5,de:0.5", "quality")),
        documents(("b", "en", "de:0.6,en:0.3,fr:0.1", None), ("d", "fr", None, None)),
        documents(("e", "en", "en:0.9,de:0.1", None)),
    ]
    parts = []
    for batch in batches:
        mixed = MixedLanguages()
        mixed.count(batch)
        parts.append(mixed.as_json())
    found = merged(parts)
    assert found == merged(reversed(parts))
    assert found["languages"] == {"en": {"read": 4, "kept": 3, "with": {"de": 3, "fr": 1}}}
    assert [sample["id"] for sample in found["samples"]] == ["b", "c"]


def test_a_short_text_is_shown_whole() -> None:
    assert spread_excerpt("short\ntext") == "short\ntext"


def test_documents_of_the_development_data(development_data, tmp_path) -> None:
    """Translations whose code and untranslated lines are English."""
    texts = rows(development_data / "bilingual_react-docs.jsonl.zst", 150)
    lines = [{"text": row["text"]} for row in texts]
    write_corpus(tmp_path / "corpus" / "some.jsonl", lines)
    found = run_inline(corpus_recipe(tmp_path, "stages: [langid]\n")).folder.read_summary()
    mixed = found["mixed_languages"]
    for lang, counts in mixed["languages"].items():
        assert counts["kept"] <= found["kept_by_language"].get(lang, {"documents": 0})["documents"]
    assert any("en" in counts["with"] for counts in mixed["languages"].values())
