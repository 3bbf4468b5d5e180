"""Old encodings read as Latin-1, told by the letters of their languages."""

import pytest

from stages.normalize.legacy_letters import meant_encoding, repair_letters

TEXTS = {
    "cp1251": "Широкая электрификация южных губерний даст мощный толчок подъёму",
    "koi8-r": "Широкая электрификация южных губерний даст мощный толчок подъёму",
    "cp1253": "Η ελληνική γλώσσα είναι μία από τις παλαιότερες γλώσσες του κόσμου",
    "cp1255": "השפה העברית היא שפה שמית והיא שפתה הרשמית של מדינת ישראל",
    "cp1256": "اللغة العربية هي أكثر اللغات السامية تحدثا وإحدى أكثر اللغات انتشارا",
    "cp874": "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอนหรือวรรณยุกต์เช่นเดียวกับภาษาจีน",
    "gb18030": "中华人民共和国是工人阶级领导的、以工农联盟为基础的人民民主专政的社会主义国家。",
    "big5": "語言是人類溝通的工具，也是文化的重要部分，我們每天都在使用它來表達自己的想法。",
    "cp949": "한국어는 대한민국과 조선민주주의인민공화국의 공용어로 많은 사람이 쓰는 언어이다",
    "cp932": "これは日本語の文章です。カタカナとひらがなと漢字をまぜて書いています。",
    "euc_jp": "これは日本語の文章です。カタカナとひらがなと漢字をまぜて書いています。",
}


@pytest.mark.parametrize(("encoding", "text"), TEXTS.items(), ids=TEXTS)
def test_the_encoding_is_told(encoding, text):
    assert meant_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize("encoding", [name for name in TEXTS if name != "big5"])
def test_text_is_decoded_as_it_was_meant(encoding):
    text = TEXTS[encoding]
    broken = text.encode(encoding).decode("latin-1")
    assert repair_letters(f"Title\n{broken}\nend") == f"Title\n{text}\nend"


@pytest.mark.parametrize(
    "text",
    [
        "Àààà ÈÉÊË ÌÍÎÏ ÒÓÔÕ ÙÚÛÜ àâäå èéêë ìíîï òóôõ ùúûü",  # a table of letters
        "Ïðèâåò",  # too short to be sure
        "créée, naïïve, Çà et là, über öffentliche Äußerungen",
        "Þórður og Ægir óþægð óþæ",
        "ÄÖÜß ÄÖÜß ÄÖÜß ÄÖÜß ÄÖÜß ÄÖÜß ÄÖÜß",
        "日本語 ÐŸÑ€Ð¸Ð²ÐµÑ‚ and more",  # UTF-8: another step's
    ],
)
def test_other_text_stays(text):
    assert repair_letters(text) == text


def test_bytes_that_fit_no_language_have_no_encoding():
    assert meant_encoding(bytes(range(0x80, 0x100)) * 3) is None
