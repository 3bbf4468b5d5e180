"""Candidates are verified; a large group costs no more than its leaders."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.candidate_kernels import ALL_PAIRS, LEADERS, similar_pairs

from . import minhash_reference as reference

SIGNATURES = st.lists(
    st.lists(st.integers(0, 3), min_size=16, max_size=16).filter(any), min_size=2, max_size=80
)


def compare(signatures, minimum, short=None, hashes=None, sure=0.0):
    bins = np.array(signatures, np.uint16)
    count = len(bins)
    short = np.zeros(count, np.bool_) if short is None else np.array(short)
    hashes = np.arange(count, dtype=np.uint64) if hashes is None else np.array(hashes, np.uint64)
    starts, members = np.array([0, count]), np.arange(count)
    width = bins.shape[1]
    pairs = similar_pairs(starts, members, bins.reshape(-1), hashes, short, width, minimum, sure)
    return list(zip(*(side.tolist() for side in pairs), strict=True))


def reference_pairs(signatures, minimum, sure=0.0):
    """All pairs of a small group; of a large one each document with the leaders it is like.

    Up to the first that it is surely like, and with the first of all where it is like none and
    there is no room for another leader.
    """
    pairs, leaders = [], []
    small = len(signatures) <= ALL_PAIRS
    for i, signature in enumerate(signatures):
        like = [j for j in leaders if reference.estimate(signatures[j], signature) >= minimum]
        certain = [reference.estimate(signatures[j], signature) >= sure for j in like]
        looked_at = certain.index(True) + 1 if True in certain else len(like)
        pairs += [(j, i) for j in (like if small else like[:looked_at])]
        if (small or not like) and len(leaders) < LEADERS:
            leaders.append(i)
        elif not like and not small:
            pairs.append((leaders[0], i))
    return pairs


@settings(max_examples=100, deadline=None)
@given(SIGNATURES, st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]), st.sampled_from([0.0, 0.6]))
def test_pairs_equal_the_reference(signatures, minimum, sure):
    found = compare(signatures, minimum, sure=sure)
    assert found == reference_pairs(signatures, minimum, sure)


def test_an_estimate_at_the_threshold_is_enough():
    """Four of five filled bins agree: 0.8."""
    left = [1, 2, 3, 4, 5] + [0] * 11
    right = [1, 2, 3, 4, 9] + [0] * 11
    assert compare([left, right], 0.8) == [(0, 1)]
    assert compare([left, right], 0.81) == []


def test_short_texts_are_equal_or_not():
    signature = [7] + [0] * 15
    short = [True, True, True]
    assert compare([signature] * 3, 0.8, short, hashes=[5, 6, 5]) == [(0, 2)]


def test_identical_documents_cost_one_comparison_each():
    signature = list(range(1, 17))
    assert compare([signature] * 1000, 0.8) == [(0, i) for i in range(1, 1000)]
