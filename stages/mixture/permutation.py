"""Row order within a component: a permutation that nobody has to store.

``places(10, 5, 100, key)`` are the places of the tenth to fourteenth row drawn out of 100, computed
from their numbers alone: a Feistel network keyed by (seed, phase, component, epoch), with cycle
walking for sizes that are no power of two. For small sizes a network of so few bits reaches some
orders a hundred times as often as others, so up to ``SMALL`` rows are shuffled outright.
"""

from __future__ import annotations

import numpy as np
import xxhash

SMALL = 64
"""Up to this many rows the whole order is drawn by Fisher-Yates."""


def permutation_key(seed: int, phase: str, component: str, epoch: int) -> int:
    """64 bits that differ for every seed, phase, component and epoch."""
    return xxhash.xxh3_64_intdigest(f"{seed}\0{phase}\0{component}\0{epoch}".encode())


def permuted(places: np.ndarray, size: int, key: int) -> np.ndarray:
    """Where the permutation ``key`` of 0..size-1 sends each of ``places``.

    Args:
        places: int64 [n], each in [0, size).
        size: how many places there are.
        key: 64 bits.

    Returns:
        int64 [n].
    """
    from stages.mixture.permutation_kernels import permute_large

    places = _within(places, size)
    if size <= SMALL:
        return _small_order(size, key)[places]
    out = np.empty(len(places), np.int64)
    permute_large(places, size, np.uint64(key), out)
    return out


def restored(places: np.ndarray, size: int, key: int) -> np.ndarray:
    """What the permutation ``key`` sends to each of ``places``: the inverse of ``permuted``."""
    from stages.mixture.permutation_kernels import restore_large

    places = _within(places, size)
    if size <= SMALL:
        return np.argsort(_small_order(size, key))[places]
    out = np.empty(len(places), np.int64)
    restore_large(places, size, np.uint64(key), out)
    return out


def _within(places: np.ndarray, size: int) -> np.ndarray:
    """The places as int64, once it is sure that they are in [0, size)."""
    places = np.ascontiguousarray(places, np.int64)
    if len(places) and (int(places.min()) < 0 or int(places.max()) >= size):
        raise ValueError(f"places {places.min()}..{places.max()} are not within 0..{size - 1}")
    return places


def _small_order(size: int, key: int) -> np.ndarray:
    """The whole permutation of a small size: int64 [size]."""
    from stages.mixture.permutation_kernels import shuffle_small

    order = np.empty(size, np.int64)
    shuffle_small(np.uint64(key), order)
    return order


def drawn_places(
    first: int, count: int, size: int, seed: int, phase: str, component: str
) -> np.ndarray:
    """The places of a component's rows ``first`` to ``first + count - 1`` in drawing order.

    Row k belongs to epoch ``k // size``; each epoch has an order of its own.

    Returns:
        int64 [count], each in [0, size).
    """
    numbers = np.arange(first, first + count, dtype=np.int64)
    parts = [np.zeros(0, np.int64)]
    for epoch in range(first // size, -(-(first + count) // size)):
        inside = numbers[(numbers >= epoch * size) & (numbers < (epoch + 1) * size)]
        key = permutation_key(seed, phase, component, epoch)
        parts.append(permuted(inside - epoch * size, size, key))
    return np.concatenate(parts)
