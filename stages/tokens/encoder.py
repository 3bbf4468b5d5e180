"""Text to token ids, as fast as is safe.

``tokenizers`` defines what is right. ``gigatoken`` gives the same ids some twenty times as fast,
but knows only some pre-tokenizers, and passes over steps that it does not know. So it is used only
behind a check: a fixed text in many scripts when a worker starts, then a slice of the first real
batch, both encoded with both. Any difference, and any failure later on, and ``tokenizers`` does
the work; ``backend`` and ``reason`` say so.

Text is text: a web page that writes ``<|endoftext|>`` gets the ids of those thirteen characters,
never the special token, because special tokens are taken out before either library sees the
tokenizer.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from formats.buffers import text_buffers
from formats.documents import split_by_text
from formats.tokenizer_files import TokenizerFiles, read_tokenizer_files
from formats.tokens import token_dtype
from stages.tokens.encoder_probe import PROBE_TEXTS

FAST = "gigatoken"
EXACT = "tokenizers"
CHECKED_BYTES = 256 << 10
"""Of the first batch: an eighth of a second for ``tokenizers``."""
CHECKED_DOCUMENT_BYTES = 8 << 10
FAST_STEPS = frozenset({"Sequence", "Split", "ByteLevel", "Metaspace"})
"""Pre-tokenizer steps that gigatoken 0.10 reads. It passes over others (``Digits``) without a word,
and the check could miss what follows from that in rare text."""
EXACT_BATCH_BYTES = 4 << 20
"""``tokenizers`` makes Python objects: keep them few."""


class Encoder:
    """Encodes documents and ends each with the end token."""

    def __init__(self, files: TokenizerFiles, prefer: str = FAST) -> None:
        """Load the tokenizer and choose who encodes.

        Args:
            files: the tokenizer.
            prefer: ``tokenizers`` to do without the fast library.
        """
        self.files = files
        self.dtype = token_dtype(files.vocab_size)
        """uint16 or int32."""
        self.backend = EXACT
        """Who encodes."""
        self.reason: str | None = None
        """Why it is not the fast library; None where it is."""
        definition = without_special_tokens(files.json_bytes)
        json_bytes = orjson.dumps(definition)
        self._exact = _load_exact(json_bytes)
        self._fast: Any = None
        self._batch_checked = False
        if prefer == FAST:
            self._try_fast(json_bytes, pre_tokenizer_steps(definition))
        else:
            self.reason = "not asked for"

    def encode(self, texts: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
        """Encode documents.

        Args:
            texts: large_string [n]; a null is an empty text.

        Returns:
            input_ids: uint16 or int32 [tokens], each document ended by the end token.
            offsets: int64 [n + 1].
        """
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        ids, offsets = self._encode_plain(texts.cast(pa.large_string()))
        ended = np.insert(ids.astype(self.dtype, copy=False), offsets[1:], self.files.eos_id)
        return ended, offsets + np.arange(len(offsets))

    def _encode_plain(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Ids without end tokens."""
        if self._fast is not None and not self._batch_checked and len(texts):
            self._batch_checked = True
            self._check(_checked_slice(texts), "the first batch")
        if self._fast is not None:
            try:
                return encode_fast(self._fast, texts)
            except BaseException as error:
                self._give_up(error, "failed on a batch")
        return encode_exact(self._exact, texts)

    def _try_fast(self, json_bytes: bytes, steps: set[str]) -> None:
        unknown = sorted(steps - FAST_STEPS)
        if unknown:
            self._use_exact(f"{FAST} does not know the pre-tokenizer step {', '.join(unknown)}")
            return
        try:
            self._fast = _load_fast(json_bytes)
        except BaseException as error:
            self._give_up(error, "cannot load this tokenizer")
            return
        self.backend = FAST
        self._check(pa.array(PROBE_TEXTS, pa.large_string()), "the probe text")

    def _check(self, texts: pa.Array, what: str) -> None:
        """Encode with both; drop the fast library at the first difference."""
        try:
            fast_ids, fast_offsets = encode_fast(self._fast, texts)
        except BaseException as error:
            self._give_up(error, f"failed on {what}")
            return
        ids, offsets = encode_exact(self._exact, texts)
        if not (np.array_equal(offsets, fast_offsets) and np.array_equal(ids, fast_ids)):
            self._use_exact(f"{FAST} gives other ids than {EXACT} on {what}")

    def _give_up(self, error: BaseException, what: str) -> None:
        """Use ``tokenizers`` from here on, unless the process is meant to stop."""
        # A panic in Rust arrives as a BaseException that is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
            raise error
        first_line = str(error).strip().partition("\n")[0]
        self._use_exact(f"{FAST} {what}: {type(error).__name__}: {first_line[:200]}")

    def _use_exact(self, reason: str) -> None:
        self._fast, self.backend, self.reason = None, EXACT, reason


