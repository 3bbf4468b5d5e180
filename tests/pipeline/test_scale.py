"""Vocabulary and row length fitted to what there is."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.recipe import Recipe
from pipeline.scale import fit_to_supply

from .small_runs import corpus_recipe

TAIL = """\
tokenizer: {train: {vocab: 100534}}
mixture: {sequence_length: 4096, phases: [{name: pretrain, tokens: 2T}]}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return corpus_recipe(tmp_path, TAIL)


def sizes(recipe: Recipe) -> tuple[int, int]:
    """Vocabulary, sequence length."""
    assert recipe.tokenizer is not None
    assert recipe.tokenizer.train is not None
    assert recipe.mixture is not None
    return recipe.tokenizer.train.vocab, recipe.mixture.sequence_length


def test_half_a_megabyte_makes_a_small_vocabulary_and_short_rows(recipe) -> None:
    """540 kB: 4,096 entries of 128 bytes each fit; 176 tokens for each of 1,024 rows."""
    fitted, note = fit_to_supply(recipe, 540_000)
    assert sizes(fitted) == (4096, 128)
    assert note == (
        "scaled to 0.5 MB of kept text: vocabulary 100,534 -> 4,096, sequence length 4,096 -> 128"
    )


def test_where_there_is_enough_nothing_changes(recipe) -> None:
    assert fit_to_supply(recipe, 10**9) == (recipe, "")


def test_a_recipe_without_these_sections_stays_as_it_is(tmp_path) -> None:
    recipe = corpus_recipe(tmp_path, "")
    assert fit_to_supply(recipe, 0) == (recipe, "")


def test_a_tokenizer_that_is_given_is_not_touched(tmp_path) -> None:
    recipe = corpus_recipe(tmp_path, "tokenizer: {path: some/where}\n")
    assert fit_to_supply(recipe, 1000) == (recipe, "")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_sizes_are_never_above_the_wish_and_grow_with_the_text(recipe, one, other) -> None:
    small, large = (sizes(fit_to_supply(recipe, text)[0]) for text in sorted([one, other]))
    for fitted, larger, least, wish in zip(small, large, (1024, 128), (100_534, 4096), strict=True):
        assert least <= fitted <= larger <= wish
        assert fitted == wish or fitted.bit_count() == 1
