"""A document goes only for a kept one that it is itself a near-duplicate of."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.survivor_kernels import PER_BAND, SCANNED, choose_survivors

from . import minhash_reference as reference

WIDTH = 16


def choose(signatures, minimum, edges=(), bands=None):
    """One component, the best document first; ``bands``: keys [documents][bands]."""
    count = len(signatures)
    bins = np.array(signatures, np.uint16)
    edge_starts = np.cumsum([0] + [sum(b == i for _, b in edges) for i in range(count)])
    better = np.array([a for a, _ in sorted(edges, key=lambda edge: edge[1])], np.int64)
    per = len(bands[0]) if bands else 0
    keys = [(band, key) for row in bands or [] for band, key in enumerate(row)]
    names = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    groups = np.array([names[key] for key in keys], np.int64)
    starts = np.append(0, np.cumsum(np.bincount(groups))).astype(np.int64)
    survivors, estimates = np.empty(count, np.int64), np.empty(count)
    choose_survivors(
        np.zeros(count, np.int64), edge_starts, better, groups, starts, bins.reshape(-1),
        np.arange(count, dtype=np.uint64), np.zeros(count, np.bool_), WIDTH, per, minimum,
        survivors, estimates,
    )  # fmt: skip
    return survivors.tolist(), estimates.tolist()


def reference_survivors(signatures, minimum):
    """Compare every document with every kept one."""
    kept, survivors = [], []
    for i, signature in enumerate(signatures):
        like = [j for j in kept if reference.estimate(signatures[j], signature) >= minimum]
        survivors.append(like[0] if like else i)
        kept += [] if like else [i]
    return survivors


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 3), min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=40),
    st.sampled_from([0.3, 0.5, 0.8]),
)
def test_a_component_of_few_kept_equals_the_reference(signatures, minimum):
    survivors, estimates = choose(signatures, minimum)
    assert survivors == reference_survivors(signatures, minimum)
    for i, survivor in enumerate(survivors):
        assert estimates[i] == reference.estimate(signatures[survivor], signatures[i])
        assert survivor == i or estimates[i] >= minimum


def test_no_chain():
    """0 is like 1, 1 is like 2, 0 is not like 2: 2 stays although one component joins them."""
    first = list(range(1, 17))
    second = [99] * 3 + first[3:]
    third = [99] * 3 + first[3:13] + [98] * 3
    survivors, _ = choose([first, second, third], 0.8, edges=[(0, 1), (1, 2)])
    assert survivors == [0, 0, 2]


def different(count):
    """Signatures no two of which agree anywhere."""
    return [list(range(1 + WIDTH * i, 1 + WIDTH * (i + 1))) for i in range(count)]


def test_beyond_the_scanned_ones_edges_and_bands_find_the_survivor():
    many = different(SCANNED + 20)
    last = SCANNED + 10
    copies = [*many, many[last], many[last]]
    edge = [(last, len(many))]
    keys = [[i, 0] for i in range(len(many))] + [[-1, -1], [last, -1]]
    survivors, _ = choose(copies, 0.8, edge, keys)
    assert survivors == [*range(len(many)), last, last]


def test_only_the_first_of_a_band_are_compared():
    """The bound that keeps boilerplate from being quadratic."""
    many = different(SCANNED + PER_BAND + 2)
    copies = [*many, many[-1]]
    survivors, _ = choose(copies, 0.8, bands=[[0]] * len(copies))
    assert survivors == list(range(len(copies)))


def test_without_verification_edges_alone_count():
    same = [[5] * WIDTH] * 3
    survivors, _ = choose(same, 0.0, edges=[(0, 2)])
    assert survivors == [0, 1, 0]
