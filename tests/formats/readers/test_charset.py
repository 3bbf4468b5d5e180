"""Encodings: said, shown, or found; and when nobody can tell."""

import hashlib
import json
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from formats.readers.charset import (
    Undecodable,
    charset_in,
    decode_named,
    decode_page,
    decode_text,
    meta_charset,
)
from formats.readers.charset_decode import decode_with, oddity
from formats.readers.charset_detect import detect, detect_seven_bit
from formats.readers.charset_labels import codec_of, web_name

TEXTS = {
    "ru": "Большая часть населения живёт в городах, и каждый год их становится всё больше. ",
    "uk": "Усі люди народжуються вільними і рівними у своїй гідності та правах їхніх. ",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. ",
    "he": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם, כולם חוננו בתבונה ובמצפון. ",
    "ar": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق، وقد وهبوا عقلاً وضميراً. ",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผล ",
    "ja": "すべての人間は、生まれながらにして自由であり、尊厳と権利とについて平等である。",
    "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "zh-Hant": "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係相對待。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. ",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Żółć. ",
    "de": "Alle Menschen sind frei und gleich an Würde geboren. Größe, Öl, süß, schön, für. ",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité; là où ça été dérangé. ",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdan. ",
}
ENCODINGS = [
    *[("ru", name) for name in ("cp1251", "koi8-r", "iso8859-5", "cp866", "utf-16-le")],
    *[("uk", "cp1251"), ("el", "cp1253"), ("el", "iso8859-7"), ("he", "cp1255")],
    *[("ar", "cp1256"), ("ar", "iso8859-6"), ("th", "cp874"), ("pl", "cp1250"), ("tr", "cp1254")],
    *[("ja", name) for name in ("cp932", "euc_jp", "iso2022_jp", "utf-16-be")],
    *[("zh", "gb18030"), ("zh", "hz"), ("zh-Hant", "big5hkscs"), ("ko", "cp949")],
    *[("de", name) for name in ("cp1252", "cp850", "mac-roman", "utf-7")],
    *[("fr", "cp1252"), ("fr", "utf-32-be"), ("pl", "iso8859-2")],
]


@pytest.mark.parametrize(("language", "encoding"), ENCODINGS)
def test_found_by_what_the_bytes_look_like(language, encoding):
    text = "".join(c for c in TEXTS[language] if encoding != "iso8859-6" or c != "،") * 3
    assert decode_text(text.encode(encoding)).text == text


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ENCODINGS), st.randoms(use_true_random=False))
def test_words_in_any_order(case, rng):
    language, encoding = case
    assume(encoding not in ("utf-7", "hz"))
    separator = "" if language in ("ja", "zh", "zh-Hant", "th") else " "
    words = TEXTS[language].replace("،", "").split() * 4
    rng.shuffle(words)
    text = separator.join(words)
    assert decode_text(text.encode(encoding)).text == text


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1b~+\ufeff")))
def test_utf8_is_utf8(text):
    assume(not text.startswith("\ufeff"))
    decoded = decode_text(text.encode())
    assert (decoded.text, decoded.encoding) == (text, "utf-8")
    assert decode_text(text.encode("utf-8-sig")).text == text
    assert decode_text(text.encode("utf-16")).text == text
    assert decode_page(text.encode("utf-16")).found_by == "bom"


def test_what_labels_mean():
    meaning = {
        "ISO-8859-1": "cp1252",
        " latin1\n": "cp1252",
        "us-ascii": "cp1252",
        "Shift_JIS": "cp932",
        "x-sjis": "cp932",
        "gb2312": "gb18030",
        "GBK": "gb18030",
        "euc-kr": "cp949",
        "ks_c_5601-1987": "cp949",
        "TIS-620": "cp874",
        "ISO-8859-9": "cp1254",
        "iso-8859-8-i": "iso8859-8",
        "big5": "big5hkscs",
        "windows-31j": "cp932",
        "utf-16": "utf-16-le",
        "utf8": "utf-8",
        "IBM850": "cp850",
        "latin_1": "cp1252",
    }
    assert {label: codec_of(label) for label in meaning} == meaning
    for label in ("rot13", "base64", "unicode_escape", "idna", "none", "", "x" * 500, "\0"):
        assert codec_of(label) is None
    assert [web_name(name) for name in ("cp1252", "cp932", "cp874", "iso2022_jp", "gb18030")] == [
        "windows-1252",
        "shift_jis",
        "windows-874",
        "iso-2022-jp",
        "gb18030",
    ]


def test_what_python_leaves_out_of_the_webs_encodings():
    assert decode_with(b"\x81\x93x\x94", "cp1252") == ("\x81“x”", 0)
    assert decode_with(b"\x80 5", "gb18030") == ("€ 5", 0)
    assert decode_with(b"\xad\xa1\xfc\xf5", "euc_jp")[0].startswith("①")
    assert decode_with(b"\xf9\xd6", "big5hkscs") == ("碁", 0)
    assert decode_with(b"a\x81\x01b", "cp932")[1] == 1
    assert decode_with(b"\xef\xbb\xbfx\xff", "utf-8") == ("x\ufffd", 1)


