"""Hosts of URLs as numbers."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel
from stages.urls.url_kernels import SEED, host, lower, mix

DOT = 0x2E
W = 0x77

t = array_types()


@kernel((t["u8"], t["i64"], t["w_u64"]))
def hash_hosts(data: np.ndarray, offsets: np.ndarray, hashes: np.ndarray) -> None:
    """Hash the host of each URL, in lower case and without ``www.``; 0 where there is none.

    Args:
        data: uint8 [bytes] of all URLs.
        offsets: int64 [urls + 1].
        hashes: uint64 [urls], written.
    """
    for row in range(len(hashes)):
        begin, end, _ = host(data, offsets[row], offsets[row + 1])
        leading = begin + 4 < end and data[begin + 3] == DOT
        for k in range(3):
            leading = leading and lower(data[begin + k]) == W
        begin += 4 if leading else 0
        state = SEED if end > begin else np.uint64(0)
        for k in range(begin, end):
            state = mix(state, lower(data[k]))
        hashes[row] = state
