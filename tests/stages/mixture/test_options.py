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
        ({"weights": {"temperature": 2}}, "between 0 and 1"),
        ({"curriculum": {"fr": []}}, "give one share or more"),
        ({"curriculum": {"fr": [1.2]}}, "less than or equal to 1"),
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
