"""Kernels of ``stages.mixture.permutation``: a keyed permutation of 0..n-1, one place at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from formats.compile import array_types, kernel

t = array_types()

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""The increment of splitmix64 (Steele, Lea, Flood 2014)."""
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
"""The multipliers of its output function (Stafford's variant 13)."""
ROUNDS = 6
"""Four rounds already passed chi-squared and autocorrelation tests; six cost a third more."""


@kernel()
def mix(x: Any) -> Any:
    """The output function of splitmix64, a bijection of 64-bit numbers."""
    x = (x ^ (x >> np.uint64(30))) * MULTIPLIER_1
    x = (x ^ (x >> np.uint64(27))) * MULTIPLIER_2
    return x ^ (x >> np.uint64(31))


@kernel()
def feistel(place: Any, key: Any, low_bits: Any, high_bits: Any) -> Any:
    """A permutation of the numbers of ``low_bits + high_bits`` bits.

    Each round changes one half by a function of the other, so each round can be undone.
    """
    low_mask = (np.uint64(1) << low_bits) - np.uint64(1)
    high_mask = (np.uint64(1) << high_bits) - np.uint64(1)
    low = place & low_mask
    high = place >> low_bits
    for number in range(ROUNDS):
        round_key = key + np.uint64(number + 1) * GOLDEN
        if number % 2 == 0:
            high ^= mix(low + round_key) & high_mask
        else:
            low ^= mix(high + round_key) & low_mask
    return (high << low_bits) | low


@kernel()
def feistel_back(place: Any, key: Any, low_bits: Any, high_bits: Any) -> Any:
    """The inverse of ``feistel``: the same rounds, last first."""
    low_mask = (np.uint64(1) << low_bits) - np.uint64(1)
    high_mask = (np.uint64(1) << high_bits) - np.uint64(1)
    low = place & low_mask
    high = place >> low_bits
    for number in range(ROUNDS - 1, -1, -1):
        round_key = key + np.uint64(number + 1) * GOLDEN
        if number % 2 == 0:
            high ^= mix(low + round_key) & high_mask
        else:
            low ^= mix(high + round_key) & low_mask
    return (high << low_bits) | low


@kernel()
def halves(size: Any) -> Any:
    """Low and high bits of the smallest power of two that ``size`` numbers fit in."""
    bits = np.uint64(1)
    while (np.int64(1) << np.int64(bits)) < size:
        bits += np.uint64(1)
    high_bits = bits >> np.uint64(1)
    return bits - high_bits, high_bits


@kernel((t["i64"], types.int64, types.uint64, t["w_i64"]))
def restore_large(places: Any, size: Any, key: Any, out: Any) -> None:
    """The inverse of ``permute_large``: it walks the same cycles backwards."""
    low_bits, high_bits = halves(size)
    limit = np.uint64(size)
    for i in range(len(places)):
        place = feistel_back(np.uint64(places[i]), key, low_bits, high_bits)
        while place >= limit:
            place = feistel_back(place, key, low_bits, high_bits)
        out[i] = np.int64(place)


@kernel((t["i64"], types.int64, types.uint64, t["w_i64"]))
def permute_large(places: Any, size: Any, key: Any, out: Any) -> None:
    """``out[i]`` = the permuted ``places[i]``; ``size`` of at least 2.

    The Feistel network permutes the next power of two; a result beyond ``size`` is permuted again
    until it falls inside (cycle walking: fewer than two steps on average).
    """
    low_bits, high_bits = halves(size)
    limit = np.uint64(size)
    for i in range(len(places)):
        place = feistel(np.uint64(places[i]), key, low_bits, high_bits)
        while place >= limit:
            place = feistel(place, key, low_bits, high_bits)
        out[i] = np.int64(place)


@kernel((types.uint64, t["w_i64"]))
def shuffle_small(key: Any, out: Any) -> None:
    """Fill ``out`` with 0..n-1 in an order drawn by Fisher and Yates's method.

    ``number % (i + 1)`` favours small results by less than n / 2^64.
    """
    state = key
    for i in range(len(out)):
        out[i] = i
    for i in range(len(out) - 1, 0, -1):
        state += GOLDEN
        other = np.int64(mix(state) % np.uint64(i + 1))
        held = out[i]
        out[i] = out[other]
        out[other] = held
