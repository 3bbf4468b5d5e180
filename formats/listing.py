"""Which files a source's patterns mean, in an order that is the same on every machine."""

from __future__ import annotations

import datetime
import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from formats.storage import filesystem, is_local

NEIGHBOURS_SHOWN = 5
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class ListedFile:
    """One input file."""

    path: str
    """As found: below a relative pattern it is relative; a URL keeps its protocol."""
    relative_path: str
    """From the root of the source's patterns, with ``/``: what document ids are made of."""
    size_bytes: int
    modified: float | None
    """Seconds since 1970, or None where the store does not say."""


class NoFiles(ValueError):  # noqa: N818 - the name a user reads: what it is, not what we do
    """A pattern that matches nothing, and what lies near it."""

    def __init__(self, pattern: str, folder: str, entries: Sequence[str], total: int) -> None:
        """Word the message.

        Args:
            pattern: the pattern.
            folder: the deepest existing folder on its way.
            entries: the first few names in it.
            total: how many names it holds.
        """
        self.pattern, self.folder, self.entries = pattern, folder, tuple(entries)
        if folder.rstrip("/") == pattern.rstrip("/"):
            reason = "it is a folder without such files: say which are meant, as in /**/*.jsonl"
        else:
            reason = f"the deepest folder that exists is {folder!r}"
        held = ", ".join(entries) + (f" … ({total} in all)" if total > len(entries) else "")
        super().__init__(f"no file matches {pattern!r}; {reason}; it holds: {held or 'nothing'}")


def list_files(patterns: Sequence[str], extensions: Sequence[str] = ()) -> list[ListedFile]:
    """Expand a source's patterns.

    Patterns know ``*``, ``?``, ``[...]`` and ``**`` (any number of folders); local paths and
    fsspec URLs. A folder stands for the files below it that end in one of ``extensions``. The root
    of the relative paths is the folder before the first wildcard, common to all patterns.

    Returns:
        Every file once, sorted by relative path with numbers in their natural order
        (``part-2`` before ``part-10``).

    Raises:
        NoFiles: a pattern matches no file.
    """
    found: dict[str, tuple[str, int, float | None]] = {}
    folders: list[str] = []
    for pattern in patterns:
        folder, matches = pattern, _matches(pattern)
        if not matches and extensions:
            folder = pattern.rstrip("/") + "/**/*"
            matches = [m for m in _matches(folder) if m[0].lower().endswith(tuple(extensions))]
        if not matches:
            raise _no_files(pattern)
        folders.append(_fixed_folder(_absolute(folder)))
        for path, size, modified in matches:
            found.setdefault(_absolute(path), (path, size, modified))
    root = _common_root(folders)
    files = [
        ListedFile(path, absolute[len(root) :].lstrip("/"), size, modified)
        for absolute, (path, size, modified) in found.items()
    ]
    return sorted(files, key=lambda file: (_natural(file.relative_path), file.relative_path))


def _natural(text: str) -> list[tuple[int, int, str]]:
    """A sorting key in which runs of digits are numbers."""
    parts = re.split(r"([0-9]+)", text)
    return [(1, int(part), "") if k % 2 else (0, 0, part) for k, part in enumerate(parts)]


def _absolute(path: str) -> str:
    """The path from the root of its store, normalised but with links kept, with ``/``."""
    if is_local(path):
        return os.path.abspath(os.path.expanduser(path)).replace(os.sep, "/")
    files, inner = filesystem(path)
    url: str = files.unstrip_protocol(inner)
    return url


def _fixed_folder(pattern: str) -> str:
    """The folder before the first wildcard; of a plain path, its own folder."""
    wildcard = _WILDCARD.search(pattern)
    if wildcard and is_local(pattern) and os.path.isfile(pattern):
        wildcard = None  # a file whose name holds a bracket
    fixed = pattern[: wildcard.start()] if wildcard else pattern
    return fixed[: fixed.rindex("/")] if "/" in fixed else ""


def _common_root(folders: Sequence[str]) -> str:
    """The deepest folder above all of them; empty where they share nothing."""
    split = [folder.split("/") for folder in folders]
    shared: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    root = "/".join(shared)
    return "" if root.endswith((":/", ":")) else root


def _matches(pattern: str) -> list[tuple[str, int, float | None]]:
    """Path, size and time of every file that matches."""
    return _local_matches(pattern) if is_local(pattern) else _remote_matches(pattern)


def _local_matches(pattern: str) -> list[tuple[str, int, float | None]]:
    """Path, size and time of every local file that matches."""
    expanded = os.path.expanduser(pattern)
    if os.path.isfile(expanded):
        paths = [expanded]
    else:
        paths = [path for path in glob.glob(expanded, recursive=True) if os.path.isfile(path)]
    stats = ((path.replace(os.sep, "/"), os.stat(path)) for path in paths)
    return [(path, stat.st_size, stat.st_mtime) for path, stat in stats]


def _remote_matches(pattern: str) -> list[tuple[str, int, float | None]]:
    """Path, size and time of every remote file that matches."""
    files, inner = filesystem(pattern)
    infos = files.glob(inner, detail=True)
    return [
        (files.unstrip_protocol(name), int(info.get("size") or 0), _modified(info))
        for name, info in sorted(infos.items())
        if info.get("type") == "file"
    ]


def _modified(info: dict[str, Any]) -> float | None:
    """Seconds since 1970 of a store's answer; every store has its own name for it."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime.datetime):
            return float(value.timestamp())
        if isinstance(value, int | float):
            return float(value)
    return None


def _no_files(pattern: str) -> NoFiles:
    """The error of a pattern without files, with what lies near it."""
    local = is_local(pattern)
    files, inner = filesystem(os.path.expanduser(pattern) if local else pattern)
    if not files.isdir(inner):
        inner = _fixed_folder(inner)
    while inner and not files.isdir(inner):
        inner = inner.rsplit("/", 1)[0] if "/" in inner else ""
    try:
        entries = files.ls(inner or files.root_marker, detail=True)
    except OSError:
        entries = []
    names = sorted(
        entry["name"].rstrip("/").rsplit("/", 1)[-1] + ("/" if entry["type"] == "directory" else "")
        for entry in entries
    )
    folder = inner or files.root_marker or "/"
    folder = folder if local else files.unstrip_protocol(folder)
    return NoFiles(pattern, folder, names[:NEIGHBOURS_SHOWN], len(names))
