"""What a character is to a deduplication key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.dedup.folding import (
    CLUSTER,
    DIGIT,
    MARK,
    SEPARATOR,
    SKIPPED,
    WORD,
    fold,
    fold_table,
    kind,
)


@pytest.mark.parametrize(
    ("char", "expected"),
    [("a", WORD), ("_", SEPARATOR), ("٣", WORD + DIGIT), ("ก", CLUSTER), ("่", MARK),
     ("漢", CLUSTER), ("ﾊ", CLUSTER), ("\u064b", SKIPPED), ("\u200d", SKIPPED), ("ㅋ", WORD)],
)  # fmt: skip
def test_kinds(char, expected):
    assert kind(char) == expected


@pytest.mark.parametrize(
    ("char", "folded"),
    [("A", "a"), ("Σ", "σ"), ("ς", "σ"), ("Ａ", "a"), ("ﾊ", "ハ"), ("ﻛ", "ك"), ("１", "1"),
     ("K", "k"), ("ß", "ß"), ("²", "²"), ("ﷲ", "ﷲ"), ("ㅋ", "ㅋ"), ("ำ", "ำ")],
)  # fmt: skip
def test_folding_maps_one_character_to_one(char, folded):
    assert fold(char) == folded


@given(st.characters(exclude_categories=("Cs",)))
def test_the_table_equals_the_functions(char):
    table = fold_table()
    entry = int(table.pages[ord(char) >> 8]) * 256 + (ord(char) & 255)
    assert table.kinds[entry] & 15 == kind(char)
    if kind(char) in (SEPARATOR, SKIPPED):
        assert table.folded[entry] == 0
    else:
        spelling = fold(char).encode()
        assert table.kinds[entry] >> 4 == len(spelling)
        assert int(table.folded[entry]) == int.from_bytes(spelling, "little")


@given(st.characters(exclude_categories=("Cs",)))
def test_folding_twice_changes_nothing_more(char):
    assert fold(fold(char)) == fold(char)


def test_kinds_fit_beside_lengths():
    assert max(SEPARATOR, WORD, CLUSTER, MARK, SKIPPED) < DIGIT == 8
