"""The arrays of a fastText classifier and the scratch memory of its forward pass, by name.

Plain tuples of NumPy arrays: the model loader fills them, callers hand them to kernels one array
after the other (a tuple of arrays as an argument takes Numba seconds to compile at each call). No
kernel stands here, but kernels are compiled with these constants and layouts: the name makes the
file count in the hash that names the compile cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BLOCK = 16  # numbers added at once; rows are padded to a multiple of it
LANES = 4  # accumulators that rows are added to in turn
GATHER = 1024  # hashes gathered before their rows are summed
CACHED_NUMBERS = 1 << 18  # of the cache of words: 1 MB, more would leave the second-level cache
KEPT_BITS = 32  # buckets that one entry of ``kept`` tells of

# Places in ModelArrays.sizes.
WORDS, LABELS, DIM, MIN_N, MAX_N, BUCKET, RECIPROCAL, WORD_NGRAMS, END_ROW, LONGEST = range(10)


class ModelArrays(NamedTuple):
    """The input side of a model (all read-only), in the order in which kernels take it."""

    rows: np.ndarray
    """float32 [(words + n-grams) * dim]: the input matrix."""
    words: np.ndarray
    """uint8: words, then labels, one after the other."""
    word_bounds: np.ndarray
    """int64 [words + labels + 1]: entry i is ``words[word_bounds[i]:word_bounds[i + 1]]``."""
    slots: np.ndarray
    """int32 [power of two]: open-addressing table of entries by their hash, -1 where empty."""
    bits: np.ndarray
    """uint64 [bucket / 64 + 1]: which n-gram buckets the model kept."""
    kept: np.ndarray
    """uint64 [bucket / 32 + 1]: low half, which of these 32 n-gram buckets the model kept;
    high half, how many were kept before them."""
    sizes: np.ndarray
    """int64 [10]: words, labels, dim, min_n, max_n, bucket, its reciprocal (see ``remainder``),
    word_ngrams, the row of ``</s>`` or -1, bytes of the longest word or label."""


class LabelArrays(NamedTuple):
    """The output side of a model (all read-only)."""

    output: np.ndarray
    """float32 [outputs * dim]: one row per label, or per inner node from the first made."""
    left: np.ndarray
    """int32 [2 * labels - 1]: Huffman tree; empty for softmax."""
    right: np.ndarray
    """int32 [2 * labels - 1]."""
    parents: np.ndarray
    """int32 [2 * labels - 1]: -1 at the root."""


class Scratch(NamedTuple):
    """What the forward pass writes to on its way; ``forward_scratch`` makes one."""

    total: np.ndarray
    """float32 [2 * LANES * dim]: accumulators of the text, then of one word."""
    gathered: np.ndarray
    """uint64 [GATHER + most n-grams of one place]: hashes, then rows."""
    recent: np.ndarray
    """uint64 [word_ngrams - 1]: hashes of n-grams that ended with the last word, by length."""
    keys: np.ndarray
    """uint64 [2 * entries]: the bytes of the words in the cache and how many rows they have."""
    sums: np.ndarray
    """float32 [entries * dim]: the sums of these rows."""


def forward_scratch(arrays: ModelArrays) -> Scratch:
    """Scratch memory for one model, its cache empty."""
    sizes = arrays.sizes
    dim = int(sizes[DIM])
    entries = 1 << (CACHED_NUMBERS // dim).bit_length() - 1
    return Scratch(
        total=np.zeros(2 * LANES * dim, np.float32),
        gathered=np.zeros(GATHER + int(sizes[MAX_N]) + 1, np.uint64),
        recent=np.zeros(max(0, int(sizes[WORD_NGRAMS]) - 1), np.uint64),
        keys=np.zeros(2 * entries, np.uint64),
        sums=np.zeros(entries * dim, np.float32),
    )
