"""The recipe's mixture section: what it accepts and how it refuses."""

import pytest
from pydantic import ValidationError

from stages.mixture.options import MixtureOptions, PhaseOptions, ShardOptions


def test_the_recipe_of_the_design():
    options = MixtureOptions.model_validate(
        {
            "sequence_length": 4096,
            "components": [
                {"name": "parallel", "where": {"source": "bilingual"}},
                {"name": "${lang}", "where": {"lang": "*"}},
            ],
            "phases": [
                {
                    "name": "pretrain",
                    "tokens": "2T",
                    "weights": {"temperature": 0.7},
                    "max_epochs": 4,
                    "curriculum": {"non_english": [0.3, 0.6]},
                },
                {
                    "name": "anneal",
                    "tokens": "100B",
                    "where": {"quality": ">=0.8"},
                    "weights": {"en": 0.5, "zh": 0.3, "parallel": 0.2},
                },
            ],
        }
    )
    assert [phase.tokens for phase in options.phases] == [2 * 10**12, 10**11]
    assert options.component_columns() == ["source", "lang"]
    assert options.selector_columns() == ["quality"]
    assert options.phases[1].max_epochs == 4


def test_weights_within_a_millionth_of_one_are_shares():
    phase = PhaseOptions(name="p", tokens=1, weights={"a": 1 / 3, "b": 1 / 3, "c": 0.3333333})
    assert phase.weights["a"] == 1 / 3


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"weights": {"en": 0.5, "fr": 0.4}}, "sum to 0.9, not to 1"),
        ({"weights": {}}, "sum to 0, not to 1"),
        ({"weights": {"en": 1.5, "fr": -0.5}}, "share of 'fr' is -0.5"),
        ({"weights": {"en": float("nan")}}, "share of 'en' is nan"),
        ({"weights": {"temperature": 0.5, "en": 0.5}}, "alone, or a share for each of 'en'"),
        ({"weights": {"temperature": -1}}, "between 0 and 1, or above 1 as a temperature"),
        ({"weights": {"alpha": 2}}, "alpha is 2: it lies between 0 and 1"),
        ({"weights": "even"}, "give `natural`, `unimax` or a mapping"),
        ({"weights": {"en": {"weights": "natural"}}}, "'en': a group is .*; its share is missing"),
        ({"weights": {"en": {"share": 1, "weight": {}}}}, "'weight' is no key of it"),
        ({"weights": {"en": {"share": 1, "weights": {"fr": 0.5}}}}, "'en': the weights sum to 0.5"),
        ({"weights": {"en": "300K"}}, "they sum to 300K tokens, the phase has 1M"),
        ({"weights": {"axes": {}}}, "give the shares of each"),
        ({"weights": {"axes": {"lang": {"en": -1}}}}, "share of 'en' is -1"),
        ({"weights": {"axes": {"lang": {"en": "x"}}}}, "'lang.en' is 'x', which is no number"),
        ({"floors": {"en": 2}}, "less than or equal to 1"),
        ({"max_epochs": {"en": 0}}, "greater than 0"),
        ({"curriculum": {"fr": [[0, 0.1], [0, 0.2]]}}, "a jump is a position within the phase"),
        ({"curriculum": {"fr": [[0.5, 0.1], [0.2, 0.2]]}}, "positions rise from 0 to 1"),
        ({"curriculum": {"fr": {"stairs": [0.1]}}}, "give a list, or {steps:"),
        ({"upsample": {"quality": {0.5: 0}}}, "come 0 times in an epoch"),
        ({"upsample": {"quality": {0.5: 20}}, "rehydrate": {2: 6}}, "repeat a document up to 120"),
        ({"reserve": 1}, "less than 1"),
        ({"continues": "a", "where": {"quality": ">=0.8"}}, "takes its documents: where cannot be"),
        ({"where": {"quality": {"least": 1}}}, "give a text, a list of texts, a number"),
        ({"where": {"not": "en"}}, "`not` takes conditions such as"),
        ({"curriculum": {"fr": []}}, "give one share or more"),
        ({"curriculum": {"fr": [1.2]}}, "1.2 is not within 0 to 1"),
        ({"max_epochs": 0}, "greater than 0"),
        ({"tokens": "two"}, "is not a count"),
        ({"tokens": 0}, "greater than 0"),
        ({"epochs": 2}, "Extra inputs"),
    ],
)
def test_phases_that_are_none(settings, reason):
    with pytest.raises(ValidationError, match=reason):
        PhaseOptions.model_validate({"name": "pretrain", "tokens": "1M"} | settings)


def test_phases_have_names_of_their_own():
    phase = {"name": "pretrain", "tokens": 1}
    with pytest.raises(ValidationError, match="'pretrain' is named twice"):
        MixtureOptions.model_validate({"phases": [phase, phase]})


def test_shards_are_uncompressed_by_default():
    assert ShardOptions() == ShardOptions(compression="none", sequences_per_shard=65_536)
    with pytest.raises(ValidationError, match="'none', 'lz4' or 'zstd'"):
        ShardOptions.model_validate({"compression": "gzip"})
