import numpy as np
import pytest
from tokenizers import Regex, pre_tokenizers

from formats.pretokenizers.patterns import PATTERNS, name_of, splits_of


def pieces(text: str, name: str, digits: str | None = None) -> list[str]:
    splits = [pre_tokenizers.Split(Regex(part), "isolated") for part in splits_of(name, digits)]
    return [piece for piece, _ in pre_tokenizers.Sequence(splits).pre_tokenize_str(text)]


def test_patterns_are_those_of_public_tokenizers() -> None:
    assert splits_of("qwen2") == (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    )
    assert splits_of("gpt2") == (
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    )
    assert splits_of("llama3") == splits_of("qwen2", "triple")


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
    assert splits_of(r"\p{Han}|\P{Han}+") == (r"\p{Han}|\P{Han}+",)


def test_mistakes_say_what_would_be_valid() -> None:
    with pytest.raises(ValueError, match="did you mean 'o200k'"):
        splits_of("o20k")
    with pytest.raises(ValueError, match="Oniguruma"):
        splits_of("(")
    with pytest.raises(ValueError, match="say it in your own regular expression"):
        splits_of(r"\w+|\W+", "single")


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_known_by_its_expressions(name: str) -> None:
    known = name_of(splits_of(name))
    assert known is not None and splits_of(*known) == splits_of(name)
    assert name_of((r"\w+",)) is None


def test_cl100k_keeps_the_blank_end_of_a_text_whole() -> None:
    assert pieces("end\n  ", "cl100k") == ["end", "\n  "]
    assert pieces("end\n  ", "llama3") == ["end", "\n", "  "]


def test_deepseek_cuts_out_digits_and_han_first() -> None:
    assert pieces("第12345回の 目", "deepseek") == ["第", "123", "45", "回の", " ", "目"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a cut falls where hiragana ends and Han begins
        ("日本語の文章を読みます", ["日本語の", "文章を", "読みます"]),
        ("コンピュータで計算する", ["コンピュータで", "計算する"]),
        # a sign or space before a run stays with it, as in o200k
        ("他说，我们走吧", ["他说", "，我们走吧"]),
        # at most 16 Han characters, at most 32 of a script of South-East Asia
        ("一" * 40, ["一" * 16, "一" * 16, "一" * 8]),
        # a long Thai run is cut before the last leading vowel within reach
        ("กา" * 12 + "เก" + "า" + "ก" * 10, ["กา" * 12, "เกา" + "ก" * 10]),
        # and where there is none, before a letter, never before a mark or a stacked letter
        ("ក្ក" * 12, ["ក្ក" * 10, "ក្ក" * 2]),
        # other scripts are cut as o200k cuts them
        ("हिन्दी में लिखा", ["हिन्दी", " में", " लिखा"]),
        ("ABC中文abc", ["ABC", "中文", "abc"]),
    ],
)
def test_our_cuts(text: str, expected: list[str]) -> None:
    assert pieces(text, "polymill") == expected


@pytest.mark.parametrize("text", ["Déjà vu, 日本語とไทย!", "ในประเทศไทย 2567", "그는 한국어를"])
def test_our_cuts_keep_all_of_o200k_s(text: str) -> None:
    def borders(name: str) -> set[int]:
        return set(np.cumsum([len(piece) for piece in pieces(text, name)]).tolist())

    assert borders("o200k") <= borders("polymill")
