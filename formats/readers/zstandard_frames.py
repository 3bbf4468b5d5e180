"""Whether a Zstandard file is whole: its frames are walked as their bytes pass by.

The decompressor ends silently when its input does, in the middle of a frame too. Frames and
blocks say their sizes (RFC 8878, section 3.1), so following them costs one step per block.
"""

from __future__ import annotations

from collections.abc import Generator

_MAGIC = 0xFD2FB528
_SKIPPABLE_MAGIC = 0x184D2A50
_DICTIONARY_BYTES = (0, 1, 2, 4)
_RLE_BLOCK = 1


class FrameWatch:
    """Fed with a file's bytes in any pieces, knows whether they end between two frames."""

    def __init__(self) -> None:
        self.whole = True
        self._walk = self._frames()
        self._needed = next(self._walk)
        self._held = b""
        self._skip = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        position = 0
        while position < len(data):
            if self._skip:
                step = min(self._skip, len(data) - position)
                self._skip -= step
                position += step
            else:
                piece = data[position : position + self._needed - len(self._held)]
                self._held += piece
                position += len(piece)
            self.whole = False
            self._advance()

    def _advance(self) -> None:
        """Hand the walk what it asked for, as often as it is there."""
        while not self._skip and len(self._held) == self._needed:
            held, self._held = self._held, b""
            self._needed = self._walk.send(held)

    def _frames(self) -> Generator[int, bytes, None]:
        """The walk: asks for a number of bytes, is sent them; sets ``_skip`` to pass over more."""
        while True:
            magic = int.from_bytes((yield 4), "little")
            if magic & 0xFFFFFFF0 == _SKIPPABLE_MAGIC:
                self._skip = int.from_bytes((yield 4), "little")
            elif magic == _MAGIC:
                yield from self._frame()
            else:
                while True:  # no frame: the decompressor complains
                    yield 1
            yield 0
            self.whole = True

    def _frame(self) -> Generator[int, bytes, None]:
        """Header, blocks and checksum of one frame."""
        descriptor = (yield 1)[0]
        single_segment = descriptor >> 5 & 1
        content_size_bytes = (single_segment, 2, 4, 8)[descriptor >> 6]
        window_bytes = 1 - single_segment
        yield window_bytes + _DICTIONARY_BYTES[descriptor & 3] + content_size_bytes
        last = False
        while not last:
            block = int.from_bytes((yield 3), "little")
            last = bool(block & 1)
            self._skip = 1 if block >> 1 & 3 == _RLE_BLOCK else block >> 3
            yield 0
        if descriptor >> 2 & 1:
            yield 4
