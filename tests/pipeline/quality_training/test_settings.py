"""Where ``train-quality`` finds its settings, and what it says of mistakes."""

import pytest

from pipeline.quality_training.recipe import load_training
from pipeline.recipe_file import load_recipe
from pipeline.recipe_yaml import RecipeError

RECIPE = """\
run: {name: small, out: run}
sources:
  - {name: wiki, read: jsonl, paths: ["wiki.jsonl"]}
  - {name: web, read: jsonl, paths: ["web.jsonl"]}
stages:
  - normalize: {}
  - langid: {keep: [en]}
  - exact_dedup
  - quality_model: {model: models/quality}
  - pii
train_quality:
  out: models/quality
  positives: [wiki]
  negatives:
    - {name: spam, read: text, paths: ["spam/*.txt"], where: {source: spam}}
"""
ALONE = """\
out: model
positives: [{name: a, read: jsonl, paths: [a.jsonl]}]
negatives: [{name: b, read: jsonl, paths: [b.jsonl]}]
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "quality.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def complaint(path, load=load_training):
    with pytest.raises(RecipeError) as caught:
        load(path)
    return str(caught.value)


def test_a_recipe_s_sources_are_named_and_its_map_stages_go_before(write):
    settings, stages = load_training(write(RECIPE))
    assert [(s.name, s.paths) for s in settings.positives] == [("wiki", ["wiki.jsonl"])]
    assert settings.negatives[0].where == {"source": "spam"}
    assert [stage.name for stage in stages] == ["normalize", "langid"]
    assert load_recipe(write(RECIPE)).stages  # the same file runs


def test_a_yaml_of_its_own_normalizes_and_finds_the_language(write):
    settings, stages = load_training(write(ALONE), ["folds=3", "classifier.dim=8"])
    assert (settings.folds, settings.classifier.dim) == (3, 8)
    assert [stage.name for stage in stages] == ["normalize", "langid"]
    _, stages = load_training(write(ALONE + "stages: [normalize: {}]\n"))
    assert [stage.name for stage in stages] == ["normalize"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("positives: [wiki]", "positives: [wikki]"),
         ":13: train_quality.positives.0: no such source 'wikki' (did you mean 'wiki'? "),
        (("out: models/quality\n  positives", "otu: models/quality\n  positives"),
         ":12: train_quality.otu: unknown key 'otu' (did you mean 'out'? "),
        (("where: {source: spam}", "group: site"),
         ":15: train_quality.negatives.0.group: unknown key 'group' (did you mean 'group_by'? "),
        (("name: spam", "name: wiki"), "source 'wiki' is named twice"),
        (("read: text", "read: txt"), ":15: train_quality.negatives.0.read: "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("load", [load_training, load_recipe])
def test_a_mistake_names_line_key_and_what_is_valid(load, change, said, write):
    assert said in complaint(write(RECIPE.replace(*change)), load)


def test_what_is_missing_is_said(write):
    path = write(RECIPE.split("train_quality")[0])
    assert "has no section `train_quality`" in complaint(path)
    assert "`negatives` is missing" in complaint(write(ALONE.rsplit("negatives", 1)[0]))
    assert "nothing to train" in complaint(write(ALONE + "shared: false\nperplexity: null\n"))
    assert "no such stage" in complaint(write(ALONE + "stages: [normalise: {}]\n"))
