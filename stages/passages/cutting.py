"""Taking byte ranges out of a text column, and out of its texts what is in them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers, text_column


def cut_texts(
    column: pa.Array, begins: pa.ListArray, ends: pa.ListArray
) -> tuple[pa.Array, np.ndarray]:
    """The texts without some of their bytes: ``"a b c"`` without ``[2, 4)`` is ``"a c"``.

    Args:
        column: large_string [rows].
        begins: list<int64> [rows]: first bytes, counted from the text's; rising. Null: none.
        ends: list<int64> [rows]: bytes after the last; at most the next begin.

    Returns:
        The column, the same one where nothing goes; int64 [rows], how many ranges each text lost.
    """
    from stages.pii.replace_kernels import replace

    data, offsets = text_buffers(column)
    times = ranges_per_row(begins)
    first, last = (flat(some) for some in (begins, ends))
    if len(first) == 0:
        return column, times
    rows = np.repeat(np.arange(len(times)), times)
    first, last = first + offsets[rows], last + offsets[rows]
    out = np.empty(int(offsets[-1] - offsets[0] - (last - first).sum()), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    nothing = np.zeros(0, np.uint8), np.zeros(2, np.int64)  # cutting is replacing by nothing
    numbers = np.zeros(len(rows), np.int64)
    replace(data, offsets, rows, first, last, numbers, *nothing, out, out_offsets)
    return text_column(out, out_offsets), times


def copy_ranges(
    column: pa.Array, rows: np.ndarray, begins: np.ndarray, ends: np.ndarray
) -> pa.Array:
    """What stands in byte ranges of texts.

    Args:
        column: large_string [rows].
        rows: int64 [ranges], in any order.
        begins: int64 [ranges]: from the first byte of the text, at a character's first byte.
        ends: int64 [ranges].

    Returns:
        large_string [ranges].
    """
    from stages.passages.cut_kernels import gather

    data, offsets = text_buffers(column)
    borders = np.append(0, np.cumsum(ends - begins)).astype(np.int64)
    out = np.empty(int(borders[-1]), np.uint8)
    gather(data, offsets[rows] + begins, borders, out)
    return text_column(out, borders)


def ranges_per_row(lists: pa.ListArray) -> np.ndarray:
    """int64 [rows]: how many values each list has; none where it is null."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    return lengths.to_numpy(zero_copy_only=False).astype(np.int64)


def flat(lists: pa.ListArray) -> np.ndarray:
    """The values of all lists, one after another."""
    return lists.flatten().to_numpy(zero_copy_only=False)
