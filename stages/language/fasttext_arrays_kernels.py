"""The arrays of a fastText classifier and the scratch memory of its forward pass, by name.

Plain tuples of NumPy arrays: the model loader fills them, the kernels take them apart. No kernel
stands here, but kernels are compiled with these constants and layouts: the name makes the file
count in the hash that names the compile cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BLOCK = 16  # floats added at once; rows are padded to a multiple of it
LANES = 4  # accumulators that rows are added to in turn
GATHER = 1024  # hashes gathered before their rows are summed
CACHE_FLOATS = 1 << 18  # of the cache of words: 1 MB, more would leave the second-level cache


class ModelArrays(NamedTuple):
    """The arrays of a model (all read-only)."""

    rows: np.ndarray
    """float32 [(words + n-grams) * dim]: the input matrix."""
    output: np.ndarray
    """float32 [outputs * dim]: one row per label, or per inner node from the first made."""
    left: np.ndarray
    """int32 [2 * labels - 1]: Huffman tree; empty for softmax."""
    right: np.ndarray
    """int32 [2 * labels - 1]."""
    words: np.ndarray
    """uint8: words, then labels, one after the other."""
    word_bounds: np.ndarray
    """int64 [words + labels + 1]: entry i is ``words[word_bounds[i]:word_bounds[i + 1]]``."""
    slots: np.ndarray
    """int32 [power of two]: open-addressing table of entries by their hash, -1 where empty."""
    bits: np.ndarray
    """uint64 [bucket / 64 + 1]: which n-gram buckets a pruned model kept."""
    ranks: np.ndarray
    """int32 [bucket / 64 + 1]: how many were kept before these 64."""


class ModelSizes(NamedTuple):
    """The numbers of a model."""

    words: int
    labels: int
    dim: int
    min_n: int
    max_n: int
    bucket: int
    reciprocal: int
    pruned: int
    word_ngrams: int
    end_row: int
    """Row of ``</s>``, or -1."""


class Scratch(NamedTuple):
    """What the forward pass writes to on its way; ``forward_scratch`` makes one."""

    total: np.ndarray
    """float32 [2 * LANES * dim]: accumulators of the text, then of one word."""
    hidden: np.ndarray
    """float32 [dim]: the mean."""
    gathered: np.ndarray
    """uint64 [GATHER + most n-grams of one place]: hashes, then rows."""
    recent: np.ndarray
    """uint64 [word_ngrams - 1]: hashes of n-grams that ended with the last word, by length."""
    pending: np.ndarray
    """int32 [2 * labels]: nodes of the tree still to visit."""
    scores: np.ndarray
    """float32 [2 * labels]: their log-probabilities, or the logits of a softmax."""
    keys: np.ndarray
    """uint64 [2 * entries]: the bytes of the words in the cache."""
    counts: np.ndarray
    """int32 [entries]: how many rows they have."""
    sums: np.ndarray
    """float32 [entries * dim]: the sums of these rows."""


def forward_scratch(sizes: ModelSizes) -> Scratch:
    """Scratch memory for one model, its cache empty."""
    dim = sizes.dim
    entries = 1 << (CACHE_FLOATS // dim).bit_length() - 1
    return Scratch(
        total=np.zeros(2 * LANES * dim, np.float32),
        hidden=np.zeros(dim, np.float32),
        gathered=np.zeros(GATHER + sizes.max_n + 1, np.uint64),
        recent=np.zeros(max(0, sizes.word_ngrams - 1), np.uint64),
        pending=np.zeros(2 * sizes.labels, np.int32),
        scores=np.zeros(2 * sizes.labels, np.float32),
        keys=np.zeros(2 * entries, np.uint64),
        counts=np.zeros(entries, np.int32),
        sums=np.zeros(entries * dim, np.float32),
    )
