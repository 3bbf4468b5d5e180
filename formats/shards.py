"""Token shards: the contract between pipeline and trainer.

    shards/manifest.json                see ``formats.manifest``
    shards/<phase>/shard-00000.arrow    Arrow IPC *stream*, rows in training order

A row is one training sequence, packed from documents of one component. Beside its tokens it says
where a document, a continuation of one or the padding begins (``document_starts``), which document
that is (``document_ids``, ``PADDING`` last) and from which of its tokens on (``document_offsets``).

``ShardWriter`` (in ``formats.shard_writer``) makes a file, ``TokenShards`` reads a folder.
Uncompressed files are memory-mapped: a row costs its pages. ``datasets.Dataset.from_file`` maps the
same files.
"""

from __future__ import annotations

import hashlib
import itertools
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from formats.manifest import Manifest, read_manifest
from formats.storage import file_size, is_local
from formats.tokens import file_bytes

if TYPE_CHECKING:
    from formats.loading.cache import ShardCache
    from formats.loading.loader import Loader

PADDING = 2**64 - 1
"""The ``document_ids`` value of padding; no document has it."""
OPEN_FILES = 64
"""Shard files kept mapped at a time."""
FILES_IN_MEMORY = 2
"""Files of a store that are kept read whole, where no cache has them on disk."""
DECODED_BATCHES = 4
"""Record batches kept at a time: views of a mapped file, but 16 MiB each of a compressed one."""

INPUT_IDS = "input_ids"
COMPONENT = "component"
RAGGED: dict[str, np.dtype[Any]] = {
    "document_starts": np.dtype(np.int32),
    "document_ids": np.dtype(np.uint64),
    "document_offsets": np.dtype(np.int32),
}


def shard_schema(sequence_length: int, dtype: np.dtype[Any]) -> pa.Schema:
    """The columns of a shard file."""
    lists = [(name, pa.list_(pa.from_numpy_dtype(kind))) for name, kind in RAGGED.items()]
    tokens = pa.list_(pa.from_numpy_dtype(dtype), sequence_length)
    return pa.schema([(INPUT_IDS, tokens), (COMPONENT, pa.uint16()), *lists])


class Piece(NamedTuple):
    """A stretch of a row that comes from one document, or its padding."""

    document: int | None
    """Number of the document (the first 16 digits of its id); None for padding."""
    start: int
    """The stretch's first place in the row."""
    length: int
    offset: int
    """Which of the document's tokens stands first; more than 0: it continues."""


class TracedRow(NamedTuple):
    """Where the tokens of a row come from."""

    component: str
    pieces: list[Piece]


