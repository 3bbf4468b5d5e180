"""Deduplicating B against what A kept: the rule, the files, and what a killed run leaves."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.dedup.index_files import Entry, entry_names, packed, unpacked
from stages.dedup.minhash_dedup import MinHashDedup

from ..barrier_engine import SerialEngine, documents, run_barrier
from . import minhash_reference as reference
from .test_minhash import SETS, near_duplicates
from .test_minhash_dedup import changed, removed


def test_what_is_like_an_earlier_document_goes(tmp_path):
    """Also its copies, and also where a better document of its own run would be there."""
    index = str(tmp_path / "index")
    first = documents([changed(0), changed(0, 150), changed(2)], ["a1", "a2", "a3"])
    run_barrier(MinHashDedup(index=index), [first], tmp_path / "a")
    second = [
        documents([changed(1), changed(1) + " and so much more", "new"], ["b1", "b2", "b3"]),
        documents(
            [changed(1), changed(0, 150).title(), "new", changed(1)], ["b4", "b5", "b6", "b7"]
        ),
    ]
    said = run_barrier(MinHashDedup(index=index), second, tmp_path / "b")
    assert removed(said) == {
        **dict.fromkeys(["b1", "b2", "b4", "b7"], "a1"), "b5": "a2", "b6": "b3",
    }  # fmt: skip
    alike = reference.jaccard(changed(1), changed(0))
    assert said["b4"]["drop_reason"] == f"minhash_duplicate: {alike:.2f} vs 0.80"
    assert said["b5"]["drop_reason"] == "minhash_duplicate: 1.00 vs 0.80"
    assert (said["b4"]["cluster_id"], said["b4"]["cluster_size"]) == ("a1", None)
    assert (said["b6"]["cluster_id"], said["b6"]["cluster_size"]) == ("b3", 2)
    assert [Entry.load(f"{index}/{name}").documents for name in entry_names(index)] in (
        [2, 1],
        [1, 2],
    )


def test_a_run_does_not_meet_itself(tmp_path):
    """A second time, in another order: the same answer, the same single entry, the same bytes."""
    stage = MinHashDedup(index=str(tmp_path / "index"), keep="first")
    table = documents([changed(i % 7, 50 * (i % 5)) for i in range(40)])
    expected = run_barrier(stage, [table[:25], table[25:]], tmp_path / "one")
    files = {p: p.read_bytes() for p in (tmp_path / "index").rglob("*") if p.is_file()}
    assert run_barrier(stage, [table[:25], table[25:]], tmp_path / "two") == expected
    assert {p: p.read_bytes() for p in (tmp_path / "index").rglob("*") if p.is_file()} == files
    parts = [table[25:], table[:25]]
    said = run_barrier(stage, parts, tmp_path / "three")
    assert removed(said) == removed(expected)
    assert len(entry_names(str(tmp_path / "index"))) == 1


def test_a_named_entry_is_replaced(tmp_path):
    index = tmp_path / "index"
    stage = MinHashDedup(index=str(index), index_name="2024-10")
    run_barrier(stage, [documents([changed(0)]), documents([changed(0, 150)])], tmp_path / "one")
    run_barrier(stage, [documents([changed(0, 200)])], tmp_path / "two")
    assert entry_names(str(index)) == ["2024-10"]
    assert Entry.load(f"{index}/2024-10").documents == 1
    assert sorted(p.name for p in (index / "2024-10").iterdir()) == [
        "bands-00000.arrow", "index.json", "part-00000.arrow", "shingles-00000.arrow",
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=1, max_size=25),
)
def test_a_then_b_equals_the_rule(tmp_path_factory, a, b):
    """With a band a bin nothing is overlooked: B meets A's kept first, then its own."""
    folder = tmp_path_factory.mktemp("index")
    stage = MinHashDedup(
        threshold=0.6, index=str(folder / "index"), bins=512, bands=512, rows=1, keep="first"
    )
    a_texts, b_texts = ([changed(some, 50 * base) for base, some in side] for side in (a, b))
    a_ids = [f"a{i:02d}" for i in range(len(a))]
    b_ids = [f"b{i:02d}" for i in range(len(b))]
    table = documents(a_texts, a_ids)
    gone = removed(run_barrier(stage, [table], folder / "a"))
    kept = {i: t for i, t in zip(a_ids, a_texts, strict=True) if i not in gone}
    table = documents(b_texts, b_ids)
    cut = len(b) // 2
    gone = removed(run_barrier(stage, [table[:cut], table[cut:]], folder / "b"))
    expected = set()
    for row_id, text in zip(b_ids, b_texts, strict=True):
        if any(reference.jaccard(text, other) >= 0.6 for other in kept.values()):
            expected.add(row_id)
        else:
            kept[row_id] = text
    assert gone.keys() == expected
    texts = dict(zip(a_ids + b_ids, a_texts + b_texts, strict=True))
    assert all(reference.jaccard(texts[row], texts[by]) >= 0.6 for row, by in gone.items())


