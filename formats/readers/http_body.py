"""The body of an archived HTTP response: framing and codings taken off, never more than a limit.

Crawlers disagree on what they store: some take the chunks apart and leave the header that announces
them, some decompress and leave the coding's name. So a header is believed when the bytes show what
it says, and the bytes are taken as they are when they do not.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from formats.readers.streams import READ_BYTES
from formats.readers.warc_heads import parse_headers, split_head

MAX_CODINGS = 3
"""Codings on top of each other; more are an attack."""
_STATUS = re.compile(rb"(?:HTTP/\d(?:\.\d)?|ICY) +(\d{3})\b")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
_ZSTANDARD_STEP = 2 << 10
_BROTLI_STEP = 4 << 10


@dataclass(frozen=True)
class Response:
    """An HTTP response as it was stored."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True)
class Body:
    """A decoded body."""

    data: bytes
    broken_off: str | None
    """What ended before its end: ``chunked``, ``gzip``, …; None where all was whole."""


class BadBody(Exception):  # noqa: N818 - turned into a quarantine entry
    """A body that cannot be decoded; the text is a quarantine error."""


class _Broken(Exception):  # noqa: N818
    """A coding that breaks: what came before is in ``data``."""

    def __init__(self, data: bytes, why: str) -> None:
        super().__init__(why)
        self.data = data


def parse_response(block: bytes) -> Response | None:
    """Take status line and headers off; None where there is no status line."""
    match = _STATUS.match(block)
    if match is None:
        return None
    head, head_bytes = split_head(block)
    if not head_bytes:
        head, head_bytes = block, len(block)
    return Response(int(match.group(1)), parse_headers(head), block[head_bytes:])


def decode_body(response: Response, limit: int) -> Body:
    """Take off chunks and content codings.

    Args:
        response: as stored.
        limit: the most bytes that may come out, of any step.

    Raises:
        BadBody: more than ``limit``, a coding that nobody knows, or one that breaks at its start.
    """
    data, broken_off = response.body, None
    codings = _codings(response.headers.get("content-encoding"))
    transfer = _codings(response.headers.get("transfer-encoding"))
    if "chunked" in transfer:
        data, whole = join_chunks(data)
        broken_off = None if whole else "chunked"
        codings += [coding for coding in transfer if coding != "chunked"]
    if len(codings) > MAX_CODINGS:
        raise BadBody(f"broken body: {len(codings)} content codings on top of each other")
    for coding in reversed(codings):
        try:
            data = _decode(data, coding, limit)
        except _Broken as broken:
            if not broken.data:
                raise BadBody(f"broken body: {coding}: {broken}") from broken
            data, broken_off = broken.data, coding
    if len(data) > limit:
        raise BadBody(f"too long: a body of more than {limit:,} bytes")
    return Body(data, broken_off)


def join_chunks(data: bytes) -> tuple[bytes, bool]:
    r"""The chunks of a chunked body joined, and whether the last one is there.

    Bytes that are not chunked are returned as they are: ``b"3\r\nabc\r\n0\r\n\r\n"`` and
    ``b"abc"`` both give ``b"abc"``.
    """
    pieces: list[bytes] = []
    place = 0
    while place < len(data):
        match = _CHUNK_SIZE.match(data, place)
        if match is None:
            if not pieces:
                return data, True
            return b"".join(pieces), False
        size, start = int(match.group(1), 16), match.end()
        if size == 0:
            return b"".join(pieces), True
        piece = data[start : start + size]
        behind = data[start + size : start + size + 2]
        if not pieces and len(piece) == size and behind[:1] not in (b"\r", b"\n", b""):
            return data, True  # text that happens to begin like a chunk
        pieces.append(piece)
        place = start + size + (2 if behind == b"\r\n" else 1)
    return b"".join(pieces), not data


def _codings(header: str | None) -> list[str]:
    """``"gzip, identity"`` -> ``["gzip"]``."""
    names = [name.strip().lower().removeprefix("x-") for name in (header or "").split(",")]
    nothing = ("", "identity", "none", "utf-8", "utf8", "iso-8859-1", "binary", "7bit", "8bit")
    return [name for name in names if name not in nothing]


