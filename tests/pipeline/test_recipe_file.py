"""A recipe says what is wrong with it, where, and what would be right."""

from pathlib import Path

import pytest

from pipeline.recipe_file import load_recipe
from pipeline.recipe_yaml import RecipeError

GOOD = """\
run: {name: small, out: runs/small, seed: 3}
sources:
  - {name: web, read: jsonl, paths: ["corpus/*.jsonl"]}
stages:
  - normalize: {}
  - langid: {keep: [en, th]}
  - minhash_dedup: {threshold: 0.8}
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "recipe.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def complaint(path: Path, overrides: list[str] | None = None) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, overrides)
    return str(caught.value)


def test_a_recipe_is_read_into_sections(write) -> None:
    recipe = load_recipe(write(GOOD))
    assert recipe.run.seed == 3
    assert [stage.name for stage in recipe.stages] == ["normalize", "langid", "minhash_dedup"]
    assert recipe.tokenizer is None  # the tail may be left out


def test_map_stages_are_fused_up_to_a_barrier(write) -> None:
    [segment] = load_recipe(write(GOOD)).segments()
    assert [stage.name for stage in segment.maps] == ["normalize", "langid"]
    assert [stage.name for stage in segment.barriers] == ["minhash_dedup"]


def test_an_unknown_key_names_its_line_and_the_nearest_valid_one(write) -> None:
    path = write(GOOD.replace("seed: 3", "sede: 3"))
    message = complaint(path)
    assert f"{path}:1: run.sede: unknown key 'sede' (did you mean 'seed'?" in message


def test_an_unknown_setting_of_a_stage_names_its_line(write) -> None:
    message = complaint(write(GOOD.replace("threshold", "treshold")))
    assert ":7: stages.2.minhash_dedup.treshold: unknown key" in message
    assert "did you mean 'threshold'" in message


def test_an_unknown_stage_lists_the_valid_ones(write) -> None:
    message = complaint(write(GOOD.replace("- langid", "- langit")))
    assert "no such stage 'langit' (did you mean 'langid'? valid: normalize, langid" in message


def test_all_mistakes_are_told_at_once(write) -> None:
    message = complaint(write(GOOD.replace("seed: 3", "seed: x").replace("jsonl,", "json,")))
    assert message.count("recipe.yaml:") == 2


def test_variables_have_defaults_that_may_hold_variables(write, monkeypatch) -> None:
    monkeypatch.setenv("OUTER", "here")
    monkeypatch.delenv("CORPUS", raising=False)
    path = write(GOOD.replace("corpus/*", "${CORPUS:-${OUTER}/corpus}/*"))
    assert load_recipe(path).sources[0].paths == ["here/corpus/*.jsonl"]
    monkeypatch.setenv("CORPUS", "there")
    assert load_recipe(path).sources[0].paths == ["there/*.jsonl"]


def test_a_variable_without_a_value_is_an_error(write, monkeypatch) -> None:
    monkeypatch.delenv("CORPUS", raising=False)
    assert ":3: sources.0.paths.0: ${CORPUS} is not set" in complaint(
        write(GOOD.replace("corpus/*", "${CORPUS}/*"))
    )


def test_overrides_reach_stages_and_sources_by_name(write) -> None:
    recipe = load_recipe(
        write(GOOD), ["stages.minhash_dedup.threshold=0.7", "sources.web.paths=[a, b]"]
    )
    assert recipe.stages[2].threshold == 0.7
    assert recipe.sources[0].paths == ["a", "b"]


def test_an_override_of_nothing_says_what_there_is(write) -> None:
    assert "valid: normalize, langid, minhash_dedup" in complaint(
        write(GOOD), ["stages.quality.rules=[gopher]"]
    )


def test_broken_yaml_and_missing_files(write, tmp_path) -> None:
    assert "not valid YAML" in complaint(write("run: [1,"))
    assert "cannot be read" in complaint(tmp_path / "none.yaml")


def test_every_recipe_of_the_project_loads(monkeypatch) -> None:
    monkeypatch.delenv("CORPUS", raising=False)
    recipes = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
    assert recipes
    for path in recipes:
        assert load_recipe(path).sources
