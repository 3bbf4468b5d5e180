"""A shuffle loses nothing, brings equal keys together and keeps the order of rows."""

import os

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.shuffle import bucket_count, buckets_of, open_ipc, read_shuffle, write_shuffle

KEYS = st.lists(st.integers(0, 2**64 - 1), max_size=60)


def reference_bucket(key: int, buckets: int) -> int:
    return key * buckets >> 64


def test_buckets_are_the_top_bits():
    keys = np.array([0, 2**62, 2**63, 2**64 - 1], np.uint64)
    assert buckets_of(keys, 4).tolist() == [0, 1, 2, 3]
    assert buckets_of(keys, 1).tolist() == [0, 0, 0, 0]


@given(KEYS, st.integers(1, 2**31))
def test_buckets_equal_exact_arithmetic(keys, buckets):
    got = buckets_of(np.array(keys, np.uint64), buckets).tolist()
    assert got == [reference_bucket(key, buckets) for key in keys]


@settings(max_examples=60, deadline=None)
@given(st.lists(KEYS, min_size=1, max_size=4), st.integers(1, 9))
def test_every_row_arrives_once_in_its_bucket_in_order(tmp_path_factory, files, buckets):
    folder = tmp_path_factory.mktemp("shuffle")
    paths = [str(folder / f"map-{i}.arrow") for i in range(len(files))]
    for i, (path, keys) in enumerate(zip(paths, files, strict=True)):
        table = pa.table(
            {
                "key": pa.array(keys, pa.uint64()),
                "file": pa.array([i] * len(keys), pa.int64()),
                "row": pa.array(range(len(keys)), pa.int64()),
                "text": pa.array([f"{i}/{j}" for j in range(len(keys))], pa.large_string()),
            }
        )
        write_shuffle(path, table, np.array(keys, np.uint64), buckets)
    for bucket in range(buckets):
        expected = [
            {"key": key, "file": i, "row": j, "text": f"{i}/{j}"}
            for i, keys in enumerate(files)
            for j, key in enumerate(keys)
            if reference_bucket(key, buckets) == bucket
        ]
        assert read_shuffle(paths, bucket).to_pylist() == expected


def test_one_batch_per_bucket_even_when_empty(tmp_path):
    path = str(tmp_path / "map.arrow")
    write_shuffle(path, pa.table({"value": pa.array([7], pa.int8())}), np.array([0], np.uint64), 5)
    reader = open_ipc(path)
    assert [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)] == [
        1, 0, 0, 0, 0,
    ]  # fmt: skip
    assert os.listdir(tmp_path) == ["map.arrow"]


def test_columns_of_many_chunks_and_kinds(tmp_path):
    path = str(tmp_path / "map.arrow")
    parts = [
        pa.table(
            {
                "bins": pa.FixedSizeListArray.from_arrays(pa.array([i, 2 * i], pa.uint16()), 2),
                "lang": pa.array([name]).dictionary_encode(),
            }
        )
        for i, name in enumerate(["en", "th", "zh"])
    ]
    table = pa.concat_tables(parts)
    write_shuffle(path, table, np.array([2**64 - 1, 0, 0], np.uint64), 2)
    assert read_shuffle([path], 0).to_pylist() == table.slice(1).to_pylist()
    assert read_shuffle([path], 1).to_pylist() == table.slice(0, 1).to_pylist()


def test_remote_paths(tmp_path):
    path = "memory://shuffle/map.arrow"
    write_shuffle(path, pa.table({"value": [1, 2]}), np.array([0, 2**63], np.uint64), 2)
    assert read_shuffle([path, path], 1).column("value").to_pylist() == [2, 2]


def test_the_same_rows_give_the_same_bytes(tmp_path):
    keys = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)
    table = pa.table({"key": keys})
    write_shuffle(str(tmp_path / "a"), table, keys, 7)
    write_shuffle(str(tmp_path / "b"), pa.concat_tables([table[:300], table[300:]]), keys, 7)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_bucket_count_depends_on_rows_only():
    assert [bucket_count(rows, 10) for rows in (0, 1, 10, 11, 100)] == [1, 1, 1, 2, 10]


def test_mistakes_are_named(tmp_path):
    table = pa.table({"value": [1]})
    with pytest.raises(ValueError, match="2 keys for 1 rows"):
        write_shuffle(str(tmp_path / "x"), table, np.zeros(2, np.uint64), 1)
    with pytest.raises(ValueError, match="buckets is 0"):
        write_shuffle(str(tmp_path / "x"), table, np.zeros(1, np.uint64), 0)
    with pytest.raises(TypeError, match="int64"):
        write_shuffle(str(tmp_path / "x"), table, np.zeros(1, np.int64), 1)
    with pytest.raises(ValueError, match="at least one file"):
        read_shuffle([], 0)
    assert list(tmp_path.iterdir()) == []
