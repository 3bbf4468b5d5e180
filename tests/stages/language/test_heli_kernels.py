"""The second model's kernels against the same method on dictionaries, and against its package."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.language.identify import Reading, second_answers

from ..language_texts import any_text, rows
from .heli_reference import TRAINING, counts, reference_answer, small_model, words_of

MODEL, TABLES = small_model(), counts()

known_words = st.lists(
    st.sampled_from([w for text in TRAINING.values() for w in text.split()]), max_size=8
)
texts_with_known_words = st.tuples(known_words, any_text, known_words).map(
    lambda parts: " ".join([*parts[0], parts[1], *parts[2]])
)


def answers_of(texts, model=MODEL):
    data, offsets = text_buffers(pa.array(texts, pa.large_string()))
    parts = np.column_stack([offsets[:-1], offsets[1:]]).ravel()
    return second_answers(Reading(data, parts, np.arange(len(texts) + 1)), model)


@settings(max_examples=150)
@given(st.lists(texts_with_known_words, min_size=1, max_size=3))
def test_answers_equal_the_reference(texts):
    for text, label, margin, cost in zip(texts, *answers_of(texts), strict=True):
        expected, expected_margin, expected_cost = reference_answer(text, TABLES)
        assert margin == pytest.approx(expected_margin, abs=2e-6), repr(text)
        assert cost == pytest.approx(expected_cost, abs=2e-6), repr(text)
        if margin > 1e-5:
            assert label == expected, repr(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The fox jumps", "en"),
        ("Der HUND, über dem Haus!", "de"),
        ("我们说话", "zh"),
        ("Brza lisica", "hr"),
        ("ΤΟ ΣΚΥΛΊ ΤΗΣ", "el"),
    ],
)
def test_a_text_of_known_words_is_in_their_language(text, language):
    [label], [margin], [cost] = answers_of([text])
    assert MODEL.labels[label] == language
    assert margin > 1
    assert cost < 5


def test_words_of_no_language_cost_more():
    _, _, costs = answers_of(["the lazy dog", "eht yzal gdo"])
    assert costs[1] > costs[0] + 0.1


@pytest.mark.parametrize("text", ["", " \n", "2024-11-21", "🎉 !!!"])
def test_without_letters_there_is_no_answer(text):
    assert [column[0] for column in answers_of([text])] == [-1, 0, 8]


def test_chinese_characters_are_words_apart_and_a_sigma_knows_its_place():
    assert words_of("abc中文def") == (["abc", "中文", "def"], 8, 2)
    upper, lower = answers_of(["ΤΗΣ ΤΗΣ"]), answers_of(["της της"])
    assert [a.tolist() for a in upper] == [a.tolist() for a in lower]


def test_parts_of_a_document_are_read_as_one():
    data = np.frombuffer(b"the quick brown foxXXXthe lazy dog", np.uint8)
    parts = np.array([0, 19, 22, 34])
    whole = answers_of(["the quick brown fox the lazy dog"])
    apart = second_answers(Reading(data, parts, np.array([0, 2])), MODEL)
    assert [a.tolist() for a in apart] == [a.tolist() for a in whole]


@pytest.fixture(scope="module")
def package():
    """The package's own identifier and our model of its files."""
    heliport = pytest.importorskip("heliport")
    from stages.language.heli_model import load_heli

    return heliport.Identifier(), load_heli()


def assert_same_as_the_package(package, texts):
    identifier, model = package
    least = identifier.get_confidence_all()
    for text, label, margin, _ in zip(texts, *answers_of(texts, model), strict=True):
        code, score = identifier.identify_with_score(text)
        if label < 0:  # no letters
            assert code in ("und", "zxx"), repr(text)
            continue
        own = model.codes[label] if label < len(model.codes) else "und"
        if own != "und" and margin < least[own]:
            own = "und"
        assert own == code, repr(text)
        assert own == "und" or margin == np.float32(score), repr(text)


# The package knows another version of Unicode than Python: the newest characters are left out.
old_text = any_text.map(lambda text: "".join(c for c in text if ord(c) < 0x1_0000))


@settings(max_examples=100)
@given(st.lists(old_text, min_size=1, max_size=5))
def test_any_string_gets_the_package_s_answer(package, texts):
    assert_same_as_the_package(package, texts)


def test_the_development_sentences(package, development_data):
    texts = sorted({row["text"] for row in rows(development_data / "lid_dev.jsonl.zst")})
    assert_same_as_the_package(package, texts)
