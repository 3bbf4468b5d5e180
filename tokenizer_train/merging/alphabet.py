"""The ids of bytes and the printable alphabet in which byte-level tokenizers write them."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def printable() -> tuple[str, ...]:
    """The character that stands for each byte: GPT-2's ``bytes_to_unicode``.

    Printable Latin-1 characters stand for themselves; the others take U+0100 and up, in order.
    """
    themselves = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return tuple(chr(byte if byte in themselves else next(others)) for byte in range(256))


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
