"""Pairs to read: drawn by chance but always the same, with their texts wherever these are."""

import shutil
from collections import Counter

import pyarrow.dataset as ds
import pytest

from formats.documents import document_files
from formats.run_folder import RunFolder
from pipeline.pairs import sample_pairs, sample_sentences
from pipeline.recipe_file import load_recipe

from .small_runs import run_inline, write_corpus

RECIPE = """
run: {{name: small, out: "{folder}/run", partition_bytes: 2KB}}
sources:
  - {{name: web, read: jsonl, paths: ["{folder}/corpus/*.jsonl"]}}
stages:
  - bilingual: {{pairs: [[en, zh], [en, th]], monolingual: {monolingual}}}
"""
ENGLISH = "The bread of oven {0} rises for {1} minutes.\nThen the cook number {0} eats it."
OTHERS = {
    "zh-Hant": "{0} 號烤箱的麵包要發酵 {1} 分鐘。\n然後 {0} 號廚師把它吃掉。",
    "th": "ขนมปังในเตาอบที่ {0} ใช้เวลาขึ้นฟู {1} นาที\nจากนั้นพ่อครัวหมายเลข {0} ก็กินมัน",
}


def make_run(folder, monolingual) -> RunFolder:
    for part in range(3):
        lines = [
            {"id": f"{lang}{page}", "lang": lang, "pair_key": str(page),
             "text": text.format(page, 7 * page + 5)}
            for page in range(part, 24, 3)
            for lang, text in {"en": ENGLISH, **OTHERS}.items()
        ]  # fmt: skip
        write_corpus(folder / "corpus" / f"{part}.jsonl", lines)
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(folder=folder, monolingual=monolingual))
    return run_inline(load_recipe(recipe)).folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("kept"), "keep")


@pytest.fixture(scope="module")
def removed(tmp_path_factory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("removed"), "remove")


def test_a_pair_of_documents_has_the_texts_of_both(kept) -> None:
    shown = sample_pairs(kept, ["en-zh", "en-th"], 4)
    assert {name: len(pairs) for name, pairs in shown.items()} == {"en-zh": 4, "en-th": 4}
    for name, pairs in shown.items():
        for pair in pairs:
            assert f"{pair.row['left_lang']}-{pair.row['right_lang']}".startswith(name)
            number = pair.left["text"].split()[4]
            assert f" {number}" in f" {pair.right['text']}"


def test_documents_that_stand_in_parallel_ones_only_are_found_too(kept, removed) -> None:
    assert "bilingual" in removed.removed_stages()
    there, gone = (sample_pairs(run, ["en-th"], 3)["en-th"] for run in (kept, removed))
    assert all(pair.left and pair.right and len(pair.right["text"]) > 40 for pair in gone)
    for pairs in (there, gone):
        assert len({pair.row["left_id"] for pair in pairs}) == 3


def test_documents_that_were_thrown_away_are_none(removed, tmp_path) -> None:
    folder = RunFolder(shutil.copytree(removed.path, tmp_path / "run"))
    shutil.rmtree(tmp_path / "run" / "removed")
    pairs = sample_pairs(folder, ["en-th"], 2)["en-th"]
    assert [(pair.left, pair.right) for pair in pairs] == [(None, None)] * 2


def test_sentences_are_drawn_from_all_and_stay_the_same(kept) -> None:
    few = sample_sentences(kept, ["en-th", "en-zh"], 5)
    more = sample_sentences(kept, ["en-th"], 10_000)
    rows = ds.dataset(document_files(kept.bilingual_sentences_path)).to_table().to_pylist()
    of_thai = [row for row in rows if row["right_lang"] == "th"]
    assert (len(few["en-th"].kept), len(few["en-zh"].kept)) == (5, 5)
    assert few["en-th"].kept == more["en-th"].kept[:5]
    assert Counter(map(repr, [*more["en-th"].kept, *more["en-th"].dropped])) == Counter(
        map(repr, of_thai)
    )
    assert all(row["drop_reason"] for row in more["en-th"].dropped)
    assert len({row["left_id"] for row in few["en-th"].kept}) > 2  # not of the first pages alone


def test_a_run_without_pairs_has_none(tmp_path) -> None:
    assert sample_pairs(RunFolder(str(tmp_path)), ["en-th"], 2) == {"en-th": []}
    assert sample_sentences(RunFolder(str(tmp_path)), ["en-th"], 2)["en-th"].kept == []
