"""Removing lines from texts: what C4 removes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers, text_column
from stages.quality.rules import RULES, thresholds_of


def has_line_ends(language: str) -> bool:
    """Whether lines of a language end with a mark: not in Thai, say."""
    number = [rule.name for rule in RULES].index("fineweb_line_ends")
    return not np.isnan(thresholds_of(language)[number])


def remove_lines(column: pa.Array, living: np.ndarray, by_line_end: np.ndarray) -> pa.Array:
    """The texts without the lines that C4 removes.

    Args:
        column: large_string [rows].
        living: bool [rows]; other rows stay as they are.
        by_line_end: bool [rows]: whether lines that end no sentence go (not in Thai, say).
    """
    from stages.quality.removal_kernels import keep_lines
    from stages.text_kernels import character_classes

    data, offsets = text_buffers(column)
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    keep_lines(data, offsets, living, by_line_end, *character_classes(), out, out_offsets)
    return text_column(out[: out_offsets[-1]], out_offsets)
