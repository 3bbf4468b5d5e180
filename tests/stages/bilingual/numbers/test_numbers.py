"""Numbers and dates as values, whatever the language writes."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.bilingual.alignment.units import units_of
from stages.bilingual.alignment.units_kernels import NUMBER
from stages.bilingual.numbers.months import month_names
from stages.bilingual.sentences.segmenting import segment


def numbers(text):
    """The units of a text that are numbers."""
    units = units_of(segment(pa.array([text], pa.large_string()))).units
    return set(units[(units & np.uint64(NUMBER)) != 0].tolist())


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3万", 30_000), ("1.5億", 150_000_000), ("1억 2345만", 123_450_000),
        ("1億2345万6789", 123_456_789), ("5千3百", 5_300), ("2 lakh", 200_000),
        ("2 crore 50 lakh", 25_000_000), ("1,5 Mio", 1_500_000), ("१२ लाख", 1_200_000),
        ("๓ ล้าน", 3_000_000), ("2兆3000億", 2_300_000_000_000), ("1,234", 1234),
    ],
)  # fmt: skip
def test_large_numbers_are_their_value(written, value):
    assert numbers(f"({written})") == numbers(str(value))


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("2 million 300 people", "2000000, 300"),  # no word behind the second
        ("3万人、5人", "30000, 5"),
        ("1.5万2000", "15000, 2000"),  # no whole number of the last word's power below 2000
        ("2万30000", "20000, 30000"),  # larger than the word before
        ("2.4.10万", "2.4.10"),
    ],
)
def test_what_stands_beside_a_large_number_is_another(text, apart):
    assert numbers(text) == numbers(apart)


@given(st.integers(1, 9999), st.integers(1, 9999), st.integers(1, 9999))
def test_terms_of_chinese_and_korean_numbers_add_up(first, second, third):
    value = str(first * 10**8 + second * 10**4 + third)
    assert numbers(f"{first}億{second}万{third}") == numbers(value)
    assert numbers(f"{first}억 {second}만") == numbers(str(first * 10**8 + second * 10**4))


@given(st.integers(1, 99), st.integers(1, 99), st.integers(1, 9999))
def test_terms_of_indian_numbers_add_up(crores, lakhs, rest):
    value = crores * 10**7 + lakhs * 10**5
    assert numbers(f"{crores} crore {lakhs} lakh") == numbers(str(value))
    assert numbers(f"{crores} crore {rest} men") == numbers(f"{crores * 10**7} {rest}")


YEARS = st.integers(1900, 2100)
SAME_DAY = [
    "2020-03-14", "2020年3月14日", "2020년 3월 14일", "14 March 2020", "March 14, 2020",
    "14th of March, 2020", "14. März 2020", "14 mars 2020", "14 de marzo de 2020", "14/3/2020",
    "14 марта 2020 г.", "14 مارس 2020", "14 มีนาคม 2563", "14 มีนาคม พ.ศ. 2563", "๑๔ มีนาคม ๒๕๖๓",
    "ngày 14 tháng 3 năm 2020", "14 मार्च 2020", "14 Μαρτίου 2020", "2020. március 14.",
]  # fmt: skip


@pytest.mark.parametrize("day", SAME_DAY)
def test_a_date_is_three_numbers_in_any_language(day):
    assert numbers(day) == numbers("14, 3, 2020")


@pytest.mark.parametrize("text", ["in March", "May I have 3 of them?", "the march of 5 and 7"])
def test_a_month_without_a_number_beside_it_is_a_word(text):
    assert numbers(text) == numbers(" ".join(filter(str.isdigit, text)))


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "th": "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
    "vi": "tháng-1 tháng-2 tháng-3 tháng-4 tháng-5 tháng-6 tháng-7 tháng-8 tháng-9 tháng-10 "
    "tháng-11 tháng-12",
}  # fmt: skip
AMBIGUOUS = {("pl", 11), ("hi", 5)}
"""listopada is October in Croatian; a name of two letters is left out."""


@given(st.sampled_from(sorted(MONTHS)), st.integers(1, 12), st.integers(13, 31), YEARS)
def test_a_day_is_its_numbers_in_every_language(language, month, day, year):
    if (language, month) in AMBIGUOUS:
        return
    name = MONTHS[language].split()[month - 1]
    assert numbers(f"({day} {name} {year})") == numbers(f"{day}, {month}, {year}")


def test_no_name_is_of_two_months():
    names = month_names()
    assert set(names.values()) == set(range(1, 13))
    assert "listopad" not in names
    assert names["März"] == names["Mart"] == names["มีนาคม"] == 3
