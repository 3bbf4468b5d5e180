"""Near-duplicates end to end: who goes, for whom, and that nothing else matters."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.barrier_files import Plan
from stages.dedup import minhash_steps
from stages.dedup.minhash_dedup import MinHashDedup

from ..barrier_engine import documents, run_barrier
from . import minhash_reference as reference
from .test_minhash import SETS, near_duplicates

WORDS = [f"word{i}" for i in range(400)]


def changed(count, base=0):
    """A text of 200 words of which the last ``count`` are other ones."""
    words = WORDS[base : base + 200]
    return " ".join([*words[: 200 - count], *(f"new{base}x{i}" for i in range(count))])


def removed(said):
    return {row_id: row["duplicate_of"] for row_id, row in said.items() if row["duplicate_of"]}


def test_one_of_three_stays(tmp_path):
    table = documents([changed(1), changed(0, 150), changed(0), changed(3) + " and more"])
    said = run_barrier(MinHashDedup(), [table], tmp_path)
    assert removed(said) == {"00000": "00003", "00002": "00003"}
    estimate = reference.estimate(
        *(reference.signature(table.column("text")[i].as_py(), 5, 128)[0] for i in (2, 3))
    )
    assert said["00002"] == {
        "row": 2,
        "drop_reason": f"minhash_duplicate: {estimate:.2f} vs 0.80",
        "duplicate_of": "00003",
        "cluster_id": "00003",
        "cluster_size": 3,
    }
    assert said["00003"]["drop_reason"] is None
    assert said["00003"]["cluster_size"] == 3
    assert "00001" not in said


@pytest.mark.parametrize(
    ("keep", "quality", "kept"),
    [
        ("first", None, "a"),
        ("longest", [0.9, 0.1, 0.5], "b"),
        ("best_quality", None, "b"),
        ("best_quality", [0.1, math.nan, 0.5], "c"),
        ("best_quality", [None, None, None], "b"),
        ("best_quality", [0.5, 0.5, 0.5], "b"),
    ],
)
def test_which_one_stays(tmp_path, keep, quality, kept):
    columns = {} if quality is None else {"quality": pa.array(quality, pa.float32())}
    texts = [changed(0), changed(0) + " longer by some words", changed(0)]
    said = run_barrier(
        MinHashDedup(keep=keep), [documents(texts, ["a", "b", "c"], **columns)], tmp_path
    )
    assert set(removed(said).values()) == {kept}
    assert len(removed(said)) == 2


def test_rows_dropped_before_take_no_part(tmp_path):
    dropped = pa.array(["langid", None, None, None], pa.string())
    table = documents([changed(i) for i in range(4)], drop_stage=dropped)
    earlier = pa.table({"row": [1, 2], "drop_reason": pa.array(["exact: 1 vs 0", None])})
    said = run_barrier(MinHashDedup(), [table], tmp_path, annotations=[[earlier]])
    assert set(said) == {"00002", "00003"}


def test_short_texts_must_be_the_same(tmp_path):
    """Below five words a text has one shingle, below eight under four: too few to estimate."""
    texts = ["Hello world", "hello, world!", "hello there", "a b c d e f", "a b c d e g", "", "!"]
    said = run_barrier(MinHashDedup(keep="first"), [documents(texts)], tmp_path)
    assert removed(said) == {"00001": "00000"}


def test_no_chains(tmp_path):
    """Each text is near the next one, the far ones are not near each other."""
    texts = [" ".join(f"w{j}" for j in range(12 * i, 12 * i + 400)) for i in range(12)]
    table = documents(texts)
    said = run_barrier(MinHashDedup(keep="first"), [table], tmp_path)
    text = dict(zip(table.column("id").to_pylist(), texts, strict=True))
    assert removed(said)
    assert len(set(text) - set(removed(said))) > 1
    for row_id, kept in removed(said).items():
        assert kept not in removed(said)
        assert reference.jaccard(text[row_id], text[kept]) > 0.7


CHANGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.sampled_from([None, 0.2, 0.8])),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(CHANGES, st.integers(1, 5), st.randoms(use_true_random=False), st.booleans())
def test_order_and_partitions_do_not_matter(tmp_path_factory, changes, count, shuffle, verify):
    texts = [changed(some, 50 * base) for base, some, _ in changes]
    quality = pa.array([value for *_, value in changes], pa.float32())
    table = documents(texts, quality=quality)
    stage = MinHashDedup(verify="signature" if verify else "none")
    expected = run_barrier(stage, [table], tmp_path_factory.mktemp("one"))
    order = list(range(len(texts)))
    shuffle.shuffle(order)
    mixed = table.take(pa.array(order))
    parts = [mixed.take(pa.array(range(i, len(order), count), pa.int64())) for i in range(count)]
    said = run_barrier(stage, parts, tmp_path_factory.mktemp("mixed"), batch_rows=3)
    for row in (*expected.values(), *said.values()):
        del row["row"]
    assert said == expected


def test_many_buckets_and_batches_change_nothing(tmp_path, monkeypatch):
    """Small limits make many tasks of each step: the answer stays."""
    table = documents([changed(i % 40, 50 * (i % 4)) for i in range(300)])
    expected = run_barrier(MinHashDedup(), [table], tmp_path / "one")
    monkeypatch.setattr("stages.dedup.minhash_dedup.BAND_RECORDS_PER_BUCKET", 100)
    monkeypatch.setattr("stages.dedup.minhash_steps.NODES_PER_BATCH", 50)
    assert run_barrier(MinHashDedup(), [table], tmp_path / "many") == expected
    assert len(list((tmp_path / "many" / "barrier" / "pairs").iterdir())) == 54


def test_the_same_files_twice(tmp_path):
    parts = [documents([changed(i % 20, 50 * (i % 3)) for i in range(60)])]
    for name in ("one", "two"):
        run_barrier(MinHashDedup(), parts, tmp_path / name)
    files = sorted((tmp_path / "one" / "barrier").rglob("part-*.arrow"))
    assert len(files) == 6
    for path in files:
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()


def test_a_giant_cluster(tmp_path):
    """20,000 texts that differ in one word each: one stays, and the work is linear."""
    table = documents([" ".join([*WORDS[:150], f"item{i}"]) for i in range(20_000)])
    said = run_barrier(MinHashDedup(), [table], tmp_path, batch_rows=4096)
    assert len(removed(said)) == 19_999
    assert len(set(removed(said).values())) == 1


def test_a_template_with_many_survivors(tmp_path):
    """2,000 texts half of which is shared and 100 kinds of the rest: 100 stay."""
    texts = []
    for i in range(2000):
        own = [f"k{i % 100}x{j}" for j in range(120)]
        texts.append(" ".join([*WORDS[:120], *own, f"item{i}"]))
    said = run_barrier(MinHashDedup(threshold=0.7), [documents(texts)], tmp_path, batch_rows=500)
    assert len(removed(said)) == 1900
    for row_id, kept in removed(said).items():
        assert int(row_id) % 100 == int(kept) % 100


def test_nothing_to_do(tmp_path):
    assert MinHashDedup().run([], str(tmp_path), None) == []
    assert run_barrier(MinHashDedup(), [documents([])], tmp_path / "empty") == {}
    assert run_barrier(MinHashDedup(), [documents([]), documents(["x y"])], tmp_path / "one") == {}


@pytest.mark.parametrize("name", SETS)
def test_real_near_duplicates_end_to_end(development_data, tmp_path, name):
    """Nearly every removed document is truly 0.8 like its survivor, none is below 0.7."""
    ids, texts, left, right, jaccard = near_duplicates(development_data, name)
    truth = {}
    for a, b, value in zip(left.tolist(), right.tolist(), jaccard.tolist(), strict=True):
        truth[ids[a], ids[b]] = truth[ids[b], ids[a]] = value
    said = run_barrier(MinHashDedup(), [documents(texts, ids)], tmp_path, batch_rows=300)
    gone = removed(said)
    similarity = np.array([truth.get(pair, 0.0) for pair in gone.items()])
    assert (similarity >= 0.8).mean() >= 0.95
    assert similarity.min() >= 0.7
    both_stay = [
        pair for pair, value in truth.items() if value >= 0.85 and not gone.keys() & set(pair)
    ]
    assert len(both_stay) / 2 <= 0.01 * (jaccard >= 0.85).sum()


def test_survivor_order_is_total():
    known = pa.table(
        {
            "quality": pa.chunked_array([pa.array([None, 0.5, 0.5, 0.5, -0.0, 0.0], pa.float32())]),
            "length": pa.array([9, 1, 2, 2, 3, 3]),
            "id": pa.array(["a", "b", "d", "c", "f", "e"]),
        }
    )
    order = minhash_steps.survivor_order(known, Plan("", (), {"keep": "best_quality"}))
    assert known.column("id").take(pa.array(order)).to_pylist() == ["c", "d", "b", "e", "f", "a"]


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"bins": 100}, "power of two"),
        ({"bands": 18}, "give both"),
        ({"bands": 20, "rows": 7}, "140"),
        ({"threshold": 0.1, "bins": 16}, "use more bins"),
        ({"permutations": 112}, "permutations"),
    ],
)
def test_mistakes_in_settings_are_named(settings_, message):
    with pytest.raises(ValueError, match=message):
        MinHashDedup(**settings_)


def test_bands_are_chosen_or_given():
    assert MinHashDedup().cut() == (18, 7)
    assert MinHashDedup(bands=12, rows=4).cut() == (12, 4)
