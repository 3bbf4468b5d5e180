"""Documents in order: each claims its keys, or goes for the first key that is claimed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.dedup.claim_kernels import claim_keys


def reference(keys_of):
    claimed, removed, record = {}, [], 0
    for keys in keys_of:
        taken = [record + i for i, key in enumerate(keys) if key in claimed]
        removed.append(taken[0] if taken else -1)
        if not taken:
            claimed |= dict.fromkeys(keys, len(removed) - 1)
        record += len(keys)
    return removed, claimed


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=30))
def test_claims_equal_the_reference(keys_of):
    starts = np.cumsum([0, *map(len, keys_of)])
    keys = np.array([key for keys in keys_of for key in keys], np.int64)
    claimed_by, removed_by = np.empty(10, np.int64), np.empty(len(keys_of), np.int64)
    claim_keys(starts, keys, claimed_by, removed_by)
    removed, claimed = reference(keys_of)
    assert removed_by.tolist() == removed
    assert claimed_by.tolist() == [claimed.get(key, -1) for key in range(10)]
