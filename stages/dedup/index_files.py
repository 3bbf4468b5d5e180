"""An index of what was kept: documents of earlier runs that a new one is compared with.

``index: PATH`` is a folder with an entry for every run that wrote to it::

    PATH/<entry>/index.json            settings it was made with, documents of each part; last
    PATH/<entry>/part-00000.arrow      id, bins, token_hash of the documents kept
    PATH/<entry>/shingles-00000.arrow  their shingle sets, row for row, where ``verify: exact``
    PATH/<entry>/bands-00000.arrow     key, document; sorted by key, one file a range of keys

A shingle is kept as the upper 40 bits of its hash, 5 bytes: 0.8 to 1.7 times the text. With them
the true Jaccard similarity to an earlier document is known without its text; two sets of 1,000
share a value by accident once in a million pairs, which moves their similarity by 0.0005. All else
is 256 bytes of bins, 8 of hash, 16 a band and the id: about 600 bytes a document.

Ids are made of source names and file names: crawls whose files are named alike should be sources
of different names, or ``duplicate_of`` cannot tell an earlier page from one of this run.

An entry without ``index.json`` is not there: a killed run leaves nothing that anyone reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.storage import filesystem, open_input, remove, write_text
from stages.barrier_files import Plan, gather
from stages.base import Partition
from stages.shuffle import open_ipc

VERSION = 1
MANIFEST = "index.json"
SHINGLE_BYTES = 5
SHINGLE_BITS = np.uint64(0xFFFFFFFFFF000000)
"""Which bits of a shingle's hash an index keeps."""
AGREE = ("ngram", "bins", "bands", "rows", "scope")
"""Settings that an entry and a run must share."""


