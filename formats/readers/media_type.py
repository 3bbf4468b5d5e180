"""What the body of a web record is: by what its header says, and by how it begins.

Servers call things ``text/plain`` that are pages or programs, and pages nothing at all: where the
header says so little, the bytes are asked (after the WHATWG MIME Sniffing Standard, sections 7.1
and 7.2; browsers do not look for pages in plain text, out of caution that is not needed here).
"""

from __future__ import annotations

import re

HTML_TYPES = ("text/html", "application/xhtml+xml")
PLAIN, XML, BINARY = "text/plain", "text/xml", "binary"
HTML_BYTES = 1024
"""Where a page is recognised by."""
TEXT_BYTES = 1445
"""The standard's resource header: a byte in it that no text holds makes it binary."""

_UNSPOKEN = ("unknown/unknown", "application/unknown", "*/*")
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b")
_LEAD_IN = re.compile(rb"(?:\xef\xbb\xbf|\s+|<\?xml\b[^>]*>|<!--.*?-->)*", re.DOTALL)
_HTML = re.compile(rb"<(?:!doctype html|html|head)\b", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]|\A(?:%PDF-|%!PS-Adobe-)")
_MARKS = (b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf")


def media_type(content_type: str | None, body: bytes) -> str:
    """``"Text/HTML; charset=x"`` -> ``"text/html"``; by the body where nothing is said."""
    kind = (content_type or "").partition(";")[0].partition(",")[0].strip().lower()
    if "/" in kind and kind not in _UNSPOKEN:
        return kind
    return "text/html" if is_html(body) else ""


def is_html(body: bytes) -> bool:
    """Whether a body begins as a page does, comments and XML declarations aside."""
    beginning = body[:HTML_BYTES]
    lead_in = _LEAD_IN.match(beginning)
    return _HTML.match(beginning, lead_in.end() if lead_in else 0) is not None


def is_binary(body: bytes) -> bool:
    """Whether a body is no text: it has bytes of none, or is a PDF or a PostScript program."""
    return not body.startswith(_MARKS) and _BINARY.search(body[:TEXT_BYTES]) is not None


def plain_type(body: bytes) -> str:
    """What a body that is called plain text is: that, ``text/html``, ``text/xml`` or ``binary``."""
    if is_binary(body):
        return BINARY
    if is_html(body):
        return "text/html"
    return XML if _XML.match(body) else PLAIN


def family(kind: str) -> str:
    """One of a few names for media types that are not read: ``"image/png"`` -> ``"image"``."""
    first = kind.partition("/")[0]
    if first in ("image", "video", "audio", "font", "multipart", "message", "model", BINARY):
        return first
    if kind in ("text/css", "text/xml", "application/json", "application/pdf"):
        return kind
    if "javascript" in kind or "ecmascript" in kind:
        return "javascript"
    if "xml" in kind:
        return "xml"
    if first in ("text", "application"):
        return f"other {first}"
    return "other" if kind else "no content type"
