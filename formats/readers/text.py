"""Plain text: a document is a whole file, a paragraph or a line (the option ``split``).

Positions are 1-based line numbers, of a paragraph its first; 0 for a whole file. Blank lines
separate paragraphs and are no documents.

Text that is not UTF-8 is decoded where its encoding is named or can be told (the option
``encoding``); ``meta`` then says what it was.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from formats.quarantine import RAW_LIMIT, Quarantine
from formats.readers import SourceFile
from formats.readers.charset import Undecodable, decode_named, decode_text
from formats.readers.columns import choose_columns
from formats.readers.lines import BadPart, LineBlock, LineReader
from formats.readers.lines_kernels import blank_lines, copy_spans
from formats.readers.segments import named_by_segment, open_lines
from formats.readers.streams import READ_BYTES, Damaged, open_bytes
from formats.readers.tabular import tabular_documents
from formats.readers.transcode import as_utf8, misfits
from formats.readers.vector_kernels import PADDING

_Texts = tuple[np.ndarray, pa.Array]
"""Positions int64 [rows], and texts large_binary [rows]."""
_Pieces = Iterator[tuple[np.ndarray, pa.Array, str | None]]
"""The same, and the encoding where it was not UTF-8."""


def read_text(
    file: SourceFile, quarantine: Quarantine, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Read plain text, plain or compressed."""
    if file.columns:
        raise ValueError("columns: a text file has none")
    if file.split not in _SPLITS:
        raise ValueError(f"split: {file.split!r} is not one of {', '.join(_SPLITS)}")
    choice = choose_columns({})
    named = named_by_segment(file)
    entries_before = quarantine.total
    count = 0
    try:
        for positions, texts, encoding in _SPLITS[file.split](file, quarantine, batch_bytes):
            count += len(positions)
            if encoding is not None:
                positions, texts = _fitting(positions, texts, encoding, named, quarantine)
            batch = pa.RecordBatch.from_arrays([texts], ["text"])
            if encoding is not None:
                column = pa.repeat(pa.scalar(encoding, pa.large_string()), len(texts))
                batch = batch.append_column("encoding", column)
            yield from tabular_documents(named, choice, batch, positions, quarantine, batch_bytes)
    except Damaged as damage:
        if not file.start:
            quarantine.add(file.source, file.path, None, str(damage))
        return
    if count == 0 and quarantine.total == entries_before and not file.start:
        quarantine.add(file.source, file.path, None, "empty file: it holds no text")


def _fitting(
    positions: np.ndarray, texts: pa.Array, encoding: str, file: SourceFile, quarantine: Quarantine
) -> _Texts:
    """What fitted its encoding; the rest is quarantined under the encoding's name."""
    errors = misfits(texts, encoding, detected=file.encoding == "auto")
    for row, error in errors.items():
        raw = texts[row].as_py()
        quarantine.add(file.source, file.path, int(positions[row]), error, raw)
    fits = np.ones(len(texts), np.bool_)
    fits[list(errors)] = False
    return positions[fits], texts.filter(pa.array(fits))


def _whole(file: SourceFile, quarantine: Quarantine, block_bytes: int) -> _Pieces:
    """The file as one document."""
    del block_bytes
    content = bytearray()
    piece = bytearray(READ_BYTES)
    error = None
    with open_bytes(file.path) as stream:
        try:
            while size := stream.readinto(memoryview(piece)):
                content += memoryview(piece)[:size]
                if len(content) > file.max_record_bytes:
                    error = f"too long: a file of more than {file.max_record_bytes:,} bytes"
                    break
        except Damaged as damage:
            error = str(damage)
    if error is None:
        try:
            named = file.encoding != "auto"
            data = bytes(content)
            decoded = decode_named(data, file.encoding) if named else decode_text(data)
        except Undecodable as undecodable:
            error = str(undecodable)
    if error is not None:
        quarantine.add(file.source, file.path, None, error, bytes(content[:RAW_LIMIT]))
        return
    if decoded.text.strip():
        texts = pa.array([decoded.text.encode()], pa.large_binary())
        encoding = None if decoded.encoding == "utf-8" else decoded.encoding
        yield np.zeros(1, np.int64), texts, encoding


