"""The kernel of bilingual pairing: a hash of (source, pair_key)."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel
from formats.copied_lines_kernels import FNV_OFFSET, FNV_PRIME, hash_bytes
from formats.identifiers_kernels import mix64

t = array_types()

_TEXTS = (t["u8"], t["i64"])


@kernel((*_TEXTS, *_TEXTS, t["b1"], t["w_u64"]))
def hash_keys(
    sources: np.ndarray, source_offsets: np.ndarray, keys: np.ndarray, key_offsets: np.ndarray,
    wanted: np.ndarray, hashes: np.ndarray,
) -> None:  # fmt: skip
    """A hash of source, NUL and key, evenly spread over 64 bits; 0 on rows not wanted.

    Args:
        sources: uint8.
        source_offsets: int64 [rows + 1].
        keys: uint8.
        key_offsets: int64 [rows + 1].
        wanted: bool [rows].
        hashes: uint64 [rows], written.
    """
    for row in range(len(hashes)):
        hashes[row] = 0
        if wanted[row]:
            state = hash_bytes(sources, source_offsets[row], source_offsets[row + 1], FNV_OFFSET)
            state = (state ^ np.uint64(0)) * FNV_PRIME
            state = hash_bytes(keys, key_offsets[row], key_offsets[row + 1], state)
            hashes[row] = mix64(state)
