"""The recipes of systems that were published: they load, and can be made of the sample corpus."""

import pytest

from pipeline.check import check
from pipeline.recipe import Recipe
from pipeline.recipe_file import load_recipe

from .small_runs import ROOT

RECIPES = ["xmodel_lm15", "aquila_135m", "lingowhale_8b", "polylm", "xverse_7b"]


def recipe(name: str, folder: object) -> Recipe:
    return load_recipe(ROOT / "configs" / f"{name}.yaml", [f"run.out={folder}/run"])


@pytest.mark.parametrize("name", RECIPES)
def test_the_sample_corpus_suffices(name, tmp_path) -> None:
    report = check(recipe(name, tmp_path))
    assert report.feasible
    assert "will be scaled to the supply" in report.messages[0]


@pytest.mark.parametrize("name", ["xmodel_lm15", "aquila_135m", "lingowhale_8b"])
def test_it_is_refused_where_that_is_asked_for(name, tmp_path, monkeypatch) -> None:
    """Nobody trains on a sample by mistake."""
    monkeypatch.setenv("FIT", "never")
    assert not check(recipe(name, tmp_path)).feasible


def test_polylm_has_the_tokens_that_were_published(tmp_path) -> None:
    pretrain, _ = recipe("polylm", tmp_path).mixture.phases
    assert pretrain.tokens == pytest.approx(638e9, rel=0.001)
    assert pretrain.weights["en"] * pretrain.tokens == pytest.approx(424.96e9)
    assert sum(pretrain.weights.values()) == pytest.approx(1)


def test_xverse_has_two_axes(tmp_path) -> None:
    [pretrain] = recipe("xverse_7b", tmp_path).mixture.phases
    axes = pretrain.weights["axes"]
    assert (len(axes["type"]), len(axes["lang"])) == (7, 41)
    assert axes["lang"]["en"] == pytest.approx(0.5491, rel=0.001)
    assert axes["type"]["code"] == pytest.approx(0.0709, rel=0.001)
