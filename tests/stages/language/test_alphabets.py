"""Letters that a language does not write."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.language.alphabets import alphabets, foreign_letters
from stages.language.fasttext_model import load_model, model_path
from stages.language.langid_kernels import count_foreign

LANGUAGES = ("en", "fr", "ru", "uk", "el", "zh", "hi")


def counts_of(texts, numbers):
    data, offsets = text_buffers(pa.array(texts, pa.large_string()))
    parts = np.column_stack([offsets[:-1], offsets[1:]]).ravel()
    found = np.empty(len(texts), np.int32)
    groups, foreign = foreign_letters(LANGUAGES)
    labels = np.array(numbers, np.int32)
    first = np.arange(len(texts) + 1)
    count_foreign(data, parts, first, labels, groups, foreign, len(LANGUAGES), found)
    return found.tolist()


@pytest.mark.parametrize(
    ("language", "text", "foreign"),
    [
        ("fr", "Où est l'été, garçon ?", 0),
        ("fr", "Wǒ xǐhuān ŋ ə ɛ", 5),  # ā is auxiliary in French
        ("ru", "Съешь ещё этих булок", 0),
        ("ru", "Це моє місто, її вулиці", 5),
        ("uk", "Це моє місто, її вулиці", 0),
        ("uk", "Windows і Linux — қол", 1),
        ("ru", "Microsoft γράμμα 中文", 0),
        ("el", "ὁ ἄνθρωπος", 0),
        ("zh", "the 中文 ə", 0),
        ("zh", "注音ㄓㄨ、カナ、ﾊﾝｶｸ、ＡＢＣ、한글、кириллица、ไทย、〆", 0),
        ("zh", "彝文 ꆈꌠꁱꂷ", 4),
        ("zh", "ᏣᎳᎩ", 3),
    ],
)
def test_foreign_letters_of_the_same_script_are_counted(language, text, foreign):
    assert counts_of([text], [LANGUAGES.index(language)]) == [foreign]


@given(st.lists(st.text("aéжїэα中हəŋ 1.", max_size=20), min_size=1, max_size=4), st.data())
def test_counts_equal_the_table(texts, data):
    numbers = [data.draw(st.integers(-1, len(LANGUAGES) - 1)) for _ in texts]
    groups, foreign = foreign_letters(LANGUAGES)
    table = foreign.reshape(-1, len(LANGUAGES))
    expected = [
        sum(bool(table[groups[ord(c)], n]) for c in text) if n >= 0 else 0
        for text, n in zip(texts, numbers, strict=True)
    ]
    assert counts_of(texts, numbers) == expected


def test_alphabets_are_of_labels_that_the_model_has():
    assert set(alphabets()) <= set(load_model(model_path("lid.176")).labels)
    assert all(set(letters) == set(letters.lower()) for letters in alphabets().values())
