"""The input cut into partitions: groups of files of one source, sized by their bytes.

A big file is many segments (see ``formats.readers.segments``), so that many tasks read it. The cut
depends on the files alone, never on the number of workers, so the same input gives the same
partitions everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.hf_datasets import DataFile, dataset_files
from formats.listing import ListedFile, NoFiles, list_files
from formats.readers import COMPRESSIONS, READERS, SourceFile
from formats.readers.html_text import check_installed
from formats.readers.segments import SEGMENT_BYTES, WHOLE, Range, ranges
from formats.units import format_bytes
from pipeline.fingerprints import fingerprint
from pipeline.recipe import Recipe, Source
from pipeline.recipe_yaml import RecipeError

SMALLEST, LARGEST = 16 << 20, 256 << 20
PARTITIONS_WANTED = 64
# Text per stored byte, for sizing only: what web text in several scripts compresses to.
EXPANSION = {".zst": 4.0, ".gz": 3.5, ".parquet": 2.5, ".arrow": 1.0}


@dataclass(frozen=True)
class Piece:
    """A file, or a segment of one."""

    file: ListedFile
    read: str
    range: Range

    @property
    def stored_bytes(self) -> int:
        """Size as stored."""
        start, end = self.range
        return (self.file.size_bytes if end is None else end) - start

    @property
    def expected_bytes(self) -> int:
        """Estimated size once decompressed."""
        suffix = "." + self.file.path.rsplit(".", 1)[-1].lower()
        return int(self.stored_bytes * EXPANSION.get(suffix, 1.0))


@dataclass(frozen=True)
class InputPartition:
    """Files of one source, or segments of them, that one map task reads."""

    index: int
    source: str
    files: tuple[SourceFile, ...]
    stored_bytes: int
    expected_bytes: int
    """Estimated size of the decompressed input."""
    fingerprint: str
    """Of names, sizes and modification times."""


def input_partitions(recipe: Recipe) -> list[InputPartition]:
    """List the sources' files and group them.

    Raises:
        NoFiles: a pattern of a source that is not ``optional`` matches nothing.
        RecipeError: a dataset has no such split.
        ModuleNotFoundError: a source needs a package of an extra that is not installed.
    """
    pieces = [(source, list(_pieces(source))) for source in recipe.sources]
    wish = recipe.run.partition_bytes
    total = sum(piece.expected_bytes for _, some in pieces for piece in some)
    fitting = min(max(total // PARTITIONS_WANTED, SMALLEST), LARGEST)
    target = fitting if wish == "auto" else wish
    partitions: list[InputPartition] = []
    for source, some in pieces:
        for group in _groups(some, target):
            partitions.append(_partition(len(partitions), source, group))
    return partitions


def source_files(source: Source) -> tuple[SourceFile, ...]:
    """All files of a source, whole and in order; see ``input_partitions`` for what it raises."""
    pieces = (Piece(data.file, data.read, WHOLE) for data in _files(source))
    return tuple(_source_file(source, piece) for piece in pieces)


def count_files(partitions: Iterable[InputPartition]) -> int:
    """How many files they read, each counted once."""
    return len({file.path for part in partitions for file in part.files})


def uncut_files(
    partitions: Sequence[InputPartition], results: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Of big files that one task read alone: which, and why.

    Args:
        partitions: all of the input.
        results: of the map tasks that read them, ``map_pass.map_partition``.
    """
    later: dict[str, int] = {}
    for part in partitions:
        for file in part.files:
            later[file.path] = later.get(file.path, 0) + (file.start > 0)
    for result in results:
        for path in result["empty_segments"]:
            later[path] -= 1
    notes = []
    for part in partitions:
        for file in part.files:
            big = part.stored_bytes >= 2 * SEGMENT_BYTES and len(part.files) == 1
            if file.start == 0 and later[file.path] == 0 and (file.end is not None or big):
                notes.append(f"one task read {file.path}: {_why_uncut(file)}")
    return notes


def _why_uncut(file: SourceFile) -> str:
    if file.end is None:
        return f"files are not cut with read: {file.read}" + (
            f" and split: {file.split}" if file.read == "text" else ""
        )
    if file.read == "parquet":
        return "it is one row group, and only between row groups a file can be cut"
    return (
        f"nothing begins behind its first {format_bytes(SEGMENT_BYTES)}: compressed files are cut "
        "where they have several gzip members or Zstandard frames, archives one for each record"
    )


def _pieces(source: Source) -> Iterator[Piece]:
    """The files of a source, the big ones in segments where their format can be so read."""
    for data in _files(source):
        cut = READERS[data.read].reads_segments and (data.read != "text" or source.split == "line")
        for range_ in ranges(data.file.size_bytes) if cut else [WHOLE]:
            yield Piece(data.file, data.read, range_)


def _files(source: Source) -> list[DataFile]:
    """The files of a source, and how to read each."""
    try:
        if source.read == "hf":
            return dataset_files(source.paths, source.hf_split)
        names = READERS[source.read].extensions
        extensions = [name + packed for name in names for packed in ("", *COMPRESSIONS)]
        paths = [p for p in source.paths if not source.optional or _holds_files(p, extensions)]
        files = list_files(paths, extensions) if paths else []
    except NoFiles:
        if source.optional:  # a dataset that is not here
            return []
        raise
    except ValueError as error:
        raise RecipeError(f"sources: {source.name}: {error}") from error
    if source.read == "warc" and any(".wet" not in file.path for file in files):
        check_installed(source.extract)  # here and not in the middle of the run
    return [DataFile(file, source.read) for file in files]


def _holds_files(pattern: str, extensions: Sequence[str]) -> bool:
    """Whether a pattern of an optional source matches anything."""
    try:
        return bool(list_files([pattern], extensions))
    except NoFiles:
        return False


def _groups(pieces: Sequence[Piece], target: int) -> list[list[Piece]]:
    """Consecutive pieces up to ``target`` bytes together; a larger one stands alone."""
    groups: list[list[Piece]] = []
    room = 0
    for piece in pieces:
        size = piece.expected_bytes
        if not groups or size > room:
            groups.append([])
            room = target
        groups[-1].append(piece)
        room -= size
    return groups


def _partition(index: int, source: Source, group: list[Piece]) -> InputPartition:
    files = tuple(_source_file(source, piece) for piece in group)
    stored = [(p.file.path, p.file.size_bytes, str(p.file.modified), p.range) for p in group]
    return InputPartition(
        index=index,
        source=source.name,
        files=files,
        stored_bytes=sum(piece.stored_bytes for piece in group),
        expected_bytes=sum(piece.expected_bytes for piece in group),
        fingerprint=fingerprint(source, stored),
    )


def _source_file(source: Source, piece: Piece) -> SourceFile:
    return SourceFile(
        source=source.name,
        path=piece.file.path,
        relative_path=piece.file.relative_path,
        read=piece.read,
        columns=source.columns,
        max_record_bytes=source.max_record_bytes,
        split=source.split,
        encoding=source.encoding,
        extract=source.extract,
        start=piece.range[0],
        end=piece.range[1],
    )
