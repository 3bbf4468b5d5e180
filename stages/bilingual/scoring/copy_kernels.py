"""Copy the texts of sentences out of documents."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel

_t = array_types()


@kernel((_t["u8"], _t["i64"], _t["i64"], _t["w_u8"]))
def copy_ranges(data: np.ndarray, starts: np.ndarray, borders: np.ndarray, out: np.ndarray) -> None:
    """Copy ranges of bytes one behind the other.

    Args:
        data: uint8.
        starts: int64 [ranges].
        borders: int64 [ranges + 1]: where each stands in ``out``.
        out: uint8 [borders[-1]], written.
    """
    for row in range(len(starts)):
        start = starts[row] - borders[row]
        for at in range(borders[row], borders[row + 1]):
            out[at] = data[start + at]
