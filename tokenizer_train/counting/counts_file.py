"""Counts on disk: what a text is to a trainer, once and for all.

An Arrow IPC file, uncompressed, so that it can be mapped and is the same bytes everywhere. A row is
a piece in a group; a group is a language, and whether its documents are learned from or held out.
Rows are in the order of (hash, bytes, group), so files are merged as they stream by. What the
counts are of (how text was cut, the groups, what was read) stands in the schema's metadata.

Another balance, vocabulary or algorithm starts from this file; the text is never read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from formats.storage import atomic_path, filesystem, is_local, open_input

COUNTS_SCHEMA = pa.schema(
    [
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("piece", pa.large_binary(), nullable=False),
        pa.field("group", pa.uint32(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
    ]
)
COUNTS_FILE = "counts.arrow"
BATCH_ROWS = 1 << 17
"""Rows of a record batch, the last one aside."""
_KEY = b"piece_counts"


class Group(BaseModel):
    """Documents that are counted together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    held_out: bool
    """Whether they measure the result instead of being learned from."""
    documents: int = 0
    text_bytes: int = 0

    def added_to(self, other: Group) -> Group:
        """The same group with the documents of both."""
        return Group(
            language=self.language,
            held_out=self.held_out,
            documents=self.documents + other.documents,
            text_bytes=self.text_bytes + other.text_bytes,
        )


class CountsInfo(BaseModel):
    """What counts are of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = 1
    splits: tuple[str, ...]
    """The expressions that cut the text."""
    special: tuple[str, ...]
    """Tokens that were taken out of it."""
    groups: tuple[Group, ...]
    """By language, then learned before held out; rows name them by number."""
    unread_bytes: dict[str, int] = {}
    """Language -> text of documents outside the sample."""
    special_strings: dict[str, int] = {}
    """Special token -> how often it stood in the text, where a space took its place."""


def write_counts(path: str, batches: Iterable[pa.RecordBatch], info: CountsInfo) -> None:
    """Write a file of counts, or a run; it appears when it is whole."""
    metadata = {_KEY: json.dumps(info.model_dump(mode="json"), ensure_ascii=False).encode()}
    schema = COUNTS_SCHEMA.with_metadata(metadata)
    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        with files.open(inner, "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in batches:
                writer.write_batch(batch.cast(schema))


def open_counts(path: str) -> Any:
    """A reader of an Arrow IPC file: memory-mapped where local, by ranges where remote.

    Raises:
        ValueError: it is no file of counts.
    """
    source = pa.memory_map(path) if is_local(path) else pa.PythonFile(open_input(path), mode="r")
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no file of counts: {error}") from error
    if _KEY not in (reader.schema.metadata or {}):
        raise ValueError(f"{path} is an Arrow file, but not one of counts")
    return reader


def read_info(path: str) -> CountsInfo:
    """What the counts of a file are of."""
    return CountsInfo.model_validate_json(open_counts(path).schema.metadata[_KEY])


def read_batches(path: str) -> Iterator[pa.RecordBatch]:
    """All rows, batch by batch, in their order."""
    reader = open_counts(path)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def count_rows(path: str) -> int:
    """How many rows a file has, from its batches' headers."""
    return sum(batch.num_rows for batch in read_batches(path))


def rows_between(path: str, low: int, high: int) -> Iterator[pa.RecordBatch]:
    """Rows whose hash is at least ``low`` and below ``high``, in their order."""
    for batch in read_batches(path):
        hashes = batch.column("hash").to_numpy()
        if len(hashes) and int(hashes[0]) >= high:
            return
        start = int(np.searchsorted(hashes, np.uint64(low)))
        last = int(np.searchsorted(hashes, np.uint64(high - 1), side="right"))
        if start < last:
            yield batch.slice(start, last - start)


def common_groups(infos: Sequence[CountsInfo]) -> tuple[Group, ...]:
    """The groups of several files, each once, with the documents of all; in their order."""
    groups: dict[tuple[str, bool], Group] = {}
    for info in infos:
        for group in info.groups:
            key = (group.language, group.held_out)
            groups[key] = group.added_to(groups[key]) if key in groups else group
    return tuple(groups[key] for key in sorted(groups))


def common_info(infos: Sequence[CountsInfo]) -> CountsInfo:
    """What several files are of together.

    Raises:
        ValueError: their texts were not cut alike.
    """
    first = infos[0]
    for info in infos:
        if (info.version, info.splits, info.special) != (
            first.version,
            first.splits,
            first.special,
        ):
            raise ValueError(
                "counts cannot be merged: they were made with other pre-tokenizers or special "
                f"tokens: {list(first.splits)} without {list(first.special)}, and "
                f"{list(info.splits)} without {list(info.special)}"
            )
    return CountsInfo(
        splits=first.splits,
        special=first.special,
        groups=common_groups(infos),
        unread_bytes=_added([info.unread_bytes for info in infos]),
        special_strings=_added([info.special_strings for info in infos]),
    )


def _added(parts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, number in part.items():
            total[name] = total.get(name, 0) + number
    return dict(sorted(total.items()))
