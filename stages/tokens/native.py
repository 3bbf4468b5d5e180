"""Our own encoder: compiled cuts, tables of pieces seen before, exact merges."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.pretokenizers.scanner import Scanner
from stages.tokens import merge_kernels, pieces_kernels
from stages.tokens.byte_pairs import BytePairs

CHUNK_BYTES = 1 << 20
"""Text that is cut and then encoded: the cuts between stay in the cache."""
SMALL_BITS, LARGE_BITS = 16, 16
"""Of the hashes of the two tables of pieces: 4 MiB each. More gains nothing measurable."""


KEPT_SCRATCH = 1 << 20
"""Bytes of a piece: scratch is 40 bytes for each."""


class NativeEncoder:
    """Encodes texts as the tokenizer's merges say, token for token as ``tokenizers`` does."""

    def __init__(self, pairs: BytePairs, end_token: int) -> None:
        """Fill the tables; takes some hundred milliseconds for 100,000 tokens.

        Args:
            pairs: the vocabulary.
            end_token: ends each text.

        Raises:
            ValueError: the vocabulary takes pieces whole that its merges do not make.
        """
        self._scanner = Scanner(pairs.splits)
        self._end_token = end_token
        bits = max(int(2 * len(pairs.merged)).bit_length(), 4)
        ranks = np.full(2 << bits, merge_kernels.EMPTY, np.uint64)
        shift = np.uint64(64 - bits)
        filter_ = np.zeros(max((1 << bits + merge_kernels.FILTER_BITS) >> 6, 1), np.uint64)
        merge_kernels.fill_pairs(pairs.left, pairs.right, ranks, filter_, shift)
        self._tables = (pairs.byte_tokens, *pairs.characters, ranks, filter_, shift, pairs.merged)
        self._small = np.zeros(8 << SMALL_BITS, np.uint64)
        self._large = np.zeros(8 << LARGE_BITS, np.uint64)
        self._shifts = np.uint64(64 - SMALL_BITS), np.uint64(64 - LARGE_BITS)
        self._symbols = np.empty(0, np.uint32)
        self._enter_vocabulary(pairs)

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Encode texts.

        Args:
            texts: large_string [n]; a null is an empty text.

        Returns:
            ids: int32 [tokens], each text ended by the end token.
            offsets: int64 [n + 1].
        """
        _, offsets = text_buffers(texts)
        size = int(offsets[-1] - offsets[0])
        ids = np.empty(size + len(texts) + 8, np.int32)
        ends = np.zeros(len(texts) + 1, np.int64)
        filled = first = 0
        while first < len(texts):
            last = int(np.searchsorted(offsets, offsets[first] + CHUNK_BYTES, "right")) - 1
            last = min(max(last, first + 1), len(texts))
            filled = self._encode_chunk(
                texts.slice(first, last - first), ids, ends[first + 1 : last + 1], filled
            )
            first = last
        return ids[:filled], ends

    def _encode_chunk(self, texts: pa.Array, ids: np.ndarray, ends: np.ndarray, filled: int) -> int:
        data, offsets, pieces = self._scanner.cut(texts)
        begin = int(offsets[0])
        if len(pieces):
            self._reserve(max(int(pieces[0]) - begin, int(np.diff(pieces).max(initial=0))))
        small_shift, large_shift = self._shifts
        filled = pieces_kernels.encode_pieces(
            data, begin, pieces, offsets[1:], *self._tables, self._symbols, *self._scratch,
            self._small, small_shift, self._large, large_shift,
            self._end_token, ids, ends, filled,
        )  # fmt: skip
        return int(filled)

    def _reserve(self, longest: int) -> None:
        """Scratch for a piece of so many bytes; what an extreme one took is not kept."""
        if not longest <= len(self._symbols) <= max(longest, KEPT_SCRATCH):
            longest = max(longest, merge_kernels.SHORT)
            self._symbols = np.empty(longest, np.uint32)
            self._scratch = np.empty(3 * longest, np.uint32), np.empty(3 * longest, np.uint64)

    def _enter_vocabulary(self, pairs: BytePairs) -> None:
        pieces = [spelled for spelled in pairs.token_bytes if spelled and _is_text(spelled)]
        data = np.frombuffer(b"".join(pieces) + bytes(16), np.uint8)
        lengths = [len(piece) for piece in pieces]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        self._reserve(max(lengths))
        split = pieces_kernels.fill_small(
            data, offsets, *self._tables, self._symbols, *self._scratch,
            self._small, self._shifts[0], np.zeros(max(lengths) + 4, np.int32),
        )  # fmt: skip
        if pairs.ignore_merges and split:
            raise ValueError(f"ignore_merges, with {split} tokens that merges do not make")


def _is_text(spelled: bytes) -> bool:
    try:
        spelled.decode()
    except UnicodeDecodeError:
        return False
    return True
