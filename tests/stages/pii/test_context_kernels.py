"""Words before a number."""

import numpy as np
import pytest

from stages.pii.characters_kernels import number_characters
from stages.pii.context_kernels import context_before
from stages.pii.contexts import bit_of, context_words


def groups(text, words=("phone", "ip", "version", "book", "us_ssn", "th_national_id")):
    """What the words before the first ``#`` speak for: (on the line, near)."""
    data = np.frombuffer(text.encode(), np.uint8)
    found, near = context_before(data, 0, text.encode().index(b"#"), context_words())
    return [{word for word in words if int(bits) >> bit_of(word) & 1} for bits in (found, near)]


@pytest.mark.parametrize(
    "text",
    [
        "Tel. #",
        "TELEFON: #",
        "telefonu #",
        "โทร.#",
        "联系电话：#",
        "هاتف: #",
        "وهاتف #",
        "फ़ोन #",
        "Тел.: #",
        "ΤΗΛ. #",
    ],
)
def test_telephone_words_of_many_languages(text):
    assert groups(text)[0] == {"phone"}


@pytest.mark.parametrize(
    "text",
    [
        "hotel #",
        "television #",
        "cellular7 #",
        "/mobile/#",
        "%20mobile #",
        "Tel.\n#",
        "Tel." + " " * 60 + "#",
    ],
)
def test_other_words_other_lines_and_far_words(text):
    assert groups(text)[0] == set()


def test_near_is_what_touches_the_number():
    assert groups("phone: #") == [{"phone"}, {"phone"}]
    assert groups("phone (evenings): #") == [{"phone"}, set()]


def test_a_longer_word_hides_a_shorter_one():
    assert groups("SSN #")[0] == {"us_ssn"}
    assert groups("ISBN-13: #")[0] == {"book"}
    assert groups("เลขประจำตัวประชาชน #")[0] == {"th_national_id"}


def test_characters_are_told_apart():
    index, blocks = number_characters()
    assert len(index) == 0x1100
    assert blocks[ord("7")] == 16 + 7