class KilledEngine(SerialEngine):
    """Records results like the real engine; dies before the n-th call that is not recorded."""

    def __init__(self, records, calls):
        self.records, self.calls = records, calls

    def map(self, step, function, items):
        results = []
        for i, item in enumerate(items):
            if (step, i) not in self.records:
                if self.calls == 0:
                    raise KeyboardInterrupt
                self.calls -= 1
                self.records[step, i] = json.loads(json.dumps(function(dict(item))))
            results.append(self.records[step, i])
        return results


def test_killed_anywhere_and_resumed_gives_the_same(tmp_path, monkeypatch):
    first = documents(
        [changed(i % 9, 50 * (i % 3)) for i in range(30)], [f"a{i}" for i in range(30)]
    )
    second = documents(
        [changed(i % 14, 50 * (i % 4)) for i in range(40)], [f"b{i}" for i in range(40)]
    )

    def run(folder, engine):
        monkeypatch.setattr("tests.stages.barrier_engine.SerialEngine", lambda: engine)
        stage = MinHashDedup(index=str(tmp_path / folder / "index"))
        return run_barrier(stage, [second[:20], second[20:]], tmp_path / folder / "b")

    def start(folder):
        run_barrier(
            MinHashDedup(index=str(tmp_path / folder / "index")), [first], tmp_path / folder
        )

    def files(folder):
        root = tmp_path / folder / "index"
        return {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    start("whole")
    records = {}
    expected = run("whole", KilledEngine(records, 1000))
    assert len(removed(expected)) > 20
    for calls in range(0, len(records), 3):
        folder = f"killed-{calls}"
        monkeypatch.undo()
        start(folder)
        done = {}
        with pytest.raises(KeyboardInterrupt):
            run(folder, KilledEngine(done, calls))
        assert run(folder, KilledEngine(done, 1000)) == expected
        assert files(folder) == files("whole")


@pytest.mark.parametrize("name", SETS)
def test_real_pages_in_two_crawls(development_data, tmp_path, name):
    """Even pages first, odd ones against their index: every removal is justified by the truth."""
    ids, texts, left, right, jaccard = near_duplicates(development_data, name)
    stage = MinHashDedup(index=str(tmp_path / "index"))
    gone = {}
    for crawl in (0, 1):
        part = documents(texts[crawl::2], ids[crawl::2])
        gone |= removed(run_barrier(stage, [part], tmp_path / str(crawl), batch_rows=300))
    truth = {}
    for a, b, value in zip(left.tolist(), right.tolist(), jaccard.tolist(), strict=True):
        truth[ids[a], ids[b]] = truth[ids[b], ids[a]] = value
    assert min(truth.get(pair, 0.0) for pair in gone.items()) >= 0.8
    even = set(ids[::2])
    assert sum(row not in even and by in even for row, by in gone.items()) > 50
    alike = [pair for pair, value in truth.items() if value >= 0.85]
    assert not [pair for pair in alike if not gone.keys() & set(pair)]
    # At once, another document of a cluster may stay; nearly as many do.
    at_once = removed(run_barrier(MinHashDedup(), [documents(texts, ids)], tmp_path / "once"))
    assert abs(len(at_once) - len(gone)) <= 0.02 * len(gone)


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=6), max_size=5))
def test_shingles_are_packed_in_five_bytes(sets):
    values = np.array([value for some in sets for value in some], np.uint64)
    column = packed(values, np.array([len(some) for some in sets], np.int64))
    assert [len(some) for some in column.to_pylist()] == [5 * len(some) for some in sets]
    data, offsets = text_buffers(column)
    assert unpacked(data[offsets[0] : offsets[-1]]).tolist() == [
        v >> 24 << 24 for v in values.tolist()
    ]


def test_what_does_not_fit_is_named(tmp_path):
    index = str(tmp_path / "index")
    stage = MinHashDedup(index=index, index_name="a", verify="signature")
    run_barrier(stage, [documents(["some text"])], tmp_path / "a")
    for other, message in [
        (MinHashDedup(index=index), "a/index.json: has no shingle sets"),
        (MinHashDedup(index=index, ngram=4), "made with ngram: 5, but this recipe has 4"),
        (MinHashDedup(index=index, scope="language"), "made with scope: all, but .* language"),
    ]:
        with pytest.raises(ValueError, match=message):
            run_barrier(other, [documents(["x"])], tmp_path / other.verify / str(other.ngram))


def test_an_empty_index_and_no_documents(tmp_path):
    stage = MinHashDedup(index=str(tmp_path / "index"))
    assert run_barrier(stage, [documents([])], tmp_path / "none") == {}
    assert run_barrier(stage, [documents(["a b c d e f"])], tmp_path / "one") == {}
