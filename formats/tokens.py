"""Tokenized components: what the tokenizer leaves and the mixture reads.

    tokens/<component_folder(name)>/part-NNNNN.arrow      Arrow IPC file, uncompressed

A row is a document: ``document_id`` (uint64), ``input_ids`` (a list of uint16 or int32, the end of
document token included) and the columns that the mixture's ``where`` conditions ask for. The files
are uncompressed so that a reader maps them and gathers tokens straight from the page cache: a new
mixture copies tokens, it never tokenizes again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa

from formats.storage import atomic_path, filesystem, is_local

DOCUMENT_ID = "document_id"
INPUT_IDS = "input_ids"
LONGEST_FOLDER_NAME = 240
"""Bytes; common file systems end at 255."""


def component_folder(name: str) -> str:
    """The folder name of a component: ``"zh-Hans" -> "zh-Hans"``, ``"a/b" -> "a%2Fb"``.

    Different names give different folders; ``component_name`` is the inverse.

    Raises:
        ValueError: when the name is empty or too long for a folder.
    """
    folder = quote(name, safe="")
    if folder.startswith("."):  # ".", ".." and hidden folders
        folder = "%2E" + folder[1:]
    if not folder or len(folder) > LONGEST_FOLDER_NAME:
        raise ValueError(
            f"component name {name!r}: as a folder name it must have between 1 and "
            f"{LONGEST_FOLDER_NAME} bytes, it has {len(folder)}"
        )
    return folder


def component_name(folder: str) -> str:
    """The component a folder belongs to: the inverse of ``component_folder``."""
    return unquote(folder)


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """uint16 where every id of the vocabulary fits (at most 65,536 entries), else int32."""
    return np.dtype(np.uint16 if vocab_size <= 1 << 16 else np.int32)


class TokensWriter:
    """Writes one file of tokenized documents; the file appears when it is whole.

    >>> with TokensWriter(path, np.uint16, {"lang": pa.string()}) as writer:      # doctest: +SKIP
    ...     writer.append(document_ids, input_ids, offsets, {"lang": langs})
    """

    def __init__(
        self,
        path: str,
        dtype: np.dtype[Any] | type[np.generic],
        selectors: Mapping[str, pa.DataType] | None = None,
    ) -> None:
        """Open the file under its temporary name.

        Args:
            path: where the file will be, a path or URL.
            dtype: uint16 or int32, the type of a token.
            selectors: name and type of further columns. A dictionary type is stored as its
                value type: an IPC file cannot replace a dictionary between batches.
        """
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.dtype(np.uint16), np.dtype(np.int32)):
            raise ValueError(f"tokens are uint16 or int32, not {self.dtype}")
        self.rows = 0
        self.tokens = 0
        self._selectors = {
            name: kind.value_type if pa.types.is_dictionary(kind) else kind
            for name, kind in (selectors or {}).items()
        }
        self.schema = pa.schema(
            [
                pa.field(DOCUMENT_ID, pa.uint64(), nullable=False),
                pa.field(INPUT_IDS, pa.large_list(pa.from_numpy_dtype(self.dtype)), nullable=False),
                *(pa.field(name, kind) for name, kind in self._selectors.items()),
            ]
        )
        self._open = ExitStack()
        files, inner = filesystem(self._open.enter_context(atomic_path(path)))
        sink = self._open.enter_context(files.open(inner, "wb"))
        self._writer = self._open.enter_context(pa.ipc.new_file(sink, self.schema))

    def append(
        self,
        document_ids: np.ndarray,
        input_ids: np.ndarray,
        offsets: np.ndarray,
        selectors: Mapping[str, pa.Array] | None = None,
    ) -> None:
        """Write documents as one record batch (tens of megabytes each serve readers well).

        Args:
            document_ids: uint64 [n].
            input_ids: [tokens] of any integer type whose values fit.
            offsets: int64 [n + 1]; document i is ``input_ids[offsets[i]:offsets[i + 1]]``.
            selectors: the further columns, each [n].

        Raises:
            ValueError: when a token does not fit, or columns are missing, unknown or of other
                lengths.
        """
        columns = dict(selectors or {})
        if columns.keys() != self._selectors.keys():
            raise ValueError(
                f"selector columns {sorted(columns)} given, {sorted(self._selectors)} declared"
            )
        ids = np.ascontiguousarray(document_ids, np.uint64)
        starts = np.ascontiguousarray(offsets, np.int64)
        if len(starts) != len(ids) + 1:
            raise ValueError(f"{len(ids)} documents need {len(ids) + 1} offsets, not {len(starts)}")
        tokens = pa.array(self._as_tokens(input_ids[starts[0] : starts[-1]]))
        lists = pa.LargeListArray.from_arrays(pa.array(starts - starts[0]), tokens)
        further = [_plain(columns[name], kind) for name, kind in self._selectors.items()]
        batch = pa.RecordBatch.from_arrays([pa.array(ids), lists, *further], schema=self.schema)
        if len(ids):
            self._writer.write_batch(batch)
        self.rows += len(ids)
        self.tokens += len(tokens)

    def _as_tokens(self, values: np.ndarray) -> np.ndarray:
        """The values in the file's type, once it is sure that they fit."""
        if values.dtype == self.dtype:
            return np.ascontiguousarray(values)
        limit = np.iinfo(self.dtype).max
        if len(values) and (int(values.max()) > limit or int(values.min()) < 0):
            raise ValueError(
                f"tokens between {values.min()} and {values.max()} do not fit {self.dtype}"
            )
        return values.astype(self.dtype)

    def close(self) -> None:
        """Finish the file and give it its name."""
        self._open.close()

    def __enter__(self) -> TokensWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)


