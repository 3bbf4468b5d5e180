"""How many tokens pieces take: what a vocabulary costs, without reading any text again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from tokenizer_train.merging.alphabet import id_of_byte
from tokenizer_train.merging.encode_kernels import count_tokens, index_merges
from tokenizer_train.merging.pairs_kernels import BYTES


def tokens_by_group(
    batches: Iterable[pa.RecordBatch], pairs: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and bytes of groups of pieces.

    Args:
        batches: rows of counts: ``piece``, ``group``, ``count``.
        pairs: int64 [entries]: the pair that made each token, the 256 bytes first.
        wanted: bool [groups]: the others are passed over, and have none.

    Returns:
        int64 [groups] tokens, and int64 [groups] bytes.
    """
    size = 1 << max(2 * len(pairs), 2).bit_length()
    keys, tokens = np.full(size, -1, np.int64), np.empty(size, np.int32)
    index_merges(pairs, BYTES, keys, tokens)
    sums = np.zeros((2, len(wanted)), np.int64)
    for batch in batches:
        count_tokens(
            *text_buffers(batch.column("piece")), batch.column("group").to_numpy(),
            batch.column("count").to_numpy(), id_of_byte(), keys, tokens, wanted, sums[0], sums[1],
        )  # fmt: skip
    return sums[0], sums[1]
