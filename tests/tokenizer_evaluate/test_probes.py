import orjson
import pytest

from formats.pretokenizers.patterns import Digits, splits_of
from tokenizer_evaluate.candidates import Candidate, make_candidate
from tokenizer_evaluate.probes import CODE, NUMBERS, indentation_tokens, probe, shown
from tokenizer_evaluate.published import from_ranks

DIGITS = [f"{n:0{width}}".encode() for width in (2, 3) for n in range(10**width)]


def tokenizer(tokens: list[bytes], digits: Digits = "triple") -> Candidate:
    known = [bytes([byte]) for byte in range(256)]
    ranks = {token: rank for rank, token in enumerate([*known, *tokens])}
    definition = from_ranks(ranks, splits_of("llama3", digits))
    return make_candidate("x", "x", orjson.dumps(definition))


@pytest.mark.parametrize(("digits", "most"), [("single", 1), ("triple", 3), ("free", 3)])
def test_digits_in_a_token(digits: Digits, most: int) -> None:
    assert probe(tokenizer(DIGITS, digits))["digits_at_most"] == most


def test_indentation() -> None:
    candidate = tokenizer([b" " * 2, b" " * 3, b" " * 7])
    # The last blank of an indentation goes with the word behind it.
    assert [indentation_tokens(candidate, n) for n in (1, 2, 3, 4, 8)] == [1, 2, 2, 2, 2]


def test_every_probe_is_whole(small: Candidate) -> None:
    found = probe(small)
    assert "".join(found["code"]) == CODE
    assert set(found["numbers"]) == set(NUMBERS)
    assert "".join(found["numbers"]["2026-11-21"]) == "2026-11-21"


def test_broken_characters_are_shown_as_bytes() -> None:
    assert shown(["é".encode(), "é".encode()[:1]]) == ["é", "<C3>"]
