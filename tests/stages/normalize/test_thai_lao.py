"""Thai and Lao mark order: the rules by example, and that sound text stays."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.normalize.thai_lao import order_marks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("น\u0e4dา", "นำ"),  # nikhahit + sara aa
        ("น\u0e4d\u0e49า", "น้ำ"),
        ("น\u0e49\u0e4dา", "น้ำ"),
        ("น\u0e33\u0e49", "น้ำ"),  # tone mark after sara am
        ("เเละ เเข็ง", "และ แข็ง"),  # sara e twice
        ("ท\u0e48\u0e35", "ที่"),  # tone mark before the vowel
        ("พันธ\u0e4c\u0e38", "พันธุ์"),  # thanthakhat before the vowel
        ("ต\u0e49\u0e31\u0e49ง", "ตั้ง"),  # the same mark on both sides
        ("ที\u0e48\u0e35", "ที่"),
        ("ບຸນຫົດນ\u0ecd\u0ec9\u0eb2", "ບຸນຫົດນ້ຳ"),
        ("ເເຂງ ທ\u0ec8\u0eb5", "ແຂງ ທີ່"),
        ("ยุทธ\uf70e ป\uf701\uf70b", "ยุทธ์ ปิ้"),  # glyphs of old fonts
    ],
)
def test_rule(text, expected):
    assert order_marks(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "น้ำ ที่ เก่า เก้า แปล กุ้ง ปั๊ม พันธุ์ สิทธิ์ ฤๅษี",
        "มากกกก้้้ นะค่ะะะ",  # lengthened on purpose
        "เเเเ เ เ",  # no word
        "เพื\u0e48\u0e34อ",  # two vowels: no telling which was meant
        "ນ້ຳ ທີ່ ແຂງ",
        "\uf0b7 bullet \uf701",  # private use of others
    ],
)
def test_other_text_stays(text):
    assert order_marks(text) == text


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("กนทเแาำิีุ่้์ํ็ນທເຳາໍ້ີ่a \uf701\uf70e"), max_size=14))
def test_order_is_final_and_loses_no_letter(text):
    ordered = order_marks(text)
    assert order_marks(ordered) == ordered
    letters = [c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) == "Lo"]
    if "เ" not in text and "ເ" not in text:
        again = [
            c for c in unicodedata.normalize("NFKD", ordered) if unicodedata.category(c) == "Lo"
        ]
        assert again == letters
