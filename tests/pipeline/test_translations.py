"""What a summary tells of language pairs, and the words for it."""

import pytest

from pipeline.translations import (
    UnknownPair,
    add_translations,
    known_pair,
    language_pairs,
    languages_of,
    rows_of_pairs,
    translation_lines,
)


def pair(kept: int) -> dict:
    return {
        "found": kept + 1, "kept": kept, "dropped": {"copy_share": 1},
        "methods": {"url": 1, "content": kept - 1}, "documents": kept,
        "sentences": {"found": 90, "kept": 10 * kept, "dropped": {}},
    }  # fmt: skip


def group(component: str, lang: str, form: str, tokens: int) -> dict:
    return {"component": component, "lang": lang, "form": form, "documents": 1, "tokens": tokens}


def summary() -> dict:
    """Two pairs share a component; the third is in the component of its own."""
    return {
        "stages": {"bilingual": {"pairs": {"en-fr": pair(2), "en-th": pair(8), "th-vi": pair(1)}}},
        "parallel": {"en-th": {"documents": 8, "text_bytes": 8000}},
        "tokens": {
            "components": {"parallel": {"tokens": 400}, "own": {"tokens": 50}},
            "parallel": [
                group("parallel", "en-fr", "documents", 100),
                group("parallel", "en-th", "documents", 200),
                group("parallel", "en-th", "interleaved", 100),
                group("own", "th-vi", "pairs", 50),
            ],
        },
        "mixture": {
            "phases": [
                {"name": "one", "rows": 100, "components": [
                    {"name": "parallel", "rows": 40}, {"name": "own", "rows": 10},
                    {"name": "en", "rows": 50}]},
                {"name": "two", "rows": 10, "components": [{"name": "en", "rows": 10}]},
            ]
        },
    }  # fmt: skip


def test_tokens_and_shares_are_those_of_the_parallel_documents() -> None:
    told = summary()
    add_translations(told)
    pairs = language_pairs(told)
    assert list(pairs) == ["en-th", "en-fr", "th-vi"]  # most sentences first
    assert pairs["en-th"]["text_bytes"] == 8000
    assert {name: found["tokens"] for name, found in pairs.items()} == {
        "en-th": 300, "en-fr": 100, "th-vi": 50,
    }  # fmt: skip
    assert pairs["en-th"]["forms"]["interleaved"] == {"documents": 1, "tokens": 100}
    # en-th has three quarters of the component, which has 40 of 100 rows
    assert {name: found["phases"] for name, found in pairs.items()} == {
        "en-th": {"one": 0.3, "two": 0},
        "en-fr": {"one": 0.1, "two": 0},
        "th-vi": {"one": 0.1, "two": 0},
    }


def test_the_last_lines_of_a_run_tell_of_the_largest_pairs() -> None:
    told = summary()
    add_translations(told)
    lines = translation_lines(told)
    assert lines[0] == (
        "  and 11 parallel documents of 3 language pairs made of them: "
        "8 kB, 450 tokens, 50.0% of one, 0% of two"
    )
    assert " ".join(lines[1].split()) == (
        "en-th: 8 pairs (7 content, 1 url) 80 of 90 sentences 8 kB, 300 tokens, 30.0% of one, "
        "0% of two"
    )
    many = told["stages"]["bilingual"]["pairs"]
    many |= {f"aa-a{letter}": many["en-fr"] for letter in "bcdefghij"}
    assert translation_lines(told)[-1] == "    and 4 more"


def test_without_tokens_or_pairs_there_is_less_to_tell() -> None:
    told = {"stages": {"bilingual": {"pairs": {"en-th": pair(8)}}}, "parallel": {}}
    add_translations(told)
    assert "tokens" not in rows_of_pairs(told)[0]
    assert "tokens" not in translation_lines(told)[0]
    assert rows_of_pairs({"stages": {}})[1] == translation_lines({}) == []


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("en-th", ("en", "th")), ("zh-Hant-pt-BR", ("zh-Hant", "pt-BR")),
        ("en-zh-Hans", ("en", "zh-Hans")), ("en", ("en", "")), ("", ("", "")),
    ],
)  # fmt: skip
def test_a_name_is_of_two_languages(name, languages) -> None:
    assert languages_of(name) == languages


def test_a_pair_goes_by_either_order_and_the_nearest_is_named() -> None:
    told = summary()
    assert known_pair(told, "fr-en") == known_pair(told, "en-fr") == "en-fr"
    with pytest.raises(UnknownPair, match=r"did you mean 'en-fr'.*en-fr, en-th, th-vi"):
        known_pair(told, "en-fi")
    with pytest.raises(UnknownPair, match="pairs of the run: none"):
        known_pair({}, "en-fi")
