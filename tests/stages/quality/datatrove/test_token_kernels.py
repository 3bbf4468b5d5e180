"""Words as spaCy has them: examples that spaCy gave, and a reference by regular expressions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.quality.datatrove.definitions import split

from .datatrove_reference import words_of

SPACY = [
    (
        "en",
        "Don't do \"this\" (please), it's fine.",
        "Do|n't|do|\"|this|\"|(|please|)|,|it|'s|fine|.",
    ),
    ("en", "a state-of-the-art end.", "a|state|-|of|-|the|-|art|end|."),
    ("en", "see http://foo.com/a-b/c. Bye", "see|http://foo.com/a-b/c|.|Bye"),
    ("en", "3.14 1,000 50% $5 x--y a/b", "3.14|1,000|50|%|$|5|x|--|y|a|/|b"),
    ("en", "well... **bold** `code`", "well|...|*|*|bold|*|*|`|code|`"),
    ("en", "mail me@x.org, ok?", "mail|me@x.org|,|ok|?"),
    ("fr", "L'eau d'hier n’est pas là.", "L'|eau|d'|hier|n’|est|pas|là|."),
    ("de", "Die E-Mail und/oder am 3. Mai „so“", "Die|E-Mail|und|/|oder|am|3.|Mai|„|so|“"),
    ("de", "foo(bar) 1-2 a:b", "foo|(|bar|)|1|-|2|a|:|b"),
    ("es", "¿Qué tal? end-to-end (sí)", "¿|Qué|tal|?|end-to-end|(|sí|)"),
    ("ru", "Кто-то сказал: «да».", "Кто|-|то|сказал|:|«|да|»|."),
]
"""Text and what spaCy 3.8 (blank pipelines) makes of it."""


def words(text, language):
    """Our words, cut from the text by their lengths."""
    _, lengths = split(text, language)
    found, position = [], 0
    for length in lengths.tolist():
        position += len(text[position:]) - len(text[position:].lstrip())
        found.append(text[position : position + length])
        position += length
    return found


@pytest.mark.parametrize(("language", "text", "expected"), SPACY)
def test_words_are_those_of_spacy(language, text, expected):
    assert words(text, language) == expected.split("|")
    assert words_of(text, language) == expected.split("|")


FRAGMENTS = [
    *("word", "Word", "IT", "naïve", "слово", "l", "n", "don", "t", "x", "com", "12", "3", "мир"),
    *(".", "..", "...", "…", ",", ":", "-", "--", "—", "–", "~", "/", "//", "://", "@", "_", "*"),
    *("'", "’", '"', "“", "»", "(", ")", "[", "]", "`", "``", "#", "?", "!", "¿", "=", "<", "+"),
    *("%", "$", "€", "°", "😀", "^", "{", "|", "中", " ", " ", "\n", "\u00a0", "n't", "'s", "'ll"),
]


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join),
    st.sampled_from(["en", "fr", "de", "es", "ru"]),
)
def test_words_agree_with_the_reference(text, language):
    assert words(text, language) == words_of(text, language)


@given(st.text(max_size=60), st.sampled_from(["en", "fr", "de", "es", "ru"]))
def test_words_are_the_text_without_its_blanks(text, language):
    assert "".join(words(text, language)) == "".join(text.split())


def test_the_same_word_has_the_same_hash_wherever_it_stands():
    hashes, _ = split("river, (river) river's", "en")
    assert len(np.unique(hashes[[0, 3, 5]])) == 1
