"""Thai and Lao in the order of the standard keyboard (TIS 1566): consonant, vowel, tone mark.

Most marks of the two scripts have combining class 0, so Unicode's normal forms leave whatever order
was typed, and a word that looks the same on screen exists in two or three spellings. The rules
below change only sequences that no word can contain:

    นํา -> นำ       nikhahit and sara aa for sara am, also with a tone mark between or before
    นำ้ -> น้ำ       tone mark after sara am
    เเล -> แล       sara e twice for sara ae, before a consonant
    ท่ี -> ที่       tone mark (or thanthakhat) before the vowel over or under a consonant
    ต้ั้ -> ตั้       the same mark on both sides of the other
    private use of old Windows fonts -> the mark that it draws

Repeated marks stay (people lengthen words so), as does what fits no rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LAO = 0x80
"""Lao lies 128 code points after Thai, letter for letter."""

GLYPHS = {
    0xF700: 0x0E10, 0xF70F: 0x0E0D,  # tho than and yo ying without their foot
    0xF701: 0x0E34, 0xF702: 0x0E35, 0xF703: 0x0E36, 0xF704: 0x0E37,  # vowels moved left
    0xF705: 0x0E48, 0xF706: 0x0E49, 0xF707: 0x0E4A, 0xF708: 0x0E4B, 0xF709: 0x0E4C,
    0xF70A: 0x0E48, 0xF70B: 0x0E49, 0xF70C: 0x0E4A, 0xF70D: 0x0E4B, 0xF70E: 0x0E4C,
    0xF710: 0x0E31, 0xF711: 0x0E4D, 0xF712: 0x0E47,
    0xF713: 0x0E48, 0xF714: 0x0E49, 0xF715: 0x0E4A, 0xF716: 0x0E4B, 0xF717: 0x0E4C,
    0xF718: 0x0E38, 0xF719: 0x0E39, 0xF71A: 0x0E3A,  # vowels moved down
}  # fmt: skip
"""The glyphs of Microsoft's Thai fonts before OpenType, as Pango's Thai module lists them."""
_GLYPH = re.compile("[\uf700-\uf71a]")
_GLYPH_RUN = re.compile(
    "(?<=[\u0e01-\u0e5b])[\uf700-\uf71a]+|[\uf700\uf70f][\uf700-\uf71a]*(?=[\u0e01-\u0e5b])"
)


_CONSONANT = "\u0e01-\u0e2e"
_VOWEL = "\u0e31\u0e34-\u0e39"
_TONE = "\u0e48-\u0e4b"
_MARK = "\u0e48-\u0e4c"


def _moved(letters: str, shift: int) -> str:
    """A set of letters, or of ranges, in the other script."""
    return "".join(c if c == "-" else chr(ord(c) + shift) for c in letters)


_IS_CONSONANT = re.compile(f"[{_CONSONANT}{_moved(_CONSONANT, LAO)}\u0edc-\u0edf]")


def _am(found: re.Match[str]) -> str:
    """Nikhahit, perhaps a tone mark, sara aa."""
    return found[0][1:-1] + chr(ord(found[0][-1]) + 1)


def _tones(found: re.Match[str]) -> str:
    """Sara am and tone marks; the first may stand before it already."""
    am, tones = found[0][0], found[0][1:]
    if found.string[found.start() - 1 : found.start()] == tones[0]:
        tones = tones[1:]
    return tones + am


def _ae(found: re.Match[str]) -> str:
    """Sara e in a row: two before a consonant are one sara ae."""
    pair = len(found[0]) == 2 and _IS_CONSONANT.match(found.string, found.end())
    return chr(ord(found[0][0]) + 1) if pair else found[0]


def _mark(found: re.Match[str]) -> str:
    """A tone mark (or thanthakhat), a vowel, perhaps a mark again."""
    mark, vowel, then = found[0][0], found[0][1], found[0][2:]
    text, start = found.string, found.start()
    before = text[start - 1 : start]
    if _IS_CONSONANT.match(before):
        return vowel + mark + ("" if then == mark else then)
    if before == vowel and _IS_CONSONANT.match(text[start - 2 : start - 1]):
        return mark + then
    return found[0]


def _rules(shift: int) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]:
    """What a script may have in the wrong order, and what should stand there.

    Every pattern begins with a letter or a set of letters, so that it is found at once.
    """
    vowel, tone, mark = (_moved(letters, shift) for letters in (_VOWEL, _TONE, _MARK))
    nikhahit, aa, am, e = (_moved(letter, shift) for letter in "\u0e4d\u0e32\u0e33\u0e40")
    vowel += "\u0ebb" if shift else ""
    return [
        (re.compile(f"{nikhahit}[{tone}]?{aa}"), _am),
        (re.compile(f"{am}[{tone}]+"), _tones),
        (re.compile(f"{e}{e}+"), _ae),
        (re.compile(f"[{mark}][{vowel}][{mark}]?"), _mark),
    ]


RULES = (*_rules(0), *_rules(LAO))


def order_marks(text: str) -> str:
    """The text with every sequence that the rules name put in order, until none is left.

    >>> order_marks("นํ้าเเข็ง")
    'น้ำแข็ง'
    """
    while (ordered := _once(text)) != text:
        text = ordered
    return text


def _once(text: str) -> str:
    if _GLYPH.search(text):
        text = _GLYPH_RUN.sub(lambda found: found[0].translate(GLYPHS), text)
    for pattern, in_order in RULES:
        text = pattern.sub(in_order, text)
    return text
