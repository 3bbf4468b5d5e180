"""What a token is, told from its bytes alone: the script of its letters, or what else it is."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache

SMALL_SCRIPT = 40
"""Letters: a word that begins the names of fewer is no script (MICRO, FEMININE)."""
CODE_POINTS = 0x110000

DIGITS, SIGNS, BLANKS = "digits", "punctuation and symbols", "white space"
PARTS, SPECIAL, NOTHING, OTHER = "parts of characters", "special", "no token", "other letters"

_RENAMED = {"CJK": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana", "HALFWIDTH": "Kana"}


def as_text(spelled: bytes) -> str | None:
    """The token as text; None where it is a part of a character."""
    try:
        return spelled.decode()
    except UnicodeDecodeError:
        return None


def kind_of_token(spelled: bytes, text: str | None) -> str:
    """The script of the first letter, or what a token without letters is.

    >>> [kind_of_token(t.encode(), t) for t in (" the", "กำ", "12", " ,")]
    ['Latin', 'Thai', 'digits', 'punctuation and symbols']
    """
    if text is None:
        return PARTS
    if not spelled:
        return NOTHING
    table, names = scripts()
    for character in text:
        script = table[ord(character)]
        if script:
            return names[script]
    if any(character.isdigit() or character.isnumeric() for character in text):
        return DIGITS
    return BLANKS if text.isspace() else SIGNS


@cache
def scripts() -> tuple[list[int], list[str]]:
    """The script of letters and marks, by the first word of their names in Unicode.

    Returns:
        number of the script by code point, 0 for what is neither.
        names by number.
    """
    first_words: dict[int, str] = {}
    for point in (*range(0x40000), *range(0xE0000, 0xE0200)):
        character = chr(point)
        if unicodedata.category(character)[0] in "LM":
            name = unicodedata.name(character, "").split(" ")[0].split("-")[0]
            first_words[point] = _RENAMED.get(name, name.capitalize())
    sizes = Counter(first_words.values())
    numbers = {"": 0, OTHER: 1}
    table = [0] * CODE_POINTS
    for point, name in first_words.items():
        known = sizes[name] >= SMALL_SCRIPT and name not in (
            "",
            "Combining",
            "Modifier",
            "Variation",
        )
        table[point] = numbers.setdefault(name, len(numbers)) if known else 1
    return table, list(numbers)
