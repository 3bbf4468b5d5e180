"""Arabic letters written as presentation forms, the shapes that old software and PDF files store.

Each of the shapes a letter takes (alone, first, middle, last) has a code point of its own beside
the letter's; a word written in shapes matches nothing. The fold gives back the letters:

* A letter is folded where it stands in a word: next to another Arabic letter or shape, or in a line
  that holds such a word. A shape that stands alone among sound text is an example of itself (a
  table of the alphabet) and stays.
* Shapes tell in which direction they are stored: a first shape comes before a middle or last one.
  Text that was stored as it is drawn, from left to right, is turned round line by line; where a
  document says both, it is left alone.
* Signs that are words by themselves (ﷲ ﷺ ﷼) and ornaments are not shapes of letters: they stay.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_RANGES = ((0xFB50, 0xFBB1), (0xFBD3, 0xFD3D), (0xFD50, 0xFDC7), (0xFE80, 0xFEFC))
"""Letters and ligatures of letters, in Arabic Presentation Forms A and B."""
_MARKS = range(0xFE70, 0xFE80)
"""Vowel marks drawn alone or on a stretched line."""


def _letters() -> dict[str, tuple[str, str]]:
    """Shape -> (its place in a word: isolated, initial, medial, final; the letters it draws)."""
    result = {}
    for first, last in _RANGES:
        for shape in map(chr, range(first, last + 1)):
            place, _, rest = unicodedata.decomposition(shape).partition("> ")
            if rest:
                letters = unicodedata.normalize("NFKC", shape).lstrip(" ")
                result[shape] = (place[1:], letters)
    return result


SHAPES = _letters()
LETTERS = frozenset(SHAPES)
_FOLD = {ord(shape): letters for shape, (_, letters) in SHAPES.items()} | {
    code: unicodedata.normalize("NFKC", chr(code)).lstrip(" \u0640")
    for code in _MARKS
    if unicodedata.decomposition(chr(code))
}

_SHAPE = "\ufb50-\ufbb1\ufbd3-\ufd3d\ufd50-\ufdc7\ufe70-\ufefc"
_MARK = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
_BASE = (
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff"
    "\u0750-\u077f"
)
_WORD = re.compile(f"[{_SHAPE}{_BASE}{_MARK}\u0640\u200c\u200d]+")
_HAS_SHAPE = re.compile(f"[{_SHAPE}]")
_HAS_BASE = re.compile(f"[{_BASE}]")
_LETTER = re.compile(f"[{_SHAPE}{_BASE}]")

CONNECTS_NEXT = frozenset({"initial", "medial"})
CONNECTS_BEFORE = frozenset({"medial", "final"})
LEAST_BACKWARD = 4
"""Pairs of shapes in drawing order that make a document one that was stored as it is drawn."""

_PLAIN = r"[A-Za-z0-9\u0660-\u0669\u06f0-\u06f9]+"
_FORWARD_RUN = re.compile(f"{_PLAIN}(?:[.,:/'@_-]{_PLAIN})*")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def fold_arabic_forms(text: str) -> str:
    """The text with Arabic letters for the shapes of its words.

    >>> fold_arabic_forms("ﻛﺘﺎﺏ") == "كتاب"
    True
    """
    lines = text.split("\n")
    shaped = [number for number, line in enumerate(lines) if _HAS_SHAPE.search(line)]
    pairs = [_directions(lines[number]) for number in shaped]
    forward = sum(count for count, _ in pairs)
    backward = sum(count for _, count in pairs)
    if backward and (forward or backward < LEAST_BACKWARD):
        return text
    for number in shaped:
        line = lines[number]
        if backward:
            if _HAS_BASE.search(line):
                continue
            line = _turn_round(line)
        lines[number] = _fold_line(line)
    return "\n".join(lines)


def _directions(line: str) -> tuple[int, int]:
    """Pairs of neighbouring shapes that join in reading order, and that join in drawing order."""
    forward = backward = 0
    for word in _WORD.findall(line):
        places = [SHAPES[c][0] if c in SHAPES else "" for c in word]
        for first, second in pairwise(places):
            if first == "initial" or second == "final":
                forward += first in CONNECTS_NEXT and second in CONNECTS_BEFORE
            if first == "final" or second == "initial":
                backward += first in CONNECTS_BEFORE and second == "medial"
                backward += first == "medial" and second == "initial"
    return forward, backward


def _fold_line(line: str) -> str:
    """The line folded, if it has a word with a shape in it."""
    for word in _WORD.findall(line):
        if _HAS_SHAPE.search(word) and len(_LETTER.findall(word)) > 1:
            return line.translate(_FOLD)
    return line


def _turn_round(line: str) -> str:
    """A line that was stored from left to right as it is drawn, in reading order.

    Numbers and Latin words are drawn from left to right in any case and keep their order.
    """
    turned = _FORWARD_RUN.sub(lambda run: run.group()[::-1], line)[::-1]
    return turned.translate(_MIRRORED)
