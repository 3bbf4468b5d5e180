"""Reading the vocabulary of a fastText model file, which is a list of variable-length entries."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.language.fasttext_kernels import entry_slot

t = array_types()
I64 = t["i64"].dtype


@kernel((t["u8"], I64, t["w_i64"], t["w_i64"]))
def read_vocabulary(
    data: np.ndarray, position: Scalar, bounds: np.ndarray, counts: np.ndarray
) -> Scalar:
    """Walk the entries of a model file: bytes, NUL, int64 count, int8 type.

    Args:
        data: the file's bytes.
        position: of the first entry.
        bounds: int64 [2 * entries], written: first byte and byte after the last, of each.
        counts: int64 [entries], written.

    Returns:
        The position after the last entry, or -1 where the file ends too early.
    """
    for entry in range(len(counts)):
        bounds[2 * entry] = position
        while position < len(data) and data[position] != 0:
            position += 1
        bounds[2 * entry + 1] = position
        if position + 10 > len(data):
            return -1
        count = np.int64(0)
        for i in range(8, 0, -1):
            count = (count << 8) | np.int64(data[position + i])
        counts[entry] = count
        position += 10
    return position


@kernel((t["u8"], t["i64"], t["w_u8"]))
def pack_entries(data: np.ndarray, bounds: np.ndarray, text: np.ndarray) -> None:
    """Copy the entries that ``bounds`` names to ``text``, one after the other."""
    to = 0
    for entry in range(len(bounds) // 2):
        for position in range(bounds[2 * entry], bounds[2 * entry + 1]):
            text[to] = data[position]
            to += 1


@kernel((t["u8"], t["i64"], I64))
def word_slots(words: np.ndarray, bounds: np.ndarray, size: Scalar) -> np.ndarray:
    """The open-addressing table of the entries: int32 [size], a power of two above their number."""
    slots = np.full(size, -1, np.int32)
    for entry in range(len(bounds) - 1):
        slot = entry_slot(words, bounds[entry], bounds[entry + 1], size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = entry
    return slots