@dataclass(frozen=True)
class Entry:
    """What one run kept."""

    path: str
    settings: dict[str, Any]
    part_rows: tuple[int, ...]
    ranges: int
    """Files of bands."""
    has_shingles: bool

    @property
    def documents(self) -> int:
        """How many it holds."""
        return sum(self.part_rows)

    def save(self) -> None:
        """Write the manifest, which makes the entry one."""
        manifest = {key: value for key, value in asdict(self).items() if key != "path"}
        write_text(
            f"{self.path}/{MANIFEST}", json.dumps({"version": VERSION, **manifest}, indent=1)
        )

    @staticmethod
    def load(path: str) -> Entry:
        """Read an entry's manifest.

        Raises:
            ValueError: another version wrote it.
        """
        with open_input(f"{path}/{MANIFEST}") as stream:
            manifest = json.loads(stream.read())
        version = manifest.pop("version")
        if version != VERSION:
            raise ValueError(f"{path}/{MANIFEST}: version {version}; this program reads {VERSION}")
        return Entry(path, **manifest | {"part_rows": tuple(manifest["part_rows"])})

    def part(self, kind: str, index: int) -> str:
        """Path of a file: kind is ``part``, ``shingles`` or ``bands``."""
        return f"{self.path}/{kind}-{index:05d}.arrow"

    def files(self) -> list[str]:
        """All files but the manifest."""
        kinds = ["part", "shingles"] if self.has_shingles else ["part"]
        paths = [self.part(kind, i) for kind in kinds for i in range(len(self.part_rows))]
        return paths + [self.part("bands", i) for i in range(self.ranges)]

    def take(self, documents: np.ndarray, columns: tuple[str, ...]) -> pa.Table:
        """Columns of some documents (int64 numbers, ascending, each once)."""
        return gather(self._as_plan("part"), documents, columns)

    def shingles(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The shingle sets of some documents: uint64, all of them; int64, how many each has."""
        packed = gather(self._as_plan("shingles"), documents, ("shingles",)).column("shingles")
        data, offsets = text_buffers(packed.combine_chunks())
        return unpacked(data[offsets[0] : offsets[-1]]), np.diff(offsets) // SHINGLE_BYTES

    def matches(self, keys: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Documents that have one of these band keys, the first few of each.

        Args:
            keys: uint64 [n], sorted, each once.
            most: documents of a key that are looked at.

        Returns:
            int64 [found] places in ``keys``; int64 [found] documents.
        """
        places, documents = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for begin, end, path in self._ranges_of(keys):
            table = open_ipc(path).read_all()
            known = table.column("key").to_numpy()
            first = np.searchsorted(known, keys[begin:end], side="left")
            last = np.searchsorted(known, keys[begin:end], side="right")
            count = np.minimum(last - first, most)
            place = np.repeat(np.arange(begin, end), count)
            within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
            places.append(place)
            documents.append(table.column("document").to_numpy()[np.repeat(first, count) + within])
        return np.concatenate(places), np.concatenate(documents)

    def _ranges_of(self, keys: np.ndarray) -> Iterator[tuple[int, int, str]]:
        """Which of some sorted keys fall into which file of bands."""
        borders = [-(-(i << 64) // self.ranges) for i in range(1, self.ranges)]
        cuts = np.searchsorted(keys, np.array(borders, np.uint64), side="left")
        cuts = np.concatenate(([0], cuts, [len(keys)]))
        for i in range(self.ranges):
            if cuts[i] < cuts[i + 1]:
                yield int(cuts[i]), int(cuts[i + 1]), self.part("bands", i)

    def _as_plan(self, kind: str) -> Plan:
        parts = tuple(
            Partition(i, rows, "", self.part(kind, i), ()) for i, rows in enumerate(self.part_rows)
        )
        return Plan(self.path, parts, self.settings)


def packed(values: np.ndarray, sizes: np.ndarray) -> pa.Array:
    """Shingle sets as they are stored: large_binary [documents], 5 bytes a shingle."""
    data = values.astype(">u8").view(np.uint8).reshape(-1, 8)[:, :SHINGLE_BYTES]
    offsets = np.append(0, np.cumsum(sizes * SHINGLE_BYTES)).astype(np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.Array.from_buffers(pa.large_binary(), len(sizes), buffers)


def unpacked(data: np.ndarray) -> np.ndarray:
    """The shingles of ``packed`` bytes (uint8 [n]): uint64 [n / 5], the lower bits 0."""
    wide = np.zeros((len(data) // SHINGLE_BYTES, 8), np.uint8)
    wide[:, :SHINGLE_BYTES] = data.reshape(-1, SHINGLE_BYTES)
    return wide.reshape(-1).view(">u8").astype(np.uint64)


def entry_names(path: str) -> list[str]:
    """The names of an index's entries, sorted; none where there is no index yet."""
    files, inner = filesystem(path)
    if not files.exists(inner):
        return []
    folders = (name.rstrip("/").rsplit("/", 1)[-1] for name in files.ls(inner, detail=False))
    return sorted(n for n in folders if files.exists(f"{inner.rstrip('/')}/{n}/{MANIFEST}"))


def checked_entry(path: str, settings: dict[str, Any]) -> Entry:
    """Load an entry that a run with these settings can be compared with.

    Raises:
        ValueError: it cannot; the message says where, what was found and what is needed.
    """
    entry = Entry.load(path)
    for key in AGREE:
        if entry.settings[key] != settings[key]:
            raise ValueError(
                f"{path}/{MANIFEST}: made with {key}: {entry.settings[key]}, but this recipe has "
                f"{settings[key]}; give minhash_dedup the same, or another index"
            )
    if settings["verify"] == "exact" and not entry.has_shingles:
        raise ValueError(
            f"{path}/{MANIFEST}: has no shingle sets, which verify: exact needs; "
            "use verify: signature, or make the entry again with verify: exact"
        )
    return entry


def clear_entry(path: str, keep: set[str]) -> None:
    """Take an entry's manifest out, and with it what an earlier run left there."""
    remove(f"{path}/{MANIFEST}")
    files, inner = filesystem(path)
    wanted = {filesystem(name)[1] for name in keep}
    for name in files.find(inner) if files.exists(inner) else []:
        if name not in wanted:
            files.rm(name)
