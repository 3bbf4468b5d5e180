"""Which components a key of the mixture means."""

import pytest

from stages.mixture.members import assigned, members_of, value_of

COMPONENTS = ["web/en", "web/th", "wiki/en", "code", "parallel"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("code", ["code"]),
        ("web", ["web/en", "web/th"]),
        ("en", ["web/en", "wiki/en"]),
        ("w*/en", ["web/en", "wiki/en"]),
        ("non_english", ["web/th", "parallel"]),
        ("*", COMPONENTS),
        ("????", ["code"]),
        ("web/", []),
        ("fr", []),
    ],
)
def test_a_key_is_a_name_a_part_a_group_or_a_wildcard(key, expected):
    assert members_of(key, COMPONENTS) == expected


def test_a_name_means_itself_alone():
    assert members_of("en", ["en", "web/en"]) == ["en"]


def test_the_most_particular_key_has_the_component():
    keys = ["*", "web/*", "*en", "non_english", "en", "web/en"]
    assert assigned(keys, COMPONENTS) == {
        "web/en": ["web/en"],
        "en": ["wiki/en"],
        "non_english": ["web/th", "parallel"],
        "web/*": [], "*en": [],
        "*": ["code"],
    }  # fmt: skip


def test_the_order_of_keys_does_not_matter():
    keys = ["th", "*", "web/*", "code"]
    assert assigned(keys, COMPONENTS) == assigned(keys[::-1], COMPONENTS)


def test_equal_claims_are_refused():
    with pytest.raises(ValueError, match="'web/en' belongs to 'en' and to 'web' alike"):
        assigned(["web", "en"], COMPONENTS)


def test_a_value_for_one_component():
    table = {"th": 1.0, "*": 4.0}
    assert value_of(table, "web/th", 9) == 1
    assert value_of(table, "en", 9) == 4
    assert value_of({"th": 1.0}, "en", 9) == 9


def test_signs_of_regular_expressions_are_letters():
    assert members_of("a.b*", ["a.bc", "axbc"]) == ["a.bc"]
    assert members_of("[x]*", ["[x]y", "xy"]) == ["[x]y"]
