"""What a tokenizer learns from: documents in parts that can be read more than once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pyarrow as pa

from formats.documents import document_files, read_documents
from formats.listing import list_files
from formats.quarantine import Quarantine
from formats.readers import READERS, SourceFile, read_file

Documents = Sequence[Callable[[], Iterator[pa.RecordBatch]]]
"""Parts, each a function that reads it from the beginning.

A batch has the columns ``id`` and ``text``, and ``lang`` or ``declared_lang`` where known. What is
learned depends on the documents alone, not on parts, batches or their order.
"""

COLUMNS = ("id", "text", "lang", "declared_lang")
SOURCE = "tokenizer-train"
"""Source name of files that are read as they are: their documents' ids are made of it."""

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


def run_documents(paths: Sequence[str]) -> Documents:
    """The documents that a run kept: Parquet files, or folders of them, as the pipeline writes.

    Raises:
        FileNotFoundError: a path is not there.
    """
    files = [file for path in paths for file in document_files(path)]
    return [partial(read_documents, file, COLUMNS) for file in files]


def input_documents(
    patterns: Sequence[str],
    columns: Mapping[str, str | None] | None = None,
    quarantine: Quarantine | None = None,
) -> Documents:
    """Files as they are: JSONL, Parquet, Arrow, CSV or text, also compressed, told by extension.

    Documents of a run among them keep their ids and languages.

    Args:
        patterns: files, folders (read as a run's documents) or wildcards.
        columns: our name -> the input's column, as in a recipe.
        quarantine: takes what cannot be read; None: the first bad record raises.

    Raises:
        NoFiles: a pattern matches nothing.
        ValueError: a file of unknown kind.
    """
    refuse = quarantine or Quarantine(on_error="fail")
    folders = [pattern for pattern in patterns if os.path.isdir(pattern)]
    others = [pattern for pattern in patterns if pattern not in folders]
    parts = list(run_documents(folders)) if folders else []
    for listed in list_files(others) if others else []:
        if _is_run_document_file(listed.path):
            parts.append(partial(read_documents, listed.path, COLUMNS))
            continue
        file = SourceFile(
            SOURCE, listed.path, listed.relative_path, kind_of(listed.path), dict(columns or {})
        )
        parts.append(partial(read_file, file, refuse))
    return parts


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


def _is_run_document_file(path: str) -> bool:
    """True for Parquet with our own columns: its documents have ids already."""
    if kind_of(path) != "parquet":
        return False
    import pyarrow.parquet as pq

    from formats.storage import filesystem

    files, inner = filesystem(path)
    with files.open(inner, "rb") as stream:
        names = pq.ParquetFile(stream).schema_arrow.names
    return {*COLUMNS, "source", "origin"} <= set(names)
