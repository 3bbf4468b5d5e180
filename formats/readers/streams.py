"""Bytes of a file, decompressed, and the lines in them, in bounded memory.

What a file is compressed with is told by its first bytes. A stream hands out everything up to the
place where it breaks and only then raises ``Damaged``, so that no whole record before is lost.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal, Protocol

from formats.readers.zstandard_frames import FrameWatch
from formats.storage import open_input

READ_BYTES = 256 << 10
ZSTANDARD_WINDOW = 1 << 31
"""The largest window (``zstd --long=31``) that files may ask for: some public dumps do."""

HEAD_BYTES = 8
Compression = Literal["gzip", "zstd", "none"]

_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UNREAD = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip", b"\x04\x22\x4d\x18": "lz4"}


class Damaged(Exception):  # noqa: N818 - a state of the input, turned into a quarantine entry
    """The stream breaks off here; the text is a quarantine error."""


class ByteStream(Protocol):
    """Decompressed bytes."""

    def readinto(self, view: memoryview) -> int:
        """Fill the beginning of ``view``; returns how much, 0 at the end.

        Raises:
            Damaged: the rest cannot be read.
        """
        ...


@contextmanager
def open_bytes(path: str) -> Iterator[ByteStream]:
    """Open a file for reading its decompressed bytes.

    Raises:
        Damaged: the name or the first bytes say a compression that is not read, or the name
            promises one that the bytes do not show.
    """
    with open_input(path) as source:
        head = source.read(HEAD_BYTES) or b""
        source.seek(0)
        yield _STREAMS[compression(head, path)](source)


def compression(head: bytes, path: str) -> Compression:
    """What a file is compressed with, by its first ``HEAD_BYTES``.

    Raises:
        Damaged: as ``open_bytes``.
    """
    for magic, name in _UNREAD.items():
        if head.startswith(magic):
            raise Damaged(f"unknown compression: the file is {name}; .gz and .zst are read")
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTANDARD) or _is_skippable_frame(head):
        return "zstd"
    if head and path.endswith((".gz", ".zst")):
        extension = path.rsplit(".", 1)[-1]
        raise Damaged(f"corrupt: the name ends in .{extension} but the first bytes do not fit")
    return "none"


def _is_skippable_frame(head: bytes) -> bool:
    """Zstandard files may begin with a frame of other data (RFC 8878, 3.1.2)."""
    return len(head) >= 4 and head[0] & 0xF0 == 0x50 and head[1:4] == b"\x2a\x4d\x18"


class _Plain:
    """Bytes as they are stored."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source: Any = source

    def readinto(self, view: memoryview) -> int:
        return self._source.readinto(view) or 0


class _Gzip:
    """One or more gzip members; zero bytes behind them are padding."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._decoder = zlib.decompressobj(wbits=31)
        self._pending = b""

    def readinto(self, view: memoryview) -> int:
        while len(view):
            if self._decoder.eof and not self._next_member():
                return 0
            at_end = False
            if not self._pending:
                self._pending = self._source.read(READ_BYTES)
                at_end = not self._pending
            try:
                out = self._decoder.decompress(self._pending, len(view))
            except zlib.error as error:
                raise Damaged(f"corrupt: {error}") from error
            self._pending = self._decoder.unconsumed_tail
            if out:
                view[: len(out)] = out
                return len(out)
            if at_end and not self._decoder.eof:
                raise Damaged("truncated: the gzip stream ends before its end mark")
        return 0

    def _next_member(self) -> bool:
        """Step behind a finished member; False where nothing follows."""
        rest = self._decoder.unused_data.lstrip(b"\0")
        while len(rest) < 2:
            more = self._source.read(READ_BYTES)
            if not more:
                break
            rest = (rest + more).lstrip(b"\0")
        if not rest:
            return False
        if not rest.startswith(_GZIP):
            raise Damaged("corrupt: bytes that are no gzip follow the gzip stream")
        self._decoder, self._pending = zlib.decompressobj(wbits=31), rest
        return True


class _Zstandard:
    """One or more Zstandard frames. The library does not tell a cut file from a whole one."""

    def __init__(self, source: IO[bytes]) -> None:
        import zstandard

        self._watch = FrameWatch()
        self._source = source
        self._error = zstandard.ZstdError
        compressed: Any = self
        self._reader = zstandard.ZstdDecompressor(max_window_size=ZSTANDARD_WINDOW).stream_reader(
            compressed, read_size=READ_BYTES, read_across_frames=True, closefd=False
        )

    def read(self, size: int) -> bytes:
        """Compressed bytes for the library, watched on their way."""
        data = self._source.read(size) or b""
        self._watch.feed(data)
        return data

    def readinto(self, view: memoryview) -> int:
        try:
            size = int(self._reader.readinto(view[:READ_BYTES]))
        except self._error as error:
            raise Damaged(f"corrupt: {error}") from error
        if size == 0 and len(view) and not self._watch.whole:
            raise Damaged("truncated: the zstd stream ends inside a frame")
        return size


_STREAMS: dict[Compression, Callable[[IO[bytes]], ByteStream]] = {
    "gzip": _Gzip,
    "zstd": _Zstandard,
    "none": _Plain,
}
