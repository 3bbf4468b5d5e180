"""The units of sentences: what two languages are compared by."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np

from stages.bilingual.alignment.units_kernels import MOST_UNITS, units_of_sentences
from stages.bilingual.numbers.months import month_table
from stages.bilingual.numbers.number_words import number_words
from stages.bilingual.sentences.segmenting import Sentences
from stages.text_kernels import CODE_POINTS, character_classes, two_level

BYTES_A_UNIT = 8
"""The room for units at first; doubled until it suffices."""


@dataclass(frozen=True)
class Units:
    """The units of some documents' sentences."""

    document_offsets: np.ndarray
    """int64 [documents + 1], into the sentences."""
    offsets: np.ndarray
    """int64 [sentences + 1]."""
    units: np.ndarray
    """uint64, sorted and distinct within a sentence; odd: a number."""
    places: np.ndarray
    """uint8 [units]: how much of its sentence is before it, in 256ths."""
    lengths: np.ndarray
    """int32 [sentences]: characters."""
    flags: np.ndarray
    """uint8 [sentences], of ``Sentences``."""


@cache
def folded_characters() -> tuple[np.ndarray, np.ndarray]:
    """The two-level table (index uint16, blocks int32) of characters as units see them.

    Digits of every script become 0-9, letters lower case, full-width forms the usual ones.
    """
    folded = np.arange(CODE_POINTS, dtype=np.int32)
    for code in (*range(0x3000), *range(0xA640, 0xA7FF), *range(0xFB00, 0x11A00)):
        character = chr(code)
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            folded[code] = ord("0") + digit
            continue
        form = unicodedata.normalize("NFKC", character)
        lower = (form if len(form) == 1 else character).lower()
        if len(lower) == 1:
            folded[code] = ord(lower)
    return two_level(folded)


def units_of(sentences: Sentences) -> Units:
    """The units of every sentence."""
    count = len(sentences)
    offsets, lengths = np.zeros(count + 1, np.int64), np.empty(count, np.int32)
    room = int((sentences.ends - sentences.starts).sum()) // BYTES_A_UNIT + 2 * MOST_UNITS
    units, places = np.empty(0, np.uint64), np.empty(0, np.uint8)
    done = 0
    while done < count:
        units = np.concatenate([units, np.empty(room - len(units), np.uint64)])
        places = np.concatenate([places, np.empty(room - len(places), np.uint8)])
        done = units_of_sentences(
            sentences.data, sentences.starts, sentences.ends, *character_classes(),
            *folded_characters(), *number_words(), *month_table(), done, offsets, units, places,
            lengths,
        )  # fmt: skip
        room *= 2
    used, places = units[: offsets[-1]].copy(), places[: offsets[-1]].copy()
    return Units(sentences.document_offsets, offsets, used, places, lengths, sentences.flags)
