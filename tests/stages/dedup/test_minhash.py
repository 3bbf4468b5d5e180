"""The arithmetic of MinHash: the S-curve, the choice of bands, how good estimates are."""

import io

import numpy as np
import orjson
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from stages.dedup.minhash import (
    Bands,
    bands_of,
    choose_bands,
    match_probability,
    s_curve,
    signatures,
)

from . import minhash_reference as reference

SETS = ("en_otel", "multi_fastapi", "zh_pingcap")


def test_the_s_curve():
    assert match_probability(0.8, 18, 7) == pytest.approx(0.9855, abs=1e-4)
    assert match_probability(0.4, 18, 7) == pytest.approx(0.0291, abs=1e-4)
    assert match_probability(np.array([0.0, 1.0]), 18, 7).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("jaccard", [0.3, 0.6, 0.8, 0.9])
def test_the_s_curve_equals_simulation(jaccard):
    agree = np.random.default_rng(7).random((20_000, 18, 7)) < jaccard
    simulated = agree.all(axis=2).any(axis=1).mean()
    assert simulated == pytest.approx(match_probability(jaccard, 18, 7), abs=0.015)


def test_bands_for_the_usual_thresholds():
    assert choose_bands(128, 0.85, 0.999) == (18, 7)
    assert choose_bands(128, 0.8, 0.98) == (17, 7)
    assert choose_bands(128, 0.75, 0.999) == (19, 4)
    assert choose_bands(128, 1.0, 0.98) == (1, 128)


def test_the_curve_for_the_summary():
    curve = s_curve(18, 7)
    assert list(curve)[::10] == ["0.00", "0.50", "1.00"]
    assert curve["0.85"] == pytest.approx(match_probability(0.85, 18, 7), abs=1e-6)


