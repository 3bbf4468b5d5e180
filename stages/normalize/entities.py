"""HTML character references left in plain text: ``caf&eacute;``, ``We&#8217;re``.

A reference may also be what a text is about (a lesson on HTML, a piece of code), so only what is
sure to stand for a character is decoded:

* In code nothing is decoded: fenced or indented blocks, lines with a backquote; nor a reference in
  quotes or brackets of its own (``"&nbsp;"``), which is named rather than used.
* A document that speaks of HTML or XML and of entities or escaping keeps them all.
* References to ASCII characters stay in documents with tags, where they keep a character from
  being markup; the others mean the same in markup and in text.
* ``&lt;`` and ``&gt;`` are decoded only where a whole document was escaped: no ``<``, ``>`` or bare
  ``&`` in it, and either its quotes or its letters outside ASCII all written as references.
"""

from __future__ import annotations

import re
from functools import cache

_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});", re.ASCII)
_AMPERSAND = re.compile(r"&(?:amp|AMP|#0*38|#[xX]0*26);")
_TAG = re.compile(r"<(?:/?[A-Za-z][^<>\n]*>|!)")
_MARKUP_NAMES = ("html", "HTML", "xml", "XML", "sgml", "SGML")
_ABOUT = (
    "entit", "entidad", "escap", "échapp", "maskier", "сущност",
    "实体", "實體", "转义", "轉義", "エスケープ", "実体",
)  # fmt: skip
"""What documents say that speak of references: entity, escape, in the large languages."""
_FENCES = ("```", "~~~")
_CODE_LINE = re.compile(r"\n(?: {4}|\t)")
_BARE = re.compile(
    r"[<>&](?!(?<=&)(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)", re.ASCII
)
_QUOTED = re.compile(r"&(?:quot|apos|#0?39|#34|#x27|#x22);", re.IGNORECASE)
_BRACKETS = frozenset({'""', "''", "()", "//", "[]", "“”", "„“", "‘’", "«»", "「」", "『』"})
_ANGLES = frozenset("<>")
_INDENTED = ("    ", "\t")
_WINDOWS = range(0x80, 0xA0)
"""Numbers that HTML reads as bytes of Windows-1252 (WHATWG HTML, numeric character reference
end state)."""

LEAST_LETTERS = 3
"""References to characters outside ASCII, in a text without such characters, that make it one that
was escaped as a whole."""


@cache
def _names() -> dict[str, str]:
    """The references of HTML by name; those that stand for one character or two."""
    from html.entities import html5

    return {name[:-1]: value for name, value in html5.items() if name.endswith(";")}


@cache
def character_of(reference: str) -> str | None:
    """What a reference stands for; None if it names nothing that can stand in a text.

    >>> character_of("&eacute;")
    'é'
    """
    if reference[1] != "#":
        return _names().get(reference[1:-1])
    digits = reference[2:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    if code in _WINDOWS:
        return bytes([code]).decode("cp1252", "ignore") or None
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return None
    character = chr(code)
    return character if character.isprintable() or character.isspace() else None


def decode_entities(text: str) -> str:
    """The text with the references decoded that are sure, until none is left.

    >>> decode_entities("Caf&eacute; &amp; bar")
    'Café & bar'
    """
    while True:
        decoded = _once(text)
        if decoded == text or not _AMPERSAND.search(text):
            return decoded
        text = decoded  # &amp;eacute; needs two rounds


def _once(text: str) -> str:
    """One round."""
    if _is_escaped(text):
        return _REFERENCE.sub(lambda found: character_of(found[0]) or found[0], text)
    if _is_about_references(text):
        return text
    least = "\x80" if _TAG.search(text) else ""
    has_code = "`" in text or "~~~" in text or text.startswith(_INDENTED)
    if not has_code and not _CODE_LINE.search(text):
        return _decode(text, least)
    fenced = False
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif "&" in line and not fenced and "`" not in line and not line.startswith(_INDENTED):
            lines[number] = _decode(line, least)
    return "\n".join(lines)


def _decode(text: str, least: str) -> str:
    """Prose with its references decoded, to characters from ``least`` on, but no angles."""

    def replace(found: re.Match[str]) -> str:
        reference = found[0]
        character = character_of(reference)
        if character is None or character < least or character in _ANGLES:
            return reference
        start, end = found.span()
        if start and text[start - 1] + text[end : end + 1] in _BRACKETS:
            return reference
        return character

    return _REFERENCE.sub(replace, text)


def _is_about_references(text: str) -> bool:
    """Whether the text speaks of markup and of entities or escaping."""
    if not any(name in text for name in _MARKUP_NAMES):
        return False
    lowered = text.lower()
    return any(word in lowered for word in _ABOUT)


def _is_escaped(text: str) -> bool:
    """Whether all of the text was escaped at once, so that ``&lt;`` is a ``<``."""
    if _BARE.search(text):
        return False
    quotes_escaped = '"' not in text and _QUOTED.search(text) is not None
    if not quotes_escaped and not text.isascii():
        return False
    letters = [found for found in _REFERENCE.findall(text) if (character_of(found) or " ") > "\xa0"]
    return quotes_escaped or len(letters) >= LEAST_LETTERS
