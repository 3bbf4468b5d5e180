"""Check digits against plain references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii import checksum_kernels as checks
from stages.pii.shapes_kernels import CHECKS as NAMES
from stages.pii.shapes_kernels import passes

from .number_references import CHECKS, made_number

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""


def judged(check, digits):
    return bool(passes(NAMES.index(check), np.array(digits, np.uint8), 0, len(digits)))


@pytest.mark.parametrize("check", CHECKS)
def test_numbers_made_for_a_check_pass_it(check):
    for seed in range(20):
        assert judged(check, made_number(check, seed)), (check, seed)


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_agrees_with_its_reference_on_any_digits(check):
    size, reference = CHECKS[check]
    draw = np.random.default_rng(size)
    rows = draw.integers(0, 10, (2000, size))
    near = [made_number(check, seed) for seed in range(40)]
    for row, seed in zip(near, range(40), strict=True):
        row[seed % size] = (row[seed % size] + 1) % 10
    for digits in [*rows.tolist(), *near]:
        assert judged(check, digits) == bool(reference(digits)), digits


@exhaustive
@given(st.lists(st.integers(0, 9), min_size=2, max_size=24), st.integers(0, 23), st.integers(1, 9))
def test_luhn_and_verhoeff_notice_one_wrong_digit(digits, place, change):
    for check in (checks.luhn, checks.verhoeff):
        right = next(
            made
            for last in range(10)
            if check(np.array(made := [*digits, last], np.uint8), 0, len(digits) + 1)
        )
        wrong = list(right)
        wrong[place % len(wrong)] = (wrong[place % len(wrong)] + change) % 10
        assert not check(np.array(wrong, np.uint8), 0, len(wrong))


@pytest.mark.parametrize(
    ("digits", "letter"), [("12345678", "Z"), ("00000001", "R"), ("99999999", "R")]
)
def test_a_spanish_number_ends_with_the_letter_of_its_rest(digits, letter):
    values = [*map(int, digits), ord(letter) - 55]
    assert judged("es_dni", values)
    values[-1] = 10 + (values[-1] - 9) % 26
    assert not judged("es_dni", values)


def test_a_chinese_number_may_end_with_x():
    assert judged("cn_resident_id", [*map(int, "11010519491231002"), 33])
    assert not judged("cn_resident_id", [*map(int, "110105194912310020")])


def test_a_finnish_number_ends_with_one_of_thirty_one_signs():
    assert judged("fi_hetu", [*map(int, "131052308"), ord("T") - 55])
    assert not judged("fi_hetu", [*map(int, "131052308"), ord("S") - 55])
    assert judged("fi_hetu", [*map(int, "2402931298")])
    assert not judged("fi_hetu", [*map(int, "2402931291")])


def test_a_belgian_day_of_birth_may_be_unknown_and_the_month_that_of_a_foreigner():
    assert judged("be_national_number", [*map(int, "40000095579")])
    assert judged("be_national_number", [*map(int, "85473000149")])
    assert not judged("be_national_number", [*map(int, "85133000105")])


def test_a_czech_number_of_the_fifties_may_have_a_zero_for_a_ten():
    assert judged("cz_rodne_cislo", [*map(int, "7801230020")])
    assert not judged("cz_rodne_cislo", [*map(int, "8801230010")])


@exhaustive
@given(st.lists(st.integers(0, 35), min_size=1, max_size=34))
def test_mod_97_is_that_of_the_number_written_out(characters):
    written = int("".join(map(str, characters)))
    assert checks.mod97(np.array(characters, np.uint8), len(characters)) == written % 97
