"""Vectors and cosines, against plain Python."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.bilingual.pairing.choosing import best_of, best_others, top_of
from stages.bilingual.pairing.features import Features
from stages.bilingual.pairing.space import SHRINKAGE, Side, Space, Table, itself
from stages.bilingual.pairing.vectors_kernels import heaviest

TOKENS = np.arange(1, 9, dtype=np.uint32)
WEIGHTS = np.array([1, 2, 3, 4, 0.5, 1.5, 2.5, 0], np.float32)
TARGETS = {11: [(0, 0.5), (3, 0.5)], 12: [(1, 1.0)], 13: [(6, 0.25), (7, 0.75)], 3: [(2, 0.6)]}
SPACE = Space(
    WEIGHTS,
    itself(TOKENS),
    Table(
        np.array(sorted(TARGETS), np.uint32),
        np.cumsum([0, *(len(TARGETS[t]) for t in sorted(TARGETS))]).astype(np.int64),
        np.array([e for t in sorted(TARGETS) for e, _ in TARGETS[t]], np.int32),
        np.array([s for t in sorted(TARGETS) for _, s in TARGETS[t]], np.float32),
    ),
)

documents = st.lists(
    st.lists(st.lists(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 99]), min_size=1,
                      max_size=5, unique=True), max_size=4), max_size=5,
)  # fmt: skip


def side(pages, right):
    """Documents of segments of tokens; every segment counts fully."""
    segments = [segment for page in pages for segment in page]
    features = Features(
        np.array([t for segment in segments for t in segment], np.uint32),
        np.cumsum([0, *(sum(map(len, page)) for page in pages)]).astype(np.int64),
        np.cumsum([len(segment) for segment in segments]).astype(np.int64),
        np.cumsum([0, *map(len, pages)]).astype(np.int64),
        np.zeros(len(segments), np.uint32),
    )
    table = SPACE.right if right else SPACE.left
    return Side(table.find(features.tokens), features, np.ones(len(segments), np.float32))


def reference(page, right):
    counts = Counter()
    for token in (t for segment in page for t in segment):
        targets = TARGETS.get(token, []) if right else [(token - 1, 1.0)] * (token <= 8)
        for entry, share in targets:
            counts[entry] += share
    return {
        entry: float(WEIGHTS[entry]) * (count if count <= 1 else 1 + math.log(count))
        for entry, count in counts.items()
    }


@settings(max_examples=60, deadline=None)
@given(documents, st.booleans())
def test_vectors_equal_the_reference(pages, right):
    vectors = SPACE.vectors(side(pages, right), right)
    for row, page in enumerate(pages):
        expected = reference(page, right)
        part = slice(vectors.offsets[row], vectors.offsets[row + 1])
        found = dict(
            zip(vectors.entries[part].tolist(), vectors.values[part].tolist(), strict=True)
        )
        assert found == pytest.approx(expected, abs=1e-4)
        assert vectors.norms[row] == pytest.approx(math.hypot(*expected.values()), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(documents, documents)
def test_cosines_equal_the_reference(lefts, rights):
    pairs = [(a, b) for b in range(len(rights)) for a in range(len(lefts))]
    vectors = [SPACE.vectors(side(pages, r), r) for r, pages in enumerate((lefts, rights))]
    columns = [np.array([pair[i] for pair in pairs], np.int64) for i in (0, 1)]
    found = SPACE.cosines(*columns, *vectors)
    for (a, b), cosine in zip(pairs, found.tolist(), strict=True):
        one, other = reference(lefts[a], False), reference(rights[b], True)
        product = sum(value * other.get(entry, 0) for entry, value in one.items())
        norms = [math.hypot(SHRINKAGE, *vector.values()) for vector in (one, other)]
        assert cosine == pytest.approx(product / math.prod(norms), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(documents, st.integers(1, 4))
def test_the_heaviest_entries_are_those_of_a_sort(pages, most):
    vectors = SPACE.vectors(side(pages, False), False)
    entries = np.empty(len(pages) * most, np.int64)
    values = np.empty(len(pages) * most, np.float32)
    heaviest(
        vectors.offsets, vectors.entries, vectors.values, vectors.norms, most, 12.0, entries, values
    )
    for row, page in enumerate(pages):
        ranked = sorted((-v, e) for e, v in reference(page, False).items() if v > 0)[:most]
        expected = [entry for _, entry in ranked] + [-1] * (most - len(ranked))
        assert entries[row * most : (row + 1) * most].tolist() == expected


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12), st.integers(1, 3))
def test_the_best_of_groups(rows, count):
    key, score = (np.array([row[i] for row in rows], np.int64) for i in (0, 1))
    ties = np.arange(len(rows))
    ranked = {
        k: sorted(np.flatnonzero(key == k).tolist(), key=lambda i: (-score[i], i))
        for k in set(key.tolist())
    }
    top = top_of((key,), score.astype(float), ties, count)
    assert top.tolist() == [i in ranked[k][:count] for i, k in enumerate(key.tolist())]
    assert best_of(key, score, ties).tolist() == [ranked[k][0] == i for i, k in enumerate(key)]
    others = best_others(key, score.astype(float), ties)
    expected = [
        max((score[i] for i in ranked[k] if i != row), default=0) for row, k in enumerate(key)
    ]
    assert others.tolist() == expected
