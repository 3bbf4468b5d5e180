"""Sets of shingles, and the exact similarity of pairs of them."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.shingle_kernels import jaccards
from stages.dedup.shingles import shingle_sets

from . import minhash_reference as reference
from .test_minhash import SETS, near_duplicates

ALL_BITS, TOP_40_BITS = np.uint64(2**64 - 1), np.uint64(2**64 - 2**24)
TEXTS = st.lists(
    st.lists(
        st.sampled_from(["a", "bee", "中", "文字", "ที่", "Word", "longer-than-eight", "¡"]),
        max_size=30,
    ),
    max_size=6,
).map(lambda texts: [" ".join(words) for words in texts])


def sets_of(texts, ngram):
    tokens = np.array([len(reference.tokens_of(text)) for text in texts], np.int64)
    values, sizes = shingle_sets(
        pa.chunked_array([pa.array(texts, pa.large_string())]), tokens, ngram
    )
    return values, np.append(0, np.cumsum(sizes)).astype(np.int64)


def hashes(text, ngram):
    """The distinct shingle hashes, in the order of their first occurrence."""
    tokens = reference.tokens_of(text)
    count = max(len(tokens) - ngram + 1, 1 if tokens else 0)
    found = {}
    for i in range(count):
        polynomial = 0
        for token in tokens[i : i + ngram]:
            polynomial = (
                polynomial * reference.BASE + reference.token_hash(token)
            ) & reference.MASK
        found[reference.splitmix(polynomial)] = None
    return list(found)


@settings(max_examples=150)
@given(TEXTS, st.integers(1, 6))
def test_sets_equal_the_reference(texts, ngram):
    values, starts = sets_of(texts, ngram)
    found = [values[a:b].tolist() for a, b in pairwise(starts)]
    assert found == [hashes(text, ngram) for text in texts]


@settings(max_examples=100)
@given(TEXTS.filter(bool), st.sampled_from([ALL_BITS, TOP_40_BITS]), st.data())
def test_similarities_equal_the_reference(texts, bits, data):
    values, starts = sets_of(texts, 2)
    places = st.integers(0, len(texts) - 1)
    pairs = sorted(data.draw(st.lists(st.tuples(places, places), max_size=12)))
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
    found = np.empty(len(pairs))
    jaccards(values, starts, left, values & bits, starts, right, bits, found)
    for (i, j), value in zip(pairs, found.tolist(), strict=True):
        both = reference.shingles_of(texts[i], 2) | reference.shingles_of(texts[j], 2)
        assert value == (reference.jaccard(texts[i], texts[j], 2) if both else 0.0)


@pytest.mark.parametrize("name", SETS)
def test_the_given_similarities_of_real_pairs(development_data, name):
    """The truth folds less than we do (NFC and lower case), which moves a pair in a thousand."""
    _, texts, left, right, jaccard = near_duplicates(development_data, name)
    from stages.dedup.minhash import signatures

    column = pa.array(texts, pa.large_string())
    _, tokens, _ = signatures(column, np.ones(len(texts), np.bool_), 5, 128)
    values, sizes = shingle_sets(pa.chunked_array([column]), tokens, 5)
    starts = np.append(0, np.cumsum(sizes)).astype(np.int64)
    order = np.argsort(left, kind="stable")
    found = np.empty(len(left))
    jaccards(values, starts, left[order], values, starts, right[order], ALL_BITS, found)
    error = np.abs(found - jaccard[order])
    assert error.mean() < 2e-4
    assert error.max() < 0.03
