"""Documents that share anything are never parted between held out and trained on."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.tokens.split_keys import split_places


def identifier(number):
    return f"{number:032x}"[::-1]


def documents(rows):
    """A batch of (id, cluster or None, pair key or None)."""
    return pa.record_batch(
        {
            "id": pa.array([identifier(n) for n, _, _ in rows]),
            "cluster_id": pa.array([None if c is None else identifier(c) for _, c, _ in rows],
                                   pa.string()),
            "pair_key": pa.array([k for _, _, k in rows], pa.string()),
        }
    )  # fmt: skip


def parallel(sides, pair_key=None, number=10**6):
    """A batch of one parallel document."""
    meta = json.dumps(dict(zip(("left_id", "right_id"), map(identifier, sides), strict=True)))
    return pa.record_batch(
        {
            "id": [identifier(number)],
            "pair_key": pa.array([pair_key], pa.string()),
            "source": ["bilingual"],
            "meta": [meta],
        }
    )


def test_a_document_without_company_stands_where_its_id_says():
    low, high = split_places(documents([(1, None, None), (2, None, None)]), 17)
    assert low.tolist() == high.tolist()
    assert low[0] != low[1]
    assert ((low >= 0) & (low < 1)).all()
    assert split_places(documents([(1, None, None)]), 18)[0][0] != low[0], "the seed counts"


def test_near_copies_stand_together():
    low, high = split_places(documents([(1, 1, None), (2, 1, None), (3, None, None)]), 17)
    assert low[0] == high[0] == low[1] == high[1] != low[2]


def test_translations_and_what_was_made_of_them_stand_together():
    low, high = split_places(documents([(1, None, "bread"), (2, None, "bread")]), 17)
    ours = [*low, *high, *split_places(parallel((1, 2), "bread"), 17)]
    assert len({float(place) for place in np.ravel(ours[:4])} | {float(ours[4][0])}) == 1


def test_a_parallel_document_without_a_key_has_those_of_its_sides():
    low, _ = split_places(documents([(1, None, None), (2, None, None)]), 17)
    both_low, both_high = split_places(parallel((1, 2)), 17)
    assert (both_low[0], both_high[0]) == (low.min(), low.max())


def test_places_are_spread_evenly():
    low, _ = split_places(documents([(n, None, None) for n in range(20_000)]), 3)
    counts = np.histogram(low, 20, (0, 1))[0]
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)


NUMBERS = st.integers(0, 30)
ROWS = st.lists(
    st.tuples(st.none() | NUMBERS, st.none() | NUMBERS.map(str)), min_size=1, max_size=40
)


@settings(deadline=None)
@given(ROWS, st.floats(0.01, 0.9), st.integers(0, 5))
def test_whoever_shares_a_key_with_what_is_held_out_is_not_trained_on(rows, share, seed):
    """Whatever the clusters and pair keys: also where a document has both."""
    own = [(100 + n, cluster, key) for n, (cluster, key) in enumerate(rows)]
    low, high = split_places(documents(own), seed)
    held_out, trained = high < share, low >= share
    assert not (held_out & trained).any()
    for i in np.flatnonzero(held_out):
        for j in np.flatnonzero(trained):
            for kind in (1, 2):
                assert own[i][kind] is None or own[i][kind] != own[j][kind]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 500), st.integers(501, 999), st.floats(0.01, 0.99))
def test_a_held_out_parallel_document_has_no_side_in_training(left, right, share):
    low, high = split_places(documents([(left, None, None), (right, None, None)]), 1)
    both_low, both_high = split_places(parallel((left, right)), 1)
    if both_high[0] < share:
        assert (low < share).all()
    if both_low[0] >= share:
        assert (high >= share).all()


def test_what_is_no_id_is_refused():
    with pytest.raises(ValueError, match="is no document id"):
        split_places(pa.record_batch({"id": ["a"]}), 1)
