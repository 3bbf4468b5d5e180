"""What a tokenizer learns from: files of documents, as plain values that tasks can be given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

from formats.documents import document_files, read_documents
from formats.listing import ListedFile, list_files
from formats.quarantine import Quarantine
from formats.readers import READERS, SourceFile, read_file
from formats.readers.segments import WHOLE, ranges
from formats.storage import file_size

COLUMNS = ("id", "text", "lang", "declared_lang")
SOURCE = "tokenizer-train"
"""Source name of files that are read as they are: their documents' ids are made of it."""
RUN = "run"
"""The reader of documents that a run wrote: they keep their ids and languages."""

_EXTENSIONS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "text",
    ".text": "text",
    ".md": "text",
}
_COMPRESSIONS = (".gz", ".zst")


@dataclass(frozen=True)
class DocumentFile:
    """A file of documents, or a segment of one."""

    path: str
    read: str = RUN
    """``RUN``, or a key of ``formats.readers.READERS``."""
    relative_path: str = ""
    columns: Mapping[str, str | None] = field(default_factory=dict)
    """Our name -> the input's column."""
    start: int = 0
    end: int | None = None
    stored_bytes: int = 0
    modified: float | None = None
    """Seconds since 1970: with the size it says whether this is the file that was read before."""

    def batches(self, quarantine: Quarantine) -> Iterator[pa.RecordBatch]:
        """Read it: batches with ``id`` and ``text``, and ``lang`` or ``declared_lang`` if known.

        Args:
            quarantine: takes what cannot be read.
        """
        if self.read == RUN:
            return read_documents(self.path, COLUMNS)
        file = SourceFile(
            SOURCE, self.path, self.relative_path, self.read, dict(self.columns),
            start=self.start, end=self.end,
        )  # fmt: skip
        return read_file(file, quarantine)

    def as_item(self) -> dict[str, Any]:
        """Plain values, from which ``DocumentFile(**item)`` makes it again."""
        return asdict(self)


Documents = Sequence[DocumentFile]
"""What is learned depends on the documents alone, not on files, batches or their order."""


def run_documents(paths: Sequence[str]) -> Documents:
    """The documents that a run kept: Parquet files, or folders of them, as the pipeline writes.

    Raises:
        FileNotFoundError: a path is not there.
    """
    files = [file for path in paths for file in document_files(path)]
    return [DocumentFile(file, stored_bytes=file_size(file) or 0) for file in files]


def input_documents(
    patterns: Sequence[str], columns: Mapping[str, str | None] | None = None
) -> Documents:
    """Files as they are: JSONL, Parquet, Arrow, CSV or text, also compressed, told by extension.

    Documents of a run among them keep their ids and languages. Big files are cut into segments.

    Args:
        patterns: files, folders (read as a run's documents) or wildcards.
        columns: our name -> the input's column, as in a recipe.

    Raises:
        NoFiles: a pattern matches nothing.
        ValueError: a file of unknown kind.
    """
    folders = [pattern for pattern in patterns if os.path.isdir(pattern)]
    others = [pattern for pattern in patterns if pattern not in folders]
    files = list(run_documents(folders)) if folders else []
    for listed in list_files(others) if others else []:
        files += _segments(listed, dict(columns or {}))
    return files


def kind_of(path: str) -> str:
    """The reader of a file by its extension: ``kind_of("a/b.jsonl.zst") == "jsonl"``."""
    stem = path.lower()
    for compression in _COMPRESSIONS:
        stem = stem.removesuffix(compression)
    kind = _EXTENSIONS.get(os.path.splitext(stem)[1])
    if kind is None or kind not in READERS:
        raise ValueError(
            f"{path}: of what kind is this file? Known extensions: {', '.join(_EXTENSIONS)}, "
            f"each also with {' or '.join(_COMPRESSIONS)}"
        )
    return kind


def _segments(listed: ListedFile, columns: dict[str, str | None]) -> Iterator[DocumentFile]:
    kind = kind_of(listed.path)
    if _is_run_document_file(listed.path, kind):
        yield DocumentFile(
            listed.path, stored_bytes=listed.size_bytes, modified=listed.modified
        )  # fmt: skip
        return
    # A text file is one document, so it is not cut.
    cut = READERS[kind].reads_segments and kind != "text"
    for start, end in ranges(listed.size_bytes) if cut else [WHOLE]:
        stored = (listed.size_bytes if end is None else end) - start
        yield DocumentFile(
            listed.path, kind, listed.relative_path, columns, start, end, stored, listed.modified
        )


def _is_run_document_file(path: str, kind: str) -> bool:
    """True for Parquet with our own columns: its documents have ids already."""
    if kind != "parquet":
        return False
    import pyarrow.parquet as pq

    from formats.storage import filesystem

    files, inner = filesystem(path)
    with files.open(inner, "rb") as stream:
        names = pq.ParquetFile(stream).schema_arrow.names
    return {*COLUMNS, "source", "origin"} <= set(names)
