"""What a character means to the end of a sentence, as a two-level table over all code points."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from stages.bilingual.sentences.boundary_kernels import (
    ALWAYS,
    CASED_UPPER,
    CLOSES,
    LETTER_OR_MARK,
    LOWER,
    OPENS,
    SPACES_DIVIDE,
    SPACES_NEEDED,
)
from stages.text_kernels import CODE_POINTS, TERMINALS, categories, code_points, two_level

NEEDS_SPACE = "!.?…‼‽⁇⁈⁉⸮⸼．"
"""Terminators that also stand inside words, numbers and addresses: ambiguous without a space."""

NOT_ENDS = "၊᭞꣎"
"""Of ``TERMINALS``: commas and half stops."""

THAI_AND_LAO = ((0x0E01, 0x0E2E), (0x0E30, 0x0E3A), (0x0E40, 0x0E45), (0x0E47, 0x0E4E),
                (0x0E81, 0x0EC4), (0x0EC8, 0x0ECF), (0x0EDC, 0x0EDF))  # fmt: skip
"""Their letters and marks; without the abbreviation mark U+0E2F and the repetition mark U+0E46,
beside which stand spaces that end nothing."""

QUOTES = "\"'`*_"
"""Marks that open and close alike."""


@cache
def sentence_classes() -> tuple[np.ndarray, np.ndarray]:
    """The two-level table (index uint16, blocks uint8) of class flags; block 0 is ASCII's."""
    category = categories()
    flags = np.zeros(CODE_POINTS, np.uint8)
    flags[(category.astype("S1") == b"L") | (category.astype("S1") == b"M")] |= LETTER_OR_MARK
    flags[category == b"Ll"] |= LOWER
    flags[(category == b"Lu") | (category == b"Lt")] |= CASED_UPPER
    flags[(category == b"Pe") | (category == b"Pf")] |= CLOSES
    flags[(category == b"Ps") | (category == b"Pi") | (category == b"Pf")] |= OPENS
    flags[code_points(QUOTES)] |= CLOSES | OPENS
    flags[code_points("“‘")] |= CLOSES  # „German“ and ‚German‘
    flags[code_points("«»")] |= CLOSES | OPENS  # «French» and »German«
    flags[code_points("¿¡")] |= OPENS
    flags[code_points(set(TERMINALS) - set(NEEDS_SPACE) - set(NOT_ENDS))] |= ALWAYS
    flags[code_points(NEEDS_SPACE)] |= SPACES_NEEDED
    for first, last in THAI_AND_LAO:
        flags[first : last + 1] |= SPACES_DIVIDE
    return two_level(flags)


def both_cases(word: str) -> set[str]:
    """A word as written inside a sentence and at its head, NFC."""
    word = unicodedata.normalize("NFC", word)
    return {word, word[:1].upper() + word[1:], word.upper()}
