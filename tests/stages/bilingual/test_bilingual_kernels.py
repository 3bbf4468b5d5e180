"""The hash of a key, against plain Python."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.bilingual.bilingual_kernels import hash_keys

MASK = 2**64 - 1


def column(texts):
    return text_buffers(pa.array(texts, pa.large_string()))


def hashes(sources, keys, wanted=None):
    found = np.empty(len(keys), np.uint64)
    wanted = np.ones(len(keys), np.bool_) if wanted is None else np.array(wanted)
    hash_keys(*column(sources), *column(keys), wanted, found)
    return found.tolist()


def reference_hash(source, key):
    state = 0xCBF29CE484222325
    for byte in (source + "\0" + key).encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ state >> 27) * 0x94D049BB133111EB) & MASK
    return state ^ state >> 31


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=20)), max_size=5))
def test_the_hash_of_a_key_is_fnv_1a_mixed(rows):
    sources, keys = [row[0] for row in rows], [row[1] for row in rows]
    assert hashes(sources, keys) == [reference_hash(*row) for row in rows]


def test_rows_without_a_key_hash_to_nothing():
    assert hashes(["web", "web"], ["a", ""], wanted=[True, False])[1] == 0