def test_a_page_says_its_encoding():
    russian = TEXTS["ru"] * 2
    page = f"<html><meta charset=windows-1251><p>{russian}".encode("cp1251")
    assert decode_page(page).found_by == "meta"
    bare = f"<html><p>{russian}".encode("koi8-r")
    assert decode_page(bare, "text/html; charset=KOI8-R").found_by == "header"
    assert decode_page(bare).found_by == "detected"
    assert decode_page(bare, "text/html; charset=utf-8").encoding == "koi8-r"
    assert decode_page(bare, "text/html; charset=iso-8859-1").encoding == "koi8-r"
    assert decode_page(page, "text/html; charset=iso-8859-1").encoding == "windows-1251"
    assert russian in decode_page(page, "text/html; charset=iso-8859-1").text
    assert charset_in('text/html; Charset = "utf-8"') == "utf-8"
    assert charset_in(None) is None
    assert meta_charset(b"<!-- <meta charset=x> --><META content='a; charset=big5' >") == "big5"
    assert meta_charset(b'<?xml version="1.0" encoding="EUC-JP"?>') == "EUC-JP"


def test_servers_that_say_latin_1_of_utf8():
    page = "<p>naïve café, größer, Übung, œuvre, façade".encode()
    decoded = decode_page(page, "text/html; charset=ISO-8859-1")
    assert (decoded.encoding, decoded.text) == ("utf-8", page.decode())
    # two bytes of GBK that are valid UTF-8 by accident: so few, that the declaration counts
    assert decode_page("<p>联通".encode("gbk"), "text/html; charset=gbk").text == "<p>联通"
    assert decode_page("<p>é".encode()).text == "<p>é"


def test_strays_in_utf8():
    page = "schön größer über naïve façade œuvre Übung ".encode() * 3 + b"caf\xe9 \x96 x"
    decoded = decode_page(page, "text/html; charset=utf-8")
    assert decoded.text.endswith("café – x")
    assert (decoded.encoding, decoded.errors) == ("utf-8", 2)
    with pytest.raises(Undecodable, match="not UTF-8: 2 faults"):
        decode_text(page)


def test_seven_bits_that_are_no_ascii():
    assert detect_seven_bit("漢字かな".encode("iso2022_jp")) == "iso2022_jp"
    assert detect_seven_bit("汉字".encode("hz")) == "hz"
    for text in (
        "1+1-2",
        "C++ and c++, a+b-c",
        "~{x~}",
        "\x1b[31mred\x1b[0m",
        "+1-555-0100 +49-30",
    ):
        assert detect_seven_bit(text.encode()) is None
        assert decode_text(text.encode()).text == text


def test_few_high_bytes_are_enough_in_utf16():
    text = "Он сказал: «да» — и ушёл.\n"
    assert decode_text(text.encode("utf-16-le")).text == text
    assert decode_text("价格×3，见图〓。".encode("hz")).encoding == "hz"


def test_what_is_no_text_is_not_decoded():
    rng = random.Random(3)
    for size in (40, 400, 4000):
        for _ in range(30):
            with pytest.raises(Undecodable, match=r"^not UTF-8: "):
                decode_text(rng.randbytes(size) + b"\xff")
    with pytest.raises(Undecodable, match="1 bytes above ASCII do not say"):
        decode_text(b"caf\xe9")
    assert detect(b"\0" * 100) is None


def test_named():
    assert decode_named("naïve".encode("cp1252"), "ascii").text == "naïve"
    assert decode_named("x".encode("utf-16"), "utf-16be").text == "x"
    with pytest.raises(Undecodable, match="not UTF-8: 1 place does not fit"):
        decode_named(b"\xff", "utf8")
    with pytest.raises(ValueError, match="'klingon' is not known"):
        decode_named(b"", "klingon")


def test_oddity():
    assert oddity("naïve café, l'été — «ça»") == 0
    assert oddity(TEXTS["ja"] + TEXTS["th"] + TEXTS["ar"]) == 0
    for text in TEXTS.values():
        assert oddity(text) == 0, text
    assert oddity("na‹ve caf‚ ‚t‚" * 9) > 0.3
    assert oddity("Ïðèâåò".encode("cp1252").decode("cp866") * 9) > 0.1


EXCEPTIONS = {
    "web_0.html": "its label says iso-8859-1, its bytes hold windows-1252's dashes and quotes",
}


def test_the_labelled_files(development_data):
    folder = development_data / "dirty" / "raw_bytes"
    for label in json.loads((folder / "LABELS.json").read_text()):
        data = (folder / label["file"]).read_bytes()
        if label["encoding"] is None:
            with pytest.raises(Undecodable):
                decode_text(data)
            continue
        decode = decode_page if label["file"].endswith(".html") else decode_text
        text = decode(data).text
        right = hashlib.sha256(text.encode()).hexdigest() == label["sha256_utf8"]
        assert right == (label["file"] not in EXCEPTIONS), label["file"]
    data = (folder / "web_0.html").read_bytes()
    pairs = zip(data.decode("latin-1"), decode_page(data).text, strict=True)
    assert {(a, b) for a, b in pairs if a != b} <= set(
        zip("\x84\x92\x93\x94\x96", "„’“”–", strict=True)
    )
