"""The run folder: every place in it by name, and what is there, opened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import document_files, read_documents
from formats.storage import filesystem

_MARKS = ("recipe.yaml", "summary.json", "documents", "shards")
"""What a run folder has at least one of."""
_CONTENTS = (
    *_MARKS, "report.html", "removed", "cut", "quarantine", "bilingual", "tokenizer", "tokens",
    "contamination", "work",
)  # fmt: skip
"""All that a run writes."""


class NotARunFolder(ValueError):  # noqa: N818 - the name a user reads: what it is, not what we do
    """A path that is no run folder, or one that lacks what was asked for."""


class RunFolder:
    """A run's results.

    ``RunFolder("runs/mix").find_document("0f3a…")`` -> the document as a dict, or None.
    """

    def __init__(self, path: str) -> None:
        """Name a folder, local or URL, that may not be there yet."""
        self.path = str(path).rstrip("/")

    def __repr__(self) -> str:
        return f"RunFolder({self.path!r})"

    def _below(self, *names: str) -> str:
        return "/".join([self.path, *names])

    @property
    def recipe_path(self) -> str:
        """The recipe as run."""
        return self._below("recipe.yaml")

    @property
    def summary_path(self) -> str:
        """Counts of the run."""
        return self._below("summary.json")

    @property
    def report_path(self) -> str:
        """The report to look at."""
        return self._below("report.html")

    @property
    def documents_path(self) -> str:
        """Folder of kept documents."""
        return self._below("documents")

    def removed_path(self, stage: str) -> str:
        """Folder of what a stage dropped."""
        return self._below("removed", stage)

    @property
    def cut_path(self) -> str:
        """Folder of the passages that were cut out of documents, a folder per stage."""
        return self._below("cut")

    @property
    def contamination_path(self) -> str:
        """Folder of what was found of test sets."""
        return self._below("contamination")

    @property
    def quarantine_path(self) -> str:
        """Folder of what could not be read."""
        return self._below("quarantine")

    @property
    def bilingual_documents_path(self) -> str:
        """Folder of document pairs."""
        return self._below("bilingual", "documents")

    @property
    def bilingual_sentences_path(self) -> str:
        """Folder of sentence pairs."""
        return self._below("bilingual", "sentences")

    @property
    def tokenizer_path(self) -> str:
        """Folder of tokenizer.json and friends."""
        return self._below("tokenizer")

    @property
    def tokens_path(self) -> str:
        """Folder of tokenized components."""
        return self._below("tokens")

    @property
    def shards_path(self) -> str:
        """Folder of the token shards and their manifest."""
        return self._below("shards")

    @property
    def work_path(self) -> str:
        """Folder of intermediate files and records."""
        return self._below("work")

    @property
    def removed_root(self) -> str:
        """Folder of the folders of ``removed_path``."""
        return self._below("removed")

    @property
    def records_path(self) -> str:
        """Folder of the records of finished tasks."""
        return self._below("work", "records")

    def clear(self) -> None:
        """Remove what a run wrote, and nothing else that may lie in the folder."""
        files, inner = filesystem(self.path)
        for name in _CONTENTS:
            if files.exists(f"{inner}/{name}"):
                files.rm(f"{inner}/{name}", recursive=True)

    def exists(self) -> bool:
        """True where the path is a run folder."""
        files, inner = filesystem(self.path)
        return any(files.exists(f"{inner}/{name}") for name in _MARKS)

    def read_summary(self) -> dict[str, Any]:
        """The run's counts.

        Raises:
            NotARunFolder: no run folder, or its run has not come to the summary.
        """
        self._require("summary.json", "it is written at the end of a run")
        files, inner = filesystem(self.summary_path)
        with files.open(inner, "rb") as stream:
            summary: dict[str, Any] = json.load(stream)
        return summary

    def documents(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Kept documents, in the order of files.

        Raises:
            NotARunFolder: no run folder, or no documents in it yet.
        """
        self._require("documents", "no documents were written yet")
        return read_documents(self.documents_path, columns)

    def removed(self, stage: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """What a stage dropped, with ``drop_reason``.

        Raises:
            NotARunFolder: no run folder, or the stage dropped nothing.
        """
        stages = ", ".join(self.removed_stages()) or "none"
        self._require(f"removed/{stage}", f"stages that dropped documents: {stages}")
        return read_documents(self.removed_path(stage), columns)

    def quarantined(self, limit: int) -> list[dict[str, Any]]:
        """The first so many entries of the quarantine, in the order of files."""
        import pyarrow.parquet as pq

        found: list[dict[str, Any]] = []
        if not self._has("quarantine"):
            return found
        for name in document_files(self.quarantine_path):
            files, inner = filesystem(name)
            with files.open(inner, "rb") as stream:
                for batch in pq.ParquetFile(stream).iter_batches(limit):
                    found += batch.to_pylist()
                    if len(found) >= limit:
                        return found[:limit]
        return found

    def find_quarantined(self, origin: str) -> dict[str, Any] | None:
        """The entry of the quarantine from ``path#position``; ``path`` alone for a whole file."""
        import pyarrow.dataset as ds

        if not self._has("quarantine"):
            return None
        path, _, position = origin.rpartition("#")
        here = (ds.field("path") == origin) & ds.field("position").is_null()
        if position.isdecimal():
            here |= (ds.field("path") == path) & (ds.field("position") == int(position))
        entries: list[dict[str, Any]] = (
            ds.dataset(document_files(self.quarantine_path)).head(1, filter=here).to_pylist()
        )
        return entries[0] if entries else None

    def pairs_of(self, identifier: str) -> list[dict[str, Any]]:
        """The document pairs that a document is a side of."""
        import pyarrow.dataset as ds

        if not self._has("bilingual/documents"):
            return []
        side = (ds.field("left_id") == identifier) | (ds.field("right_id") == identifier)
        files = document_files(self.bilingual_documents_path)
        pairs: list[dict[str, Any]] = ds.dataset(files).to_table(filter=side).to_pylist()
        return pairs

    def cut_from(self, identifier: str) -> list[dict[str, Any]]:
        """The passages that were cut out of a document, with the ``stage`` that did it."""
        import pyarrow.dataset as ds

        here = ds.field("id") == identifier
        found: list[dict[str, Any]] = []
        for stage in self._folders("cut"):
            files = document_files(f"{self.cut_path}/{stage}")
            rows = ds.dataset(files).to_table(filter=here).sort_by("begin").to_pylist()
            found += [{"stage": stage} | row for row in rows]
        return found

    def has_documents(self) -> bool:
        """True where any document was kept."""
        return self._has("documents") and bool(document_files(self.documents_path))

    def removed_stages(self) -> list[str]:
        """The stages that dropped documents, by name."""
        self._require_run_folder()
        return self._folders("removed")

    def components(self) -> list[str]:
        """The tokenized components, by name."""
        self._require_run_folder()
        return self._folders("tokens")

    def find_document(self, key: str) -> dict[str, Any] | None:
        """Look a document up among the kept and the removed.

        Args:
            key: its id (32 hexadecimal digits), its number as token shards carry it (the first
                16), or its origin (``path#position``).

        Returns:
            All its columns, and ``found_in``: ``documents`` or ``removed/<stage>``. None where
            there is no such document.
        """
        column = "origin"
        if re.fullmatch(r"[0-9a-f]{16}([0-9a-f]{16})?", key):
            column = "id"
        for place in ["documents", *(f"removed/{stage}" for stage in self.removed_stages())]:
            if self._has(place):
                for name in document_files(self._below(place)):
                    found = _find_row(name, column, key)
                    if found is not None:
                        return found | {"found_in": place}
        return None

    def _has(self, name: str) -> bool:
        files, inner = filesystem(self.path)
        return bool(files.exists(f"{inner}/{name}"))

    def _folders(self, name: str) -> list[str]:
        """The folders in a folder, by name; none where it is not there."""
        files, inner = filesystem(self._below(name))
        if not files.isdir(inner):
            return []
        entries = files.ls(inner, detail=True)
        return sorted(
            entry["name"].rstrip("/").rsplit("/", 1)[-1]
            for entry in entries
            if entry["type"] == "directory"
        )

    def _require_run_folder(self) -> None:
        if not self.exists():
            marks = ", ".join(_MARKS)
            raise NotARunFolder(f"{self.path} is no run folder: it has none of {marks}")

    def _require(self, name: str, why_not: str) -> None:
        self._require_run_folder()
        if not self._has(name):
            raise NotARunFolder(f"{self.path} has no {name}: {why_not}")


def _find_row(path: str, column: str, key: str) -> dict[str, Any] | None:
    """The first row of a Parquet file whose column has the key, or begins with it."""
    import pyarrow.parquet as pq

    files, inner = filesystem(path)
    with files.open(inner, "rb") as stream:
        parquet = pq.ParquetFile(stream)
        for group in range(parquet.num_row_groups):
            values = parquet.read_row_group(group, [column]).column(column)
            rows = pc.starts_with(values, key) if column == "id" else pc.equal(values, key)
            row = pc.index(rows, True).as_py()
            if row >= 0:
                found: dict[str, Any] = parquet.read_row_group(group).slice(row, 1).to_pylist()[0]
                return found
    return None
