"""Merges applied to pieces: how many tokens each takes, also where it was not learned from."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from tokenizer_train.merging.pairs_kernels import find_pair

LONGEST = 2048
"""Bytes of a piece that are encoded at once: the time for one grows with its square."""

t = array_types()
I64 = t["i64"].dtype


@kernel((t["i64"], I64, t["w_i64"], t["w_i32"]))
def index_merges(merges: np.ndarray, first: int, keys: np.ndarray, tokens: np.ndarray) -> None:
    """A hash table from pair to token.

    Args:
        merges: int64 [entries]: the pair that made each token, from ``first`` on.
        first: token.
        keys: int64 [a power of two, at least twice the merges], all -1; written.
        tokens: int32, the same length; written.
    """
    mask = len(keys) - 1
    for token in range(first, len(merges)):
        slot = find_pair(keys, mask, merges[token] >> 32, merges[token] & 0xFFFFFFFF)
        keys[slot] = merges[token]
        tokens[slot] = token


@step()
def encode(ids: np.ndarray, size: Scalar, keys: np.ndarray, tokens: np.ndarray) -> Scalar:
    """Merge ids in place, the earliest-learned pair first, the leftmost of equal ones.

    Returns:
        How many are left.
    """
    mask = len(keys) - 1
    while size > 1:
        best, best_at = np.int64(1) << 40, np.int64(-1)
        for at in range(size - 1):
            slot = find_pair(keys, mask, ids[at], ids[at + 1])
            if keys[slot] >= 0 and tokens[slot] < best:
                best, best_at = np.int64(tokens[slot]), np.int64(at)
        if best_at < 0:
            break
        ids[best_at] = best
        size -= 1
        for at in range(best_at + 1, size):
            ids[at] = ids[at + 1]
    return size


@kernel(
    (
        t["u8"], t["i64"], t["u32"], t["i64"], t["i32"], t["i64"], t["i32"], t["b1"], t["w_i64"],
        t["w_i64"],
    )
)  # fmt: skip
def count_tokens(
    data: np.ndarray,
    offsets: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
    id_of_byte: np.ndarray,
    keys: np.ndarray,
    tokens: np.ndarray,
    wanted: np.ndarray,
    token_sums: np.ndarray,
    byte_sums: np.ndarray,
) -> None:
    """Tokens and bytes of groups of pieces.

    Args:
        data: uint8, bytes of the pieces.
        offsets: int64 [rows + 1].
        groups: uint32 [rows].
        counts: int64 [rows].
        id_of_byte: int32 [256].
        keys: of ``index_merges``.
        tokens: of ``index_merges``.
        wanted: bool [groups]: others are passed over.
        token_sums: int64 [groups], written: added to.
        byte_sums: int64 [groups], written: added to.
    """
    ids = np.empty(LONGEST, np.int64)
    for row in range(len(groups)):
        if not wanted[groups[row]]:
            continue
        total = np.int64(0)
        for start in range(offsets[row], offsets[row + 1], LONGEST):
            size = min(LONGEST, offsets[row + 1] - start)
            for i in range(size):
                ids[i] = id_of_byte[data[start + i]]
            total += encode(ids, size, keys, tokens)
        token_sums[groups[row]] += total * counts[row]
        byte_sums[groups[row]] += (offsets[row + 1] - offsets[row]) * counts[row]
