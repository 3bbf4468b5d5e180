"""What could not be read: counted always, kept with its place and its error, never silent.

Beside it, what was passed over because it is no document (a crawl's requests, its images, its
pages that were not found) is counted by source and reason, and not kept.

An error's text begins with its class and a colon (``"broken JSON: unexpected end of data"``);
``counts`` goes by that class. Raw bytes are cut at 64 KiB, and entries go to the file whenever
8 MiB of them have come together, so that a folder of garbage does not fill the memory.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Literal, Self

import pyarrow as pa

from formats.storage import atomic_path, filesystem

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("position", pa.int64()),
        pa.field("error", pa.string(), nullable=False),
        pa.field("raw", pa.binary(), nullable=False),
    ]
)
"""``position``: line or row as in a document's origin; null where the whole file is meant."""

RAW_LIMIT = 64 << 10
FLUSH_BYTES = 8 << 20
ENTRY_BYTES = 512
"""What an entry is counted with beside its raw bytes."""


class BadInput(ValueError):  # noqa: N818 - the name a user reads: what it is, not what we do
    """Input that cannot be read, where the recipe asks to stop at it."""


class Quarantine:
    """Collects what could not be read, and writes it as one Parquet file.

    As a context manager it writes ``path`` at the end, and leaves nothing when the block raises.
    """

    def __init__(
        self, path: str | None = None, on_error: Literal["quarantine", "fail"] = "quarantine"
    ) -> None:
        """Start empty.

        Args:
            path: Parquet file, written only when there is something to write. None: entries stay
                in memory, and those beyond 8 MiB are only counted.
            on_error: ``fail``: ``add`` raises ``BadInput`` instead of collecting.
        """
        if on_error not in ("quarantine", "fail"):
            raise ValueError(f"on_error is {on_error!r}; valid: 'quarantine', 'fail'")
        self.path = path
        self.on_error = on_error
        self._entries: list[tuple[str, str, int | None, str, bytes]] = []
        self._pending_bytes = 0
        self._counts: Counter[str] = Counter()
        self._skipped: Counter[tuple[str, str]] = Counter()
        self._open_file = ExitStack()
        self._writer: Any = None

    def add(
        self, source: str, path: str, position: int | None, error: str, raw: bytes = b""
    ) -> None:
        """Take one entry.

        Args:
            source: the recipe's source name.
            path: the file.
            position: line or row; None: the whole file.
            error: ``"class: what exactly"``.
            raw: the bytes in question; the first 64 KiB are kept.

        Raises:
            BadInput: ``on_error`` is ``fail``.
        """
        if self.on_error == "fail":
            place = path if position is None else f"{path}:{position}"
            raise BadInput(f"{place}: {error}")
        self._counts[error.split(":", 1)[0]] += 1
        if self.path is None and self._pending_bytes > FLUSH_BYTES:
            return
        raw = bytes(raw[:RAW_LIMIT])
        self._entries.append((_plain(source), _plain(path), position, _plain(error), raw))
        self._pending_bytes += len(raw) + ENTRY_BYTES
        if self.path is not None and self._pending_bytes > FLUSH_BYTES:
            self._flush()

    def skip(self, source: str, reason: str, count: int = 1) -> None:
        """Count records that are whole but no documents; reasons are few and short."""
        self._skipped[source, reason] += count

    def skipped(self, source: str | None = None) -> dict[str, int]:
        """Records passed over by reason, sorted by reason; of one source or of all."""
        counts: Counter[str] = Counter()
        for (name, reason), count in self._skipped.items():
            if source in (None, name):
                counts[reason] += count
        return dict(sorted(counts.items()))

    @property
    def total(self) -> int:
        """How many entries were added."""
        return self._counts.total()

    def counts(self) -> dict[str, int]:
        """Entries by class of error, sorted by class."""
        return dict(sorted(self._counts.items()))

    def table(self) -> pa.Table:
        """The entries still in memory, as ``QUARANTINE_SCHEMA``."""
        columns = list(zip(*self._entries, strict=True)) or [()] * len(QUARANTINE_SCHEMA)
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(columns, QUARANTINE_SCHEMA, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=QUARANTINE_SCHEMA)

    def write(self, path: str) -> bool:
        """Write what is in memory to ``path``; False, and no file, where there is nothing."""
        if self.path is not None:
            raise ValueError(f"this quarantine already writes to {self.path}; use close()")
        if not self._entries:
            return False
        self.path = path
        self.close()
        return True

    def close(self) -> None:
        """Write what is left and give the file its name; without entries there is no file."""
        if self.path is not None and self._entries:
            self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._open_file.close()

    def _flush(self) -> None:
        """Move the entries in memory to the file, as one row group."""
        import pyarrow.parquet as pq

        if self._writer is None:
            assert self.path is not None
            temporary = self._open_file.enter_context(atomic_path(self.path))
            files, inner = filesystem(temporary)
            sink = self._open_file.enter_context(files.open(inner, "wb"))
            self._writer = pq.ParquetWriter(
                sink, QUARANTINE_SCHEMA, compression="zstd", compression_level=1
            )
        self._writer.write_table(self.table())
        self._entries.clear()
        self._pending_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        # The block's error reaches ``atomic_path``, which takes the unfinished file away.
        self._open_file.__exit__(kind, error, trace)


def _plain(text: str) -> str:
    """Text that UTF-8 can hold: a path may carry undecodable bytes as lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
