"""Text out of bytes: what they say they are, what they can be, what they look like.

    byte order mark -> strict UTF-8 -> header -> <meta> -> detection -> nothing: not read

Strict UTF-8 stands before what the header says, other than in a browser: legacy text of more than
a few words is never valid UTF-8 by accident, while servers that call everything ISO-8859-1 are
many. A declared encoding is believed when the bytes fit it and the text does not look odd.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from formats.readers.charset_decode import decode_utf8_with_strays, decode_with, oddity
from formats.readers.charset_detect import MOST_ODD, detect, detect_seven_bit
from formats.readers.charset_labels import codec_of, web_name

META_BYTES = 4096
"""Where ``<meta>`` is looked for; browsers look at 1,024 bytes, pages are not always so tidy."""
FEW_SEQUENCES = 8
"""So few characters can be valid UTF-8 by accident (GBK's 联通 is): then a declaration counts."""
ERRORS_ALLOWED = 0.02
"""Places that do not fit a declared encoding, per character that is not ASCII."""
FEW_STRAYS = 3
LEAST_EVIDENCE = 6
"""Bytes above ASCII without which a plain file's encoding is not guessed."""
ENOUGH_EVIDENCE = 16
"""With fewer of them nothing odd is allowed in a plain file."""
FOREIGN_SHARE = 0.4
"""More letters above ASCII than this are not Western text, whatever a server's default says."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_META = re.compile(
    rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]+)|<\?xml\b[^>]*?\bencoding\s*=\s*"
    rb"[\"']([A-Za-z0-9_:.\-]+)",
    re.IGNORECASE,
)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_ASCII_LETTERS = re.compile(rb"[A-Za-z]")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]")
_FOREIGN = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")


@dataclass(frozen=True)
class Decoded:
    """Text, and how it was read."""

    text: str
    encoding: str
    """The WHATWG name where there is one."""
    found_by: str
    """``bom``, ``utf-8``, ``header``, ``meta``, ``detected`` or ``named``."""
    errors: int = 0
    """Places that did not fit; each is a U+FFFD."""


class Undecodable(ValueError):  # noqa: N818 - turned into a quarantine entry
    """Bytes that are no text in any encoding we know; the text is a quarantine error."""


def decode_text(data: bytes) -> Decoded:
    """Decode a plain file: mark, strict UTF-8, then detection.

    Raises:
        Undecodable: nothing fits.
    """
    found = _by_mark(data) or _by_itself(data)
    return found or _detected(data, markup=False)


def decode_named(data: bytes, label: str) -> Decoded:
    """Decode in the encoding that a recipe names; a mark of the same family is taken off.

    Raises:
        Undecodable: the bytes do not fit.
        ValueError: no such encoding.
    """
    codec = codec_of(label)
    if codec is None:
        raise ValueError(f"encoding: {label!r} is not known; valid: auto, utf-8, windows-1251, …")
    mark = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if mark is not None and codec.startswith("utf-") and mark[:6] == codec[:6]:
        codec = mark
    text, errors = decode_with(data, codec)
    if errors:
        name = "UTF-8" if codec == "utf-8" else web_name(codec)
        raise Undecodable(f"not {name}: {places(errors)}")
    return Decoded(text, web_name(codec), "named")


def decode_page(data: bytes, content_type: str | None = None) -> Decoded:
    """Decode an HTML page.

    Args:
        data: the body.
        content_type: the HTTP header's value, or None.

    Raises:
        Undecodable: nothing fits.
    """
    found = _by_mark(data)
    if found is not None:
        return found
    declared = _declared(data, content_type)
    itself = _by_itself(data)
    if itself is not None:
        agrees = not declared or declared[0][1] == "utf-8"
        seven_bit = data.isascii()
        few = not agrees and not seven_bit and len(_FOREIGN.findall(data)) < FEW_SEQUENCES
        if not few:
            return itself
    for found_by, codec in _ordered(declared, data):
        if codec == "utf-8":
            almost = _almost_utf8(data, found_by)
            if almost is not None:
                return almost
            continue
        text, errors = decode_with(data, codec)
        odd = oddity(text)
        if odd <= MOST_ODD and errors <= max(1, ERRORS_ALLOWED * _foreign_characters(text)):
            return Decoded(text, web_name(codec), found_by, errors)
    if itself is not None:
        return itself
    return _detected(data, markup=True)


def places(errors: int) -> str:
    """``"3 places do not fit"``: what an error says of them."""
    return "1 place does not fit" if errors == 1 else f"{errors:,} places do not fit"


def charset_in(content_type: str | None) -> str | None:
    """The label in a Content-Type: ``"text/html; charset=KOI8-R"`` -> ``"KOI8-R"``."""
    match = _HEADER.search(content_type or "")
    return match.group(1) if match else None


def meta_charset(data: bytes) -> str | None:
    """The label that a page's ``<meta>`` or XML declaration gives; comments are passed over."""
    match = _META.search(_COMMENT.sub(b"", data[:META_BYTES]))
    return (match.group(1) or match.group(2)).decode("ascii") if match else None


def _by_mark(data: bytes) -> Decoded | None:
    """By the byte order mark."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            text, errors = decode_with(data, codec)
            if errors > max(1, ERRORS_ALLOWED * len(text)):
                return None
            return Decoded(text, web_name(codec), "bom", errors)
    return None


def _by_itself(data: bytes) -> Decoded | None:
    """Strict UTF-8, unless the bytes are 7-bit text in disguise or UTF-16 that happens to fit."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if data.isascii():
        codec = detect_seven_bit(data)
        if codec is not None:
            return Decoded(decode_with(data, codec)[0], web_name(codec), "detected")
    if "\0" in text:
        found = detect(data)
        if found is not None:
            wide, errors = decode_with(data, found.codec)
            return Decoded(wide, web_name(found.codec), "detected", errors)
    return Decoded(text, "utf-8", "utf-8")


def _detected(data: bytes, markup: bool) -> Decoded:
    """By what the bytes look like; UTF-8 with a few faults is UTF-8."""
    good = len(_FOREIGN.findall(data))
    almost = _almost_utf8(data, "detected") if good >= FEW_SEQUENCES else None
    if almost is not None and markup:
        return almost
    if almost is not None:
        raise Undecodable(f"not UTF-8: {almost.errors:,} faults among some {good:,} characters")
    high = len(_HIGH_BYTES.findall(data))
    if not markup and high < LEAST_EVIDENCE and 0 not in data:  # NULs are evidence of UTF-16
        raise Undecodable(f"not UTF-8: and {high} bytes above ASCII do not say what else")
    found = detect(data, markup)
    few = high < ENOUGH_EVIDENCE and not markup and 0 not in data
    if found is None or (few and found.oddity):
        raise Undecodable("not UTF-8: and whatever else it could be looks like no text")
    text, errors = decode_with(data, found.codec)
    if errors > ERRORS_ALLOWED * _foreign_characters(text):
        raise Undecodable(f"not UTF-8: nor {web_name(found.codec)}: {places(errors)}")
    return Decoded(text, web_name(found.codec), "detected", errors)


def _almost_utf8(data: bytes, found_by: str) -> Decoded | None:
    """UTF-8 with so few faults that it is UTF-8 all the same, or None."""
    text, errors, lost = decode_utf8_with_strays(data)
    good = _foreign_characters(text) - errors
    if lost <= max(1 if good else 0, ERRORS_ALLOWED * good) and (
        errors <= max(FEW_STRAYS, ERRORS_ALLOWED * good)
    ):
        return Decoded(text, "utf-8", found_by, errors)
    return None


def _declared(data: bytes, content_type: str | None) -> list[tuple[str, str]]:
    """Who declares which codec, the header first; each codec once."""
    labels = (("header", charset_in(content_type)), ("meta", meta_charset(data)))
    known: list[tuple[str, str]] = []
    for found_by, label in labels:
        codec = codec_of(label) if label else None
        if found_by == "meta" and codec is not None and codec.startswith(("utf-16", "utf-32")):
            codec = "utf-8"  # it could be read: so it is not (HTML standard, 13.2.3.2)
        if codec is not None and codec not in [other for _, other in known]:
            known.append((found_by, codec))
    return known


def _ordered(declared: list[tuple[str, str]], data: bytes) -> list[tuple[str, str]]:
    """What is declared, by credibility.

    A server's default of ISO-8859-1 yields to the page's own word, and to detection where most
    letters are not ASCII.
    """
    if [codec for _, codec in declared[:1]] != ["cp1252"]:
        return declared
    if len(declared) > 1:
        return declared[::-1]
    high, ascii_letters = len(_HIGH_BYTES.findall(data)), len(_ASCII_LETTERS.findall(data))
    visible_is_foreign = high > FOREIGN_SHARE * ascii_letters
    if visible_is_foreign:
        found = detect(data, markup=True)
        if found is not None and found.codec != "cp1252":
            return [("detected", found.codec), *declared]
    return declared


def _foreign_characters(text: str) -> int:
    """Characters that are not ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))
