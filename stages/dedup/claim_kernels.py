"""Greedy choice among documents that share keys: one stays for all that share one with it."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel

t = array_types()


@kernel((t["i64"], t["i64"], t["w_i64"], t["w_i64"]))
def claim_keys(
    starts: np.ndarray, keys: np.ndarray, claimed_by: np.ndarray, removed_by: np.ndarray
) -> None:
    """Take documents in order: one goes for the first of its keys that is claimed, or claims all.

    Args:
        starts: int64 [documents + 1]: the keys of document d are ``keys[starts[d]:starts[d + 1]]``.
        keys: int64 [records], numbers of keys from 0.
        claimed_by: int64 [keys], written: the kept document that has the key, -1: none yet.
        removed_by: int64 [documents], written: the record (place in ``keys``) for which a document
            goes, -1 where it stays.
    """
    claimed_by[:] = -1
    for document in range(len(starts) - 1):
        removed_by[document] = -1
        for record in range(starts[document], starts[document + 1]):
            if claimed_by[keys[record]] >= 0:
                removed_by[document] = record
                break
        if removed_by[document] < 0:
            for record in range(starts[document], starts[document + 1]):
                claimed_by[keys[record]] = document
