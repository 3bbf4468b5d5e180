"""Of equal texts the smallest id stays, wherever the documents lie."""

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.exact_dedup import ExactDedup

from ..barrier_engine import documents, run_barrier


def removed(said):
    return {row_id: row["duplicate_of"] for row_id, row in said.items()}


def test_the_smallest_id_stays(tmp_path):
    table = documents(["same", "other", "same", "same", ""], ids=["c", "d", "a", "b", "e"])
    said = run_barrier(ExactDedup(), [table], tmp_path)
    assert removed(said) == {"b": "a", "c": "a"}
    assert said["b"]["drop_reason"] == "exact_duplicate: copies 3 vs 1"


def test_rows_dropped_before_take_no_part(tmp_path):
    stage_column = pa.array(["langid", None, None, None], pa.string())
    table = documents(["same"] * 4, ids=["a", "b", "c", "d"], drop_stage=stage_column)
    earlier = pa.table({"row": [1, 2], "drop_reason": pa.array(["barrier: 1 vs 0", None])})
    said = run_barrier(ExactDedup(), [table], tmp_path, annotations=[[earlier]])
    assert removed(said) == {"d": "c"}
    assert said["d"]["drop_reason"] == "exact_duplicate: copies 2 vs 1"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["", "a", "b", "A b", "ก", "a "]), max_size=30),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_order_and_partitions_do_not_matter(tmp_path_factory, texts, count, shuffle):
    table = documents(texts)
    order = list(range(len(texts)))
    shuffle.shuffle(order)
    mixed = table.take(pa.array(order, pa.int64()))
    parts = [mixed.take(pa.array(range(i, len(order), count), pa.int64())) for i in range(count)]
    said = run_barrier(ExactDedup(), parts, tmp_path_factory.mktemp("mixed"), batch_rows=3)
    first = {}
    for row_id, text in zip(table.column("id").to_pylist(), texts, strict=True):
        first.setdefault(text, row_id)
    expected = {
        row_id: first[text]
        for row_id, text in zip(table.column("id").to_pylist(), texts, strict=True)
        if first[text] != row_id
    }
    assert removed(said) == expected


def test_the_same_files_twice(tmp_path):
    shuffle = random.Random(1)
    table = documents([str(shuffle.randrange(50)) for _ in range(200)])
    for name in ("one", "two"):
        run_barrier(ExactDedup(), [table[:70], table[70:]], tmp_path / name)
    for path in sorted((tmp_path / "one" / "barrier").rglob("part-*.arrow")):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()


def test_normalized_text_folds_typography(tmp_path):
    texts = ["Page 12 — Ａbc!", "page 7: abc", "page abc", "...", "!!!", "..."]
    said = run_barrier(ExactDedup(by="normalized_text"), [documents(texts)], tmp_path)
    assert removed(said) == {"00001": "00000", "00005": "00003"}


def test_settings_are_strict():
    with pytest.raises(ValueError, match="by"):
        ExactDedup(by="url")
