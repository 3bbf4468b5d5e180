"""Sentence pairs of a run: shown on a terminal, exported as Moses text and as TMX."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.recipe_file import load_recipe

from .small_runs import run_inline, write_corpus

RECIPE = """
run: {{name: small, out: "{folder}/run"}}
sources:
  - {{name: web, read: jsonl, paths: ["{folder}/corpus/*.jsonl"]}}
stages:
  - bilingual: {{form: [interleaved]}}
"""
SENTENCES = [
    ("The tea costs 3 < 5 & \"more\"\x07.", "ชาราคา 3 < 5 & \"มากกว่า\"\x07"),
    ("Why did nobody tell me about these 12 things?", "ทำไมไม่มีใครบอกฉันเกี่ยวกับ 12 สิ่งเหล่านี้?"),
    ("The first thing to do is to open the window.", "สิ่งแรกที่ต้องทำคือเปิดหน้าต่าง"),
    ("This sentence was never translated by anybody.",) * 2,
]  # fmt: skip
KEPT = SENTENCES[:3]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run over one page in two languages."""
    folder = tmp_path_factory.mktemp("bitext")
    lines = [
        {"id": lang, "lang": lang, "pair_key": "a", "text": "\n".join(p[side] for p in SENTENCES)}
        for side, lang in enumerate(("en", "th"))
    ]
    write_corpus(folder / "corpus" / "pages.jsonl", lines)
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(folder=folder))
    run_inline(load_recipe(recipe))
    return folder / "run"


def test_show_pairs_prints_counts_scores_and_samples(run, capsys):
    assert main(["show", str(run), "--pairs", "th-en", "-n", "9"]) == 0
    said = capsys.readouterr().out
    assert "en-th: pairs" in said
    assert "found by: 1 pair_key" in said
    assert "1 copied" in said
    assert "sentences kept, 3 by chance" in said
    assert "open the window" in said
    assert "copied: 1.00 vs 0.80" in said
    assert "documents, score" in said
    assert "\x07" not in said  # nor does a text command the terminal


def test_a_pair_that_is_not_there_is_named_with_those_that_are(run, capsys):
    assert main(["show", str(run), "--pairs", "en-tx"]) == 2
    assert "did you mean 'en-th'? pairs of the run: en-th" in capsys.readouterr().err


def test_moses_files_have_a_sentence_a_line(run, tmp_path):
    assert main(["export", str(run), "--to", "moses", str(tmp_path)]) == 0
    for side, lang in enumerate(("en", "th")):
        lines = (tmp_path / f"en-th.{lang}").read_text().split("\n")
        assert lines == [*(pair[side] for pair in KEPT), ""]


def test_tmx_is_escaped_and_leads_back_to_the_documents(run, tmp_path):
    assert main(["export", str(run), "--to", "tmx", str(tmp_path)]) == 0
    root = ElementTree.parse(tmp_path / "en-th.tmx").getroot()
    assert root.find("header").get("srclang") == "en"
    segments = [[seg.text for seg in unit.iter("seg")] for unit in root.iter("tu")]
    assert segments == [[text.replace("\x07", "") for text in pair] for pair in KEPT]
    assert all(float(unit.find("prop").text) > 0.5 for unit in root.iter("tu"))
    assert all(tuv.find("prop").text for tuv in root.iter("tuv"))


def test_a_run_without_sentence_pairs_says_so(run, tmp_path, capsys):
    (tmp_path / "summary.json").write_text("{}")
    assert main(["export", str(tmp_path), "--to", "tmx", str(tmp_path / "out")]) == 1
    assert "no sentence pairs" in capsys.readouterr().err