class TokenShards:
    """A folder of shards, any row at any time.

    >>> shards = TokenShards("run/shards")                                     # doctest: +SKIP
    >>> shards.read("pretrain", start=1000, count=8)["input_ids"].shape        # doctest: +SKIP
    (8, 4096)
    """

    def __init__(self, path: str, cache: ShardCache | None = None) -> None:
        """Read the manifest; files are opened when their rows are asked for.

        Args:
            path: the folder, or its URL.
            cache: where files of a URL are kept; None: a file is read whole into memory when it
                is opened.

        Raises:
            FileNotFoundError: there is no manifest.
        """
        self.path = path.rstrip("/")
        self.cache = cache
        self.manifest: Manifest = read_manifest(self.path)
        self.sequence_length = self.manifest.sequence_length
        self.dtype = np.dtype(self.manifest.dtype)
        self._first_rows = {
            phase.name: np.cumsum([0] + [file.rows for file in phase.files])
            for phase in self.manifest.every_phase
        }
        self._files = {
            file.path: file for phase in self.manifest.every_phase for file in phase.files
        }
        held = OPEN_FILES if cache or is_local(self.path) else FILES_IN_MEMORY
        self._open = lru_cache(held)(lambda path: ShardFile(self._file_bytes(path)))
        self._batch = lru_cache(DECODED_BATCHES)(
            lambda path, number: self._open(path).views(number)
        )

    def rows(self, phase: str) -> int:
        """How many rows a phase has."""
        return self.manifest.phase(phase).rows

    def row(self, phase: str, row: int) -> dict[str, np.ndarray]:
        """One row: as ``read`` with a count of one, without the first axis.

        ``input_ids`` is [sequence_length], ``component`` a scalar array, the others [pieces].
        """
        found = self.read(phase, row, 1)
        del found["row_offsets"]
        return found | {INPUT_IDS: found[INPUT_IDS][0], COMPONENT: found[COMPONENT][0]}

    def read(self, phase: str, start: int, count: int) -> dict[str, np.ndarray]:
        """Rows ``start`` to ``start + count - 1`` of a phase, in training order.

        Arrays are read-only views of the mapped file where the rows stand in one record batch of
        an uncompressed file, else copies.

        Returns:
            input_ids: uint16 or int32 [count, sequence_length].
            component: uint16 [count], index into the phase's components.
            row_offsets: int64 [count + 1]; row i has the pieces row_offsets[i]..row_offsets[i + 1].
            document_starts: int32 [pieces], place in the row.
            document_ids: uint64 [pieces], ``PADDING`` for padding.
            document_offsets: int32 [pieces], position in the document's tokens.

        Raises:
            IndexError: the phase does not have these rows.
        """
        if start < 0 or count < 1 or start + count > self.rows(phase):
            raise IndexError(
                f"rows {start}..{start + count - 1} asked of phase {phase!r}, "
                f"which has rows 0..{self.rows(phase) - 1}"
            )
        files = self.manifest.phase(phase).files
        firsts = self._first_rows[phase]
        parts = []
        while count:
            number = int(np.searchsorted(firsts, start, "right")) - 1
            path = files[number].path
            batch, inside = divmod(start - int(firsts[number]), self._open(path).batch_rows)
            views = self._batch(path, batch)
            taken = min(count, len(views[COMPONENT]) - inside)
            parts.append(_rows(views, inside, taken))
            start, count = start + taken, count - taken
        return _joined(parts)

    def loader(
        self,
        phase: str | None,
        global_batch: int,
        micro_batch: int,
        rank: int = 0,
        world: int = 1,
        state: int = 0,
        end: int | None = None,
        ahead: int = 2,
    ) -> Loader:
        """The batches of one rank of a training run, in training order.

        Rows are the same, in the same order, for every number of ranks and every micro batch: a
        run goes on elsewhere with ``state`` alone.

        Args:
            phase: whose rows; None: those of all phases, numbered on from one to the next.
            global_batch: rows of a step, over all ranks; a multiple of world x micro_batch.
            micro_batch: rows of a batch.
            rank: this process, from 0.
            world: how many processes share the rows.
            state: rows that earlier steps have read (``Loader.state``).
            end: the row after the last; None: all rows.
            ahead: batches that a thread makes before their turn; 0: no thread.

        Raises:
            ValueError: there is no such phase or row, or the batches do not divide.
        """
        from formats.loading.loader import Loader

        return Loader(self, phase, global_batch, micro_batch, rank, world, state, end, ahead)

    def cursors(self, phase: str, row: int) -> dict[str, int]:
        """How far each component has been drawn when row ``row`` of a phase is the next.

        Told by the counts before each file and the ``component`` column of one file at most. It is
        where a follow-up mixture has to go on (``formats.loading.continuation``).

        Returns:
            Component -> the number of its next row in drawing order.

        Raises:
            IndexError: the phase has no row before ``row``.
        """
        found = self.manifest.phase(phase)
        if not 0 <= row <= found.rows:
            raise IndexError(f"row {row} asked of phase {phase!r}, which has {found.rows} rows")
        counts = np.array([component.rows for component in found.components], np.int64)
        if row < found.rows:
            number = int(np.searchsorted(self._first_rows[phase], row, "right")) - 1
            counts = np.array(found.files[number].component_counts_before, np.int64)
            inside = row - int(self._first_rows[phase][number])
            drawn = self._open(found.files[number].path).components(inside)
            counts += np.bincount(drawn, minlength=len(counts))
        return {
            component.name: component.first_row + count
            for component, count in zip(found.components, counts.tolist(), strict=True)
        }

    def trace_row(self, phase: str, row: int) -> TracedRow:
        """Where the tokens of a row come from."""
        found = self.row(phase, row)
        starts = [*found["document_starts"].tolist(), self.sequence_length]
        documents = found["document_ids"].tolist()
        offsets = found["document_offsets"].tolist()
        pieces = [
            Piece(None if document == PADDING else document, start, end - start, offset)
            for (start, end), document, offset in zip(
                itertools.pairwise(starts), documents, offsets, strict=True
            )
        ]
        component = self.manifest.phase(phase).components[int(found[COMPONENT])]
        return TracedRow(component.name, pieces)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the files anew."""
        return TokenShards, (self.path, self.cache)

    def _file_bytes(self, path: str) -> np.ndarray:
        """The bytes of a file of the manifest, uint8; the file after it is fetched meanwhile."""
        if self.cache is None:
            return file_bytes(f"{self.path}/{path}")
        names = list(self._files)
        following = names[names.index(path) + 1 :][:1]
        data = self.cache.read(f"{self.path}/{path}", self._files[path].sha256)
        for name in following:
            self.cache.fetch_ahead(f"{self.path}/{name}", self._files[name].sha256)
        return data

    def verify(self) -> list[str]:
        """What is wrong with the files, a line each: missing, other bytes, other row counts."""
        problems = []
        for phase in self.manifest.every_phase:
            if sum(file.rows for file in phase.files) != phase.rows:
                problems.append(f"phase {phase.name}: its files do not have its {phase.rows} rows")
            for file in phase.files:
                path = f"{self.path}/{file.path}"
                if file_size(path) is None:
                    problems.append(f"{path}: missing")
                    continue
                found = hashlib.sha256(file_bytes(path).data).hexdigest()
                if found != file.sha256:
                    problems.append(f"{path}: sha256 {found}, the manifest says {file.sha256}")
                elif (rows := self._open(file.path).rows) != file.rows:
                    problems.append(f"{path}: {rows} rows, the manifest says {file.rows}")
        return problems


class ShardFile:
    """One shard file: its record batches are found once and decoded when asked for."""

    def __init__(self, data: np.ndarray) -> None:
        """Read where the record batches of a file's bytes stand.

        Raises:
            pyarrow.ArrowInvalid: the bytes are no Arrow stream, or end within a message.
        """
        reader = pa.ipc.MessageReader.open_stream(pa.py_buffer(data))
        self.schema: pa.Schema = pa.ipc.read_schema(reader.read_next_message())
        self._messages = list(_messages(reader))
        # Every batch but the last has as many rows as the first.
        self.batch_rows = max(1, self._batch(0).num_rows if self._messages else 1)

    @property
    def batches(self) -> int:
        """How many record batches it has."""
        return len(self._messages)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        if not self._messages:
            return 0
        last = len(self._messages) - 1
        return last * self.batch_rows + self._batch(last).num_rows

    def _batch(self, number: int) -> pa.RecordBatch:
        return pa.ipc.read_record_batch(self._messages[number], self.schema)

    def components(self, rows: int) -> np.ndarray:
        """The component of each of the first ``rows`` rows: uint16 [rows]."""
        parts = [np.zeros(0, np.uint16)]
        for number in range(-(-rows // self.batch_rows)):
            batch = self._batch(number)
            column = batch.column(COMPONENT)
            parts.append(np.frombuffer(column.buffers()[1], np.uint16, batch.num_rows))
        return np.concatenate(parts)[:rows]

    def views(self, number: int) -> dict[str, np.ndarray]:
        """A record batch as flat arrays: see ``TokenShards.read``."""
        batch = self._batch(number)
        rows = batch.num_rows
        tokens, components = batch.column(INPUT_IDS), batch.column(COMPONENT)
        length = tokens.type.list_size
        dtype = np.dtype(tokens.type.value_type.to_pandas_dtype())
        flat = np.frombuffer(tokens.values.buffers()[1], dtype, rows * length)
        views = {
            INPUT_IDS: flat.reshape(rows, length),
            COMPONENT: np.frombuffer(components.buffers()[1], np.uint16, rows),
        }
        for name, kind in RAGGED.items():
            column = batch.column(name)
            offsets = np.frombuffer(column.buffers()[1], np.int32, rows + 1)
            views.setdefault("row_offsets", offsets.astype(np.int64))
            views[name] = np.frombuffer(column.values.buffers()[1], kind, int(offsets[-1]))
        return views


def _messages(reader: Any) -> Any:
    """The messages of a stream up to its end."""
    while True:
        try:
            message = reader.read_next_message()
        except StopIteration:
            return
        if message is None:
            return
        yield message


def _rows(views: dict[str, np.ndarray], start: int, count: int) -> dict[str, np.ndarray]:
    """Some rows of a decoded batch, as views."""
    offsets = views["row_offsets"][start : start + count + 1]
    first, end = int(offsets[0]), int(offsets[-1])
    found = {name: views[name][start : start + count] for name in (INPUT_IDS, COMPONENT)}
    found["row_offsets"] = offsets - first
    return found | {name: views[name][first:end] for name in RAGGED}


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Pieces of a read as one; a single piece stays a view."""
    if len(parts) == 1:
        return parts[0]
    names = (INPUT_IDS, COMPONENT, *RAGGED)
    found = {name: np.concatenate([part[name] for part in parts]) for name in names}
    counts = np.concatenate([np.diff(part["row_offsets"]) for part in parts])
    return found | {"row_offsets": np.concatenate([[0], np.cumsum(counts)])}