def _plain(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """The column in the declared type, in one piece, dictionaries decoded."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if column.type == kind else column.cast(kind)


@dataclass(frozen=True)
class TokenBatch:
    """Some documents in a row, as views into the mapped file (read-only, nothing copied)."""

    first_row: int
    """Number in the file of this batch's first document."""
    document_ids: np.ndarray
    """uint64 [n]."""
    input_ids: np.ndarray
    """uint16 or int32 [tokens]."""
    offsets: np.ndarray
    """int64 [n + 1]; document i is ``input_ids[offsets[i]:offsets[i + 1]]``."""
    table: pa.RecordBatch
    """The batch itself, for its selector columns."""
    file_position: int
    """Where ``input_ids[0]`` stands in the whole file read as tokens (``tokens_in_file``)."""


def file_bytes(path: str) -> np.ndarray:
    """The bytes of a file, uint8 and read-only: mapped where it is local, else read whole."""
    if is_local(path):
        if not os.path.getsize(path):  # cannot be mapped
            return np.zeros(0, np.uint8)
        return np.asarray(np.memmap(path, np.uint8, mode="r"))
    files, inner = filesystem(path)
    return np.frombuffer(files.cat_file(inner), np.uint8)


def tokens_in_file(path: str, dtype: np.dtype[Any]) -> np.ndarray:
    """A whole file of tokenized documents seen as tokens, headers and all.

    ``tokens_in_file(path, dtype)[batch.file_position]`` is ``batch.input_ids[0]``, so that a pair
    of file and position leads to a token without reading the file's index.
    """
    data = file_bytes(path)
    return data[: len(data) - len(data) % dtype.itemsize].view(dtype)


class TokensReader:
    """A file of tokenized documents, memory-mapped where it is local.

    Views stay valid as long as they are held, whatever becomes of the reader.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._bytes = file_bytes(path)
        self._file = pa.ipc.open_file(pa.py_buffer(self._bytes))
        self.schema: pa.Schema = self._file.schema
        self.dtype = np.dtype(self.schema.field(INPUT_IDS).type.value_type.to_pandas_dtype())
        self.batch_count: int = self._file.num_record_batches

    @property
    def selectors(self) -> list[str]:
        """Names of the columns beside the tokens."""
        return [name for name in self.schema.names if name not in (DOCUMENT_ID, INPUT_IDS)]

    def batches(self) -> Iterator[TokenBatch]:
        """All documents in file order."""
        first_row = 0
        for number in range(self.batch_count):
            table = self._file.get_batch(number)
            yield self._views(table, first_row)
            first_row += table.num_rows

    def _views(self, table: pa.RecordBatch, first_row: int) -> TokenBatch:
        """NumPy views. ``np.frombuffer``: pyarrow's ``to_numpy`` would import pandas."""
        rows = table.num_rows
        ids, lists = table.column(DOCUMENT_ID), table.column(INPUT_IDS)
        numbers = np.frombuffer(ids.buffers()[1], np.uint64, rows, ids.offset * 8)
        offsets = np.frombuffer(lists.buffers()[1], np.int64, rows + 1, lists.offset * 8)
        values = lists.values.buffers()[1]
        tokens = np.zeros(0, self.dtype)
        position = 0
        if values is not None and offsets[-1] > 0:
            tokens = np.frombuffer(values, self.dtype, int(offsets[-1]))
            position = (values.address - self._bytes.ctypes.data) // self.dtype.itemsize
        return TokenBatch(first_row, numbers, tokens, offsets, table, position)
