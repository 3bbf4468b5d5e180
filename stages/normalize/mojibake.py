"""Undoing a wrong decoding (``cafÃ©`` -> ``café``) where it is sure.

Lines are judged one by one, because pages mix sound and broken lines, in three steps:

1. Old encodings read as Latin-1 (``Ïðèâåò``): ``stages.normalize.legacy_letters``.
2. ftfy knows which wrong encoding produces which sequences. Its result is taken where its
   ``badness`` (the number of pairs of characters that never stand together in text) falls to
   nothing, or at least to a quarter, and nothing became U+FFFD.
3. What ftfy has no table for (UTF-8 read as Windows-1256 or -874, GBK, Shift_JIS, ...) is undone
   where a whole line turns back into valid UTF-8: at least ``LEAST_SEQUENCES`` characters of two or
   more bytes, which sound text in those encodings does not form. In a document in which a line was
   repaired the same is done for shorter evidence, with the encodings that ftfy knows.

And text in ISO-2022-JP, whose bytes are ASCII between escape sequences, is decoded. Steps repeat
until nothing changes, so a chain of wrong decodings is undone to its end. Nothing
else of ftfy is used: quotes, widths, ligatures and HTML entities stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from stages.normalize.legacy_letters import repair_letters

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

LEAST_IMPROVEMENT = 4
"""A line with badness b is accepted at b / 4 or less."""
LEAST_SEQUENCES = 4
LEAST_IN_CONTEXT = 1
MOST_CHAIN = 4
"""Wrong decodings in a row; three have been seen."""
REPLACEMENT = "\ufffd"
BY_FTFY = "ftfy"
LOST_QUOTE = re.compile("(â€œ[^â\ufffd]*)â€\ufffd")
"""A quotation whose closing quote was lost, for Windows-1252 lacks its last byte (9D)."""

ISO_2022 = re.compile("\x1b\\$[@B][!-~]+\x1b\\([BJ]")
"""JIS X 0208 between escape sequences (ISO-2022-JP), whose bytes are all ASCII."""

FTFY_ENCODINGS = (
    "latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250",
)  # fmt: skip
"""The encodings of ftfy for which a valid line is believed in a document that has broken lines."""
OTHER_ENCODINGS = (
    "sloppy-windows-1251", "sloppy-windows-1253", "cp1256", "cp1255", "cp1258", "cp874",
    "gb18030", "cp932", "big5", "cp949",
)  # fmt: skip
WIDE_ENCODINGS = frozenset({"gb18030", "cp932", "big5", "cp949"})

_LATIN_TAIL = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸŚŤŹśťźˇ˘Ł¤Ą¦§¨©Ş«¬®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľż"
SUSPECT = re.compile(
    "[\x80-\x9f]"
    f"|[Â-ßĂĹĐ][{_LATIN_TAIL}]|[à-ô][{_LATIN_TAIL}]{{2}}"
    "|[РСГВ][^\\x00-\\x7f][РСГВ]|[طظعغ][^\\x00-\\x7f][طظعغ]"
    "|[√├╨╤Γ][^\\x00-\\x7f\\s]|[锛銆鐨涓縺繧繝]|[À-ÿ]{4}|\ufffd"
)
"""What a line must hold to be worth a look: at least what ``looks_misread`` finds."""

LEAD = re.compile("[\x80-\x9f\xa0-\xffĂĹĐĎÐРСГВа-пШЩطظعغ√├╨╤Γâ锛銆鐨涓縺繧繝\ufffd]")
"""What broken letters begin with, in a document that has some."""

_OPEN = "\"'“„«‹「『（(‘`"
_CLOSE = "\"'”“»›」』）)’`"
_FEW = f"\\s?[^\\s{_OPEN}{_CLOSE}]{{1,6}}\\s?"
QUOTED = re.compile(f"[{_OPEN}]{_FEW}[{_CLOSE}]|(?<!\\S){_FEW}[”»›」』）)’]")
"""A few letters in quotes or brackets; the opening one may be missing."""
ALPHABET = re.compile(
    "|".join(rf"{chr(c)}\W?{chr(c + 1)}\W?{chr(c + 2)}" for c in range(0xC0, 0xFE))
)
"""Three letters in the order of their numbers."""
WINDOWS = {
    byte: character
    for byte in range(0x80, 0xA0)
    if (character := bytes([byte]).decode("cp1252", "ignore"))
}
NO_WINDOWS_CONTROL = re.compile(
    "[\x81\x83\x86-\x89\x8b\x8d\x8f\x90\x98\x9b\x9d]"  # not assigned, or hardly used
    "|[\x80-\x9f\xa1-\xbf][\x80-\x9f]|[\x80-\x9f][\xa1-\xaa\xac-\xba\xbc-\xbf]"  # sequences
    "|[À-ß][\x80-\x9f]|\x80(?!\\s?\\d)(?<!\\d\x80)(?<!\\d\\s\x80)"  # UTF-8; the euro sign
    "|(?<![A-Za-zÀ-ÿ])[\x8a\x8c\x8e\x9a\x9c\x9e\x9f](?![A-Za-zÀ-ÿ])"  # letters
)
"""Where a control character of a line in Latin script may be something else than Windows-1252."""


@cache
def settings() -> TextFixerConfig:
    """Only what undoes a wrong decoding."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        replace_lossy_sequences=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        fix_c1_controls=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )


