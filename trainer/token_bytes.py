"""How many bytes of text each token stands for: what turns nats per token into bits per byte.

Losses of models with other tokenizers, or of languages that one tokenizer cuts unevenly, can be
compared in bits per byte alone.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from formats.storage import filesystem
from formats.tokenizer_files import TOKENIZER_JSON, read_tokenizer_files
from trainer.errors import ShardsError

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
SPACE = "▁"


def tokenizer_folder(shards: str) -> str:
    """Where the pipeline leaves the tokenizer: beside the shards."""
    return shards.rstrip("/").rpartition("/")[0] + "/tokenizer"


def token_bytes(shards: str, vocab_size: int, sha256: str) -> np.ndarray | None:
    """Bytes of each token: int64 [vocab_size]; None where no tokenizer lies beside the shards.

    Args:
        shards: their folder.
        vocab_size: of the shards.
        sha256: of the tokenizer.json they were made with.

    Raises:
        ShardsError: the tokenizer beside the shards is another one.
    """
    folder = tokenizer_folder(shards)
    files, inner = filesystem(folder)
    if not files.isfile(f"{inner}/{TOKENIZER_JSON}"):
        return None
    try:
        found = read_tokenizer_files(folder)
    except (OSError, ValueError) as error:
        raise ShardsError(str(error)) from error
    if found.sha256 != sha256:
        raise ShardsError(
            f"{found.path} has sha256 {found.sha256[:16]}…, and the shards were made with "
            f"{sha256[:16]}…: put that tokenizer back, or make the shards again"
        )
    return bytes_of(json.loads(found.json_bytes), vocab_size)


def bytes_of(tokenizer: dict[str, Any], vocab_size: int) -> np.ndarray:
    """The same from a parsed ``tokenizer.json``; special tokens are no text and have 0."""
    vocabulary = tokenizer["model"]["vocab"]
    if isinstance(vocabulary, list):  # Unigram: [token, score] by id
        vocabulary = {token: number for number, (token, _) in enumerate(vocabulary)}
    byte_level = _mentions(tokenizer.get("decoder"), "ByteLevel")
    prefix = tokenizer["model"].get("continuing_subword_prefix") or ""
    lengths = np.zeros(vocab_size, np.int64)
    for token, number in vocabulary.items():
        if number < vocab_size:
            # Byte-level vocabularies spell every byte as one letter.
            lengths[number] = len(token) if byte_level else _utf8_bytes(token, prefix)
    for token in tokenizer.get("added_tokens") or []:
        if token["id"] < vocab_size:
            lengths[token["id"]] = 0 if token["special"] else len(token["content"].encode())
    return lengths


def _utf8_bytes(token: str, prefix: str) -> int:
    if _BYTE.fullmatch(token):
        return 1
    return len(token.removeprefix(prefix).replace(SPACE, " ").encode())


def _mentions(part: Any, kind: str) -> bool:
    """Whether a step of the tokenizer, or one of a sequence of steps, is of that type."""
    if not isinstance(part, dict):
        return False
    inner = part.get("decoders") or []
    return part.get("type") == kind or any(_mentions(each, kind) for each in inner)
