"""Addresses around an at sign."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii.characters_kernels import number_characters
from stages.pii.email_kernels import NOT_DOMAINS, email_at, in_address_of_page, is_version_part

exhaustive = settings(deadline=None, max_examples=300)
"""A shared machine may pause for longer than hypothesis' deadline."""

ADDRESS = re.compile(
    r"(?<![A-Za-z0-9._%+'@-])(?P<local>[A-Za-z0-9_][A-Za-z0-9_]*(?:[.%+'-][A-Za-z0-9_]+)*)"
    r"@(?P<domain>(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})(?![A-Za-z0-9@(:._-])"
)
"""The reference: ASCII addresses that nothing joins on either side."""


def address(text):
    """The address around the first at sign, or None."""
    data = np.frombuffer(text.encode(), np.uint8)
    at = text.encode().replace("＠".encode(), b"@\0\0").index(b"@")
    after = at + (1 if data[at] == 0x40 else 3)
    begin, end = email_at(data, 0, at, after, len(data), number_characters())
    return data[begin:end].tobytes().decode() or None


@pytest.mark.parametrize(
    "found",
    [
        "marjorie.pell@example.org",
        "a_b-c+news@mail.example.co.uk",
        "12345@qq.com",
        "jürgen.müller@bücher.example",
        "иван@почта.рф",
        "χρήστης@παράδειγμα.ελ",
        "用户@例子.中国",
        "x@xn--bcher-kva.xn--p1ai",
        "lin＠example.org",
    ],
)
@pytest.mark.parametrize("frame", ["{}", "<{}>", "mailto:{}", "schreib an {}.", "'{}',", "({})"])
def test_addresses_are_found_in_all_scripts(found, frame):
    assert address(frame.format(found)) == found


def test_an_address_stays_within_its_script():
    assert address("请发邮件到lin.qiao@example.org，谢谢") == "lin.qiao@example.org"
    assert address("발송은 ivan@example.com으로") == "ivan@example.com"
    assert address("參與者發送給12345@example.org") == "12345@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "ftp://me@example.org/pub",
        "postgres://user:secret@db.example.org/x",
        "git clone git@example.org:team/repo.git",
        "icon@2x.png",
        "getty@tty1.service",
        "lodash@4.17.21",
        "react-dom@18.2.0-rc.next",
        "self.w@x.mean()",
        "@team at home",
        "name (at) example.org @ home",
        "me@localhost",
        "me@example.c",
        "จะ@พอดี.อยากเหมือนกัน",
        ".@example.org",
        "x" * 65 + "@example.org",
    ],
)
def test_what_is_no_address_is_left_alone(text):
    assert address(text) is None


PARTS = ["a", "b1", "Z", "_", ".", "-", "+", "'", " ", "org", "com", "x", "9", "(", ":", "/"]


@exhaustive
@given(
    st.lists(st.sampled_from(PARTS), max_size=8).map("".join),
    st.lists(st.sampled_from([p.lower() for p in PARTS]), max_size=8).map("".join),
)
def test_ascii_addresses_agree_with_a_regular_expression(left, right):
    text = f"{left}@{right}"
    match = ADDRESS.search(text)
    if match is None:
        return
    labels = match["domain"].split(".")
    first, second = (label.encode() for label in labels[:2])
    versions = [
        is_version_part(np.frombuffer(label, np.uint8), 0, len(label)) for label in (first, second)
    ]
    if labels[-1] in NOT_DOMAINS or all(versions) or len(match["local"]) > 64:
        return
    begin = match.start()
    if in_address_of_page(np.frombuffer(text.encode(), np.uint8), 0, begin):
        return
    assert address(text) == match[0]


@exhaustive
@given(st.text("aé9.-_@ 中ก٣", max_size=12), st.text("aé9.-@ 中ก٣", max_size=12))
def test_an_address_is_cut_from_the_text_and_has_both_parts(left, right):
    text = f"{left}@{right}"
    data = np.frombuffer(text.encode(), np.uint8)
    at = len(left.encode())
    begin, end = email_at(data, 0, at, at + 1, len(data), number_characters())
    found = data[begin:end].tobytes().decode()  # raises where a character is cut in two
    assert found == "" or (begin < at < end and "." in found.split("@")[1])
