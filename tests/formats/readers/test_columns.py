"""Which input columns become which fields."""

import pytest

from formats.readers.columns import choose_columns


def test_the_guesses():
    choice = choose_columns({})
    assert choice.of("text") == ("text", "content", "raw_content")
    assert choice.of("lang") == ("lang", "language")
    assert choice.of("quality") == ()
    assert choice.required == ()


def test_a_recipe_overrides_one_field():
    choice = choose_columns({"text": "body", "pair_key": None, "id": "url"})
    assert choice.of("text") == ("body",)
    assert choice.of("pair_key") == ()
    assert choice.of("url") == ("link",)  # one column serves one field
    assert choice.required == ("body", "url")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"txet": "a"}, r"'txet' is not one of text, id, .*did you mean 'text'\?"),
        ({"meta": "a"}, "'meta' is not one of"),
        ({"text": None}, "a document is its text"),
        ({"id": "a", "url": "a"}, "input column 'a' is used twice"),
    ],
)
def test_mistakes(columns, message):
    with pytest.raises(ValueError, match=message):
        choose_columns(columns)
