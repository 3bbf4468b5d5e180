"""The records of a web archive, in order and each once, whatever the archive has been through.

Every byte belongs to a ``Record`` or to a ``BadRecord``. A length that is wrong cannot swallow
what follows: a record counts as whole only when another one, or the end, stands behind it;
otherwise it is set aside and the next beginning is looked for, inside of it too. Behind a damaged
member the next good one is looked for from the damaged one's beginning.

A record's position is the file offset where its gzip member or Zstandard frame begins, so that
``tail -c +$((position + 1)) | zcat`` shows it; in an archive that is plain, or compressed as a
whole, it is the offset in the decompressed bytes.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from formats.quarantine import RAW_LIMIT
from formats.readers.segments import SEGMENT_BYTES
from formats.readers.streams import Damaged
from formats.readers.warc_heads import (
    MAX_HEAD_BYTES,
    BadHead,
    Dialect,
    Head,
    OpenHead,
    dialect_of,
)
from formats.readers.warc_members import MemberStream

INSIDE_MEMBER = 1 << 62
"""Marks the position of a record in the middle of a member of an archive that is otherwise
compressed record by record: such positions count decompressed bytes, and would repeat others."""
_SEGMENT_BITS = 42
"""They count from the beginning of the segment, whose number stands above so many bits."""
PASSING_BYTES = 1 << 20
BETWEEN_BYTES = 256
_BLANK = b"\r\n \t\0"
_CLOSE = b"\r\n\r\n"


@dataclass(frozen=True)
class Record:
    """One whole record."""

    position: int
    kind: str
    """See ``Head.kind``."""
    headers: dict[str, str]
    block: bytes = field(repr=False)
    """As stored; only the beginning where ``length`` is more than was asked for."""
    length: int


@dataclass(frozen=True)
class BadRecord:
    """Something that is no whole record."""

    position: int
    error: str
    raw: bytes = field(repr=False)


def read_records(
    source: IO[bytes], max_block_bytes: int, start: int = 0, end: int | None = None
) -> Iterator[Record | BadRecord]:
    """All records of an open archive, or of a segment of it.

    Args:
        source: the file's bytes as stored; it can be sought in.
        max_block_bytes: of longer blocks only so much is kept; memory is a few times this.
        start: first stored byte of the segment. An archive that is not compressed record by record
            is read whole in the first segment, and not at all in the others.
        end: behind its last stored byte; None: the file's end.
    """
    if start == 0 and end is None:
        return iter(_Reader(source, max_block_bytes))
    dialect = _dialect_by_record(source)
    source.seek(0)
    if dialect is None:
        return iter(_Reader(source, max_block_bytes) if start == 0 else ())
    end = sys.maxsize if end is None else end
    return iter(_Reader(source, max_block_bytes, _Segment(start, end, dialect)))


@dataclass(frozen=True)
class _Segment:
    """A range of the stored bytes of an archive that is compressed record by record."""

    start: int
    end: int
    dialect: Dialect


def _dialect_by_record(source: IO[bytes]) -> Dialect | None:
    """What an archive is written in, if it is compressed record by record."""
    reader = _Reader(source, 0)
    for _ in itertools.islice(reader, 2):
        pass  # the second record tells
    return reader.dialect if reader.by_member else None


class _Reader:
    """Cuts the decompressed bytes into records; the state is one buffer."""

    def __init__(
        self, source: IO[bytes], max_block_bytes: int, segment: _Segment | None = None
    ) -> None:
        self._source = source
        self._segment = segment
        self._inside = INSIDE_MEMBER
        self._max_block_bytes = max_block_bytes
        self._buffer = bytearray()
        self._offset = 0  # decompressed offset of the buffer's first byte
        self._members: list[tuple[int, int]] = []  # (decompressed, file) offsets, in the buffer
        self._last_member = -1
        self._ended = False
        self._damage: str | None = None
        self._damaged_member = -1
        self.by_member: bool | None = None  # positions are members' offsets; see _position
        self._records = 0

    def __iter__(self) -> Iterator[Record | BadRecord]:
        try:
            self._stream = MemberStream(self._source)
            if self._segment is not None and not self._begin_segment(self._segment):
                return
            self._fill(BETWEEN_BYTES)
        except Damaged as damage:
            yield BadRecord(0, str(damage), b"")
            return
        self.dialect: Dialect = dialect_of(self._buffer)
        while True:
            self._drop_blank()
            if self._is_beyond():
                return
            if self._buffer:
                yield self._next()
            elif self._damage is not None:
                yield self._damaged(self._damage_position())
            else:
                return
            self._records += 1

    def _begin_segment(self, segment: _Segment) -> bool:
        """Go to the first record of a segment; False where it has none."""
        if segment.start:
            self.by_member = True
            self._inside += segment.start // SEGMENT_BYTES << _SEGMENT_BITS
        return self._stream.begin_segment(
            segment.start,
            segment.end,
            lambda head: bool(segment.dialect.begins.match(head.lstrip(_BLANK))),
        )

    def _is_beyond(self) -> bool:
        """What comes next belongs to the segment behind this one."""
        beyond = self._stream.beyond
        if beyond is None:
            return False
        if not self._buffer:
            return self._damaged_member >= beyond
        return any(at == self._offset and file >= beyond for at, file in self._members)

    def _next(self) -> Record | BadRecord:
        """What the buffer begins with."""
        position = self._position()
        self._fill(MAX_HEAD_BYTES, one_member=True)
        try:
            head = self.dialect.parse(self._buffer)
        except OpenHead as bad:
            if len(self._buffer) < MAX_HEAD_BYTES and self._search(1) is None:
                return self._cut_off(position, Head("", {}, len(self._buffer), 0))
            return self._set_aside(position, f"broken record: {bad}", 1)
        except BadHead as bad:
            return self._set_aside(position, f"broken record: {bad}", 1)
        kept = head.head_bytes + min(head.length, self._max_block_bytes)
        self._fill(kept)
        inside = self._member_that_begins_a_record(head.head_bytes, kept)
        if inside is not None:
            error = f"truncated: {inside - head.head_bytes:,} of the block's {head.length:,} bytes"
            return self._set_aside(position, error, inside)
        if len(self._buffer) < kept:
            return self._cut_off(position, head)
        block = bytes(memoryview(self._buffer)[head.head_bytes : kept])
        if head.length > self._max_block_bytes:
            return self._pass_long(position, head, block)
        behind = self._next_beginning(kept)
        if behind is None:
            error = "broken record: what follows its block is no record"
            return self._set_aside(position, error, head.head_bytes)
        if self._is_damaged(behind):
            return self._cut_off(position, head)
        self._discard(behind)
        return Record(position, head.kind, head.headers, block, head.length)

    def _is_damaged(self, behind: int) -> bool:
        """The damage that was met lies in the member of the record before ``behind``."""
        at_end = behind >= len(self._buffer)
        return self._damage is not None and at_end and self._damaged_member == self._last_member

    def _position(self) -> int:
        """The position of the record that the buffer begins with.

        The second record of an archive tells how all are counted.
        """
        if not self._stream.compressed:
            return self._offset
        member = self._members[0] if self._members else (-1, -1)
        begins_member = member[0] == self._offset
        if self._records == 0:
            return member[1]
        if self.by_member is None:
            self.by_member = begins_member
        if not self.by_member:
            return self._offset
        return member[1] if begins_member else self._inside + self._offset

    def _damage_position(self) -> int:
        """The position of a damaged member that gave no byte."""
        return self._offset if self.by_member is False else max(self._damaged_member, 0)

    def _fill(self, size: int, one_member: bool = False) -> None:
        """Have ``size`` bytes in the buffer, or all that come before damage or the end.

        Args:
            size: bytes.
            one_member: stop where another member begins: a head needs no more.
        """
        while len(self._buffer) < size and not self._ended and self._damage is None:
            if one_member and len(self._members) > 1:
                return
            try:
                data, begins = self._stream.read()
            except Damaged as damage:
                self._damage, self._damaged_member = str(damage), self._stream.member_start
                return
            if begins:
                self._last_member = self._stream.member_start
                self._members.append((self._offset + len(self._buffer), self._last_member))
            self._buffer += data
            self._ended = not data

    def _discard(self, size: int) -> None:
        """Drop the first bytes of the buffer."""
        del self._buffer[:size]
        self._offset += size
        while self._members and self._members[0][0] < self._offset:
            self._members.pop(0)

    def _drop_blank(self) -> None:
        """Drop the blank bytes between records."""
        while True:
            self._fill(1)
            beginning = self._buffer[:BETWEEN_BYTES]
            blank = len(beginning) - len(beginning.lstrip(_BLANK))
            self._discard(blank)
            if blank < BETWEEN_BYTES and (self._buffer or self._ended or self._damage is not None):
                return

    def _next_beginning(self, place: int) -> int | None:
        """Where the next record begins, nothing but blanks before it; None: something else stands.

        Behind the two line ends that close a record of a WARC anything may follow. At the end of
        the archive, or where damage begins, it is the end of the buffer.
        """
        self._fill(place + len(_CLOSE))
        closed = place + len(_CLOSE) if self._buffer.startswith(_CLOSE, place) else None
        while True:
            self._fill(place + 1)
            if len(self._buffer) <= place:
                return place
            following = self._buffer[place : place + BETWEEN_BYTES]
            blank = len(following) - len(following.lstrip(_BLANK))
            place += blank
            if blank < len(following):
                return place if self._begins(place) else closed

    def _begins(self, place: int) -> bool:
        """A record begins there, or a member of an archive that has one for each record."""
        if self.by_member is not False and self._offset + place in dict(self._members):
            return True
        self._fill(place + self.dialect.overlap)
        return bool(self.dialect.begins.match(self._buffer, place))

    def _member_that_begins_a_record(self, start: int, end: int) -> int | None:
        """Where in a block another member begins with a record: the block ends there, too early."""
        for offset, _ in self._members:
            place = offset - self._offset
            if start <= place < end and self.dialect.begins.match(self._buffer, place):
                return place
        return None

    def _search(self, start: int) -> int | None:
        """The first place in the buffer from ``start`` on where a record begins."""
        places = [offset - self._offset for offset, _ in self._members] if self.by_member else []
        later = [place for place in places if place >= max(start, 1)]
        end = min(later, default=len(self._buffer))
        match = self.dialect.begins_line.search(self._buffer, start, end)
        return match.start() if match else min(later, default=None)

    def _cut_off(self, position: int, head: Head) -> BadRecord:
        """The record that the end or damage cuts off, unless it is its length that is wrong."""
        if self._damage is not None and self._search(head.head_bytes) is None:
            return self._damaged(position)
        length = len(self._buffer) - head.head_bytes
        error = f"truncated: {length:,} of the block's {head.length:,} bytes"
        if not head.kind:
            error = "truncated: the file ends inside a record's headers"
        return self._set_aside(position, self._damage or error, head.head_bytes)

    def _damaged(self, position: int) -> BadRecord:
        """The record in a damaged member; reading goes on behind it."""
        assert self._damage is not None
        bad = BadRecord(position, self._damage, self._raw())
        self._discard(len(self._buffer))
        self._members.clear()
        self._damage = None
        self._ended = not self._stream.resume(
            lambda data: bool(self.dialect.begins.match(data.lstrip(_BLANK)))
        )
        return bad

    def _set_aside(self, position: int, error: str, start: int) -> BadRecord:
        """Give up a record: drop everything up to the next beginning from ``start`` on."""
        raw, dropped = self._raw(), 0
        while True:
            place = self._search(start)
            if place is not None:
                self._discard(place)
                return BadRecord(position, error, raw[: dropped + place])
            if self._damage is not None:
                self._damaged(position)
                return BadRecord(position, error, raw)
            if self._ended:
                self._discard(len(self._buffer))
                return BadRecord(position, error, raw)
            step = max(0, len(self._buffer) - self.dialect.overlap)
            self._discard(step)
            dropped, start = dropped + step, max(0, start - step)
            self._fill(len(self._buffer) + PASSING_BYTES)

    def _pass_long(self, position: int, head: Head, block: bytes) -> Record | BadRecord:
        """Step over a block that is too long to keep.

        What begins a record inside of it ends it: a wrong length is likelier than an archive in an
        archive, and nothing is lost either way.
        """
        left, start = head.head_bytes + head.length, head.head_bytes
        while True:
            place = self._search(start)
            if place is not None and place < left:
                self._discard(place)
                error = f"broken record: another begins before its {head.length:,} bytes end"
                return BadRecord(position, error, block[:RAW_LIMIT])
            if len(self._buffer) >= left:
                break
            if self._ended or self._damage is not None:
                return self._cut_off(position, head)
            step = max(0, len(self._buffer) - self.dialect.overlap)
            self._discard(step)
            left, start = left - step, max(0, start - step)
            self._fill(len(self._buffer) + PASSING_BYTES)
        behind = self._next_beginning(left)
        if behind is None:
            return self._set_aside(
                position, "broken record: what follows its block is no record", left
            )
        if self._is_damaged(behind):
            return self._cut_off(position, head)
        self._discard(behind)
        return Record(position, head.kind, head.headers, block, head.length)

    def _raw(self) -> bytes:
        """What a quarantine entry keeps."""
        return bytes(self._buffer[:RAW_LIMIT])
