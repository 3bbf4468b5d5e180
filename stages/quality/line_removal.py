"""Removing lines from texts before they are measured: C4's, notices, navigation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers, text_column
from stages.quality.boilerplate import remove_boilerplate
from stages.quality.rules import RULES, thresholds_of

Lines = Literal["c4", "notices", "navigation"]
KINDS: tuple[Lines, ...] = get_args(Lines)


def remove_lines(
    column: pa.Array,
    living: np.ndarray,
    codes: np.ndarray,
    names: Sequence[str],
    kinds: list[Lines],
) -> tuple[pa.Array, dict[str, np.ndarray]]:
    """The texts without the lines of these kinds.

    Args:
        column: large_string [rows].
        living: bool [rows]; other rows stay as they are.
        codes: int64 [rows], numbers of languages.
        names: the languages.
        kinds: what goes; notices and navigation before C4's lines.

    Returns:
        texts: large_string [rows].
        counts: kind -> int32 [rows], how many lines went.
    """
    counts = {}
    if "notices" in kinds or "navigation" in kinds:
        column, found = remove_boilerplate(
            column, living, "notices" in kinds, "navigation" in kinds
        )
        counts = dict(zip(("notices", "navigation"), found, strict=True))
    if "c4" in kinds:
        by_line_end = np.array([has_line_ends(name) for name in names])[codes]
        column, counts["c4"] = remove_c4_lines(column, living, by_line_end)
    return column, {kind: counts[kind] for kind in kinds}


def has_line_ends(language: str) -> bool:
    """Whether lines of a language end with a mark: not in Thai, say."""
    number = [rule.name for rule in RULES].index("fineweb_line_ends")
    return not np.isnan(thresholds_of(language)[number])


def remove_c4_lines(
    column: pa.Array, living: np.ndarray, by_line_end: np.ndarray
) -> tuple[pa.Array, np.ndarray]:
    """The texts without the lines that C4 removes, and how many they are (int32 [rows]).

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
    counts = np.empty(len(living), np.int32)
    keep_lines(data, offsets, living, by_line_end, *character_classes(), out, out_offsets, counts)
    return text_column(out[: out_offsets[-1]], out_offsets), counts
