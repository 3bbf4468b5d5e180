"""Hashes of words and of sequences of them, and open tables keyed by such hashes.

A sequence's hash is the difference of two running sums (a polynomial modulo 2^64), so that any
n-gram costs the same. Indices are unsigned on hot paths: of a signed one Numba asks at each access
whether it counts from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel

BASE = np.uint64(0x9E3779B97F4A7C15)
"""Of the polynomial over word hashes: 2^64 / golden ratio, odd."""
MIXER = np.uint64(0xD6E8FEB86659FD93)
"""Odd multiplier of the rrmxmx mixer (P. Evensen, 2018)."""


@kernel()
def mix(value: Any) -> Any:
    """Spread a 64-bit hash over all bits; never 0 (0 marks an empty slot)."""
    value = (value ^ (value >> np.uint64(32))) * MIXER
    value ^= value >> np.uint64(29)
    return value if value != 0 else np.uint64(1)


@kernel()
def table_bits(entries: Any) -> Any:
    """log2 of the size of a hash table that is at most half full."""
    bits = 4
    while np.int64(1) << bits < 2 * entries:
        bits += 1
    return bits


@kernel()
def find_slot(keys: np.ndarray, bits: Any, key: Any) -> Any:
    """The slot that holds ``key``, or the empty one where it belongs (linear probing)."""
    mask = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    slot = key >> np.uint64(64 - bits)
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@kernel()
def count_duplicates(hashes: np.ndarray, lengths: np.ndarray, count: Any, keys: np.ndarray) -> Any:
    """(how many of the first ``count`` items came before, the sum of their lengths)."""
    if count < 2:
        return np.int64(0), np.int64(0)
    bits = table_bits(count)
    keys[: np.int64(1) << bits] = 0
    duplicates = np.int64(0)
    characters = np.int64(0)
    for i in range(count):
        key = mix(hashes[i])
        slot = find_slot(keys, bits, key)
        if keys[slot] == 0:
            keys[slot] = key
        else:
            duplicates += 1
            characters += lengths[i]
    return duplicates, characters


@kernel()
def power(order: Any) -> Any:
    """``BASE ** order`` modulo 2^64."""
    result = np.uint64(1)
    for _ in range(order):
        result *= BASE
    return result


@kernel()
def fill_prefixes(
    hashes: np.ndarray, lengths: np.ndarray, count: Any, prefix: np.ndarray, characters: np.ndarray
) -> None:
    """Running sums [count + 1]: the polynomial hash and the characters of the first words."""
    value = np.uint64(0)
    total = np.int64(0)
    prefix[0] = value
    characters[0] = 0
    for i in range(count):
        value = value * BASE + hashes[i]
        total += lengths[i]
        prefix[i + 1] = value
        characters[i + 1] = total


@kernel()
def sequence_hash(prefix: np.ndarray, position: Any, order: Any, factor: Any) -> Any:
    """Hash of ``order`` words from ``position``; ``factor`` is ``power(order)``."""
    first = np.uint64(position)
    return mix(prefix[first + np.uint64(order)] - prefix[first] * factor)


_t = array_types()


@kernel((_t["u64"],))
def hash_sequence(hashes: np.ndarray) -> int:
    """``sequence_hash`` of all the given words together."""
    value = np.uint64(0)
    for i in range(len(hashes)):
        value = value * BASE + hashes[i]
    return mix(value)
