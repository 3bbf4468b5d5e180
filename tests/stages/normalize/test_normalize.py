"""The stage ``normalize``: what it does with a document, column by column, and its properties."""

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.base import DROP_REASON, DROP_STAGE, mark_dropped
from stages.normalize.change_kernels import (
    ARABIC_FORMS_FOLDED,
    BIDI_REMOVED,
    BLANKS_TRIMMED,
    COMPOSED,
    ENTITIES_DECODED,
    JOINERS_REMOVED,
    LINE_ENDS_CHANGED,
    MOJIBAKE_REPAIRED,
    THAI_LAO_ORDERED,
)
from stages.normalize.normalize import CHANGES, Normalize

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""


def batch_of(*texts):
    return pa.record_batch({"text": pa.array(texts, pa.large_string())})


def normalized(*texts, **settings):
    batch = Normalize(**settings).apply(batch_of(*texts))
    return batch["text"].to_pylist(), batch[CHANGES].to_pylist()


EXAMPLES = [
    ("as it is: tab\tspaces   kept", "as it is: tab\tspaces   kept", 0),
    ("10² ½ ﬁ Ａ ㅋㅋ ﾊﾟ “quoted”", "10² ½ ﬁ Ａ ㅋㅋ ﾊﾟ “quoted”", 0),
    ("น้ำ", "น้ำ", 0),
    ("น\u0e4d\u0e49า", "น้ำ", THAI_LAO_ORDERED),
    ("ﻛﺘﺎﺏ", "كتاب", ARABIC_FORMS_FOLDED),
    ("Caf&eacute;", "Café", ENTITIES_DECODED),
    ("Cafe&#769;", "Café", ENTITIES_DECODED | COMPOSED),
    ("מלאח\u200e, \u202eabc\u202c", "מלאח, abc", BIDI_REMOVED),
    ("voilÃ\xa0 le cafÃ©", "voilà le café", MOJIBAKE_REPAIRED),
    ("ภาษาไทย".encode().decode("latin-1"), "ภาษาไทย", MOJIBAKE_REPAIRED),
]


@pytest.mark.parametrize(("text", "expected", "changes"), EXAMPLES)
def test_example(text, expected, changes):
    assert normalized(text) == ([expected], [changes])


@pytest.mark.parametrize(
    ("setting", "text", "expected"),
    [
        ("collapse_blanks", "a   b", "a b"),
        ("widen_kana", "ｶﾞﾗｽ", "ガラス"),
        ("narrow_latin", "ＡＢＣ，", "ABC，"),
        ("remove_private_use", "a\ue000b", "ab"),
    ],
)
def test_what_is_off_by_default(setting, text, expected):
    assert normalized(text) == ([text], [0])
    assert normalized(text, **{setting: True})[0] == [expected]


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("repair_encoding", "cafÃ©"),
        ("decode_entities", "caf&eacute;"),
        ("fold_arabic_forms", "ﻛﺘﺎﺏ"),
        ("order_thai_lao", "น\u0e4dา"),
        ("compose", "cafe\u0301"),
        ("remove_controls", "a\x07b"),
        ("remove_invisible", "a\ufeffb"),
        ("remove_bidi_controls", "a\u202eb"),
        ("remove_stray_joiners", "a\u200db"),
        ("remove_stray_selectors", "a\ufe0fb"),
        ("unify_line_ends", "a\r\nb"),
        ("trim_blanks", "a \nb"),
        ("limit_blank_lines", "a\n\n\n\nb"),
    ],
)
def test_every_repair_can_be_switched_off(setting, text):
    assert normalized(text)[0] != [text]
    assert normalized(text, **{setting: False}) == ([text], [0])


def test_untouched_text_is_not_copied():
    batch = batch_of("one", "two")
    assert (
        Normalize().apply(batch)["text"].buffers()[2].address == batch["text"].buffers()[2].address
    )


def test_a_document_without_text_goes():
    batch = Normalize().apply(batch_of("", " \n\u200b\t", "x"))
    assert batch[DROP_REASON].to_pylist() == ["empty: 0 vs 1 characters"] * 2 + [None]
    assert batch[DROP_STAGE].to_pylist() == ["normalize", "normalize", None]


def test_rows_dropped_earlier_stay_as_they_are():
    batch = mark_dropped(batch_of("a\r\n", "b\r\n"), "earlier", ["rule: 1 vs 2", None])
    result = Normalize().apply(batch)
    assert result["text"].to_pylist() == ["a\r\n", "b\n"]
    assert result[CHANGES].to_pylist() == [None, LINE_ENDS_CHANGED]
    assert result[DROP_REASON].to_pylist() == ["rule: 1 vs 2", None]


def test_an_empty_batch_and_a_slice():
    assert normalized() == ([], [])
    batch = Normalize().apply(batch_of("x", "a ", "é", "b\u200b").slice(1, 3))
    assert batch["text"].to_pylist() == ["a", "é", "b"]


TRICKY = (
    "ab \t\n\n\n\r\x00\x85\x91\u00a0\u00ad\u200b\u200c\u200d\u2028\ufeff\u200e&#;amplt38"
    "e\u0301\u0323\u0344é\u0327कषि्ാകែខേ가\u1100\u1161\u11a8بىٔ\u0651\u064eﻛﺘﻻกนิ่ำ้ําเ👩❤\ufe0f🏽ÃÂâ€©™РЎС‚é»√±ﾊﾟＡ"
)
texts = st.one_of(st.text(st.sampled_from(TRICKY), max_size=30), st.text(max_size=20))
EVERYTHING = dict.fromkeys(
    ("collapse_blanks", "widen_kana", "narrow_latin", "remove_private_use"), True
)


