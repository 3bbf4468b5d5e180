"""Rows by number, and which of them are still there."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.barrier_files import (
    LEAST_BUCKET_BYTES,
    MOST_BUCKET_BYTES,
    Plan,
    bucket_bytes,
    gather,
    live_rows,
)
from stages.base import Partition

from .barrier_engine import write_file


def partitions(folder, sizes, batch_rows=3):
    """Key files with the node of each row in ``value``; every fifth row is not alive."""
    parts, node = [], 0
    for index, rows in enumerate(sizes):
        values = np.arange(node, node + rows)
        table = pa.table({"value": values, "name": values.astype(str), "alive": values % 5 != 0})
        batches = table.to_batches(max_chunksize=batch_rows) or [
            pa.RecordBatch.from_pylist([], table.schema)
        ]
        keys = write_file(folder / f"keys-{index}.arrow", batches)
        parts.append(Partition(index, rows, "", keys, ()))
        node += rows
    return tuple(parts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=5), st.data())
def test_gather_finds_the_rows_in_order(tmp_path_factory, sizes, data):
    folder = tmp_path_factory.mktemp("gather")
    plan = Plan(str(folder), partitions(folder, sizes), {})
    nodes = sorted(data.draw(st.sets(st.sampled_from(range(sum(sizes))))) if sum(sizes) else [])
    found = gather(plan, np.array(nodes, np.int64), ("name", "value"))
    assert found.column_names == ["name", "value"]
    assert found.column("value").to_pylist() == nodes


def test_live_rows_ask_the_keys_and_the_annotations(tmp_path):
    (part,) = partitions(tmp_path, [8])
    said = pa.table({"row": [1, 7], "drop_reason": pa.array(["rule: 1 vs 0", None])})
    path = write_file(tmp_path / "said.arrow", said.to_batches())
    part = Partition(0, 8, "", part.keys, (path,))
    assert np.flatnonzero(live_rows(part)).tolist() == [2, 3, 4, 6, 7]


def test_keys_that_do_not_fit_are_an_error(tmp_path):
    (part,) = partitions(tmp_path, [8])
    with pytest.raises(ValueError, match="8 keys for 9 rows"):
        live_rows(Partition(0, 9, "", part.keys, ()))


def test_a_plan_survives_the_disk(tmp_path):
    plan = Plan(str(tmp_path), partitions(tmp_path, [2, 0]), {"threshold": 0.8})
    plan.save()
    assert Plan.load(str(tmp_path)) == plan
    assert plan.first_nodes().tolist() == [0, 2, 2]


def test_buckets_are_as_large_as_partitions(tmp_path):
    def of(*sizes):
        parts = []
        for index, size in enumerate(sizes):
            path = tmp_path / f"{size}.arrow"
            with path.open("wb") as file:
                file.truncate(size)
            parts.append(Partition(index, 1, str(path), "", ()))
        return bucket_bytes(parts)

    assert of(1, 20 << 20) == 20 << 20
    assert of(5) == of() == LEAST_BUCKET_BYTES
    assert of(1 << 40) == MOST_BUCKET_BYTES
