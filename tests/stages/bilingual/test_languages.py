"""Which pairs of languages are found through which hub."""

from itertools import combinations

import pytest

from stages.bilingual.languages import hub_of, routes

EVERY = list(combinations(("en", "ja", "th", "zh"), 2))


def test_english_is_the_hub_though_another_language_has_more_documents():
    assert hub_of(EVERY, {"en": 100, "zh": 900}) == "en"


def test_the_largest_language_is_the_hub_where_english_is_scarce():
    assert hub_of(EVERY, {"en": 10, "zh": 900, "ja": 899}) == "zh"


def test_the_hub_needs_no_pair_that_was_not_asked_for():
    """Japanese is in every pair: through English, another search would be needed."""
    pairs = [("en", "ja"), ("ja", "zh"), ("ja", "th"), ("th", "zh")]
    assert hub_of(pairs, {"en": 900}) == "ja"
    assert routes(pairs, {"en": 900}) == [None, None, None, (2, 1)]


@pytest.mark.parametrize(
    "pairs", [[("en", "zh"), ("en", "th")], [("zh", "ja")], [("en", "fr"), ("zh", "ja")]]
)
def test_without_three_languages_there_is_no_way_through_another(pairs):
    assert routes(pairs, {"en": 5}) == [None] * len(pairs)


def test_every_group_of_languages_has_its_own_hub():
    pairs = [("en", "fr"), ("zh", "ko"), ("de", "en"), ("ja", "ko"), ("de", "fr"), ("ja", "zh")]
    ways = routes(pairs, {"ko": 9, "zh": 1})
    assert ways == [None, None, None, None, (2, 0), (3, 1)]


def test_of_all_languages_all_but_those_of_the_hub_have_a_way():
    pairs = list(combinations("abcdefgh", 2))
    ways = routes(pairs, {"c": 5})
    for pair, way in zip(pairs, ways, strict=True):
        assert (way is None) == ("c" in pair)
        if way:
            assert [set(pairs[leg]) for leg in way] == [{member, "c"} for member in pair]
