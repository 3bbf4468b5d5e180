"""What a classifier reads of a text, against a plain reference."""

import re
import unicodedata
from itertools import groupby

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.quality_model import tokens_kernels as kernels
from stages.quality_model.tokens import character_kinds, flat, prepared
from stages.text_kernels import SPACELESS, character_classes

from ..language_texts import any_text

SPACELESS_LETTER = (flat(*character_classes()) & SPACELESS) != 0


def kind_of(character):
    category = unicodedata.category(character)
    if character == "\n":
        return "newline"
    if character.isspace():
        return "blank"
    if SPACELESS_LETTER[ord(character)]:
        return "syllable"
    if category[0] in "LM":
        return {"L": "letter", "M": "mark"}[category[0]]
    if category in ("Nd", "Nl", "No"):
        return "number" if category == "Nd" else None
    return "skipped" if category in ("Cc", "Cf", "Cs") else "symbol"


def reference(text):
    """Tokens of a text in three plain steps: characters, runs, spellings."""
    tokens, gap = [], True
    for character in text:
        kind = kind_of(character)
        if kind == "skipped":
            continue
        if kind == "blank":
            gap = True
            continue
        open_kind, written = tokens[-1] if tokens else ("", "")
        if kind == "newline":
            same = open_kind == "newline"
        else:
            same = not gap and (
                (kind == "mark" and open_kind in ("letter", "syllable"))
                or (kind in ("letter", "number") and open_kind == kind)
                or (kind == "symbol" and written[:1] == character)
            )
        if same:
            tokens[-1] = (open_kind, written + character)
        else:
            tokens.append(("letter" if kind == "mark" else kind, character))
        gap = False
    return [spelled(kind, written) for kind, written in tokens]


def spelled(kind, written):
    if kind == "newline":
        return "¶" * min(len(written), 2)
    if kind == "number":
        return "0" * min(len(written), kernels.DIGITS)
    if kind == "symbol":
        return lower(written[: kernels.REPEATS])
    short, size = "", 0
    for character in map(lower, written):
        if size >= kernels.LONGEST:
            break
        short, size = short + character, size + len(character.encode())
    return short


def lower(text):
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def tokens(text, **options):
    [found] = prepared(pa.array([text], pa.large_string()), **options).to_pylist()
    assert found == "" or found.endswith(" ")
    return found.split(" ")[:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See http://a.b/12345!", "see http : // a . b / 0000 !"),
        ("Ένα ДВА\n\n\nthree", "ένα два ¶¶ three"),
        ("- one\n- two", "- one ¶ - two"),
        ("ภาษาไทย", "ภ า ษ า ไ ท ย"),
        ("กิน น้ำ", "กิ น น้ ำ"),  # marks stay with their letter
        ("中文 かな", "中 文 か な"),
        ("हिन्दी में", "हिन्दी में"),
        ("so-so ----- !!", "so - so --- !!"),
        ("a\u200db\u00adc\ufeff", "abc"),
        ("__label__x </s>", "__ label __ x < / s >"),  # nothing that fastText reads apart
        ("v2 3.14", "v 0 0 . 00"),
        ("", ""),
        (" \t\u3000", ""),
    ],
)
def test_what_the_tokens_are(text, expected):
    assert tokens(text) == expected.split()


def test_a_token_is_never_long():
    assert tokens("A" * 1000 + " é" + "é" * 100) == ["a" * 60, "é" * 30]


@given(any_text)
def test_any_text_has_the_reference_s_tokens(text):
    text = "".join(c for c in text if kind_of(c) is not None)  # ¾, Ⅷ: letters or digits by class
    assert tokens(text) == reference(text)


def test_every_character_has_a_kind_and_its_lower_case():
    entries = flat(*character_kinds())
    kinds = (entries & np.uint64(255)).astype(int)
    for character in "aZé語กा٣4.€\n \u200b":
        name = {"newline": "NEWLINE", "blank": "BLANK", "skipped": "SKIPPED"}.get(
            kind_of(character), kind_of(character).upper()
        )
        assert kinds[ord(character)] == getattr(kernels, name), character
    spelled_as = int(entries[ord("É")]) >> kernels.KIND_BITS
    assert spelled_as.to_bytes(2, "little").decode() == "é"


def test_a_long_text_is_read_in_windows_spread_over_it():
    text = " ".join(f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(600))
    read = tokens(text, windows=3, window_bytes=40)
    places = [text.split().index(word) for word in read if len(word) == 3]
    runs = [[p for _, p in run] for _, run in groupby(enumerate(places), lambda e: e[1] - e[0])]
    assert [round(np.mean(run) / 600, 1) for run in runs] == [0.2, 0.5, 0.8]
    assert 3 * 40 - 20 <= sum(len(word) + 1 for word in read) <= 3 * 40 + 10
    assert tokens(text, windows=3, window_bytes=800) == tokens(text)  # short enough to be whole


@given(st.text(max_size=200), st.integers(1, 5), st.integers(40, 90))
def test_windows_end_between_characters(text, windows, size):
    [found] = prepared(pa.array([text], pa.large_string()), "none", windows, size).to_pylist()
    encoded = text.encode()
    if len(encoded) <= windows * size:
        assert found == text + " "
    else:
        assert len(found.encode()) <= windows * (size + 4)
        assert all(part in text for part in found.split(" "))


def test_only_wanted_texts_are_read_and_none_leaves_them_alone():
    column = pa.array(["One.", "Two.", None], pa.large_string())
    wanted = np.array([False, True, True])
    assert prepared(column, wanted=wanted).to_pylist() == ["", "two . ", ""]
    assert prepared(column, "none") is column
    sliced = column[1:]
    assert prepared(sliced).to_pylist() == ["two . ", ""]


def test_no_two_tokens_share_a_space():
    assert not re.search("  ", " ".join(tokens("a  b \n \n c . . d")))
