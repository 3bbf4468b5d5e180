"""Where bytes live: paths are local or URLs (s3, gs, hdfs, memory …) through fsspec."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

_collectors: list[list[str]] = []


def filesystem(path: str) -> tuple[Any, str]:
    """The fsspec file system of a path or URL, and the path inside it."""
    import fsspec

    return fsspec.core.url_to_fs(path)


def is_local(path: str) -> bool:
    """True for a path without a protocol."""
    return "://" not in path


def open_input(path: str) -> IO[bytes]:
    """A binary stream of the file's bytes as stored, not decompressed."""
    if is_local(path):
        return open(path, "rb", buffering=0)
    files, inner = filesystem(path)
    stream: IO[bytes] = files.open(inner, "rb")
    return stream


def file_size(path: str) -> int | None:
    """Size in bytes, or None where there is no such file."""
    if is_local(path):
        try:
            return os.stat(path).st_size
        except OSError:
            return None
    files, inner = filesystem(path)
    try:
        return int(files.size(inner))
    except FileNotFoundError:
        return None


@contextmanager
def atomic_path(path: str) -> Iterator[str]:
    """A temporary local or remote name beside ``path``, renamed to it when the block ends well.

    A reader sees the whole file or none; when the block raises, nothing is left behind.
    """
    temporary = f"{path}.{uuid.uuid4().hex[:8]}.tmp"
    files, inner = filesystem(path)
    files.makedirs(os.path.dirname(inner), exist_ok=True)
    try:
        yield temporary
    except BaseException:
        _, unfinished = filesystem(temporary)
        if files.exists(unfinished):
            files.rm(unfinished)
        raise
    _, finished = filesystem(temporary)
    if is_local(path):
        os.replace(finished, inner)
    else:
        files.mv(finished, inner)
    for outputs in _collectors:
        outputs.append(path)


@contextmanager
def collect_outputs() -> Iterator[list[str]]:
    """The list of all paths that ``atomic_path`` commits inside the block, in order."""
    outputs: list[str] = []
    _collectors.append(outputs)
    try:
        yield outputs
    finally:
        _collectors.remove(outputs)


def copy(source: str, target: str) -> None:
    """Copy a file's bytes, whole or not at all."""
    with atomic_path(target) as temporary, open_input(source) as stream:
        files, inner = filesystem(temporary)
        with files.open(inner, "wb") as sink:
            shutil.copyfileobj(stream, sink, 1 << 20)


def remove(path: str) -> None:
    """Remove a file, if it is there."""
    files, inner = filesystem(path)
    if files.exists(inner):
        files.rm(inner)


def write_text(path: str, text: str) -> None:
    """Write a UTF-8 file, whole or not at all; lone surrogates become question marks."""
    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        with files.open(inner, "wb") as sink:
            sink.write(text.encode("utf-8", "replace"))
