"""Writing a text column anew with placeholders in it."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

t = array_types()


@kernel()
def copy(data: np.ndarray, start: Scalar, end: Scalar, out: np.ndarray, here: Scalar) -> Scalar:
    """Append ``data[start:end]`` to ``out`` at ``here``; returns the position after it."""
    source = data[start:end]
    target = out[here : here + end - start]
    for k in range(len(source)):
        target[k] = source[k]
    return here + end - start


@kernel(
    (
        t["u8"], t["i64"], t["i64"], t["i64"], t["i64"], t["i64"], t["u8"], t["i64"], t["w_u8"],
        t["w_i64"],
    )
)  # fmt: skip
def replace(
    data: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    stops: np.ndarray,
    groups: np.ndarray,
    placeholders: np.ndarray,
    placeholder_offsets: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Copy a text column with placeholders where findings stand; the rest is copied in runs.

    Args:
        data: uint8 [bytes].
        offsets: int64 [rows + 1].
        rows: int64 [findings], rising.
        begins: int64 [findings], rising.
        stops: int64 [findings].
        groups: int64 [findings]: number of the placeholder.
        placeholders: uint8, all of them.
        placeholder_offsets: int64 [placeholders + 1].
        out: uint8 [bytes after it], written.
        out_offsets: int64 [rows + 1], written.
    """
    here = np.int64(0)
    finding = 0
    pending = offsets[0]
    out_offsets[0] = 0
    for row in range(len(offsets) - 1):
        while finding < len(rows) and rows[finding] == row:
            here = copy(data, pending, begins[finding], out, here)
            group = groups[finding]
            first, last = placeholder_offsets[group], placeholder_offsets[group + 1]
            here = copy(placeholders, first, last, out, here)
            pending = stops[finding]
            finding += 1
        out_offsets[row + 1] = here + offsets[row + 1] - pending
    copy(data, pending, offsets[-1], out, here)
