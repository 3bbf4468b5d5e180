"""Texts in, cuts out: by kernel where the pattern is a named one, else by ``tokenizers``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.pretokenizers.character_table import character_table
from formats.pretokenizers.patterns import name_of

MOST_DIGITS = {"single": 1, "triple": 3, "free": 1 << 62}


class Scanner:
    """Cuts texts as a tokenizer's ``Split`` expressions do."""

    def __init__(self, splits: tuple[str, ...]) -> None:
        """Choose who cuts.

        Args:
            splits: the expressions in their order (``patterns.splits_of``).
        """
        self.splits = splits
        named = name_of(splits)
        self.compiled = named is not None
        """Whether a kernel does it: some thirty times as fast as the library."""
        if named is None:
            self._library = _library(splits)
            return
        from formats.pretokenizers import scan_kernels as kernels

        scanners = {
            "polymill": kernels.OWN,
            "o200k": kernels.O200K,
            "cl100k": kernels.CL100K,
            "llama3": kernels.LLAMA3,
            "qwen2": kernels.LLAMA3,
            "deepseek": kernels.DEEPSEEK,
            "gpt2": kernels.GPT2,
        }
        name, digits = named
        self._cut = kernels.cut_texts
        self._pattern, self._digits = scanners[name], MOST_DIGITS[digits]
        self._table = character_table()

    def cut(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cut texts.

        Args:
            texts: large_string [n]; a null is an empty text.

        Returns:
            data: uint8, the bytes of the texts.
            offsets: int64 [n + 1], of the texts in ``data``.
            ends: int64 [pieces], where each piece ends in ``data``; a text's last one ends where
                the text does.
        """
        data, offsets = text_buffers(texts)
        if self.compiled:
            ends = np.empty(int(offsets[-1] - offsets[0]), np.int64)
            count = self._cut(self._pattern, self._digits, data, offsets, *self._table, ends)
            return data, offsets, ends[:count]
        return data, offsets, self._cut_by_library(texts, offsets)

    def _cut_by_library(self, texts: pa.Array, offsets: np.ndarray) -> np.ndarray:
        lengths = [
            len(piece.encode())
            for text in texts.to_pylist()
            for piece, _ in self._library.pre_tokenize_str(text or "")
        ]
        return offsets[0] + np.cumsum(np.array(lengths, np.int64))


def _library(splits: tuple[str, ...]) -> Any:
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import Sequence, Split

    return Sequence([Split(Regex(split), "isolated") for split in splits])
