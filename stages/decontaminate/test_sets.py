"""Reading test sets: which files they are, which columns hold what is looked for, their items.

An item is a record. Its parts are the texts of the columns looked for, each by itself: an n-gram
does not cross from a question into its answer. Lists and nested values (``choices``) give a part
for every text in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from formats.hf_datasets import DataFile, dataset_files
from formats.listing import list_files
from formats.quarantine import Quarantine
from formats.readers import COMPRESSIONS, READERS, SourceFile, read_file

QUESTION_FIELDS = (
    "question", "query", "prompt", "problem", "instruction", "input", "goal", "ctx", "sentence",
    "premise", "claim", "stem", "text", "content",
)  # fmt: skip
"""Columns looked for where a recipe names none; one of them every record has."""
ANSWER_FIELDS = (
    "answer", "answers", "solution", "target", "output", "response", "completion", "choices",
    "options", "endings", "hypothesis",
)  # fmt: skip
"""Columns looked for beside them."""
KINDS = ("jsonl", "parquet", "arrow", "csv", "text")


class Benchmark(BaseModel):
    """A test set whose items are looked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(
        None,
        pattern=r"^[\w.-]+$",
        description="What it is called in reasons and reports; else as its first file or folder.",
    )
    paths: list[str] = Field(
        min_length=1,
        description="Files, folders, wildcards or URLs; for `read: hf` folders, or names of "
        "datasets in the cache.",
    )
    read: Literal["jsonl", "parquet", "arrow", "csv", "text", "hf"] | None = Field(
        None, description="The format; left out: as the file names tell."
    )
    fields: list[str] = Field(
        [],
        description="Columns whose texts are looked for; the first must be in every record. Left "
        "out: those with usual names, such as question, answer and choices.",
    )
    hf_split: str = Field("test", description="For `read: hf`: the split to read.")

    @property
    def title(self) -> str:
        """Its name, or that of its first file or folder."""
        return self.name or os.path.basename(self.paths[0].rstrip("/")).split(".")[0]

    def files(self) -> list[DataFile]:
        """Its files.

        Raises:
            NoFiles: there are none.
            ValueError: no such split, or a file of which the format is not known.
        """
        if self.read == "hf":
            return dataset_files(self.paths, self.hf_split)
        kinds = KINDS if self.read is None else (self.read,)
        names = [name for kind in kinds for name in READERS[kind].extensions]
        extensions = [name + packed for name in names for packed in ("", *COMPRESSIONS)]
        files = list_files(self.paths, extensions)
        return [DataFile(file, self.read or _kind(file.path)) for file in files]


class Item(NamedTuple):
    """One record of a test set."""

    benchmark: str
    name: str
    """Its id, else its place in its file."""
    parts: list[str]


def read_items(benchmark: Benchmark) -> Iterator[Item]:
    """The items of a test set, in the order of files.

    Raises:
        ValueError: no record has the column that all should have; it names the file's columns.
    """
    for data in benchmark.files():
        guesses = benchmark.fields[:1] or list(QUESTION_FIELDS)
        for guess in guesses:
            file = SourceFile(
                source=benchmark.title,
                path=data.file.path,
                relative_path=data.file.relative_path,
                read=data.read,
                columns={} if data.read == "text" else {"text": guess},
                split="line",
            )
            quarantine = Quarantine()
            records = [row for batch in read_file(file, quarantine) for row in batch.to_pylist()]
            if records:
                break
        else:
            raise ValueError(_no_field(benchmark, data, guesses, quarantine))
        fields = benchmark.fields or (guess, *QUESTION_FIELDS, *ANSWER_FIELDS)
        for record in records:
            yield Item(benchmark.title, _name(record), list(_parts(record, guess, fields)))


def _kind(path: str) -> str:
    """The reader of a file by its name."""
    for compression in COMPRESSIONS:
        path = path.removesuffix(compression)
    suffix = os.path.splitext(path)[1].lower()
    kind = next((kind for kind in KINDS if suffix in READERS[kind].extensions), None)
    if kind is None:
        raise ValueError(f"{path}: cannot tell the format; give `read:`, one of {', '.join(KINDS)}")
    return kind


def _name(record: dict[str, Any]) -> str:
    """The record's own id, or its position in its file."""
    return str(record["original_id"] or record["origin"].rpartition("#")[2])


def _parts(
    record: dict[str, Any], first: str, fields: tuple[str, ...] | list[str]
) -> Iterator[str]:
    """The texts of a record's columns, each once."""
    import orjson

    others = orjson.loads(record["meta"] or b"{}")
    seen = set()
    for field in fields:
        value = record["text"] if field == first else others.get(field)
        for text in _texts(value):
            if text not in seen:
                seen.add(text)
                yield text


def _texts(value: Any) -> Iterator[str]:
    """The texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _texts(value[key])


def _no_field(
    benchmark: Benchmark, data: DataFile, guesses: list[str], quarantine: Quarantine
) -> str:
    """Why no item could be read."""
    said = next(iter(quarantine.counts()), "the file is empty")
    return (
        f"against: {benchmark.title}: no record of {data.file.path} has a text in "
        f"{' or '.join(map(repr, guesses))} ({said}); name the columns with `fields:`"
    )
