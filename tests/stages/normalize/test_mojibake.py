"""Wrong decodings undone, chains of them too; text that only looks like it is left alone."""

import ftfy.bad_codecs  # noqa: F401  the sloppy encodings
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.normalize.mojibake import repair

SENTENCES = {
    "fr": "Le café est fermé, qu’il soit « là » ou ailleurs",
    "ru": "Съешь ещё этих мягких французских булок, да выпей же чаю",
    "th": "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอน",
    "zh": "我们的语言非常丰富，文字也很古老。",
    "ja": "日本語の文章をここに書いておきます。",
    "ar": "اللغة العربية هي أكثر اللغات السامية تحدثا",
    "vi": "Tiếng Việt là ngôn ngữ của người Việt",
    "el": "Η ελληνική γλώσσα είναι μία από τις παλαιότερες",
}


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_chain_of_wrong_decodings_is_undone(sentence, encoding, times):
    broken = sentence
    for _ in range(times):
        broken = broken.encode().decode(encoding)
    assert repair(broken) == sentence


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("اللغة العربية هي أكثر اللغات", "cp1256"),
        ("Съешь ещё этих мягких булок", "sloppy-windows-1251"),
        ("Η ελληνική γλώσσα είναι μία", "sloppy-windows-1253"),
        ("中华人民共和国万岁呀", "gb18030"),
    ],
)
def test_other_encodings_are_undone_where_nothing_was_lost(text, encoding):
    assert repair(text.encode().decode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("中文 é\ncafÃ© noir", "中文 é\ncafé noir"),  # only the broken line
        ("Ich bin Du \x96 und qu\x92on", "Ich bin Du – und qu’on"),
        ("â€œsoftâ€\ufffd and â€œhardâ€\ufffd limits", "“soft” and “hard” limits"),
        ("Р\xa0Р°Р·Р±РёС‚РѕРµ СЃРµСЂРґС†Рµ", "Разбитое сердце"),
        ("日本語です".encode("iso2022_jp").decode("ascii") + " ok", "日本語です ok"),
        ("РїСЂРёРІРµС‚, РјРёСЂ\nРљСѓР±", "привет, мир\nКуб"),  # short, in a broken document
    ],
)
def test_repaired(text, expected):
    assert repair(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Đây là tiếng Việt",
        "« un café »",
        "Рівне і Сіверськодонецьк",
        "SPAß… ÜBER “x” ñandú",
        "ÉCOLE»",
        "characters like “Ã©” or Ã¨” or “Ã§”, it is probable",  # text about mojibake
        "「Ã©」、「Ã§」などの文字列",
        "마쥀\x80막 날짜의",  # half a letter lost: not the euro sign
        "\x9f มุ่งเน้นการบูรณาการ",
        "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ",
        "联通 移动 电信",
        "A.1 ······ 3",
        "ÄÖÜ äöü åäö ÅÄÖ óþæg",
    ],
)
def test_sound_text_stays(text):
    assert repair(text) == text


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), max_size=30))
def test_repair_is_final(text):
    for encoding in ("latin-1", "cp1251"):
        broken = text.encode().decode(encoding, "replace")
        assert repair(repair(broken)) == repair(broken)
