"""Big files cut into segments, so that one file of 50 GB is many tasks.

A segment is a range of a file's stored bytes, of a size that depends on nothing but the file: the
same file gives the same segments, and so the same ids, whatever a partition holds. Where in it the
first record begins is found by who reads it:

* lines of a plain file: a segment's lines are those that follow a line feed in it, and the file's
  first line (Dean and Ghemawat 2004, MapReduce, section 3, cut text so);
* lines of a file of several gzip members or Zstandard frames: the same, where the bytes of a
  segment are the members that begin in it (``warc_members``);
* web archives compressed record by record: the records that begin in it;
* Parquet: the row groups that begin in it.

In a file that is one member, frame or row group nothing begins behind the first segment: that one
reads it all, as a stream.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from formats.readers import SourceFile
from formats.readers.streams import (
    HEAD_BYTES,
    READ_BYTES,
    ByteStream,
    Damaged,
    compression,
    open_bytes,
)
from formats.readers.warc_members import MemberStream
from formats.storage import open_input

SEGMENT_BYTES = 64 << 20
"""Stored; about 256 MB of text where it is compressed, as much as the largest partition."""
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

Range = tuple[int, int | None]
"""First stored byte, and the one behind the last; None: the file's end."""
WHOLE: Range = (0, None)


def ranges(stored_bytes: int) -> list[Range]:
    """The segments of a file that can be cut; the last has up to twice the usual size."""
    count = max(1, stored_bytes // SEGMENT_BYTES)
    starts = [index * SEGMENT_BYTES for index in range(count)]
    return list(zip(starts, [*starts[1:], None], strict=True))


def named_by_segment(file: SourceFile) -> SourceFile:
    """The file as the lines of a later segment name it: ``path@start``, where lines count anew.

    The first of them is the rest of a line that began before: ``tail -c +$((start + 1))``, through
    ``zcat`` or ``zstdcat`` where it is compressed, gives the lines so numbered.
    """
    if file.start == 0:
        return file
    suffix = f"@{file.start}"
    return dataclasses.replace(
        file, path=file.path + suffix, relative_path=file.relative_path + suffix
    )


@contextmanager
def open_lines(file: SourceFile) -> Iterator[tuple[ByteStream, int]]:
    """Open a file, or the segment of it that is to be read.

    Returns:
        The stream, and the number of the line that it begins with: 1, or 2 in a later segment.

    Raises:
        Damaged: as ``open_bytes``; not in a later segment, since the first says it.
    """
    if (file.start, file.end) == WHOLE:
        with open_bytes(file.path) as stream:
            yield stream, 1
        return
    with open_input(file.path) as source:
        pieces = _pieces(source, file)
        yield _Lines(pieces, is_first=file.start == 0), 1 if file.start == 0 else 2


_Pieces = Iterator[tuple[bytes, bool]]
"""Decompressed bytes from the segment's beginning on, and whether they are its own."""


def _pieces(source: IO[bytes], file: SourceFile) -> _Pieces:
    """The bytes of a segment; none where nothing of the file can begin in it."""
    head = source.read(HEAD_BYTES) or b""
    try:
        packed = compression(head, file.path) != "none"
    except Damaged:
        if file.start == 0:
            raise
        return iter(())
    if file.start and head.startswith(_UTF16_MARKS):
        return iter(())
    end = sys.maxsize if file.end is None else file.end
    return (_members if packed else _plain)(source, file.start, end)


def _plain(source: IO[bytes], start: int, end: int) -> _Pieces:
    source.seek(start)
    position = start
    while data := source.read(min(READ_BYTES, end - position) if position < end else READ_BYTES):
        yield data, position < end
        position += len(data)


def _members(source: IO[bytes], start: int, end: int) -> _Pieces:
    source.seek(0)
    stream = MemberStream(source)
    if not stream.begin_segment(start, end):
        return
    while data := stream.read()[0]:
        yield data, stream.beyond is None


class _Lines:
    """The lines that follow a line feed in the segment's own bytes, and a file's first line."""

    def __init__(self, pieces: _Pieces, is_first: bool) -> None:
        self._pieces = pieces
        self._begun = is_first
        self._ended = False
        self._pending = memoryview(b"")

    def readinto(self, view: memoryview) -> int:
        while not self._pending and not self._ended:
            self._pending = memoryview(self._next())
        size = min(len(view), len(self._pending))
        view[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size

    def _next(self) -> bytes:
        """The next bytes that are wanted; empty where all are passed over, or at the end."""
        data, own = next(self._pieces, (b"", False))
        if not own:  # the rest of the last line
            behind = data.find(b"\n") + 1
            self._ended = bool(behind) or not data or not self._begun
            return (data[:behind] if behind else data) if self._begun else b""
        if self._begun:
            return data
        behind = data.find(b"\n") + 1
        self._begun = bool(behind)
        return data[behind:] if behind else b""