def repair(text: str) -> str:
    """The text with every broken line repaired for which that is sure.

    >>> repair("Le cafÃ© est fermÃ©")
    'Le café est fermé'
    """
    if "\x1b$" in text:
        text = ISO_2022.sub(_from_iso_2022, text)
    for _ in range(MOST_CHAIN):
        repaired = _repair_lines(repair_letters(text))
        if repaired == text:
            break
        text = repaired
    return text


def _from_iso_2022(found: re.Match[str]) -> str:
    """A run of Japanese between its escape sequences."""
    try:
        return found[0].encode("ascii").decode("iso2022_jp")
    except UnicodeError:
        return found[0]


def _repair_lines(text: str) -> str:
    """Steps 2 and 3 for each line; where a line is repaired, the others get a closer look."""
    lines = text.split("\n")
    encodings: list[str] = []
    for number, line in enumerate(lines):
        if not line.isascii() and SUSPECT.search(line) and not is_example(line):
            lines[number], encoding = repair_line(line)
            if encoding and encoding not in encodings:
                encodings.append(encoding)
    if encodings:
        known = [name for name in encodings if name != BY_FTFY]
        if BY_FTFY in encodings:
            known.extend(FTFY_ENCODINGS)
        for number, line in enumerate(lines):
            if not line.isascii() and LEAD.search(line):
                lines[number], _ = repair_line(line, known)
    return "\n".join(lines)


def repair_line(line: str, known: Sequence[str] = ()) -> tuple[str, str | None]:
    """The line as it was meant, or the line itself.

    Args:
        line: without a new line.
        known: encodings in which other lines of the document had been read by mistake.

    Returns:
        The line, and the encoding that it had been read in (or BY_FTFY), None if it stays.
    """
    from ftfy import fix_encoding
    from ftfy.badness import badness

    before = badness(line)
    if before:
        whole = LOST_QUOTE.sub("\\1â€\x9d", line)
        fixed = fix_encoding(whole, settings())
        if fixed == as_windows(whole):  # control characters at most
            fixed = windows_controls(line)
        sound = fixed.count(REPLACEMENT) <= whole.count(REPLACEMENT)
        if fixed != line and sound and badness(fixed) * LEAST_IMPROVEMENT <= before:
            return fixed, BY_FTFY
    if REPLACEMENT in line:
        return line, None
    for encoding in (*known, *OTHER_ENCODINGS):
        meant = undo(line, encoding, LEAST_IN_CONTEXT if encoding in known else LEAST_SEQUENCES)
        if meant != line and badness(meant) <= before:
            return meant, encoding
    return line, None


def is_example(line: str) -> bool:
    """Whether what looks broken is named: letters in quotes of their own, or an alphabet."""
    if ALPHABET.search(line):
        return True
    return SUSPECT.search(QUOTED.sub(" ", line)) is None


def as_windows(line: str) -> str:
    """The line with control characters read as the bytes of Windows-1252."""
    return line.translate(WINDOWS)


def windows_controls(line: str) -> str:
    """The same where it is sure: a line in Latin script, punctuation or letters where they belong.

    >>> windows_controls("qu" + chr(0x92) + "on peut")
    'qu’on peut'
    """
    if any(c > "\xff" and not "\u2010" <= c < "\u2070" for c in line):
        return line
    if NO_WINDOWS_CONTROL.search(line):
        return line
    return as_windows(line)


def undo(line: str, encoding: str, least: int) -> str:
    """The line whose UTF-8 bytes, read in ``encoding``, are the given one; else the given one.

    Args:
        line: the text as found.
        encoding: the encoding it may have been read in by mistake.
        least: characters outside ASCII that the result must have. In an encoding that itself has
            characters of two bytes they must be of three: two bytes are too easily valid.
    """
    import ftfy.bad_codecs  # noqa: F401  the sloppy encodings

    try:
        meant = line.encode(encoding).decode()
    except UnicodeError:
        return line
    smallest = "\u0800" if encoding in WIDE_ENCODINGS else "\x80"
    foreign = [c for c in meant if c > "\x7f"]
    if len(foreign) < least or min(foreign) < smallest or not all(map(_is_printable, foreign)):
        return line
    return meant


def _is_printable(character: str) -> bool:
    """A character of text: assigned, no control and not of private use."""
    return character.isprintable() or character in "\xa0\u200b\u200c\u200d\u200e\u200f\u3000\xad"