@cache
def shared_encoder(path: str, sha256: str) -> Encoder:
    """The process's encoder for a tokenizer: its caches of words seen make it faster with time.

    Raises:
        ValueError: the file is not the one that ``sha256`` tells of.
    """
    files = read_tokenizer_files(path)
    if files.sha256 != sha256:
        raise ValueError(
            f"{files.path} has changed: sha256 {files.sha256[:12]}…, expected {sha256[:12]}…"
        )
    return Encoder(files)


def without_special_tokens(json_bytes: bytes) -> dict[str, Any]:
    """The tokenizer without special tokens and without what adds, cuts or pads.

    Added tokens that are not special stand for text and stay.
    """
    definition: dict[str, Any] = orjson.loads(json_bytes)
    added = definition.get("added_tokens") or []
    definition["added_tokens"] = [token for token in added if not token["special"]]
    for step in ("truncation", "padding", "post_processor"):
        definition[step] = None
    return definition


def pre_tokenizer_steps(definition: dict[str, Any]) -> set[str]:
    """The kinds of step with which a tokenizer cuts text, such as ``Split`` and ``ByteLevel``."""
    waiting = [definition.get("pre_tokenizer")]
    kinds = set()
    while waiting:
        step = waiting.pop()
        if step:
            kinds.add(step["type"])
            waiting += step.get("pretokenizers", [])
    return kinds


def encode_fast(tokenizer: Any, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Ids (uint32) and offsets (int64) from ``gigatoken``, without copying the text."""
    if len(texts) == 0:
        return np.zeros(0, np.uint32), np.zeros(1, np.int64)
    # One thread: there is a worker per core.
    layout = tokenizer.encode_batch(_as_awkward(texts), parallel=False).layout
    offsets = np.asarray(layout.offsets, np.int64)
    ids = np.asarray(layout.content.data)
    return ids[offsets[0] : offsets[-1]], offsets - offsets[0]


def encode_exact(tokenizer: Any, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Ids (uint32) and offsets (int64) from ``tokenizers``."""
    lengths, pieces = [], []
    batch = pa.RecordBatch.from_arrays([texts], names=["text"])
    for part in split_by_text(batch, EXACT_BATCH_BYTES):
        strings = [text or "" for text in part.column("text").to_pylist()]
        for encoding in tokenizer.encode_batch_fast(strings, add_special_tokens=False):
            ids = encoding.ids
            lengths.append(len(ids))
            pieces.append(np.array(ids, np.uint32))
    flat = np.concatenate(pieces) if pieces else np.zeros(0, np.uint32)
    return flat, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _as_awkward(texts: pa.Array) -> Any:
    """The column as an array of awkward's strings over the same buffers."""
    import awkward as ak

    data, offsets = text_buffers(texts)
    characters = ak.contents.NumpyArray(data, parameters={"__array__": "char"})
    layout = ak.contents.ListOffsetArray(
        ak.index.Index64(offsets), characters, parameters={"__array__": "string"}
    )
    return ak.Array(layout)


def _checked_slice(texts: pa.Array) -> pa.Array:
    """Up to 256 KiB of a batch, from documents spread over it and none of them long."""
    import pyarrow.compute as pc

    rows = max(CHECKED_BYTES // CHECKED_DOCUMENT_BYTES, 1)
    chosen = np.unique(np.linspace(0, len(texts) - 1, min(rows, len(texts))).astype(np.int64))
    heads = pc.utf8_slice_codeunits(texts.take(pa.array(chosen)), 0, CHECKED_DOCUMENT_BYTES // 2)
    return heads.cast(pa.large_string())


def _load_exact(json_bytes: bytes) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json_bytes.decode())


def _load_fast(json_bytes: bytes) -> Any:
    from gigatoken.gigatoken_rs import load_hf_json

    return load_hf_json(json_bytes)
