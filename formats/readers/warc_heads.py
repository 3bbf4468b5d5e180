"""How a record of a web archive begins: WARC (ISO 28500) and the older ARC (versions 1 and 2).

Pure functions from bytes to headers; ``warc_records`` finds the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 << 10

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}\Z")
_WARC = rb"WARC/[01]\.\d{1,2}\r?\n(?=[A-Za-z][\w-]{0,40}:)"
_ARC = (
    rb"[a-z][a-z0-9+.-]{1,15}:[^\n]{1,8192}? [0-9A-Fa-f.:]{2,45} \d{8,14} [^ \n]{1,256}"
    rb"(?: [^ \n]{1,1024}){0,5} \d{1,18}\r?(?=\n)"
)


@dataclass(frozen=True)
class Head:
    """The parsed beginning of a record."""

    kind: str
    """WARC-Type in lower case; ``arc`` and ``arc header`` in an ARC."""
    headers: dict[str, str]
    """By lower-case name; an ARC's under the WARC names."""
    head_bytes: int
    length: int
    """Bytes of the block behind the head, as the record says."""


class BadHead(Exception):  # noqa: N818 - turned into a quarantine entry
    """The beginning of a record makes no sense; the text says why."""


class OpenHead(BadHead):
    """A beginning that does not end."""


@dataclass(frozen=True)
class Dialect:
    """One of the two formats."""

    parse: Callable[[bytes | bytearray], Head]
    begins: re.Pattern[bytes]
    """Matches where a record begins."""
    begins_line: re.Pattern[bytes]
    """The same, at the beginning of a line: for searching in other bytes."""
    overlap: int
    """How many bytes a beginning may have that a search needs to see."""


def parse_warc(data: bytes | bytearray) -> Head:
    """Parse the head of a WARC record.

    Raises:
        BadHead: it is none, or lacks its type or its length.
    """
    if not data.startswith(b"WARC/"[: len(data)]):
        raise BadHead("its bytes begin no record")
    head, head_bytes = split_head(data)
    if not head_bytes:
        raise OpenHead("its headers do not end")
    headers = parse_headers(head)
    length, kind = headers.get("content-length", ""), headers.get("warc-type", "").lower()
    if not _LENGTH.match(length):
        raise BadHead(f"Content-Length is {length!r}" if length else "it has no Content-Length")
    if not kind:
        raise BadHead("it has no WARC-Type")
    return Head(kind, headers, head_bytes, int(length))


def parse_arc(data: bytes | bytearray) -> Head:
    """Parse the line before an ARC record: ``URL IP date type [five more] length``.

    Raises:
        BadHead: it is none.
    """
    line_end = data.find(b"\n", 0, MAX_HEAD_BYTES)
    if line_end < 0:
        raise OpenHead("its line does not end")
    line = bytes(data[:line_end])
    if not _ARC_PATTERN.match(line + b"\n"):
        raise BadHead("its line begins no record of an ARC")
    text = line.decode("utf-8", "replace").rstrip("\r")
    # A URL may hold blanks: the other fields are counted from the end.
    fields = text.rsplit(" ", 9)
    if len(fields) != 10 or not re.fullmatch(r"\d{8,14}", fields[2]):
        fields = text.rsplit(" ", 4)
    names = ("warc-target-uri", "warc-ip-address", "warc-date", "content-type")
    headers = dict(zip(names, fields, strict=False))
    kind = "arc header" if text.startswith("filedesc:") else "arc"
    return Head(kind, headers, line_end + 1, int(fields[-1]))


def split_head(data: bytes | bytearray) -> tuple[bytes, int]:
    """Header lines, and where the block behind them begins; ``(b"", 0)`` where they do not end."""
    match = _HEAD_END.search(data, 0, MAX_HEAD_BYTES)
    return (bytes(data[: match.start()]), match.end()) if match else (b"", 0)


def parse_headers(head: bytes) -> dict[str, str]:
    r"""The fields behind the first line, by lower-case name; the first of a name counts.

    ``b"HTTP/1.1 200 OK\r\nContent-Type: text/html"`` -> ``{"content-type": "text/html"}``
    """
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    headers: dict[str, str] = {}
    last = ""
    for line in text.split("\n")[1:]:
        if line[:1] in (" ", "\t"):
            if last:  # a folded line goes on with the one before
                headers[last] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        last = name.strip().lower() if colon else ""
        if last in headers:
            last = ""
        elif last:
            headers[last] = value.strip()
    return headers


def dialect_of(beginning: bytes | bytearray) -> Dialect:
    """Which of the two an archive is."""
    return ARC if re.match(rb"\s*filedesc:", beginning) else WARC


_ARC_PATTERN = re.compile(_ARC)
WARC = Dialect(parse_warc, re.compile(_WARC), re.compile(rb"(?<=\n)" + _WARC), 64)
ARC = Dialect(parse_arc, _ARC_PATTERN, re.compile(rb"(?<=\n)" + _ARC), MAX_HEAD_BYTES)
