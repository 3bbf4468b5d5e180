"""Very short texts: posts, answers and sentences stay; titles, buttons and single words go."""

import numpy as np
import pyarrow as pa
import pytest

from stages.quality.quality import FLAGS, KIND, Quality

from .test_quality import batch_of, judged
from .test_quality_kernels import signals_of


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("It rained all night.", "en"),
        ("just landed with the whole family", "en"),
        ("Is anyone awake?", "en"),
        ("barang bagus harga murah", "id"),
        ("น้ำท่วมหน้าบ้าน", "th"),
        ("2019 ยังไม่หมดนะ", "th"),
        ("雨下了一整夜。", "zh"),
        ("雨が降りました。", "ja"),
        ("비가 밤새 내렸다.", "ko"),
        ("هل أنت هناك يا صديقي؟", "ar"),
        ("дождь шёл всю ночь", "ru"),
    ],
)
def test_what_reads_like_text_stays_and_is_flagged(text, lang):
    batch = Quality().apply(batch_of(text, lang=pa.array([lang])))
    assert judged(text, lang) is None
    assert batch[KIND][0].as_py() == "short"
    assert "gopher_short_doc" in batch[FLAGS][0].as_py()


@pytest.mark.parametrize(
    ("text", "lang", "words"),
    [
        ("", "en", "0"),
        ("404", "en", "0"),
        ("ok", "en", "1"),
        ("Terms of use", "en", "0"),
        ("Add to cart\nCheck out as a guest\nSign in", "en", "0"),
        ("# The page you look for is gone.", "en", "0"),
        ("{ $count } items are in your cart.", "en", "0"),
        ("Nutzungsbedingungen und Datenschutz", "de", "0"),
        ("Условия использования", "ru", "0"),
        ("使用条款", "zh", "0"),
        ("이용 약관", "ko", "0"),
        ("شروط الاستخدام", "ar", "0"),
        ("นะ", "th", "0.5547"),
    ],
)
def test_labels_and_single_words_go(text, lang, words):
    limit = "1" if lang == "th" else "3"
    assert judged(text, lang) == f"gopher_text_words: {words} vs {limit}"


def test_only_the_lines_that_are_text_count():
    text = "Reviews\nit came late\nBuy now\nIt was so bad!"
    assert signals_of(text)["text_words"] == [3 + 4]


def test_from_twelve_words_on_nothing_is_a_label():
    assert signals_of("One Two " * 5)["text_words"] == [0]
    assert np.isnan(signals_of("One Two " * 6)["text_words"][0])
    assert judged("The Old Mill And The Wooden Bridge That Was Built Beside The River") is None
