"""``calibrate``: from sources that are trusted to a file that stages read."""

import pytest
import yaml

from pipeline.calibrate import calibrate
from pipeline.cli import main
from pipeline.recipe_file import RecipeError, load_recipe
from pipeline.sample import SAMPLE_CORPUS

RECIPE = """
run: {{name: c, out: {folder}/run}}
sources:
  - {{name: articles, read: jsonl, reference: true, paths: ["{sample}/articles/*.jsonl"]}}
  - {{name: crawl, read: jsonl, paths: ["{sample}/crawl/*.jsonl"]}}
stages:
  - normalize: {{}}
  - langid: {{}}
  - quality: {quality}
  - unusual: {{reference: {folder}/thresholds.yaml}}
  - exact_dedup: {{}}
"""


@pytest.fixture
def recipe_path(tmp_path):
    def write(quality="{}"):
        path = tmp_path / "recipe.yaml"
        text = RECIPE.format(folder=tmp_path, sample=SAMPLE_CORPUS, quality=quality)
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


def test_nothing_to_learn_from_is_an_error(recipe_path, tmp_path) -> None:
    path = recipe_path()
    recipe = load_recipe(path, ["stages.langid.keep=[eu]"])
    with pytest.raises(RecipeError, match="no document that the stages before `quality` leave"):
        calibrate(recipe, str(tmp_path / "t.yaml"), 10, 1 << 20, lambda *_: None, lambda _: int)
