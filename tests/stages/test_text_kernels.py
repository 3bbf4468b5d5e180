"""Decoding UTF-8, two-level tables, and what a character is."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.compile import array_types, kernel
from stages.text_kernels import (
    CLOSING,
    CODE_POINTS,
    DIGIT,
    LETTER,
    MARK,
    SPACELESS,
    TERMINAL,
    before,
    character_classes,
    classify,
    two_level,
)

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""
_t = array_types()


def decoded(text):
    data = np.frombuffer(text.encode(), np.uint8)
    characters = np.zeros(len(data) + 1, np.int64)
    classes = np.zeros(len(data) + 1, np.uint8)
    count = classify(data, *character_classes(), characters, classes)
    return characters[:count].tolist(), classes[:count].tolist()


@exhaustive
@given(st.text())
def test_every_text_is_decoded_to_its_code_points(text):
    assert decoded(text)[0] == [ord(c) for c in text]


@exhaustive
@given(st.characters(exclude_categories=["Cs"]))
def test_letters_marks_and_digits_are_those_of_unicodedata(character):
    (flags,) = decoded(character)[1]
    major = unicodedata.category(character)[0]
    assert (flags & LETTER != 0) == (major == "L")
    assert (flags & MARK != 0) == (major == "M")
    assert (flags & DIGIT != 0) == (major == "N")


@exhaustive
@given(st.lists(st.tuples(st.integers(0, CODE_POINTS - 1), st.integers(0, 255)), max_size=20))
def test_a_two_level_table_is_the_table(entries):
    table = np.zeros(CODE_POINTS, np.uint8)
    for position, value in entries:
        table[position] = value
    index, blocks = two_level(table)
    found = blocks.reshape(-1, 256)[index].reshape(-1)
    assert np.array_equal(found, table)
    assert index[0] == 0


@pytest.mark.parametrize("character", "中かカไທက្ក")
def test_letters_of_spaceless_scripts_are_words_of_their_own(character):
    flags = decoded(character)[1][0]
    assert flags & MARK or flags & SPACELESS


@pytest.mark.parametrize("character", "aжक한ب")
def test_letters_of_spaced_scripts_are_not(character):
    assert decoded(character)[1][0] & SPACELESS == 0


@pytest.mark.parametrize("character", ".!?。！？।॥؟۔።။…")
def test_sentences_end_in_every_script(character):
    assert decoded(character)[1][0] & TERMINAL


@pytest.mark.parametrize("character", ')]」』”’»"')
def test_quotes_and_brackets_may_close_a_sentence(character):
    assert decoded(character)[1][0] & CLOSING


@kernel((_t["u8"], _t["w_i64"]))
def starts_backwards(data, starts):
    count = 0
    position = len(data)
    while position > 0:
        position = before(data, 0, position)
        starts[count] = position
        count += 1
    return count


@exhaustive
@given(st.text())
def test_stepping_back_finds_where_each_character_begins(text):
    data = np.frombuffer(text.encode(), np.uint8)
    starts = np.zeros(len(data) + 1, np.int64)
    count = starts_backwards(data, starts)
    expected = np.cumsum([0] + [len(c.encode()) for c in text])[:-1]
    assert starts[:count][::-1].tolist() == expected.tolist()
