"""The filter of languages: numbers instead of codes, and rules that hide."""

from pipeline.report.language_filter import MOST, LanguageFilter

HOSTILE = '"><script>alert(1)</script>'


def test_a_language_is_a_number_wherever_it_stands() -> None:
    languages = LanguageFilter(["en", "th", HOSTILE])
    assert languages.row(HOSTILE) == "r l3"
    assert languages.drawing(HOSTILE) == "only l3"
    assert "<script>" not in languages.control()
    assert "script" not in languages.style()


def test_languages_beyond_the_most_are_one_choice() -> None:
    languages = LanguageFilter([f"x{n}" for n in range(MOST + 5)])
    assert languages.row(f"x{MOST}") == languages.row("unheard-of") == f"r l{MOST + 1}"
    assert languages.control().count("<input") == MOST + 2  # all, each, others


def test_names_of_components_and_pairs_are_told_from_others() -> None:
    languages = LanguageFilter(["en", "zh-Hans", "th"])
    assert languages.row_of("th") == "r l3"
    assert languages.row_of("en-th") == "r l1 l3"
    assert languages.row_of("zh-Hans") == "r l2"
    assert languages.row_of("parallel") == ""  # belongs to no language: never hidden


def test_every_choice_hides_what_is_of_others_and_shows_one_drawing() -> None:
    style = LanguageFilter(["en", "th"]).style()
    assert "body:has(#lang-0:checked) .only:not(.l0)" in style
    assert "#lang-0:checked) .r" not in style  # all rows are seen with all languages
    assert "body:has(#lang-2:checked) .r:not(.l2)" in style
    assert "body:has(#lang-2:checked) .only:not(.l2)" in style
