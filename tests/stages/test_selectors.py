"""Conditions on columns, one test a rule."""

from dataclasses import dataclass, field

import pyarrow as pa
import pytest

from stages.selectors import assign_components, columns_of, matches

BATCH = pa.record_batch(
    {
        "source": pa.array(["web", "bilingual", "web", "code"]).dictionary_encode(),
        "lang": pa.array(["en", "en", None, "fr"]),
        "quality": pa.array([0.7, 0.9, float("nan"), None], pa.float32()),
        "cluster_size": pa.array([1, 5, 2, None], pa.int32()),
        "human": pa.array([True, False, None, True]),
    }
)


@dataclass
class Rule:
    name: str
    where: dict = field(default_factory=dict)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, [1, 1, 1, 1]),
        ({"lang": "en"}, [1, 1, 0, 0]),
        ({"lang": "*"}, [1, 1, 0, 1]),
        ({"lang": ["fr", "de"]}, [0, 0, 0, 1]),
        ({"lang": []}, [0, 0, 0, 0]),
        ({"source": "web", "lang": "en"}, [1, 0, 0, 0]),
        ({"quality": ">=0.7"}, [1, 1, 0, 0]),  # in float32, as the column is
        ({"quality": "> 0.7"}, [0, 1, 0, 0]),
        ({"quality": "!=0.9"}, [1, 0, 0, 0]),  # a null and a nan agree with nothing
        ({"quality": ">=0.5 <0.8"}, [1, 0, 0, 0]),
        ({"cluster_size": "<3"}, [1, 0, 1, 0]),
        ({"cluster_size": "<2.5"}, [1, 0, 1, 0]),
        ({"cluster_size": 5}, [0, 1, 0, 0]),
        ({"human": True}, [1, 0, 0, 1]),
        ({"human": "*"}, [1, 1, 0, 1]),
    ],
)
def test_matches(where, expected):
    assert matches(BATCH, where).astype(int).tolist() == expected


def test_the_first_component_that_takes_a_row_names_it():
    rules = [
        Rule("parallel", {"source": "bilingual"}),
        Rule("web-${lang}", {"source": "web"}),
        Rule("${lang}", {"lang": "*"}),
    ]
    assert assign_components(BATCH, rules).to_pylist() == ["web-en", "parallel", None, "fr"]


def test_no_component_takes_nothing():
    assert assign_components(BATCH, []).to_pylist() == [None] * 4
    assert assign_components(BATCH.slice(0, 0), [Rule("${lang}", {})]).to_pylist() == []


def test_an_unknown_column_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"'langg'; did you mean 'lang'\?.*cluster_size.*source"):
        matches(BATCH, {"langg": "*"})
    with pytest.raises(ValueError, match="unknown column 'topic'"):
        assign_components(BATCH, [Rule("${topic}")])


@pytest.mark.parametrize(
    "where", [{"lang": ">=3"}, {"quality": "high"}, {"lang": True}, {"human": "yes"}, {"lang": 3}]
)
def test_a_condition_must_suit_its_column(where):
    with pytest.raises(ValueError, match="does not suit column"):
        matches(BATCH, where)


def test_columns_of_a_condition_and_a_name():
    assert columns_of({"source": "web", "lang": "*"}) == ["source", "lang"]
    assert columns_of({"lang": "*"}, "${source}-${lang}") == ["lang", "source"]


def test_not_leaves_out_what_meets_all_of_its_conditions():
    batch = pa.record_batch(
        {"lang": ["en", "en", "fr", None], "source": ["web", "wiki", "web", "web"]}
    )
    english_web = {"lang": "en", "source": "web"}
    assert matches(batch, {"not": english_web}).tolist() == [False, True, True, True]
    assert matches(batch, {"source": "web", "not": {"lang": "en"}}).tolist() == [
        False, False, True, True,
    ]  # fmt: skip
    both = [english_web, {"lang": "fr"}]
    assert matches(batch, {"not": both}).tolist() == [False, True, False, True]
    assert columns_of({"source": "web", "not": both}) == ["source", "lang"]
