"""Document ids: stable, unique, and their numbers."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.identifiers import document_ids, document_numbers, file_key

MASK = (1 << 64) - 1


def mix(value):
    """SplitMix64's finaliser in plain integers."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def reference_id(key, position):
    salt = 0xD1B54A32D192ED03
    first = mix(key ^ mix((position + 0x9E3779B97F4A7C15) & MASK))
    second = mix((mix((key + salt) & MASK) + mix(position ^ salt)) & MASK)
    return f"{min(first, MASK - 1):016x}{second:016x}"


@settings(deadline=None)
@given(st.integers(0, MASK), st.lists(st.integers(0, 2**62)))
def test_ids_and_numbers(key, positions):
    ids = document_ids(key, np.array(positions, np.int64))
    assert ids.to_pylist() == [reference_id(key, position) for position in positions]
    assert document_numbers(ids).tolist() == [int(text[:16], 16) for text in ids.to_pylist()]


def test_ids_never_change():
    """Ids are in people's files: another value here breaks every run folder."""
    key = file_key("web", "en/part-0.jsonl")
    assert key == 0xD7A8B9B0952B5121
    assert document_ids(key, np.array([0, 1])).to_pylist() == [
        "cde836f470fab6261b593afe7db72e16",
        "93455294351e945b4feefc0c4b06a299",
    ]


def test_ids_of_many_files_and_positions_differ():
    positions = np.arange(20_000)
    ids = [i for name in "abcde" for i in document_ids(file_key("s", name), positions).to_pylist()]
    assert len(set(ids)) == 100_000
    assert len({text[:16] for text in ids}) == 100_000
    assert len({text[16:] for text in ids}) == 100_000


def test_the_source_and_the_path_are_told_apart():
    assert file_key("a", "b/c") != file_key("a/b", "c")


def test_slices_and_bad_ids():
    ids = document_ids(1, np.arange(5))
    assert document_numbers(ids[2:]).tolist() == document_numbers(ids).tolist()[2:]
    with pytest.raises(ValueError, match=r"row 1: 'xyz' is no document id"):
        document_numbers(pa.array([ids[0].as_py(), "xyz"]))
