"""Lines of a byte stream, a block at a time, whatever the file holds.

A block is a stretch of a reused buffer with the places of whole lines in it. A line longer than
``max_record_bytes``, the unfinished line where a damaged file breaks off, and a file in UTF-16
come as a ``BadPart`` in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from formats.quarantine import RAW_LIMIT
from formats.readers.lines_kernels import behind_first_newline, behind_last_newline, find_lines
from formats.readers.streams import ByteStream, Damaged
from formats.readers.vector_kernels import PADDING

LINES_PER_BLOCK = 1 << 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class BadPart:
    """Something that is no line to read; what a quarantine entry needs."""

    position: int | None
    error: str
    raw: bytes
    breaks_off: bool = False
    """The file ends here, against its will."""


@dataclass(frozen=True)
class LineBlock:
    """Whole lines of a buffer that is overwritten when the next block is asked for."""

    data: np.ndarray
    """uint8, padded for vector loads; every line is followed by a line feed."""
    starts: np.ndarray
    """int64 [lines]."""
    ends: np.ndarray
    """int64 [lines], without line feed and carriage return."""
    numbers: np.ndarray
    """int64 [lines], 1-based."""

    def line(self, index: int) -> bytes:
        """The bytes of one line."""
        return self.data[self.starts[index] : self.ends[index]].tobytes()

    def not_utf8(self) -> np.ndarray:
        """int64: the lines that are not UTF-8; one fast pass where all are."""
        if not len(self.starts) or is_utf8(self.data[self.starts[0] : self.ends[-1]]):
            return np.zeros(0, np.int64)
        bad = [
            k
            for k in range(len(self.starts))
            if not is_utf8(self.data[self.starts[k] : self.ends[k]])
        ]
        return np.array(bad, np.int64)


def is_utf8(data: np.ndarray) -> bool:
    """True where the bytes are UTF-8."""
    offsets = pa.py_buffer(np.array([0, len(data)], np.int64))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def utf8_error(raw: bytes) -> str:
    """The quarantine error of bytes that are not UTF-8, with the place."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}: {error.reason}"
    return "not UTF-8: the bytes break a character"


class LineReader:
    """Iterates over the blocks and bad parts of a stream; the state is one buffer."""

    def __init__(
        self, stream: ByteStream, block_bytes: int, max_record_bytes: int, first_line: int = 1
    ) -> None:
        """Start at the stream's beginning.

        Args:
            stream: decompressed bytes.
            block_bytes: how much is read at once; a longer line makes the buffer grow.
            max_record_bytes: the longest line that is handed out.
            first_line: number of the stream's first line.
        """
        self._stream = stream
        self._block_bytes = block_bytes
        self._max_record_bytes = max_record_bytes
        self._buffer = np.empty(block_bytes + PADDING, np.uint8)
        self._filled = 0
        self._line = self._first_line = first_line
        self._ended = False
        self._damage: str | None = None

    def __iter__(self) -> Iterator[LineBlock | BadPart]:
        self._fill(self._block_bytes)
        head = self._beginning()[:3] if self._first_line == 1 else b""
        if head.startswith(_UTF16_MARKS):
            error = "not UTF-8: the file begins with the byte order mark of UTF-16"
            yield BadPart(None, error, self._beginning())
            return
        start = 3 if head == _BYTE_ORDER_MARK else 0
        while True:
            cut = self._end_of_whole_lines()
            if cut:
                yield from self._blocks(start, cut)
                self._keep_from(cut)
                start = 0
                self._fill(self._block_bytes)
            elif self._filled > self._max_record_bytes:
                yield from self._pass_long_line()
                start = 0
            elif self._ended:
                break
            else:
                target = max(self._block_bytes, 2 * self._filled)
                self._fill(min(target, self._max_record_bytes + self._block_bytes))
        if self._damage is not None:
            yield self._damaged_end()

    def _end_of_whole_lines(self) -> int:
        """Behind the last line feed in the buffer; a file's last line may do without."""
        cut = int(behind_last_newline(self._buffer, self._filled))
        if self._ended and self._damage is None and cut < self._filled:
            self._buffer[self._filled] = 10
            self._filled += 1
            cut = self._filled
        return cut

    def _fill(self, target: int) -> None:
        """Read until the buffer holds ``target`` bytes or the stream ends."""
        if target + PADDING > len(self._buffer):
            larger = np.empty(target + PADDING, np.uint8)
            larger[: self._filled] = self._buffer[: self._filled]
            self._buffer = larger
        with memoryview(self._buffer) as view:  # type: ignore[arg-type]
            while self._filled < target and not self._ended:
                try:
                    size = self._stream.readinto(view[self._filled : target])
                except Damaged as damage:
                    self._damage, size = str(damage), 0
                self._filled += size
                self._ended = size == 0

    def _beginning(self) -> bytes:
        """What a quarantine entry keeps of the buffer."""
        return self._buffer[: min(self._filled, RAW_LIMIT)].tobytes()

    def _keep_from(self, cut: int) -> None:
        """Move what stands behind ``cut`` to the front."""
        rest = self._buffer[cut : self._filled].copy()
        if len(self._buffer) > 2 * self._block_bytes + PADDING + len(rest):
            self._buffer = np.empty(self._block_bytes + len(rest) + PADDING, np.uint8)
        self._buffer[: len(rest)] = rest
        self._filled = len(rest)

    def _blocks(self, start: int, cut: int) -> Iterator[LineBlock | BadPart]:
        """The lines of ``buffer[start:cut]``."""
        data = self._buffer
        while start < cut:
            starts = np.empty(LINES_PER_BLOCK, np.int64)
            ends = np.empty(LINES_PER_BLOCK, np.int64)
            lines = find_lines(data, start, cut, starts, ends)
            last = int(ends[lines - 1])
            start = last + (2 if data[last] == 13 else 1)
            numbers = np.arange(self._line, self._line + lines)
            self._line += lines
            yield from self._short_lines(LineBlock(data, starts[:lines], ends[:lines], numbers))

    def _short_lines(self, block: LineBlock) -> Iterator[LineBlock | BadPart]:
        """Take the lines that are too long out of a block."""
        too_long = block.ends - block.starts > self._max_record_bytes
        if not too_long.any():
            yield block
            return
        first = 0
        for index in [*np.flatnonzero(too_long).tolist(), len(too_long)]:
            part = slice(first, index)
            if first < index:
                yield LineBlock(
                    block.data, block.starts[part], block.ends[part], block.numbers[part]
                )
            if index < len(too_long):
                yield self._too_long(int(block.numbers[index]), block.line(index)[:RAW_LIMIT])
            first = index + 1

    def _too_long(self, number: int, raw: bytes) -> BadPart:
        """The entry of a line that is not read."""
        error = f"too long: a line of more than {self._max_record_bytes:,} bytes"
        return BadPart(number, error, raw)

    def _pass_long_line(self) -> Iterator[BadPart]:
        """Pass over the line the buffer begins with, without keeping it."""
        yield self._too_long(self._line, self._beginning())
        while True:
            self._filled = 0
            self._fill(self._block_bytes)
            behind = int(behind_first_newline(self._buffer, self._filled))
            if behind:
                self._line += 1
                self._keep_from(behind)
                return
            if self._ended:
                self._filled = 0
                return

    def _damaged_end(self) -> BadPart:
        """The entry of the place where a damaged file breaks off."""
        assert self._damage is not None
        whole = self._line - self._first_line
        error = f"{self._damage}; {whole:,} lines were whole before"
        return BadPart(self._line, error, self._beginning(), breaks_off=True)
