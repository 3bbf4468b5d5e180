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


def urls(*addresses):
    return documents([f"text {i}" for i in range(len(addresses))], url=pa.array(addresses))


def test_one_address_is_one_document_and_no_address_is_no_key(tmp_path):
    table = urls("http://a.example/x", None, "https://www.a.example/x/?utm_id=7#top", None, "")
    said = run_barrier(ExactDedup(by="url"), [table], tmp_path)
    assert removed(said) == {"00002": "00000"}
    assert said["00002"]["drop_reason"] == "url_duplicate: copies 2 vs 1"
    assert run_barrier(ExactDedup(by="url"), [documents(["a", "a"])], tmp_path / "none") == {}


def test_several_keys_in_one_pass(tmp_path):
    """b goes for a's text; c shares an address with b alone, which is not kept: c stays."""
    table = documents(
        ["one", "one", "two", "TWO!", "one"],
        ids=["a", "b", "c", "d", "e"],
        url=pa.array([None, "x.example", "x.example", "y.example", "x.example"]),
    )
    stage = ExactDedup(by=["url", "text", "normalized_text"])
    said = run_barrier(stage, [table[:2], table[2:]], tmp_path)
    assert removed(said) == {"b": "a", "d": "c", "e": "c"}
    reasons = {row_id: row["drop_reason"].split(":")[0] for row_id, row in said.items()}
    assert reasons == {"b": "exact_duplicate", "d": "normalized_duplicate", "e": "url_duplicate"}


@pytest.mark.parametrize(
    ("scope", "gone"),
    [("all", {"b", "c", "d"}), ("language", {"b", "d"}), ("source", {"c", "d"})],
)
def test_scope(tmp_path, scope, gone):
    table = documents(
        ["same"] * 4,
        ids=["a", "b", "c", "d"],
        lang=pa.array(["en", "en", None, None]),
        source=pa.array(["web", "books", "web", "books"]),
    )
    assert removed(run_barrier(ExactDedup(scope=scope), [table], tmp_path)).keys() == gone


def greedy(rows):
    """Who goes for whom, by the rule of the module, one document after the other."""
    claimed, gone = {}, {}
    for row_id, *keys in sorted(rows):
        keys = [(number, key) for number, key in enumerate(keys) if key is not None]
        owner = next((claimed[key] for key in keys if key in claimed), None)
        if owner is None:
            claimed |= dict.fromkeys(keys, row_id)
        else:
            gone[row_id] = owner
    return gone


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from([None, "p", "q", "r", "s"])), max_size=30
    ),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_several_keys_equal_the_reference(tmp_path_factory, rows, count, shuffle):
    rows = [(f"{i:03d}", text, url) for i, (text, url) in enumerate(rows)]
    expected = greedy(rows)
    shuffle.shuffle(rows)
    parts = [
        documents(
            [text for _, text, _ in part],
            ids=pa.array([row_id for row_id, *_ in part], pa.string()),
            url=pa.array([url for *_, url in part], pa.string()),
        )
        for part in (rows[i::count] for i in range(count))
    ]
    stage = ExactDedup(by=["text", "url"])
    folder = tmp_path_factory.mktemp("greedy")
    assert removed(run_barrier(stage, parts, folder, batch_rows=3)) == expected


def test_two_records_equal_in_id_and_text_leave_exactly_one(tmp_path):
    said = run_barrier(ExactDedup(), [documents(["x", "x"], ["a", "a"])], tmp_path)
    assert len(said) == 1


def test_settings_are_strict():
    with pytest.raises(ValueError, match="by"):
        ExactDedup(by="address")
    with pytest.raises(ValueError, match="names a key twice: url, url"):
        ExactDedup(by=["url", "url"])
    assert ExactDedup(by="url").by == ("url",)
