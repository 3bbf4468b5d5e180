"""The input cut into partitions: groups of files of one source, sized by their bytes.

The cut depends on the files alone, never on the number of workers, so the same input gives the
same partitions everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from formats.listing import ListedFile, NoFiles, list_files
from formats.readers import SourceFile
from formats.readers.html_text import check_installed
from pipeline.fingerprints import fingerprint
from pipeline.recipe import Recipe, Source

SMALLEST, LARGEST = 16 << 20, 256 << 20
PARTITIONS_WANTED = 64
# Text per stored byte, for sizing only: what web text in several scripts compresses to.
EXPANSION = {".zst": 4.0, ".gz": 3.5, ".parquet": 2.5, ".arrow": 1.0}


@dataclass(frozen=True)
class InputPartition:
    """Files of one source that one map task reads."""

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
        ModuleNotFoundError: a source needs a package of an extra that is not installed.
    """
    listed = [(source, _files(source)) for source in recipe.sources]
    wish = recipe.run.partition_bytes
    total = sum(expected_bytes(file) for _, files in listed for file in files)
    fitting = min(max(total // PARTITIONS_WANTED, SMALLEST), LARGEST)
    target = fitting if wish == "auto" else wish
    partitions: list[InputPartition] = []
    for source, files in listed:
        for group in _groups(files, target):
            partitions.append(_partition(len(partitions), source, group))
    return partitions


def expected_bytes(file: ListedFile) -> int:
    """Estimated size of a file once decompressed."""
    suffix = "." + file.path.rsplit(".", 1)[-1].lower()
    return int(file.size_bytes * EXPANSION.get(suffix, 1.0))


def _files(source: Source) -> list[ListedFile]:
    try:
        files = list_files(source.paths)
    except NoFiles:
        if source.optional:
            return []
        raise
    if source.read == "warc" and any(".wet" not in file.path for file in files):
        check_installed(source.extract)  # here and not in the middle of the run
    return files


def _groups(files: Sequence[ListedFile], target: int) -> list[list[ListedFile]]:
    """Consecutive files up to ``target`` bytes together; a larger file stands alone."""
    groups: list[list[ListedFile]] = []
    room = 0
    for file in files:
        size = expected_bytes(file)
        if not groups or size > room:
            groups.append([])
            room = target
        groups[-1].append(file)
        room -= size
    return groups


def _partition(index: int, source: Source, group: list[ListedFile]) -> InputPartition:
    files = tuple(
        SourceFile(
            source=source.name,
            path=file.path,
            relative_path=file.relative_path,
            read=source.read,
            columns=source.columns,
            max_record_bytes=source.max_record_bytes,
            split=source.split,
            encoding=source.encoding,
            extract=source.extract,
        )
        for file in group
    )
    return InputPartition(
        index=index,
        source=source.name,
        files=files,
        stored_bytes=sum(file.size_bytes for file in group),
        expected_bytes=sum(expected_bytes(file) for file in group),
        fingerprint=fingerprint(source, [(f.path, f.size_bytes, str(f.modified)) for f in group]),
    )
