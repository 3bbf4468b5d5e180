"""The libraries that encode too: ``gigatoken``, fast, and ``tokenizers``, which defines the ids.

Both give the ids of plain text; each text's end token is put in afterwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.documents import split_by_text

EXACT_BATCH_BYTES = 4 << 20
"""``tokenizers`` makes Python objects: keep them few."""


class GigatokenEncoder:
    """Encodes with ``gigatoken``, on one thread."""

    def __init__(self, json_bytes: bytes, end_token: int) -> None:
        """Load a tokenizer.json.

        Raises:
            BaseException: whatever the library does not know; a panic in Rust is no Exception.
        """
        from gigatoken.gigatoken_rs import load_hf_json

        self._tokenizer = load_hf_json(json_bytes)
        self._end_token = end_token

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Ids (uint32 [tokens]) and offsets (int64 [n + 1]) of large_string [n]."""
        if len(texts) == 0:
            return np.zeros(0, np.uint32), np.zeros(1, np.int64)
        # One thread: there is a worker per core.
        layout = self._tokenizer.encode_batch(_as_awkward(texts), parallel=False).layout
        offsets = np.asarray(layout.offsets, np.int64)
        ids = np.asarray(layout.content.data)[offsets[0] : offsets[-1]]
        return _ended(ids, offsets - offsets[0], self._end_token)


class TokenizersEncoder:
    """Encodes with ``tokenizers``."""

    def __init__(self, json_bytes: bytes, end_token: int) -> None:
        """Load a tokenizer.json."""
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(json_bytes.decode())
        self._end_token = end_token

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Ids (uint32 [tokens]) and offsets (int64 [n + 1]) of large_string [n]."""
        lengths, pieces = [], []
        batch = pa.RecordBatch.from_arrays([texts], names=["text"])
        for part in split_by_text(batch, EXACT_BATCH_BYTES):
            strings = [text or "" for text in part.column("text").to_pylist()]
            encodings = self._tokenizer.encode_batch_fast(strings, add_special_tokens=False)
            for encoding in encodings:
                ids = encoding.ids
                lengths.append(len(ids))
                pieces.append(np.array(ids, np.uint32))
        flat = np.concatenate(pieces) if pieces else np.zeros(0, np.uint32)
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return _ended(flat, offsets, self._end_token)


def _ended(ids: np.ndarray, offsets: np.ndarray, end_token: int) -> tuple[np.ndarray, np.ndarray]:
    """With the end token behind each text."""
    return np.insert(ids, offsets[1:], end_token), offsets + np.arange(len(offsets))


def _as_awkward(texts: pa.Array) -> Any:
    """The column as an array of awkward's strings over the same buffers."""
    import awkward as ak

    data, offsets = text_buffers(texts)
    characters = ak.contents.NumpyArray(data, parameters={"__array__": "char"})
    layout = ak.contents.ListOffsetArray(
        ak.index.Index64(offsets), characters, parameters={"__array__": "string"}
    )
    return ak.Array(layout)
