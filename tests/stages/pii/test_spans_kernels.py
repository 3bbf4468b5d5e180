"""Reading groups of digits."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii import shapes_kernels as shapes
from stages.pii.characters_kernels import next_trigger, number_characters
from stages.pii.spans_kernels import (
    SPAN_DIGITS,
    SPAN_GROUPS,
    Span,
    is_date,
    is_thousands,
    read_span,
)

exhaustive = settings(deadline=None, max_examples=300)
SIGNS = {
    "": shapes.NOTHING,
    " ": shapes.BLANK,
    "-": shapes.HYPHEN,
    ".": shapes.DOT,
    "/": shapes.SLASH,
}


def new_span():
    return Span(np.zeros(SPAN_DIGITS + 32, np.uint8), *(np.zeros(64, np.int64) for _ in range(5)))


def spelled(text, opened=False):
    """(groups as text, what stands between, final letter) of the span that begins a text."""
    span = new_span()
    data = np.frombuffer(text.encode(), np.uint8)
    at = 1 if opened else 0
    groups, letter = read_span(data, at, len(data), opened, span, number_characters())
    values = "".join(map(str, span.digits.tolist()))
    parts = [
        values[f : f + s] for f, s in zip(span.firsts[:groups], span.sizes[:groups], strict=True)
    ]
    gaps = [int(gap) for gap in span.gaps[:groups]]
    return parts, gaps, chr(letter + 55) if letter >= 0 else ""


@exhaustive
@given(
    st.lists(
        st.tuples(st.from_regex(r"\A[0-9]{1,6}\Z"), st.sampled_from([" ", "-", ".", "/"])),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["", " ", ".", ", 5", "\n7", "  8", ": 9"]),
)
def test_groups_agree_with_a_regular_expression(pieces, tail):
    text = "".join(digits + sign for digits, sign in pieces)[:-1] + tail
    run = re.match(r"\d+(?:[ ./-]\d+)*", text)[0]
    parts = re.findall(r"\d+", run)
    gaps = [SIGNS[sign] for sign in re.findall(r"[ ./-]", run)]
    assert spelled(text)[:2] == (parts, [*gaps, shapes.NOTHING])


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("٠٥٣-٧١١", ["053", "711"]),
        ("०९८ ७६५", ["098", "765"]),
        ("๐๕๓-๗๑๑", ["053", "711"]),
        ("０３－１２３４", ["03", "1234"]),
        ("030\u00a012\u201134", ["030", "12", "34"]),
    ],
)
def test_digits_and_signs_of_all_scripts_count(text, digits):
    assert spelled(text)[0] == digits


def test_brackets_hold_one_group():
    assert spelled("49 (0)30 12")[:2] == (
        ["49", "0", "30", "12"],
        [shapes.OPEN, shapes.CLOSE, shapes.BLANK, shapes.NOTHING],
    )
    assert spelled("(212) 555", opened=True)[1][0] == shapes.CLOSE
    assert spelled("123 (45 6)")[0] == ["123"]
    assert spelled("123 (45)")[0] == ["123"]


def test_a_final_letter_is_told():
    assert spelled("12345678Z.")[2] == "Z"
    assert spelled("12345678-Z")[2] == "Z"
    assert spelled("12345678ZA")[2] == ""
    assert spelled("12345678 is")[2] == ""


def test_a_table_of_numbers_is_cut_into_spans():
    assert len(spelled(" ".join(["7"] * 100))[0]) == SPAN_GROUPS
    assert len(spelled("1" * 300)[0]) == 1


def ask(judge, text):
    span = new_span()
    data = np.frombuffer(text.encode(), np.uint8)
    groups, _ = read_span(data, 0, len(data), False, span, number_characters())
    return judge(0, groups, span)


@pytest.mark.parametrize(
    "text",
    [
        "31.12.1999",
        "2024-01-31",
        "1990-1995",
        "08.00-16.30",
        "12 30 45",
        "1/2/2003",
        "2013/05/09/306",
    ],
)
def test_dates_times_and_years(text):
    assert ask(is_date, text)


@pytest.mark.parametrize(
    "text", ["020 7946 0321", "01 99 00 27 35", "2382 0000", "555-010-0000", "12"]
)
def test_what_is_no_date(text):
    assert not ask(is_date, text)


def test_thousands():
    assert ask(is_thousands, "1 234 567")
    assert ask(is_thousands, "12.345.678")
    assert not ask(is_thousands, "1 234 56")
    assert not ask(is_thousands, "1234 567 890")


@exhaustive
@given(st.text("a .é中ก한3٣๓３@＠\U0001d7d9😀", max_size=60))
def test_the_next_trigger_is_the_next_digit_or_at_sign(text):
    data = np.frombuffer(text.encode() or b" ", np.uint8)[: len(text.encode())]
    hits = [k for k, c in enumerate(text) if c.isdecimal() or c in "@＠"]
    place = next_trigger(data, 0, len(data), number_characters())
    expected = len(text[: hits[0]].encode()) if hits else len(data)
    assert place == expected
