"""Runs that look for translations: the same bytes however they are run, and counts that add up."""

import re
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from formats.documents import document_files
from formats.run_folder import RunFolder
from pipeline.run import RunOutcome, run

from ..stages.bilingual.pairing.made_up_site import site
from .small_runs import corpus_recipe, digests, run_inline, write_corpus

RECIPE = """
stages:
  - bilingual:
      pairs: all
      find: [pair_key, url, content]
      form: [documents, interleaved, pairs]
      per_pair: 2
      monolingual: remove
tokenizer: {train: {vocab: 400}}
mixture:
  sequence_length: 64
  components:
    - {name: parallel, where: {source: bilingual}}
    - {name: rest, where: {source: web}}
  phases: [{name: pretrain, tokens: 10k, weights: {parallel: 0.6, rest: 0.4}, max_epochs: 4}]
"""
WAYS = {"pair_key": range(10), "url": range(10, 20), "content": range(20, 60)}


def german(text: str) -> str:
    """The French pages in a third language that shares no word with it but names."""
    return "\n".join(
        " ".join(word if word.startswith("name") else f"d{word[:0:-1]}" for word in line.split(" "))
        for line in text.split("\n")
    )


def write_site(folder: Path) -> None:
    """Pages in three languages: some have keys, some addresses, most neither."""
    documents, _ = site(1)
    documents += [
        (name.replace("fr", "de"), "de", german(text))
        for name, lang, text in documents
        if lang == "fr"
    ]
    for part in range(3):
        lines = []
        for name, lang, text in documents[part::3]:
            page = {"id": name, "lang": lang, "text": text}
            if int(name[2:]) in WAYS["pair_key"]:
                page["pair_key"] = name[2:]
            elif int(name[2:]) in WAYS["url"]:
                page["url"] = f"https://example.org/{lang}/{name[2:]}"
            lines.append(page)
        write_corpus(folder / "corpus" / f"{part}.jsonl", lines)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    folder = tmp_path_factory.mktemp("site")
    write_site(folder)
    return run_inline(corpus_recipe(folder, RECIPE, "run.partition_bytes=4KB"))


@pytest.fixture(scope="module")
def pairs(outcome: RunOutcome) -> list[dict]:
    files = document_files(outcome.folder.bilingual_documents_path)
    rows: list[dict] = ds.dataset(files).to_table().to_pylist()
    return rows


@pytest.mark.parametrize("workers", [1, 2])
def test_one_or_two_workers_of_ray_write_the_same(outcome, tmp_path, workers) -> None:
    given = Path(outcome.folder.path).parent
    recipe = corpus_recipe(given, RECIPE, "run.partition_bytes=4KB", f"run.out={tmp_path}/run")
    found = run(recipe, engine="ray", workers=workers, live=False)
    assert digests(found.folder.path) == digests(outcome.folder.path)


def test_each_way_finds_what_it_can_of_every_two_languages(pairs) -> None:
    found = {}
    for pair in pairs:
        if pair["kept"]:
            kind = pair["left_lang"], pair["right_lang"], pair["method"]
            found[kind] = found.get(kind, 0) + 1
    languages = {("de", "fr"), ("en", "de"), ("en", "fr")}
    assert {kind[:2] for kind in found} == languages
    for two in languages:
        assert {kind[2] for kind in found if kind[:2] == two} == set(WAYS)


def test_what_is_interleaved_are_the_sentences_of_its_own_documents(outcome, pairs) -> None:
    """Pairs found by content lie by their ids, whatever their languages."""
    texts = {row["id"]: row["text"] for row in rows_of(outcome.folder)}
    checked = 0
    for row in rows_of(outcome.folder):
        if row["source"] == "bilingual" and row["form"] == "interleaved":
            left, _, right = row["origin"].removeprefix("bilingual#").partition("+")
            sides = (texts[left] + "\n" + texts[right]).split("\n")
            for line in row["text"].split("\n"):
                said = re.sub(r"^(\[..\]|\w+:) ", "", line)  # without the tag of its language
                assert any(said in side for side in sides)
                checked += 1
    assert checked > 100


def rows_of(folder: RunFolder) -> list[dict]:
    files = document_files(folder.documents_path) + document_files(folder.removed_path("bilingual"))
    return [row for file in files for row in ds.dataset(file).to_table().to_pylist()]


def test_the_summary_counts_what_lies_in_the_files(outcome, pairs) -> None:
    summary = outcome.folder.read_summary()
    told = summary["stages"]["bilingual"]["pairs"]
    assert sorted(told) == ["de-fr", "en-de", "en-fr"]
    sentences = ds.dataset(document_files(outcome.folder.bilingual_sentences_path)).to_table()
    for name, pair in told.items():
        left, right = name.split("-")
        mine = [p for p in pairs if (p["left_lang"], p["right_lang"]) == (left, right)]
        assert (pair["found"], pair["kept"]) == (len(mine), sum(p["kept"] for p in mine))
        assert sum(pair["scores"]) == pair["found"]
        assert sum(pair["scores_kept"]) == pair["kept"] == sum(pair["methods"].values())
        own = sentences.filter((ds.field("left_lang") == left) & (ds.field("right_lang") == right))
        told_of = pair["sentences"]
        assert (told_of["found"], told_of["kept"]) == (own.num_rows, own["kept"].to_numpy().sum())
        assert sum(told_of["scores_kept"]) == told_of["kept"]
        assert pair["least"] == {"documents": 0.1, "sentences": 0.5}
        written = [r for r in rows_of(outcome.folder) if r["lang"] == name]
        assert pair["documents"] == len(written)
        assert pair["text_bytes"] == sum(len(r["text"].encode()) for r in written)
        assert {form: c["documents"] for form, c in pair["forms"].items()} == {
            form: sum(r["form"] == form for r in written)
            for form in ("documents", "interleaved", "pairs")
        }


def test_tokens_and_shares_of_pairs_add_up_to_those_of_the_component(outcome) -> None:
    summary = outcome.folder.read_summary()
    told = summary["stages"]["bilingual"]["pairs"].values()
    assert sum(p["tokens"] for p in told) == summary["tokens"]["components"]["parallel"]["tokens"]
    [phase] = summary["mixture"]["phases"]
    rows = next(part["rows"] for part in phase["components"] if part["name"] == "parallel")
    shares = [pair["phases"]["pretrain"] for pair in told]
    assert sum(shares) == pytest.approx(rows / phase["rows"], abs=1e-5)
    assert all(0.1 < share < 0.4 for share in shares)
