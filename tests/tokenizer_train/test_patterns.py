import pytest
from tokenizers import Regex, pre_tokenizers

from tokenizer_train.patterns import PATTERNS, pattern_of


def pieces(text: str, name: str, digits: str | None = None) -> list[str]:
    split = pre_tokenizers.Split(Regex(pattern_of(name, digits)), "isolated")  # type: ignore[arg-type]
    return [piece for piece, _ in split.pre_tokenize_str(text)]


def test_patterns_are_those_of_public_tokenizers() -> None:
    assert pattern_of("qwen2") == (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    assert pattern_of("gpt2") == (
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    )
    assert pattern_of("llama3") == pattern_of("cl100k") == pattern_of("qwen2", "triple")


def test_o200k_keeps_combining_marks_in_their_word() -> None:
    assert pieces("हिन्दी", "o200k") == ["हिन्दी"]
    assert len(pieces("हिन्दी", "llama3")) > 1


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        (None, ["pi", " ", "314", "15"]),
        ("triple", ["pi", " ", "314", "15"]),
        ("single", ["pi", " ", "3", "1", "4", "1", "5"]),
        ("free", ["pi", " ", "31415"]),
    ],
)
def test_digits_in_a_piece(digits: str | None, expected: list[str]) -> None:
    assert pieces("pi 31415", "o200k", digits) == expected


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("digits", [None, "single", "triple", "free"])
def test_a_pattern_loses_nothing(name: str, digits: str | None) -> None:
    text = "Don't  panic:\t42 towels,\r\n\r\n ١٢٣ 日本語 ไทย e\u0301 👩‍👩‍👧 \x00 ½"
    assert "".join(pieces(text, name, digits)) == text


def test_an_own_expression_is_taken_as_it_is() -> None:
    assert pattern_of(r"\p{Han}|\P{Han}+") == r"\p{Han}|\P{Han}+"


def test_mistakes_say_what_would_be_valid() -> None:
    with pytest.raises(ValueError, match="did you mean 'o200k'"):
        pattern_of("o20k")
    with pytest.raises(ValueError, match="Oniguruma"):
        pattern_of("(")
    with pytest.raises(ValueError, match="say it in your own regular expression"):
        pattern_of(r"\w+|\W+", "single")