@settings(exhaustive, max_examples=400)
@given(texts)
def test_normalizing_twice_changes_nothing_more(text):
    for chosen in ({}, EVERYTHING):
        once, _ = normalized(text, **chosen)
        assert normalized(*once, **chosen) == (once, [0])


@exhaustive
@given(texts)
def test_the_result_is_in_form_c_and_has_no_control_characters(text):
    (result,), _ = normalized(text)
    assert unicodedata.is_normalized("NFC", result)
    assert not [c for c in result if unicodedata.category(c) == "Cc" and c not in "\t\n"]


@exhaustive
@given(st.lists(texts, min_size=1, max_size=6))
def test_a_document_does_not_depend_on_its_neighbours(given_texts):
    together, changes = normalized(*given_texts)
    alone = [normalized(text) for text in given_texts]
    assert together == [text for (text,), _ in alone]
    assert changes == [change for _, (change,) in alone]


CLEAN = {
    "en": "It’s 10² times “better” – 5 × 3 ≠ 16 … naïve café, 50 % of 1 000 km²",
    "zh": "第一条：为了保障（公民）合法权益，制定本法。１２３ＡＢＣ「引用」……",
    "ja": "「ﾊﾟｿｺﾝ」とガラス、㈱日本 〜 ヴァイオリン 々〻ゝ (ﾟ∀ﾟ)",
    "ko": "ㅋㅋㅋ 재밌다ㅠㅠ 한국어 文字 ᄒᆞᆫ글",
    "th": "น้ำ ที่นี่ เก่า เก้า พันธุ์ ฤๅษี ๆ ฯลฯ ๑๒๓",
    "lo": "ພາສາລາວ ນ້ຳ ໝູ່ ໜັງສື",
    "km": "ភាសា\u200bខ្មែរ។ ៗ",
    "my": "မြန်မာဘာသာ\u200bစကား။",
    "hi": "क्षत्रिय ज़रूर क्‍या पढ़ना श्री".replace("ज़", "ज\u093c").replace("ढ़", "ढ\u093c"),
    "bn": "বাংলা ভাষা র‌্যাব র‍্যাম".replace("ড়", "ড\u09bc"),
    "ta": "தமிழ் மொழி க்‌ஷ ஶ்ரீ",
    "ml": "മലയാളം അവന്‍ നൻമ",
    "si": "ශ්‍රී ලංකා ක්‍රම",
    "fa": "می‌خواهم کتاب‌های خوب ۱۳۵۰ ه‍.ش.",
    "ar": "السَّلامُ ﷺ عليكم ـــ ﴿قرآن﴾".replace("\u0651\u064e", "\u064e\u0651"),
    "ur": "یہ اُردو ہے۔ ؎",
    "he": "עִבְרִית שפה־יפה ״ציטוט״",
    "vi": "Tiếng Việt: đường, nghiêng, ưỡn ẹo",
    "tr": "İstanbul’da ığdır Iğdır ŞÇĞÜÖ",
    "de": "„Straße“ – ẞ, Übergröße; z. B. 3 €",
    "fr": "« À l’œuvre, déjà ! » : où ? 20 °C",
    "ru": "«Съешь ещё» – РСТ ГОСТ № 5, А́нна",
    "uk": "Рівне, Ґанок, ї, п’ять",
    "el": "Ἐν ἀρχῇ ἦν ὁ λόγος· ΑΒΓ;",
    "bo": "བོད་སྐད་ཀྱི་",
    "mn": "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌ ᠠ᠎ᠠ",
    "am": "አማርኛ፡ቋንቋ።",
    "emoji": "👩‍👩‍👧‍👦 ❤️‍🔥 1️⃣ 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🇹🇭 ✔︎ ☺️",
}


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_clean_text_stays(text):
    assert unicodedata.is_normalized("NFC", text)
    assert normalized(text) == ([text], [0])


def rows_of(path):
    zstandard = pytest.importorskip("zstandard")
    orjson = pytest.importorskip("orjson")
    with open(path, "rb") as file:
        lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
    return [orjson.loads(line) for line in lines]


def test_of_the_mojibake_set_none_is_harmed_and_most_that_can_be_is_repaired(development_data):
    rows = rows_of(development_data / "dirty" / "dirty_mojibake.jsonl.zst")
    plain = {"repair_encoding": False, "decode_entities": False}
    clean, _ = normalized(*(row["meta"]["clean"] for row in rows), **plain)
    broken, _ = normalized(*(row["text"] for row in rows), **plain)
    result, _ = normalized(*(row["text"] for row in rows))
    harmed = sum(b == c != r for b, c, r in zip(broken, clean, result, strict=True))
    repaired = sum(b != c == r for b, c, r in zip(broken, clean, result, strict=True))
    assert harmed == 0
    assert repaired >= 165
    assert normalized(*result)[1] == [0] * len(result)


LISTED = COMPOSED | THAI_LAO_ORDERED | BIDI_REMOVED | JOINERS_REMOVED | BLANKS_TRIMMED


@pytest.mark.parametrize(
    "name", ["lid_dev", "mono_ar_wiki-paragraphs", "mono_id_reviews-news", "mono_fr_code-civil"]
)
def test_clean_documents_of_every_language_change_by_the_listed_folds_only(development_data, name):
    """Composition, Thai sara am, doubled joiners, marks of direction, blanks at line ends."""
    texts = [row["text"] for row in rows_of(development_data / f"{name}.jsonl.zst")]
    result, changes = normalized(*texts)
    assert not any(change & ~LISTED for change in changes)
    assert normalized(*result) == (result, [0] * len(result))
