"""The scanners against the regular expressions that they stand for."""

from pathlib import Path

import orjson
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex
from tokenizers.pre_tokenizers import Sequence, Split

from formats.pretokenizers.patterns import PATTERNS, splits_of
from formats.pretokenizers.scanner import Scanner

TELLING = (
    "aAbBsStTdDmMlLrReEvVſ'’",
    "  \t\n\r\u00a0\u3000\u2028\x85\x1c",
    "0129٣²〇Ⅳ",
    "!./-_#“。、・゠",
    "中文漢字々〆",
    "ひらがなゝー\u3099",
    "カタカナㇰｶﾞ",
    "กขเแโใไาิ่้ำฯๆ",
    "ກຂເແໂາິ່ໜ",
    "ကခမ္မ်ာ့ဿ",
    "កខ្មែរ្ញំ",
    "éñ\u0301ǅǲʰªßΣσς",
    "한국어자",
    "\u200b\u200d\ufe0f\u00ad👩❤\x00\ue000\U000e0100",
    "हिन्दी",
    "\u0378\u0e3b",
)
"""Characters that the patterns treat differently, by kind."""

TEXTS = st.one_of(
    st.text(st.sampled_from("".join(TELLING)), max_size=40),
    st.sampled_from(TELLING).flatmap(lambda some: st.text(st.sampled_from(some), max_size=80)),
    st.text(max_size=40),
)


def by_regex(splits: tuple[str, ...], text: str) -> list[str]:
    steps = [Split(Regex(split), "isolated") for split in splits]
    return [piece for piece, _ in Sequence(steps).pre_tokenize_str(text)]


def by_scanner(scanner: Scanner, texts: list[str]) -> list[list[str]]:
    data, offsets, ends = scanner.cut(pa.array(texts, pa.large_string()))
    cut: list[list[str]] = [[] for _ in texts]
    start, text = int(offsets[0]), 0
    for end in ends.tolist():
        while end > offsets[text + 1]:
            text += 1
        cut[text].append(data[start:end].tobytes().decode())
        start = end
    return cut


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("digits", ["single", "triple", "free"])
@settings(max_examples=150)
@given(texts=st.lists(TEXTS, max_size=4))
def test_a_scanner_cuts_as_its_expression(name: str, digits: str, texts: list[str]) -> None:
    splits = splits_of(name, digits)  # type: ignore[arg-type]
    scanner = Scanner(splits)
    assert scanner.compiled
    assert by_scanner(scanner, texts) == [by_regex(splits, text) for text in texts]


@pytest.mark.parametrize("name", PATTERNS)
def test_every_character_between_letters_and_alone(name: str) -> None:
    """A letter, the character, a letter, the character, a space: for all of Unicode."""
    codes = [*range(0xD800), *range(0xE000, 0x20000, 3), *range(0x20000, 0x110000, 97)]
    lines = [
        "".join(f"a{chr(code)}b{chr(code)} " for code in codes[start : start + 500])
        for start in range(0, len(codes), 500)
    ]
    scanner = Scanner(splits_of(name))
    assert by_scanner(scanner, lines) == [by_regex(scanner.splits, line) for line in lines]


def test_an_own_expression_goes_through_the_library() -> None:
    scanner = Scanner(splits_of(r"\p{Han}|\P{Han}+"))
    assert not scanner.compiled
    assert by_scanner(scanner, ["ab中文", "", "文c"]) == [["ab", "中", "文"], [], ["文", "c"]]


@pytest.mark.parametrize("name", ["polymill", "o200k"])
def test_development_data(development_data: Path, name: str) -> None:
    """The beginnings of documents of every file."""
    texts = []
    for path in sorted(development_data.glob("*.jsonl.zst")):
        with path.open("rb") as file:
            lines = zstandard.ZstdDecompressor().stream_reader(file).read(1 << 18).splitlines()
        texts += [orjson.loads(line)["text"][:2000] for line in lines[:-1][:20]]
    scanner = Scanner(splits_of(name))
    assert by_scanner(scanner, texts) == [by_regex(scanner.splits, text) for text in texts]
