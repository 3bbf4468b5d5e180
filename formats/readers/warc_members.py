"""An archive's bytes, decompressed, with the place in the file where each member begins.

Archives are compressed record by record, so that one can be fetched by its offset: gzip members,
or Zstandard frames (with a dictionary in a skippable frame in front, as IIPC's "Zstandard
compression for WARC" has it). Others are compressed as a whole, or not at all. A member that is
damaged ends with ``Damaged``, and reading goes on at the next that can be one.

A file of many members is many files: a segment of it is the members from the first whole one that
begins in it to the first whole one that begins behind it (see ``formats.readers.segments``).
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import IO, Any

from formats.readers.streams import READ_BYTES, ZSTANDARD_WINDOW, Damaged

_GZIP = b"\x1f\x8b\x08"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_DICTIONARY_FRAME = b"\x5d\x2a\x4d\x18"
_GZIP_STEP = 16 << 10
_ZSTANDARD_STEP = 2 << 10
"""Compressed bytes handed over at once: a block of 4 bytes may stand for 128 KiB."""
_OUTPUT_BYTES = 1 << 20
_HEAD_BYTES = 512
_CHECKED_BYTES = 8 << 20
"""Decompressed bytes after which a member counts as whole: chance does not write so many."""


class MemberStream:
    """Decompressed bytes, never from two members in one read."""

    def __init__(self, source: IO[bytes]) -> None:
        """Look at the first bytes of an open file that can be sought in."""
        self._source = source
        self._buffer, self._at = b"", 0
        self._behind = 0
        """File offset behind the buffer."""
        self._decoder: Any = None
        self._dictionary: Any = None
        self.member_start = 0
        """File offset of the member that the last bytes came from."""
        self.beyond: int | None = None
        """File offset of the first member behind the segment, once it was met."""
        self._end = sys.maxsize
        self._accept: Callable[[bytes], bool] = bool
        self._have(8)
        head = self._peek(4)
        if head.startswith(_GZIP[:2]):
            self._magic, self._step = _GZIP, _GZIP_STEP
        elif head == _ZSTANDARD or _is_skippable(head):
            self._magic, self._step = _ZSTANDARD, _ZSTANDARD_STEP
        else:
            self._magic, self._step = b"", READ_BYTES

    @property
    def compressed(self) -> bool:
        """False for plain bytes, which are one member."""
        return bool(self._magic)

    def read(self) -> tuple[bytes, bool]:
        """Some bytes of the current member.

        Returns:
            The bytes, and whether they begin a member; ``(b"", False)`` at the end of the file.

        Raises:
            Damaged: the member is broken, or the file ends inside it. ``resume`` goes on.
        """
        if not self._magic:
            begins = self._behind - len(self._buffer) + self._at == 0
            return (self._take(self._step), begins) if self._have(1) else (b"", False)
        begins = self._decoder is None
        while True:
            if self._decoder is None:
                begins = True
                if not self._begin_member():
                    return b"", False
                self._watch_end()
            data = self._decompress()
            if self._decoder.eof:
                self._decoder = None
            if data:
                return data, begins

    def begin_segment(
        self, start: int, end: int, accept: Callable[[bytes], bool] = lambda _: True
    ) -> bool:
        """Go to the first whole member that begins between two file offsets.

        What stands behind the segment can be read on; ``beyond`` tells where it begins.

        Args:
            start: the segment's first byte; 0 where it is the file's beginning, found or not.
            end: behind its last byte.
            accept: whether these first bytes can begin a member.

        Returns:
            False where none begins there.
        """
        self._end, self._accept = end, accept
        if start == 0:
            return True
        if not self._magic:
            return False
        try:
            self._pass_skippable_frames()  # a dictionary stands in front of the file
        except Damaged:
            return False
        self._seek(start)
        while self._find(self._magic, end):
            place = self._offset()
            found = self._is_whole()
            self._seek(place if found else place + 1)
            if found:
                return True
        return False

    def _watch_end(self) -> None:
        """Note the first member behind the segment; one that is damaged still belongs to it."""
        place = self.member_start
        if self.beyond is None and place >= self._end:
            if self._is_whole(place):
                self.beyond = place
            self._seek(place)
            self._begin_member()

    def _is_whole(self, place: int | None = None) -> bool:
        """A member begins at a place (here), as far as its first bytes or its end can tell."""
        if place is not None:
            self._seek(place)
        head, size = b"", 0
        try:
            if not self._begin_member():
                return False
            while size < _CHECKED_BYTES and not self._decoder.eof:
                data = self._decompress()
                size += len(data)
                head += data[: _HEAD_BYTES - len(head)]
        except Damaged:
            return False
        return self._accept(head) and (not self._decoder.eof or self._ends_well())

    def _ends_well(self) -> bool:
        """Behind a member stands another, or nothing."""
        if self._magic == _GZIP:
            self._pass_padding()
        self._have(4)
        head = self._peek(4)
        return not head or head.startswith(self._magic) or _is_skippable(head)

    def resume(self, accept: Callable[[bytes], bool]) -> bool:
        """Go back behind the beginning of a damaged member, and on to the next good one.

        The damage may have been noticed long after it: members behind it count as not read.

        Args:
            accept: whether these first bytes can begin a record.

        Returns:
            False where no other member follows.
        """
        if not self._magic:
            return False
        self._seek(self.member_start + 1)
        while self._find(self._magic):
            place = self._offset()
            try:
                self._decoder = None
                if self._begin_member() and accept(self._first_bytes()):
                    self._seek(place)
                    return True
            except Damaged:
                pass
            self._seek(place + 1)
        return False

    def _first_bytes(self) -> bytes:
        """The beginning of a member, which may be damaged behind it."""
        if self._magic == _GZIP:
            self._have(self._step)
            try:
                beginning: bytes = self._decoder.decompress(self._peek(self._step), _HEAD_BYTES)
            except zlib.error as error:
                raise Damaged(f"corrupt: {error}") from error
            return beginning
        return self._decompress()

    def _offset(self) -> int:
        """File offset of the next byte."""
        return self._behind - len(self._buffer) + self._at

    def _seek(self, offset: int) -> None:
        """Go to a file offset, inside the buffer where it is there."""
        self._decoder = None
        first = self._behind - len(self._buffer)
        if first <= offset <= self._behind:
            self._at = offset - first
            return
        self._source.seek(offset)
        self._buffer, self._at, self._behind = b"", 0, offset

    def _have(self, size: int) -> bool:
        """Get ``size`` bytes into the buffer; False where the file has fewer."""
        while len(self._buffer) - self._at < size:
            data = self._source.read(READ_BYTES)
            if not data:
                return False
            self._buffer, self._at = self._buffer[self._at :] + data, 0
            self._behind += len(data)
        return True

    def _peek(self, size: int) -> bytes:
        """The next bytes of the buffer, left where they are."""
        return self._buffer[self._at : self._at + size]

    def _take(self, size: int) -> bytes:
        """The next bytes of the buffer."""
        data = self._peek(size)
        self._at += len(data)
        return data

    def _find(self, magic: bytes, end: int = sys.maxsize) -> bool:
        """Go to the next place before ``end`` where these bytes stand."""
        while self._offset() < end and self._have(len(magic)):
            place = self._buffer.find(magic, self._at)
            if place >= 0:
                self._at = place
                return self._offset() < end
            self._at = len(self._buffer) - len(magic) + 1
        return False

    def _begin_member(self) -> bool:
        """Set up the decoder of the member that begins here; False at the end of the file."""
        if self._magic == _ZSTANDARD:
            self._pass_skippable_frames()
        else:
            self._pass_padding()
        if not self._have(1):
            return False
        self._have(4)
        self.member_start = self._offset()
        if not self._peek(4).startswith(self._magic):
            raise Damaged("corrupt: bytes that begin no compressed record")
        if self._magic == _GZIP:
            self._decoder = zlib.decompressobj(wbits=31)
        else:
            import zstandard

            self._decoder = zstandard.ZstdDecompressor(
                dict_data=self._dictionary, max_window_size=ZSTANDARD_WINDOW
            ).decompressobj()
        return True

    def _pass_padding(self) -> None:
        """Step over zero bytes between gzip members."""
        while self._have(1) and self._buffer[self._at] == 0:
            self._at += 1

    def _decompress(self) -> bytes:
        """The next bytes of the member; none where it ends without."""
        while True:
            at_end = not self._have(1)
            piece = self._take(self._step)
            try:
                if self._magic == _GZIP:
                    data: bytes = self._decoder.decompress(piece, _OUTPUT_BYTES)
                    self._at -= len(self._decoder.unconsumed_tail or self._decoder.unused_data)
                else:
                    data = self._decoder.decompress(piece)
                    self._at -= len(self._decoder.unused_data)
            except Exception as error:
                if isinstance(error, zlib.error) or type(error).__name__ == "ZstdError":
                    raise Damaged(f"corrupt: {error}") from error
                raise
            if data or self._decoder.eof:
                return data
            if at_end:
                raise Damaged("truncated: the file ends inside a compressed record")

    def _pass_skippable_frames(self) -> None:
        """Step over frames of other data, keeping a dictionary that stands in front."""
        while self._have(8) and _is_skippable(self._peek(4)):
            start = self._offset()
            size = int.from_bytes(self._peek(8)[4:], "little")
            if start == 0 and self._peek(4) == _DICTIONARY_FRAME:
                if not self._have(8 + size):
                    raise Damaged("truncated: the file ends inside the dictionary")
                self._dictionary = _dictionary(self._peek(8 + size)[8:])
            self._seek(start + 8 + size)


def _is_skippable(head: bytes) -> bool:
    """The magic number of a skippable frame (RFC 8878, 3.1.2)."""
    return len(head) == 4 and head[0] & 0xF0 == 0x50 and head[1:] == b"\x2a\x4d\x18"


def _dictionary(content: bytes) -> Any:
    """The dictionary in front of a ``.warc.zst``, itself compressed or not."""
    import zstandard

    try:
        if content.startswith(_ZSTANDARD):
            packed = zstandard.ZstdDecompressor().decompressobj()
            content = b"".join(
                packed.decompress(content[start : start + _ZSTANDARD_STEP])
                for start in range(0, len(content), _ZSTANDARD_STEP)
                if not packed.eof
            )
        return zstandard.ZstdCompressionDict(content)
    except zstandard.ZstdError as error:
        raise Damaged(f"corrupt: the dictionary: {error}") from error
