import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.token_kinds import PARTS, SPECIAL, scripts
from tokenizer_evaluate.candidates import Candidate, make_candidate
from tokenizer_evaluate.published import from_ranks
from tokenizer_evaluate.vocabulary import (
    census,
    find_unreachable,
    holds_several_words,
    is_part_of_one,
)

BYTES = [bytes([byte]) for byte in range(256)]


def vocabulary(tokens: list[bytes]) -> Candidate:
    ranks = {token: rank for rank, token in enumerate([*BYTES, *tokens])}
    definition = from_ranks(ranks, (r"\p{L}+|[^\p{L}]+",))
    return make_candidate("x", "x", orjson.dumps(definition))


def no_use(candidate: Candidate) -> np.ndarray:
    return np.zeros(candidate.vocab_size, np.int64)


def test_tokens_by_kind(small: Candidate) -> None:
    found = census(small, no_use(small))
    assert sum(found["by_script"].values()) == found["vocab_size"] == 500
    assert found["by_script"][SPECIAL] == 2 and found["by_script"][PARTS] >= 128
    assert found["by_script"]["Thai"] > 10 and found["by_script"]["Latin"] > 60
    assert found["single_byte_parts"] == 128
    assert found["parts_joined_to_others"] == 0  # merges are aligned
    assert found["never_used"] == found["ordinary"] == 498


def test_broken_characters_and_several_words() -> None:
    e, thai = "é".encode(), "ก".encode()
    candidate = vocabulary([thai[:2], thai, b" " + e[:1], b"of", b" t", b"of t", b"a1", b"1234"])
    found = census(candidate, no_use(candidate))
    assert found["parts_of_one_character"] == 1 and found["parts_joined_to_others"] == 1
    assert found["several_words"] == 1 and found["several_words_examples"] == ["of t"]
    assert found["digits_with_letters"] == 1 and found["longest_digits"] == 4
    assert found["longest"][0]["text"] in ("of t", "1234")


def test_tokens_that_no_text_becomes() -> None:
    # "of t" is cut before it could be joined; "bc" cannot be: it is made of no two tokens.
    candidate = vocabulary([b"of", b" t", b"of t", b"ab", b"abcd"])
    texts = [spelled.decode("latin-1") for spelled in candidate.token_bytes]
    names = [candidate.token_bytes[token] for token in find_unreachable(candidate, texts[:128])]
    assert names == []
    unreachable = find_unreachable(candidate, [None] * 256 + texts[256:])
    assert [candidate.token_bytes[token] for token in unreachable] == [b" t", b"of t"]


def test_used_rarely_and_never(small: Candidate) -> None:
    counts = no_use(small)
    counts[:3] = 1, 9, 10
    found = census(small, counts)
    assert (found["rarely_used"], found["never_used"]) == (2, 495)


@given(st.characters(min_codepoint=0x80, exclude_categories=["Cs"]), st.data())
def test_a_stretch_of_one_character_is_part_of_one(character: str, data: st.DataObject) -> None:
    whole = character.encode()
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    if end - start < len(whole):
        assert is_part_of_one(whole[start:end])
        assert not is_part_of_one(b"a" + whole[start:end])
        assert not is_part_of_one(whole + whole[start:end])
        assert not is_part_of_one(whole[start:end] + whole)


@pytest.mark.parametrize(
    ("text", "several"),
    [("of the", True), (" don't", False), ("l’eau", False), ("3.14", True), ("...", False),
     ("ab.", False), ("คำไทย", False), ("हिन्दी", False), ("a_b", True), ("\n\nIt", False)],
)  # fmt: skip
def test_several_words(text: str, several: bool) -> None:
    assert holds_several_words(text) == several


@pytest.mark.parametrize(
    ("character", "script"),
    [("a", "Latin"), ("ß", "Latin"),
     ("я", "Cyrillic"), ("ก", "Thai"), ("中", "Han"), ("ク", "Kana"),
     ("한", "Hangul"), ("ि", "Devanagari"), ("١", ""), ("!", ""), ("\u0301", "other letters")],
)  # fmt: skip
def test_scripts(character: str, script: str) -> None:
    table, names = scripts()
    assert names[table[ord(character)]] == script
