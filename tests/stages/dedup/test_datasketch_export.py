"""Signatures in another library's objects: as good as its own, and good to ask an index with."""

import numpy as np
import pyarrow as pa
import pytest

from stages.dedup.datasketch_export import index_hashes, index_lsh, min_hashes, query
from stages.dedup.minhash_dedup import MinHashDedup

from ..barrier_engine import documents, run_barrier
from . import minhash_reference as reference
from .test_minhash import SETS, near_duplicates
from .test_minhash_dedup import changed

datasketch = pytest.importorskip("datasketch")


@pytest.fixture
def index(tmp_path):
    path = str(tmp_path / "index")
    run_barrier(
        MinHashDedup(index=path, index_name="a"),
        [documents([changed(0), changed(0, 150)], ["a1", "a2"]), documents([], [])],
        tmp_path / "a",
    )
    third = documents([changed(0, 200), "too short"], ["b1", "b2"])
    run_barrier(MinHashDedup(index=path, index_name="b"), [third], tmp_path / "b")
    return path


def test_values_are_the_dense_bins():
    [signature, nothing] = min_hashes([changed(0), "…"])
    raw, *_ = reference.signature(changed(0), 5, 128)
    assert signature.hashvalues.tolist() == reference.densified(raw)
    assert nothing is None


def test_a_query_finds_what_is_alike(index):
    texts = [changed(2), changed(1, 150), changed(0, 100)]
    found = query(index, min_hashes(texts))
    assert [[document_id for document_id, _ in some] for some in found] == [["a1"], ["a2"], []]
    truth = reference.jaccard(texts[0], changed(0))
    assert found[0][0][1] == pytest.approx(truth, abs=0.1)
    assert query(index, min_hashes([changed(0, 200)]))[0] == [("b1", 1.0)]


def test_an_index_becomes_an_lsh_of_datasketch(index):
    lsh = index_lsh(index)
    assert set(index_hashes(index)) == {"a1", "a2", "b1", "b2"}
    [near, far] = min_hashes([changed(2), changed(0, 100)])
    assert lsh.query(near) == ["a1"]
    assert lsh.query(far) == []


def test_foreign_signatures_are_refused(index):
    theirs = datasketch.LeanMinHash(datasketch.MinHash(num_perm=128))
    with pytest.raises(ValueError, match="not made by min_hashes"):
        query(index, [theirs])
    with pytest.raises(ValueError, match="64 values"):
        query(index, min_hashes(["some words"], bins=64))
    [ours] = min_hashes(["some words"])
    with pytest.raises(ValueError, match="different"):
        ours.jaccard(theirs)


def test_the_scope_of_an_index(tmp_path):
    path = str(tmp_path / "index")
    table = documents([changed(0), changed(0)], ["a", "b"], lang=pa.array(["en", "de"]))
    run_barrier(MinHashDedup(index=path, scope="language"), [table], tmp_path / "run")
    hashes = min_hashes([changed(0)])
    assert query(path, hashes, scope="de") == [[("b", 1.0)]]
    assert query(path, hashes) == [[]]


def test_estimates_beside_datasketch_and_the_truth(development_data):
    """Exported, 128 values of ours err no more than 128 permutations of datasketch."""
    errors, rivals = [], []
    for name in SETS:
        _, texts, left, right, jaccard = near_duplicates(development_data, name)
        some = np.flatnonzero(jaccard > 0.5)[::12]
        rows = np.unique(np.concatenate((left[some], right[some]))).tolist()
        ours = dict(zip(rows, min_hashes([texts[row] for row in rows]), strict=True))
        theirs = {}
        for row in rows:
            theirs[row] = datasketch.MinHash(num_perm=128)
            shingles = sorted(reference.shingles_of(texts[row], 5))
            theirs[row].update_batch(["\0".join(shingle).encode() for shingle in shingles])
        for i in some.tolist():
            errors.append(ours[left[i]].jaccard(ours[right[i]]) - jaccard[i])
            rivals.append(theirs[left[i]].jaccard(theirs[right[i]]) - jaccard[i])
    assert np.sqrt(np.square(errors).mean()) <= 1.1 * np.sqrt(np.square(rivals).mean())
    assert abs(np.mean(errors)) <= 0.005
