"""Units: what the languages are compared by."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.bilingual.alignment.units import Units, units_of
from stages.bilingual.alignment.units_kernels import MOST_UNITS, NUMBER
from stages.bilingual.sentences.segmenting import segment


def units(text: str) -> Units:
    return units_of(segment(pa.array([text], pa.large_string())))


def same(one: str, other: str) -> bool:
    return set(units(one).units.tolist()) == set(units(other).units.tolist())


@pytest.mark.parametrize(
    "number", ["1,234", "1.234", "1\u202f234", "١٢٣٤", "१२३४", "๑๒๓๔", "１２３４", "01234"]
)
def test_a_number_is_its_digits_in_any_script(number: str) -> None:
    assert same(number, "1234")
    assert units(number).units[0] & np.uint64(NUMBER)


def test_numbers_that_only_stand_beside_each_other_are_two() -> None:
    assert len(units("12 34").units) == 2
    assert same("12, 34.", "12 34")
    assert not same("12", "120")


def test_a_word_is_its_beginning() -> None:
    assert same("Translation", "translating")  # six letters
    assert same("переводчик", "перевода")  # five of Cyrillic
    assert not same("trained", "transit")
    assert same("الكتاب", "كتاب")  # the article
    assert same("والكتاب", "كتاب")
    assert same("كِتَاب", "كتاب")  # vowel marks


def test_scripts_without_spaces_and_hangul_are_pairs_of_characters() -> None:
    assert len(units("机器翻译").units) == 3
    assert same("机器 翻译", "翻译 机器")
    assert len(units("ที่นี่").units) == 1  # two letters, each with two marks
    assert len(units("번역가").units) == 2
    assert len(units("人").units) == 1


def test_a_mixed_sentence() -> None:
    found = units("Raspberry Pi 4 的价格")
    assert len(found.units) == 5  # raspbe, pi, 4, two pairs of 的价格
    assert found.lengths.tolist() == [18]


def test_a_unit_has_its_place() -> None:
    found = units("one two one three")
    assert sorted(found.places.tolist()) == [0, 4 * 256 // 17, 12 * 256 // 17]


@given(st.text(st.sampled_from("aB1 ٣,.的格กาู한국é́ا\n"), max_size=300))
def test_units_are_sorted_and_distinct(text: str) -> None:
    found = units(text)
    for first, last in zip(found.offsets[:-1], found.offsets[1:], strict=True):
        assert last - first <= MOST_UNITS
        assert np.all(np.diff(found.units[first:last].astype(object)) > 0)


def test_room_for_units_grows_and_long_sentences_are_cut() -> None:
    text = " ".join(f"{n}x" for n in range(500)) + "\n" + "1 2 3 4 5 6 7 8 9\n" * 300
    found = units(text)
    assert found.offsets[1] == MOST_UNITS
    assert len(found.units) == MOST_UNITS + 9 * 300
