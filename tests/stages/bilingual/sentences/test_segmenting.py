"""Where sentences end, script by script."""

import json

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from stages.bilingual.sentences.lines_kernels import CODE, HEADING, LIST_ITEM, PROSE, TABLE_ROW
from stages.bilingual.sentences.segment_kernels import STARTS_LINE, STARTS_PARAGRAPH
from stages.bilingual.sentences.segmenting import Sentences, segment


def segmented(text: str, language: str | None = None) -> Sentences:
    return segment(pa.array([text], pa.large_string()), [language])


def sentences(text: str, language: str | None = None) -> list[str]:
    found = segmented(text, language)
    return [found.text(number) for number in range(len(found))]


@pytest.mark.parametrize(
    ("language", "whole"),
    [
        ("en", ["Dr. Li came at 3.14 p.m. today.", "She left.", "“What?” he said."]),
        ("en", ["See e.g. Fig. 3 or example.com.", "J. R. R. Tolkien wrote it...", "Yahoo! is."]),
        ("en", ["“He said no.”", "She can't.", "It was so."]),
        ("en", ["Done.[12]", "(It was so.)", "Then 5.5 apples."]),
        ("de", ["Am 1. Mai kam z. B. Herr Dr. Müller.", "Das war 1999.", "Er ging „weg.“", "Ja."]),
        ("fr", ["Voir l'art. 5 de M. Dupont.", "« Vraiment ? »", "Oui."]),
        ("ru", ["Он жил на ул. Ленина и т. д.", "А. С. Пушкин уехал.", "«Что?» — спросил он."]),
        ("el", ["Τι είναι;", "Καλά."]),
        ("vi", ["TP. Hồ Chí Minh rất lớn.", "Tôi ở đó."]),
        ("tr", ["Bkz. 5. bölüm.", "Tamam."]),
    ],
)
def test_a_full_stop_needs_a_space_and_no_abbreviation(language: str, whole: list[str]) -> None:
    assert sentences(" ".join(whole), language) == whole


@pytest.mark.parametrize(
    "whole",
    [
        ["他说：“你好。”", "然后走了。", "真的吗？！", "价格3.14元。"],  # Chinese
        ["「行く。」と言った。", "本当？", "はい！"],  # Japanese: と goes on
        ["यह है।", "वह था॥", "हाँ"],  # Hindi
        ["هل هذا؟", "نعم ثم ذهب."],  # Arabic
        ["یہ ہے۔", "وہ تھا۔"],  # Urdu
        ["ဒါက၊ ဟုတ်တယ်။", "ဟုတ်"],  # Burmese: the first mark is a comma
        ["នេះ។", "នោះ៕"],  # Khmer
        ["བཀྲ་ཤིས།", "བདེ་ལེགས།"],  # Tibetan
        ["ሰላም።", "ነው፧", "አዎ"],  # Amharic
        ["Բարեւ։", "Լավ։"],  # Armenian
    ],
)
def test_marks_of_other_scripts_end_a_sentence(whole: list[str]) -> None:
    assert sentences("".join(whole)) == whole
    assert sentences(" ".join(whole)) == whole


def test_thai_and_lao_are_divided_at_spaces_far_enough_apart() -> None:
    """Between Thai letters only, not beside Latin, and not before the repetition mark."""
    text = "สามารถฝึกให้รู้จักสิ่งต่าง ๆ ในภาพ เช่น ผลไม้ที่ยังไม่สุก และใช้ใน IoT เพื่อช่วย"
    assert sentences(text, "th") == [
        "สามารถฝึกให้รู้จักสิ่งต่าง ๆ ในภาพ",
        "เช่น ผลไม้ที่ยังไม่สุก",
        "และใช้ใน IoT เพื่อช่วย",
    ]
    assert sentences("ສະບາຍດີຕອນເຊົ້າທຸກຄົນທີ່ຮັກ ຂ້ອຍມາແລ້ວ", "lo") == [
        "ສະບາຍດີຕອນເຊົ້າທຸກຄົນທີ່ຮັກ",
        "ຂ້ອຍມາແລ້ວ",
    ]


def test_what_abbreviates_depends_on_the_language() -> None:
    assert len(sentences("Nr. Fünf kam usw. Dann kam ca. Zehn.", "de")) == 2
    assert len(sentences("He said no. Then he left.", "de")) == 2
    assert len(sentences("Am 3. Tag.", "de")) == 1
    assert len(sentences("We won 3. They lost.", "en")) == 2
    assert len(sentences("We won 3. They lost.")) == 2