def _lines(file: SourceFile, quarantine: Quarantine, block_bytes: int) -> _Pieces:
    """The lines of a file, or of its segment where it is UTF-8: only that can be begun anywhere."""
    with open_bytes(file.path) as stream:
        utf8, encoding = as_utf8(stream, file.encoding)
        if encoding is not None:
            if file.start == 0:
                lines = LineReader(utf8, block_bytes, file.max_record_bytes)
                yield from ((*texts, encoding) for texts in _texts(lines, file, quarantine))
            return
    with open_lines(file) as (stream, first_line):
        lines = LineReader(stream, block_bytes, file.max_record_bytes, first_line)
        named = named_by_segment(file)
        yield from ((*texts, None) for texts in _texts(lines, named, quarantine))


def _texts(lines: LineReader, file: SourceFile, quarantine: Quarantine) -> Iterator[_Texts]:
    """Every line that is not blank."""
    for part in lines:
        if isinstance(part, BadPart):
            quarantine.add(file.source, file.path, part.position, part.error, part.raw)
            continue
        kept = np.flatnonzero(~_blank(part))
        starts, ends = part.starts[kept], part.ends[kept]
        out = np.empty(int((ends - starts).sum()) + PADDING, np.uint8)
        offsets = np.empty(len(kept) + 1, np.int64)
        copy_spans(part.data, starts, ends, out, offsets)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(out)]
        yield part.numbers[kept], pa.Array.from_buffers(pa.large_binary(), len(kept), buffers)


def _blank(block: LineBlock) -> np.ndarray:
    """Lines of nothing but spaces and tabs: bool [lines]."""
    blank = np.empty(len(block.starts), np.bool_)
    blank_lines(block.data, block.starts, block.ends, blank)
    return blank


def _paragraphs(file: SourceFile, quarantine: Quarantine, block_bytes: int) -> _Pieces:
    """Runs of lines between blank ones."""
    with open_bytes(file.path) as stream:
        utf8, encoding = as_utf8(stream, file.encoding)
        lines = LineReader(utf8, block_bytes, file.max_record_bytes)
        yield from ((*texts, encoding) for texts in _runs(lines, file, quarantine))


def _runs(lines: LineReader, file: SourceFile, quarantine: Quarantine) -> Iterator[_Texts]:
    """The paragraphs of a file's lines, with the number of the first line of each."""
    open_line, open_text = 0, b""  # the paragraph that the next block may go on with
    for part in lines:
        positions: list[int] = []
        texts: list[bytes] = []
        if isinstance(part, BadPart):
            raw = part.raw
            if part.breaks_off:
                raw, open_text = open_text + raw, b""
            quarantine.add(file.source, file.path, part.position, part.error, raw)
            separators = [0]
        else:
            separators = [*np.flatnonzero(_blank(part)).tolist(), len(part.starts)]
        first = 0
        for index in separators:
            if isinstance(part, LineBlock) and first < index:
                open_line = open_line if open_text else int(part.numbers[first])
                if len(open_text) <= file.max_record_bytes:  # beyond, it is too long anyway
                    open_text += _with_line_ends(part, first, index)
            ends_here = isinstance(part, BadPart) or index < len(part.starts)
            if open_text and ends_here:
                positions.append(open_line)
                texts.append(_without_line_end(open_text))
                open_text = b""
            first = index + 1
        if positions:
            yield np.array(positions, np.int64), pa.array(texts, pa.large_binary())
    if open_text:
        text = _without_line_end(open_text)
        yield np.array([open_line], np.int64), pa.array([text], pa.large_binary())


def _with_line_ends(block: LineBlock, first: int, behind: int) -> bytes:
    """The bytes of some lines of a block, line ends and all."""
    end = block.ends[behind - 1]
    end += 2 if block.data[end] == 13 else 1
    return block.data[block.starts[first] : end].tobytes()


def _without_line_end(text: bytes) -> bytes:
    """A paragraph without the line end of its last line."""
    return text.removesuffix(b"\n").removesuffix(b"\r")


_SPLITS = {"file": _whole, "paragraph": _paragraphs, "line": _lines}
"""By ``split``: (file, quarantine, block bytes) to the documents of a file."""
