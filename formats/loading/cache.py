"""Shard files of an object store on a local disk: whole, checked, under a size bound.

    <folder>/<sha256>.arrow     a whole file; when it was last opened is its time of modification
    <folder>/<sha256>.part      one that is being fetched, by the process that holds the lock
    <folder>/<sha256>.lock      held while fetching, so that the processes of a machine fetch once

A file is named by what is in it, so several runs and several copies of a store share a cache. The
least recently opened are removed first. A file that a process still has mapped lives on for it
until it is done, so removing needs no word with anyone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from formats.loading.errors import ShardError
from formats.storage import file_size, open_input
from formats.tokens import file_bytes

TRIES = 2
"""A file that arrives damaged is fetched once more."""
BLOCK_BYTES = 4 << 20
WAIT_SECONDS = 0.02
"""Between two looks at whether another process is done with the room it took."""


class ShardCache:
    """A folder with the shard files that were opened last.

    >>> cache = ShardCache("/scratch/shards", 200 << 30)                       # doctest: +SKIP
    >>> shards = TokenShards("s3://bucket/run/shards", cache)                  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, max_bytes: int) -> None:
        """Make the folder.

        Args:
            folder: on a local disk; processes may share it.
            max_bytes: how much the files in it may take, the one being fetched included.
        """
        self.folder, self.max_bytes = Path(folder), max_bytes
        self.folder.mkdir(parents=True, exist_ok=True)
        self._fetcher: tuple[int, ThreadPoolExecutor] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process uses the same folder."""
        return ShardCache, (self.folder, self.max_bytes)

    def read(self, url: str, sha256: str) -> np.ndarray:
        """The bytes of a file, mapped from the cache, fetched if they are not there: uint8.

        Raises:
            FileNotFoundError: the store does not have it.
            ShardError: it is larger than the cache may be, or twice arrived as other bytes than
                the manifest says.
        """
        path = self._path(sha256)
        while True:
            with suppress(FileNotFoundError):
                data = file_bytes(str(path))
                os.utime(path)
                return data
            # Between fetching and opening another process may have removed it.
            self._fetch(url, sha256)

    def fetch_ahead(self, url: str, sha256: str) -> None:
        """Fetch a file in a thread, if it fits beside another of its size.

        Whatever goes wrong is left to ``read``, which tries again and can say so.
        """
        if self._path(sha256).exists():
            return
        if self._fetcher is None or self._fetcher[0] != os.getpid():  # threads survive no fork
            self._fetcher = os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="shard-cache")
        self._fetcher[1].submit(self._fetch_quietly, url, sha256)

    def _fetch_quietly(self, url: str, sha256: str) -> None:
        with suppress(OSError, ShardError):
            if 2 * (file_size(url) or 0) <= self.max_bytes:
                self._fetch(url, sha256)

    def _fetch(self, url: str, sha256: str) -> None:
        """Bring a file into the folder, unless another process does meanwhile."""
        with self._locked(sha256):
            if self._path(sha256).exists():
                return
            size = file_size(url)
            if size is None:
                raise FileNotFoundError(f"{url}: the manifest names it, the store does not have it")
            if size > self.max_bytes:
                raise ShardError(
                    f"{url} has {size:,} bytes, and the cache {self.folder} may have "
                    f"{self.max_bytes:,}: it must hold one file at least, better two"
                )
            self._reserve(sha256, size)
            try:
                self._download(url, sha256)
            finally:
                self._part(sha256).unlink(missing_ok=True)

    def _download(self, url: str, sha256: str) -> None:
        """Fetch into the reserved file and give it its name once it is what it should be."""
        for last in [False] * (TRIES - 1) + [True]:
            try:
                found = _copy(url, self._part(sha256))
            except FileNotFoundError:
                raise
            except OSError as error:
                if last:
                    raise ShardError(f"{url}: cannot be fetched: {error}") from error
                continue
            if found == sha256:
                # A name that changes while another process counts what is held would be missed.
                with self._locked("room"):
                    os.replace(self._part(sha256), self._path(sha256))
                return
        raise ShardError(
            f"{url} has sha256 {found}, the manifest says {sha256}; fetched {TRIES} times: the "
            "file in the store is damaged, or belongs to other shards than the manifest"
        )

    def _reserve(self, sha256: str, size: int) -> None:
        """Take room for ``size`` bytes, waiting while files that others fetch leave too little."""
        while not self._make_room(sha256, size):
            time.sleep(WAIT_SECONDS)

    def _make_room(self, sha256: str, size: int) -> bool:
        """Remove the least recently opened files until ``size`` bytes fit, and take that room."""
        with self._locked("room"):
            self._remove_left_parts()
            taken = sum(_sizes(self.folder.glob("*.part"))) + size
            if taken > self.max_bytes:
                return False
            files = []
            for path in self.folder.glob("*.arrow"):
                status = path.stat()
                files.append((status.st_mtime_ns, path, status.st_size))
            held = sum(held for _, _, held in files)
            for _, path, freed in sorted(files):
                if held + taken <= self.max_bytes:
                    break
                path.unlink()
                held -= freed
            with open(self._part(sha256), "wb") as part:
                part.truncate(size)
            return True

    def _remove_left_parts(self) -> None:
        """Remove what a process that died had begun: nobody holds its lock."""
        for path in self.folder.glob("*.part"):
            with suppress(BlockingIOError), self._locked(path.stem, wait=False):
                path.unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.arrow"

    def _part(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.part"

    @contextmanager
    def _locked(self, sha256: str, wait: bool = True) -> Iterator[None]:
        """Alone among all processes and threads; the system frees the lock of one that dies."""
        with open(self.folder / f"{sha256}.lock", "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield


def _sizes(paths: Iterable[Path]) -> Iterator[int]:
    """Their sizes in bytes, without those that another process removes meanwhile."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path.stat().st_size


def _copy(url: str, path: Path) -> str:
    """Copy a file over a local one; the sha256 of what arrived."""
    digest = hashlib.sha256()
    with open_input(url) as stream, open(path, "r+b") as part:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
            part.write(block)
        part.truncate()
        part.flush()
        os.fsync(part.fileno())  # a name after a power cut must not stand for an empty file
    return digest.hexdigest()
