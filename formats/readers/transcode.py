"""A byte stream in any encoding, turned into UTF-8 on its way.

The beginning decides, once, what the whole stream is. Bytes that do not fit the encoding become
0xFF, which no UTF-8 holds: the line they stand in is quarantined, and only it (``misfits``).
"""

from __future__ import annotations

import codecs

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.readers.charset import Undecodable, decode_text, places
from formats.readers.charset_decode import error_handler
from formats.readers.charset_labels import WEB_NAMES, codec_of, web_name
from formats.readers.streams import READ_BYTES, ByteStream, Damaged

HEAD_BYTES = 1 << 20
"""What the encoding is found by."""
MISFIT = b"\xff"
"""Stands for bytes that do not fit: a gap of ``charset_decode``, written as one byte."""


def as_utf8(stream: ByteStream, encoding: str) -> tuple[ByteStream, str | None]:
    """The stream in UTF-8, and the name of its encoding where that was another.

    Args:
        stream: bytes as they are.
        encoding: ``auto``, or a name. What ``auto`` cannot tell is left as it is, for those who
            read it to find that it is no UTF-8.

    Raises:
        ValueError: no encoding of that name.
    """
    named = None if encoding == "auto" else codec_of(encoding)
    if encoding != "auto" and named is None:
        raise ValueError(
            f"encoding: {encoding!r} is not known; valid: auto, utf-8, windows-1251, …"
        )
    if named == "utf-8":
        return stream, None
    head, damage = _read_head(stream)
    rest = _Joined(head, damage, stream)
    codec = named or _codec_of_head(head)
    if codec is None:
        return rest, None
    if named in ("utf-16-le", "utf-16-be") and head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16"
    return _Transcoded(rest, codec), web_name(named or codec)


def misfits(texts: pa.Array, encoding: str, detected: bool) -> dict[int, str]:
    """The quarantine errors of texts in which bytes did not fit.

    Args:
        texts: large_binary [rows], out of a stream of ``as_utf8``.
        encoding: its name.
        detected: whether the file's beginning said so, not the recipe.
    """
    counts = pc.count_substring(texts, MISFIT).to_numpy(zero_copy_only=False)
    how = " (told by the beginning of the file)" if detected else ""
    return {
        row: f"not {encoding}: {places(int(counts[row]))}{how}"
        for row in np.flatnonzero(counts).tolist()
    }


def _read_head(stream: ByteStream) -> tuple[bytes, Damaged | None]:
    """The first bytes, and what broke off among them."""
    head, piece = bytearray(), bytearray(READ_BYTES)
    while len(head) < HEAD_BYTES:
        try:
            size = stream.readinto(memoryview(piece))
        except Damaged as damage:
            return bytes(head), damage
        if not size:
            break
        head += piece[:size]
    return bytes(head), None


def _codec_of_head(head: bytes) -> str | None:
    """The codec, or None for UTF-8 and for what nobody can tell."""
    whole = (
        head if len(head) < HEAD_BYTES else head[: head.rfind(b"\n", len(head) // 2) + 1] or head
    )
    try:
        found = decode_text(whole).encoding
    except Undecodable:
        return None
    return None if found == "utf-8" else _BY_NAME.get(found) or codec_of(found)


_BY_NAME = {name: codec for codec, name in WEB_NAMES.items()}


class _Joined:
    """Bytes that were read ahead, then the rest of their stream."""

    def __init__(self, head: bytes, damage: Damaged | None, rest: ByteStream) -> None:
        self._head = memoryview(head)
        self._damage = damage
        self._rest = rest

    def readinto(self, view: memoryview) -> int:
        size = min(len(view), len(self._head))
        if size:
            view[:size] = self._head[:size]
            self._head = self._head[size:]
            return size
        if self._damage is not None:
            raise self._damage
        return self._rest.readinto(view)


class _Transcoded:
    """Decodes a stream piece by piece and hands out UTF-8."""

    def __init__(self, stream: ByteStream, codec: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(codec)(error_handler(codec))
        self._piece = bytearray(READ_BYTES)
        self._pending = memoryview(b"")
        self._begun = self._ended = False

    def readinto(self, view: memoryview) -> int:
        while not self._pending and not self._ended and len(view):
            size = self._stream.readinto(memoryview(self._piece))
            self._ended = not size
            text = self._decoder.decode(bytes(self._piece[:size]), final=not size)
            if text and not self._begun:
                self._begun, text = True, text.removeprefix("\ufeff")
            self._pending = memoryview(text.encode("utf-8", "surrogateescape"))
        size = min(len(view), len(self._pending))
        view[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size