@given(st.sampled_from([16, 64, 128, 256]), st.floats(0.02, 1), st.floats(0.5, 0.9999))
def test_chosen_bands_find_enough_and_neither_one_row_more_nor_one_band_less(bins, at, recall):
    if match_probability(at, bins, 1) < recall:
        with pytest.raises(ValueError, match="use more bins"):
            choose_bands(bins, at, recall)
        return
    bands, rows = choose_bands(bins, at, recall)
    assert bands * rows <= bins
    assert match_probability(at, bands, rows) >= recall
    assert match_probability(at, bands - 1, rows) < recall
    if rows < bins:
        assert match_probability(at, bins // (rows + 1), rows + 1) < recall


def mutated(words, share, generator):
    """The words with a share of them replaced by new ones."""
    words = list(words)
    for i in np.flatnonzero(generator.random(len(words)) < share):
        words[i] = f"new{generator.integers(1 << 60)}"
    return " ".join(words)


def test_the_estimate_is_unbiased_and_as_sure_as_promised():
    """Mean error near 0, standard deviation at most that of 128 independent bins.

    Every pair has words of its own: pairs that share a document share its luck.
    """
    generator = np.random.default_rng(3)
    texts = []
    for i in range(300):
        words = [f"{i}w{j}" for j in range(400)]
        texts += [" ".join(words), mutated(words, 0.03, generator)]
    values, _, _ = signatures(pa.array(texts, pa.large_string()), np.ones(600, bool), 5, 128)
    pairs = range(0, 600, 2)
    truth = np.array([reference.jaccard(texts[i], texts[i + 1]) for i in pairs])
    rows = values.tolist()
    error = np.array([reference.estimate(rows[i], rows[i + 1]) for i in pairs]) - truth
    promised = np.sqrt((truth * (1 - truth) / 128).mean())
    assert abs(error.mean()) < 3 * promised / np.sqrt(len(pairs))
    assert np.sqrt((error**2).mean()) < 1.1 * promised


def test_densified_bands_of_short_texts_find_what_the_curve_says():
    """Texts of 30 shingles leave 100 of 128 bins empty; the bands work as if they were full."""
    generator = np.random.default_rng(5)
    texts = []
    for i in range(1500):
        words = [f"d{i}w{j}" for j in range(34)]
        texts += [" ".join(words), " ".join([*words[:-3], "x", "y", "z"])]
    assert reference.jaccard(*texts[:2]) == pytest.approx(27 / 33)
    values, _, hashes = signatures(pa.array(texts, pa.large_string()), np.ones(3000, bool), 5, 128)
    keys, rows = bands_of(values, hashes, np.ones(3000, bool), Bands(18, 7))
    keys = keys.reshape(3000, 18)
    assert np.array_equal(rows, np.repeat(np.arange(3000), 18))
    found = (keys[::2] == keys[1::2]).any(axis=1).mean()
    assert found > 0.95
    unlike = generator.permutation(1500)
    assert not (keys[::2] == keys[::2][unlike])[unlike != np.arange(1500)].any()


def near_duplicates(folder, name):
    """Ids, texts and the true pairs (rows of the two, Jaccard) of a set."""

    def lines(path):
        with path.open("rb") as raw:
            stream = zstandard.ZstdDecompressor().stream_reader(raw)
            return [orjson.loads(line) for line in io.TextIOWrapper(stream, "utf-8")]

    documents = lines(folder / "neardup" / f"neardup_{name}_docs.jsonl.zst")
    pairs = lines(folder / "neardup" / f"neardup_{name}_pairs.jsonl.zst")
    row = {document["id"]: i for i, document in enumerate(documents)}
    left, right = (np.array([row[pair[side]] for pair in pairs]) for side in "ab")
    jaccard = np.array([pair["jaccard_word5"] for pair in pairs])
    return list(row), [document["text"] for document in documents], left, right, jaccard


@pytest.mark.parametrize("name", SETS)
def test_real_near_duplicates(development_data, name):
    _, texts, left, right, jaccard = near_duplicates(development_data, name)
    everything = np.ones(len(texts), np.bool_)
    values, _, hashes = signatures(pa.array(texts, pa.large_string()), everything, 5, 128)
    a, b = values[left], values[right]
    estimates = ((a == b) & (a != 0)).sum(axis=1) / ((a | b) != 0).sum(axis=1)
    assert np.sqrt(((estimates - jaccard) ** 2).mean()) <= 0.05
    assert abs((estimates - jaccard).mean()) <= 0.01
    keys, rows = bands_of(values, hashes, everything, Bands(18, 7))
    table = np.zeros((len(texts), 18), np.uint64)
    for i in range(18):
        first = np.searchsorted(rows, np.arange(len(texts))) + i
        has = np.bincount(rows, minlength=len(texts)) > i
        table[has, i] = keys[first[has]]
    found = ((table[left] == table[right]) & (table[left] != 0)).any(axis=1)
    assert found[jaccard >= 0.85].mean() >= 0.99
    assert found[jaccard < 0.4].mean() < 0.05


def test_as_good_as_datasketch(development_data):
    """One permutation in 128 bins errs no more than 128 permutations of datasketch."""
    datasketch = pytest.importorskip("datasketch")
    _, texts, left, right, jaccard = near_duplicates(development_data, "zh_pingcap")
    some = np.flatnonzero(jaccard > 0.5)[::16]
    rows = np.unique(np.concatenate((left[some], right[some])))
    theirs = {}
    for row in rows.tolist():
        theirs[row] = datasketch.MinHash(num_perm=128)
        shingles = reference.shingles_of(texts[row], 5)
        theirs[row].update_batch(["\0".join(shingle).encode() for shingle in sorted(shingles)])
    column = pa.array([texts[row] for row in rows.tolist()], pa.large_string())
    values, _, _ = signatures(column, np.ones(len(rows), np.bool_), 5, 128)
    ours = dict(zip(rows.tolist(), values.tolist(), strict=True))
    pairs = [(int(left[i]), int(right[i])) for i in some]
    error = np.array([reference.estimate(ours[a], ours[b]) for a, b in pairs]) - jaccard[some]
    rival = np.array([theirs[a].jaccard(theirs[b]) for a, b in pairs]) - jaccard[some]
    assert np.sqrt((error**2).mean()) <= 1.15 * np.sqrt((rival**2).mean())