def test_markup_stays_whole() -> None:
    code = "```py\nx. Y\n\ny\n```"
    text = f"# 1. Title. Two\n\n- One. Two.\n1. Three.\n| a. | B. |\n{code}\nEnd. Of it."
    found = segmented(text, "en")
    assert [found.text(n) for n in range(len(found))] == [
        "# 1. Title. Two", "- One.", "Two.", "1. Three.", "| a. | B. |", code,
        "End.", "Of it.",
    ]  # fmt: skip
    kinds = [HEADING, LIST_ITEM, LIST_ITEM, LIST_ITEM, TABLE_ROW, CODE, PROSE, PROSE]
    assert (found.flags & 7).tolist() == kinds
    assert ((found.flags & STARTS_LINE) != 0).tolist() == [
        True, True, False, True, True, True, True, False,
    ]  # fmt: skip
    assert np.flatnonzero(found.flags & STARTS_PARAGRAPH).tolist() == [0, 1]


def test_an_open_fence_does_not_swallow_the_document() -> None:
    assert sentences("```\nOne. Two.", "en") == ["```", "One.", "Two."]


def test_lines_of_wrapped_text_are_joined() -> None:
    text = (
        "It is a truth universally acknowledged, that a single man in\n"
        "possession of a good fortune, must be in want of a wife. However\n"
        "little known the feelings or views of such a man may be on his\n"
        "first entering a neighbourhood, this truth is fixed.\n\nMr. Bennet\n"
    )
    assert [s.replace("\n", " ") for s in sentences(text, "en")] == [
        "It is a truth universally acknowledged, that a single man in possession of a good "
        "fortune, must be in want of a wife.",
        "However little known the feelings or views of such a man may be on his first entering a "
        "neighbourhood, this truth is fixed.",
        "Mr. Bennet",
    ]
    assert len(sentences("- milk\n- bread and butter\nand so on\nand on", "en")) == 4


def test_documents_are_told_apart_and_nulls_have_no_sentences() -> None:
    column = pa.array(["x", "One. Two.", None, "", "Drei. Vier."], pa.large_string())
    found = segment(column.slice(1), ["en", None, None, "de"])
    assert found.document_offsets.tolist() == [0, 2, 2, 2, 4]
    assert found.text(2) == "Drei."


def test_room_for_sentences_grows() -> None:
    column = pa.array(["A! B? " * 3000, "One. Two."], pa.large_string())
    assert segment(column).document_offsets.tolist() == [0, 6000, 6002]


PIECES = ["a", "B", ".", "!", "?", "…", " ", "\n", "\n\n", "。", "」", "„", "“", "\"", "1", "```",
          "# ", "- ", "ก", "ล" * 25, "१", "।", "٣", "؟", ";", "α", "—", "[1]", "\u00a0", "\u3000",
          "\U0001f600", "Dr", "|", "e\u0301"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(["en", "de"]))
def test_nothing_but_blanks_is_between_sentences(text: str, language: str) -> None:
    """Sentences are in order, trimmed, not empty, and cover every character that is no blank."""
    found = segmented(text, language)
    data = text.encode()
    position = 0
    for start, end in zip(found.starts, found.ends, strict=True):
        assert position <= start < end
        assert not data[position:start].decode().strip()
        assert (sentence := data[start:end].decode()) == sentence.strip()
        position = end
    assert not data[position:].decode().strip()


def test_real_pages_are_cut_alike_whatever_stands_beside_them(development_data) -> None:
    with zstandard.open(development_data / "bilingual_vue-docs.jsonl.zst", "rt") as rows:
        pages = [json.loads(row) for _, row in zip(range(60), rows, strict=False)]
    column = pa.array([page["text"] for page in pages], pa.large_string())
    together = segment(column, [page["lang"] for page in pages])
    assert len(together) > 2000
    for number, page in enumerate(pages):
        alone = segmented(page["text"], page["lang"])
        first, last = together.document_offsets[number : number + 2]
        assert np.array_equal(alone.flags, together.flags[first:last])
        sizes = together.ends[first:last] - together.starts[first:last]
        assert np.array_equal(alone.ends - alone.starts, sizes)
