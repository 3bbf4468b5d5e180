"""Components are labelled by their smallest node."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.union_find_kernels import join_pairs, resolve


def label(pairs, nodes):
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
    labels = np.arange(nodes)
    half = len(pairs) // 2
    join_pairs(left[:half], right[:half], labels)
    join_pairs(left[half:], right[half:], labels)
    resolve(labels)
    return labels.tolist()


def reference_labels(pairs, nodes):
    """Spread the smaller label over every pair until nothing changes."""
    labels, before = list(range(nodes)), None
    while labels != before:
        before = list(labels)
        for a, b in pairs:
            labels[a] = labels[b] = min(labels[a], labels[b])
    return labels


def test_two_chains_and_a_single_node():
    assert label([(1, 0), (1, 4), (2, 5)], 6) == [0, 0, 2, 3, 0, 2]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 20).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40),
        )
    )
)
def test_components_equal_the_reference(graph):
    nodes, pairs = graph
    assert label(pairs, nodes) == reference_labels(pairs, nodes)


def test_a_long_chain_is_fast():
    """A million nodes in a row, joined from the far end."""
    chain = np.arange(1_000_000, 0, -1)
    labels = np.arange(1_000_001)
    join_pairs(chain, chain - 1, labels)
    resolve(labels)
    assert not labels.any()
