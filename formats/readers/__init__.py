"""Readers: files of any kind in, record batches of documents out.

    path -> open_bytes -> LineReader -> scan_lines -> copy_values -> document_batches   JSONL
            decompress    whole lines   spans         Arrow buffers  ids, origins

    path -> read_records -> decode_body -> decode_page -> Extractor -> document_batches  WARC
            whole records   HTTP codings   charset        main text    ids, origins

``READERS``         all kinds of file, by the recipe's ``read``
``streams``         bytes, decompressed; where a file breaks off
``segments``        big files cut, so that many tasks read them
``lines``           whole lines in a bounded buffer
``columns``         which input columns become which fields
``assemble``        columns to batches in ``DOCUMENT_SCHEMA``

Bad input never stops a reader and is never passed over in silence: each piece goes to the
``Quarantine`` with its file, position and error, unless that one says ``on_error="fail"``.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from formats.quarantine import Quarantine

DEFAULT_MAX_RECORD_BYTES = 64 << 20
DEFAULT_BATCH_BYTES = 16 << 20
COMPRESSIONS = (".gz", ".zst")
"""Ends of the names of compressed files."""


@dataclass(frozen=True)
class SourceFile:
    """One input file and how to read it."""

    source: str
    """The recipe's name of the source."""
    path: str
    """Where the file is: a local path or a URL."""
    relative_path: str
    """From the source's root: what ids are made of."""
    read: str
    """A key of ``READERS``."""
    columns: Mapping[str, str | None] = field(default_factory=dict)
    """Our name (text, id, lang, url, pair_key, quality) -> input column, or null to ignore it."""
    max_record_bytes: int = DEFAULT_MAX_RECORD_BYTES
    """A record of more bytes is quarantined."""
    split: Literal["file", "paragraph", "line"] = "file"
    """What a document of a text file is."""
    encoding: str = "auto"
    """Of a text file: ``auto``, or the name of an encoding."""
    extract: str = "resiliparse"
    """What takes the main text out of a web archive's pages: see ``html_text``."""
    start: int = 0
    """First stored byte of the segment that is to be read: see ``segments``."""
    end: int | None = None
    """Behind its last stored byte; None: the file's end."""


@dataclass(frozen=True)
class Reader:
    """A kind of file; its module is imported when the first file is read."""

    function: str
    """``module:function`` with this class's own call signature."""
    summary: str
    """One line for people."""
    reads_segments: bool = False
    """Files can be read from the middle; of text only where ``split`` is ``line``."""
    extensions: tuple[str, ...] = ()
    """Of the files of a folder that are meant; ``COMPRESSIONS`` may follow."""

    def __call__(
        self, file: SourceFile, quarantine: Quarantine, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """Read a file; see ``read_file``."""
        module, _, name = self.function.partition(":")
        batches: Iterator[pa.RecordBatch] = getattr(importlib.import_module(module), name)(
            file, quarantine, batch_bytes
        )
        return batches


READERS: dict[str, Reader] = {
    "jsonl": Reader(
        "formats.readers.jsonl:read_jsonl",
        "one JSON object a line",
        reads_segments=True,
        extensions=(".jsonl", ".ndjson", ".json"),
    ),
    "parquet": Reader(
        "formats.readers.parquet:read_parquet",
        "Parquet",
        reads_segments=True,
        extensions=(".parquet",),
    ),
    "arrow": Reader(
        "formats.readers.arrow:read_arrow",
        "Arrow IPC file or stream",
        extensions=(".arrow", ".feather"),
    ),
    "csv": Reader(
        "formats.readers.csv:read_csv",
        "CSV with a header line; .tsv: tabs",
        extensions=(".csv", ".tsv"),
    ),
    "text": Reader(
        "formats.readers.text:read_text",
        "plain text: a file, paragraph or line each",
        reads_segments=True,
        extensions=(".txt", ".text", ".md", ".markdown", ".rst"),
    ),
    "warc": Reader(
        "formats.readers.warc:read_warc",
        "web archives: WARC, WET, ARC",
        reads_segments=True,
        extensions=(".warc", ".wet", ".arc"),
    ),
}
"""All kinds of file that can be read. All but parquet and arrow may be compressed (.gz, .zst)."""


def read_file(
    file: SourceFile, quarantine: Quarantine, batch_bytes: int = DEFAULT_BATCH_BYTES
) -> Iterator[pa.RecordBatch]:
    """Read one file as documents, in bounded memory.

    Args:
        file: what to read and how.
        quarantine: takes what cannot be read.
        batch_bytes: text in a batch; one longer document stands alone.

    Returns:
        Batches in ``DOCUMENT_SCHEMA`` (``lang`` and ``lang_score`` null), in the file's order;
        with a column ``quality`` where ``columns`` maps it.

    Raises:
        ValueError: an unknown reader, or ``columns`` that make no sense.
        BadInput: the first bad input, where the quarantine says ``on_error="fail"``.
        OSError: the file cannot be opened or its store fails.
    """
    reader = READERS.get(file.read)
    if reader is None:
        near = difflib.get_close_matches(file.read, READERS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"read: {file.read!r} is not one of {', '.join(READERS)}{hint}")
    return reader(file, quarantine, batch_bytes)
