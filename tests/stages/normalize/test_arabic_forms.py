"""Arabic presentation forms: folded in words, in reading order; left where they are examples."""

import pytest

from stages.normalize.arabic_forms import SHAPES, fold_arabic_forms

PLACES = {
    (letters, place): shape for shape, (place, letters) in SHAPES.items() if shape >= "\ufe80"
}
RIGHT_JOINING = "اأإآدذرزوؤةىء"


def shaped(word):
    """A word in the shapes that a renderer would draw."""
    result = ""
    for position, letter in enumerate(word):
        joined = position > 0 and word[position - 1] not in RIGHT_JOINING
        joins = position + 1 < len(word) and letter not in RIGHT_JOINING
        place = {(0, 0): "isolated", (0, 1): "initial", (1, 0): "final", (1, 1): "medial"}
        result += PLACES[letter, place[joined, joins]]
    return result


WORDS = ["كتاب", "مدرسة", "السلام", "عليكم", "محمد", "في", "دار", "تشيني"]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_in_shapes_becomes_letters(word):
    assert shaped(word) != word
    assert fold_arabic_forms(shaped(word)) == word


def test_lone_shapes_follow_the_words_of_their_line():
    line = " ".join(WORDS[:3]) + " و 25 % (x)"
    drawn = " ".join(map(shaped, WORDS[:3])) + " ﻭ 25 % (x)"
    assert fold_arabic_forms(drawn) == line


def test_text_stored_as_drawn_is_turned_round():
    """From left to right: the last word first, each backwards, numbers and brackets as drawn."""
    line = "السلام عليكم (محمد) 2024"
    drawn = "2024 (" + shaped("محمد")[::-1] + ") " + shaped("عليكم")[::-1] + " "
    drawn += shaped("السلام")[::-1]
    assert fold_arabic_forms(drawn) == line


def test_a_ligature_among_letters():
    assert fold_arabic_forms("باﻹضافة ﻻ إلى") == "بالإضافة لا إلى"


@pytest.mark.parametrize(
    "text",
    [
        "الأشكال: ﺏ ﺑ ﺒ ﺐ",  # a table of the alphabet
        "قال ﷺ إن شاء ﷲ ﴾ ﷼",  # words and ornaments in one sign
        shaped("كتاب") + "\n" + shaped("محمد")[::-1],  # both directions
        "plain",
    ],
)
def test_other_text_stays(text):
    assert fold_arabic_forms(text) == text
