"""Text to token ids, as fast as is safe.

``tokenizers`` defines what is right, at three megabytes a second. Our own encoder (``native``) and
``gigatoken`` give the same ids some twenty times as fast, but neither knows everything that a
tokenizer.json may say. So they are used only behind a check: a fixed text in many scripts when a
worker starts, then a slice of the first real batch, each encoded with ``tokenizers`` too. Any
difference, and any failure later on, and ``tokenizers`` does the work; ``backend`` and ``reason``
say so.

Text is text: a web page that writes ``<|endoftext|>`` gets the ids of those thirteen characters,
never the special token, because special tokens are taken out before anyone sees the tokenizer.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

import numpy as np
import orjson
import pyarrow as pa

from formats.tokenizer_files import TokenizerFiles, read_tokenizer_files
from formats.tokens import token_dtype
from stages.tokens.byte_pairs import read_byte_pairs
from stages.tokens.encoder_probe import PROBE_TEXTS
from stages.tokens.libraries import GigatokenEncoder, TokenizersEncoder

NATIVE, GIGATOKEN, EXACT = "native", "gigatoken", "tokenizers"
BACKENDS = (NATIVE, GIGATOKEN, EXACT)
"""In the order in which they are tried."""
CHECKED_BYTES = 256 << 10
"""Of the first batch: an eighth of a second for ``tokenizers``."""
CHECKED_DOCUMENT_BYTES = 8 << 10
GIGATOKEN_STEPS = frozenset({"Sequence", "Split", "ByteLevel", "Metaspace"})
"""Pre-tokenizer steps that gigatoken 0.10 reads. It passes over others (``Digits``) without a word,
and the check could miss what follows from that in rare text."""


class Backend(Protocol):
    """Whoever encodes."""

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Ids, each text ended by the end token, and int64 offsets of large_string [n]."""


class Encoder:
    """Encodes documents and ends each with the end token."""

    def __init__(self, files: TokenizerFiles, prefer: str = NATIVE) -> None:
        """Load the tokenizer and choose who encodes.

        Args:
            files: the tokenizer.
            prefer: one of ``BACKENDS``: those before it are not tried.
        """
        self.files = files
        self.dtype = token_dtype(files.vocab_size)
        """uint16 or int32."""
        self._definition = without_special_tokens(files.json_bytes)
        self._json_bytes = orjson.dumps(self._definition)
        self._exact = TokenizersEncoder(self._json_bytes, files.eos_id)
        self._batch_checked = False
        self._reasons: list[str] = []
        self.backend = EXACT
        """Who encodes."""
        self._used: Backend = self._exact
        for name in BACKENDS[BACKENDS.index(prefer) : -1]:
            if self._try(name):
                break

    @property
    def reason(self) -> str | None:
        """Why it is not our own encoder; None where it is, or where it was not asked for."""
        return "; ".join(self._reasons) or None

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
        texts = texts.cast(pa.large_string())
        if self._used is not self._exact and not self._batch_checked and len(texts):
            self._batch_checked = True
            self._check(_checked_slice(texts), "the first batch")
        try:
            ids, offsets = self._used.encode(texts)
        except BaseException as error:
            if self._used is self._exact:
                raise
            self._give_up(error, "failed on a batch")
            ids, offsets = self._exact.encode(texts)
        return ids.astype(self.dtype, copy=False), offsets

    def _try(self, name: str) -> bool:
        """Use a backend if it knows this tokenizer and passes the check of the probe text."""
        self.backend = name
        try:
            self._used = self._load(name)
        except BaseException as error:
            self._give_up(error, "cannot load this tokenizer")
            return False
        self._check(pa.array(PROBE_TEXTS, pa.large_string()), "the probe text")
        return self.backend == name

    def _load(self, name: str) -> Backend:
        if name == NATIVE:
            pairs = read_byte_pairs(self._definition)
            from stages.tokens.native import NativeEncoder

            return NativeEncoder(pairs, self.files.eos_id)
        unknown = sorted(pre_tokenizer_steps(self._definition) - GIGATOKEN_STEPS)
        if unknown:
            raise ValueError(f"the pre-tokenizer step {', '.join(unknown)}")
        return GigatokenEncoder(self._json_bytes, self.files.eos_id)

    def _check(self, texts: pa.Array, what: str) -> None:
        """Encode with ``tokenizers`` too; drop the backend at the first difference."""
        try:
            found_ids, found_offsets = self._used.encode(texts)
        except BaseException as error:
            self._give_up(error, f"failed on {what}")
            return
        ids, offsets = self._exact.encode(texts)
        if not (np.array_equal(offsets, found_offsets) and np.array_equal(ids, found_ids)):
            self._use_exact(f"gives other ids than {EXACT} on {what}")

    def _give_up(self, error: BaseException, what: str) -> None:
        """Use ``tokenizers`` from here on, unless the process is meant to stop."""
        # A panic in Rust arrives as a BaseException that is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
            raise error
        first_line = str(error).strip().partition("\n")[0][:200]
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        self._use_exact(f"{what}: {kind}{first_line}")

    def _use_exact(self, reason: str) -> None:
        self._reasons.append(f"{self.backend} {reason}")
        self._used, self.backend = self._exact, EXACT


@cache
def shared_encoder(path: str, sha256: str) -> Encoder:
    """The process's encoder for a tokenizer: its tables of words seen make it faster with time.

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


def _checked_slice(texts: pa.Array) -> pa.Array:
    """Up to 256 KiB of a batch, from documents spread over it and none of them long."""
    import pyarrow.compute as pc

    rows = max(CHECKED_BYTES // CHECKED_DOCUMENT_BYTES, 1)
    chosen = np.unique(np.linspace(0, len(texts) - 1, min(rows, len(texts))).astype(np.int64))
    heads = pc.utf8_slice_codeunits(texts.take(pa.array(chosen)), 0, CHECKED_DOCUMENT_BYTES // 2)
    return heads.cast(pa.large_string())