def _decode(data: bytes, coding: str, limit: int) -> bytes:
    """Take one coding off, if it is there."""
    if not data:
        return data
    if coding in ("gzip", "deflate"):
        if data.startswith(b"\x1f\x8b"):
            return _gathered(_inflate(data, 31), limit)
        if coding == "gzip":
            return data  # decompressed by the crawler
        if data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0:
            return _gathered(_inflate(data, 15), limit)
        return _deflate_without_header(data, limit)
    if coding in ("zstd", "br", "compress"):
        if coding == "zstd":
            if not data.startswith(b"\x28\xb5\x2f\xfd"):
                return data
            return _gathered(_zstandard(data), limit)
        if coding == "br":
            return _brotli_or_plain(data, limit)
    raise BadBody(f"broken body: content coding {coding[:40]!r} is not known")


def _gathered(pieces: Iterator[bytes], limit: int) -> bytes:
    """All pieces joined, stopped at the limit."""
    gathered, size = [], 0
    try:
        for piece in pieces:
            gathered.append(piece)
            size += len(piece)
            if size > limit:
                raise BadBody(f"too long: a body that decompresses to more than {limit:,} bytes")
    except _Broken as broken:
        raise _Broken(b"".join(gathered), str(broken)) from broken
    return b"".join(gathered)


def _inflate(data: bytes, window_bits: int) -> Iterator[bytes]:
    """Members of gzip, a zlib stream or bare deflate."""
    while data:
        decoder = zlib.decompressobj(wbits=window_bits)
        while not decoder.eof:
            try:
                piece = decoder.decompress(data, READ_BYTES)
            except zlib.error as error:
                raise _Broken(b"", str(error)) from error
            data = decoder.unconsumed_tail
            if piece:
                yield piece
            elif not decoder.eof and not data:
                raise _Broken(b"", "it ends too early")
        data = decoder.unused_data if decoder.unused_data.startswith(b"\x1f\x8b") else b""


def _deflate_without_header(data: bytes, limit: int) -> bytes:
    """Bare deflate, as old servers sent it; or bytes that are not compressed at all."""
    try:
        return _gathered(_inflate(data, -15), limit)
    except _Broken as broken:
        if not broken.data or _looks_plain(data):
            return data
        raise


def _zstandard(data: bytes) -> Iterator[bytes]:
    """Zstandard frames (RFC 8878; RFC 9659 holds windows to 8 MB on the web)."""
    import zstandard

    while data:
        decoder: Any = zstandard.ZstdDecompressor(max_window_size=128 << 20).decompressobj()
        for start in range(0, len(data), _ZSTANDARD_STEP):
            try:
                yield decoder.decompress(data[start : start + _ZSTANDARD_STEP])
            except zstandard.ZstdError as error:
                raise _Broken(b"", str(error)) from error
            if decoder.eof:
                data = decoder.unused_data + data[start + _ZSTANDARD_STEP :]
                break
        else:
            raise _Broken(b"", "it ends too early")
        if not data.startswith(b"\x28\xb5\x2f\xfd"):
            return


def _brotli_or_plain(data: bytes, limit: int) -> bytes:
    """Brotli has no magic number: what does not decode and looks like text was decoded before."""
    try:
        return _gathered(_brotli(data), limit)
    except _Broken:
        if _looks_plain(data):
            return data
        raise


def _brotli(data: bytes) -> Iterator[bytes]:
    """Brotli (RFC 7932)."""
    try:
        import brotli
    except ModuleNotFoundError as error:
        raise BadBody(
            "broken body: br: the package brotli is missing: pip install polymill[web]"
        ) from error

    decoder = brotli.Decompressor()
    process: Callable[..., bytes] = decoder.process
    start = 0
    while not decoder.is_finished():
        try:
            if decoder.can_accept_more_data():
                if start >= len(data):
                    raise _Broken(b"", "it ends too early")
                piece = data[start : start + _BROTLI_STEP]
                start += len(piece)
            else:
                piece = b""
            yield process(piece, output_buffer_limit=READ_BYTES)
        except brotli.error as error:
            raise _Broken(b"", str(error)) from error


def _looks_plain(data: bytes) -> bool:
    """Markup or text in its first bytes, not compressed data."""
    head = data[:512]
    return b"<" in head and not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)
