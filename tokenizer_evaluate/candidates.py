"""A tokenizer as the evaluation sees it: an encoder, and the bytes that every token stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.storage import filesystem
from formats.token_bytes import token_bytes
from formats.tokenizer_files import TOKENIZER_JSON, TokenizerFiles
from stages.tokens.encoder import Encoder


@dataclass(frozen=True)
class Candidate:
    """One of the tokenizers that are compared."""

    name: str
    origin: str
    """Where it is from: a path, or a package with its version."""
    json_bytes: bytes
    """A tokenizer.json."""
    token_bytes: tuple[bytes, ...]
    """By id; empty where an id stands for no text or for nothing."""
    special: np.ndarray
    """bool [vocabulary]: tokens that stand for no text."""
    byte_level: bool
    """Whether its tokens, joined, are the text."""

    @property
    def vocab_size(self) -> int:
        """Ids, special tokens and gaps included."""
        return len(self.token_bytes)

    @cached_property
    def encoder(self) -> Encoder:
        """The fastest that proves equal to ``tokenizers``.

        It ends texts with an id behind the vocabulary, so that no token of it is counted by
        mistake, and tokenizers without an end token can be judged too.
        """
        size = self.vocab_size
        return Encoder(TokenizerFiles(self.origin, self.json_bytes, "", size + 1, {"eos": size}))

    @cached_property
    def spellings(self) -> tuple[np.ndarray, np.ndarray]:
        """The bytes of all tokens, uint8, and their offsets, int64 [vocabulary + 1]."""
        lengths = [len(spelled) for spelled in self.token_bytes]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return np.frombuffer(b"".join(self.token_bytes), np.uint8), offsets

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Ids of texts, without end tokens: int32 [tokens], and offsets int64 [texts + 1]."""
        ids, offsets = self.encoder.encode(texts)
        ids = ids.astype(np.int32, copy=False)
        return ids[ids != self.vocab_size], offsets - np.arange(len(offsets))

    def tokens_of(self, text: str) -> list[bytes]:
        """The bytes of each token of a text."""
        ids, _ = self.encode(pa.array([text], pa.large_string()))
        return [self.token_bytes[token] for token in ids.tolist()]

    def differs(self, texts: pa.Array, ids: np.ndarray, id_offsets: np.ndarray) -> np.ndarray:
        """Texts that do not come back when their tokens are decoded: bool [texts]."""
        if not self.byte_level:
            return self._differs_decoded(texts, ids, id_offsets)
        from tokenizer_evaluate.round_trip_kernels import find_differences

        differs = np.zeros(len(texts), np.bool_)
        find_differences(*text_buffers(texts), ids, id_offsets, *self.spellings, differs)
        return differs

    def _differs_decoded(
        self, texts: pa.Array, ids: np.ndarray, id_offsets: np.ndarray
    ) -> np.ndarray:
        """By the library's decoder: it knows how words were put together."""
        parts = [part.tolist() for part in np.split(ids, id_offsets[1:-1])]
        decoded = self._library.decode_batch(parts, skip_special_tokens=False)
        pairs = zip(texts.to_pylist(), decoded, strict=True)
        return np.array([(text or "") != back for text, back in pairs], np.bool_)

    @cached_property
    def _library(self) -> Any:
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self.json_bytes.decode())


def read_candidate(path: str) -> Candidate:
    """A tokenizer's folder, or its tokenizer.json.

    Raises:
        FileNotFoundError: there is no tokenizer.json.
        ValueError: the file is no tokenizer, or of a kind whose tokens have no bytes.
    """
    name = path if path.endswith(".json") else f"{path.rstrip('/')}/{TOKENIZER_JSON}"
    files, inner = filesystem(name)
    if not files.isfile(inner):
        raise FileNotFoundError(f"no {TOKENIZER_JSON} at {path}")
    parts = name.rstrip("/").split("/")
    own_name = parts[-1].removesuffix(".json")
    if parts[-1] == TOKENIZER_JSON and len(parts) > 1:
        own_name = parts[-2]
    return make_candidate(own_name, name, files.cat_file(inner))


def make_candidate(name: str, origin: str, json_bytes: bytes) -> Candidate:
    """A candidate from the contents of a tokenizer.json.

    Raises:
        ValueError: see ``read_candidate``.
    """
    found = token_bytes(json_bytes, origin)
    return Candidate(name, origin, json_bytes, found.spelled, found.special, found.byte_level)
