"""``calibrate``: from sources that are trusted to a file that stages read."""

import pytest
import yaml

from pipeline.calibrate import calibrate
from pipeline.cli import main
from pipeline.recipe_file import load_recipe
from pipeline.recipe_yaml import RecipeError
from pipeline.removed import parse_reason
from pipeline.sample import SAMPLE_CORPUS
from pipeline.show_calibration import show_calibration

from ..stages.language_texts import rows
from .small_runs import corpus_recipe, removed_rows, run_inline, write_corpus

RECIPE = """
run: {{name: c, out: {folder}/run}}
sources:
  - {{name: articles, read: jsonl, reference: true, paths: ["{sample}/articles/*.jsonl"]}}
  - {{name: crawl, read: jsonl, paths: ["{sample}/crawl/*.jsonl"]}}
stages:
  - normalize: {{}}
  - langid: {langid}
  - quality: {quality}
  - unusual: {{reference: {folder}/thresholds.yaml}}
  - exact_dedup: {{}}
"""


@pytest.fixture
def recipe_path(tmp_path):
    def write(quality="{}", langid="{}"):
        path = tmp_path / "recipe.yaml"
        text = RECIPE.format(folder=tmp_path, sample=SAMPLE_CORPUS, quality=quality, langid=langid)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def run_calibrate(path, out, documents=1000, sample=1 << 30):
    recipe = load_recipe(path)
    return calibrate(recipe, out, documents, sample, lambda *_: None, lambda _: lambda: None)


def test_only_trusted_sources_are_measured(recipe_path, tmp_path) -> None:
    found = run_calibrate(recipe_path(), str(tmp_path / "thresholds.yaml"))
    assert found.calibration.documents == 168
    assert found.calibration.sources == 14  # one source: each file of it is a kind of text
    assert sum(row["documents"] for row in found.losses) == 0  # 12 documents a language: too few


def test_the_order_and_amount_of_reading_do_not_matter(recipe_path, tmp_path) -> None:
    few = [
        run_calibrate(recipe_path(), str(tmp_path / "t.yaml"), documents=5, sample=sample)
        for sample in (1 << 30, 1)
    ]
    assert few[0].calibration.documents == few[1].calibration.documents == 70
    assert few[0].calibration.cut == few[1].calibration.cut


def test_the_command_writes_what_the_stages_read(recipe_path, tmp_path, capsys) -> None:
    path, out = recipe_path(), str(tmp_path / "thresholds.yaml")
    assert main(["calibrate", path, "--to", out]) == 0
    said = capsys.readouterr().out
    assert "168 documents of 14 kinds of text" in said
    assert f"quality: {{thresholds: {out}}}" in said
    written = yaml.safe_load((tmp_path / "thresholds.yaml").read_text(encoding="utf-8"))
    assert written["documents"] == 168
    assert set(written["signals"]["few_word_lines"]) == {"count", "tails", "quantiles"}

    assert main(["run", recipe_path(f"{{thresholds: {out}}}"), "--engine", "inline"]) == 0


def test_the_language_s_threshold_is_found_and_removes_by_it(
    tmp_path, capsys, development_data
) -> None:
    """Indonesian reviews, informal and short, are less surely Indonesian than a Thai page Thai."""
    texts = rows(development_data / "mono_id_reviews-news.jsonl.zst", 400)
    texts += rows(development_data / "mono_th_wiki-articles.jsonl.zst", 100)
    lines = [{"text": row["text"]} for row in texts]
    write_corpus(tmp_path / "corpus" / "some.jsonl", lines)
    recipe = corpus_recipe(tmp_path, "stages:\n  - langid: {thresholds: t.yaml}\n  - quality: {}\n")
    out = str(tmp_path / "thresholds.yaml")
    found = calibrate(recipe, out, 1000, 1 << 30, lambda *_: None, lambda _: lambda: None)
    show_calibration(found)
    assert f"langid: {{thresholds: {out}}}" in capsys.readouterr().out
    least = {code: own.min_lang_score for code, own in found.calibration.languages.items()}
    assert least["th"] == 0.9  # never more
    assert 0.5 < least["id"] < least["th"]

    recipe = corpus_recipe(tmp_path, f"stages:\n  - langid: {{thresholds: {out}}}\n")
    gone = [row for row in removed_rows(run_inline(recipe).folder) if row["lang"] == "id"]
    [unsure] = [row["unsure"] for row in found.losses if row["lang"] == "id"]
    below = [row for row in gone if row["lang_score"] >= 0.5]  # those not measured are below
    assert 0 < len(below) == round(unsure * found.calibration.languages["id"].documents)
    for row in gone:
        assert row["drop_stage"] == "langid"
        rule, value, threshold = parse_reason(row["drop_reason"])
        assert rule == "lang_score"
        assert float(value) <= row["lang_score"] < float(threshold)
        assert float(threshold) == pytest.approx(least["id"], abs=5e-3)


def test_nothing_to_learn_from_is_an_error(recipe_path, tmp_path) -> None:
    path = recipe_path()
    recipe = load_recipe(path, ["stages.langid.keep=[eu]"])
    with pytest.raises(RecipeError, match="no document that the stages before `quality` leave"):
        calibrate(recipe, str(tmp_path / "t.yaml"), 10, 1 << 20, lambda *_: None, lambda _: int)
