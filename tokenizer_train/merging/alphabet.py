"""The ids of bytes, and the bytes of tokens."""

from __future__ import annotations

from functools import cache

import numpy as np

from formats.byte_letters import printable


@cache
def id_of_byte() -> np.ndarray:
    """int32 [256]: ids in the order of the printable characters, as ``tokenizers`` gives them."""
    order = sorted(range(256), key=lambda byte: printable()[byte])
    ids = np.empty(256, np.int32)
    ids[order] = np.arange(256)
    ids.flags.writeable = False
    return ids


def token_bytes(merges: np.ndarray) -> list[bytes]:
    """The bytes of every token.

    Args:
        merges: int64 [entries]: the pair that made each token; of bytes nothing.
    """
    ids = id_of_byte()
    tokens = [b""] * len(merges)
    for byte in range(256):
        tokens[ids[byte]] = bytes([byte])
    for token, pair in enumerate(merges.tolist()[256:], 256):
        tokens[token] = tokens[pair >> 32] + tokens[pair & 0xFFFFFFFF]
    return tokens
