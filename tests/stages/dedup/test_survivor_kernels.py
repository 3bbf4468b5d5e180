"""A document goes only for a kept one that it is itself a near-duplicate of."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.survivor_kernels import CHECKED, PER_BAND, SCANNED, choose_survivors

from . import minhash_reference as reference

WIDTH = 16


def choose(signatures, minimum, keys=None, sets=None, components=None, carried=0, threshold=0.8):
    """The best document first; ``keys``: of each document, one a band, 0 for none."""
    count = len(signatures)
    bins = np.array(signatures, np.uint16)
    components = np.zeros(count, np.int64) if components is None else np.array(components)
    large = np.bincount(components)[components] > SCANNED
    keys = np.zeros((count, 2), np.uint64) if keys is None else np.array(keys, np.uint64)
    starts = np.cumsum([0, *map(len, sets)]) if sets else np.zeros(1, np.int64)
    values = np.array([value for some in sets or [] for value in sorted(some)], np.uint64)
    survivors, similarities = np.empty(count, np.int64), np.empty(count)
    choose_survivors(
        components, large, bins.reshape(-1), np.arange(count, dtype=np.uint64),
        np.zeros(count, np.bool_), keys.reshape(-1), values, starts, carried, minimum, threshold,
        survivors, similarities,
    )  # fmt: skip
    return survivors.tolist(), similarities.tolist()


def reference_survivors(signatures, components, minimum, exact=None):
    """Compare every document with every kept one of its component; the likest one is named."""
    kept, survivors = [], []
    for i, signature in enumerate(signatures):
        like = [
            (-reference.estimate(signatures[j], signature), j)
            for j in kept
            if components[j] == components[i]
        ]
        like = [(value, j) for value, j in sorted(like) if -value >= minimum]
        if exact:
            like = [(value, j) for value, j in like[:CHECKED] if exact(i, j)]
        survivors.append(like[0][1] if like else i)
        kept += [] if like else [i]
    return survivors


SIGNATURES = st.lists(
    st.lists(st.integers(1, 3), min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=40
)


@settings(max_examples=200)
@given(SIGNATURES, st.sampled_from([0.3, 0.5, 0.8]), st.integers(1, 10))
def test_components_of_few_kept_equal_the_reference(signatures, minimum, size):
    components = [i // size for i in range(len(signatures))]
    survivors, similarities = choose(signatures, minimum, components=components)
    assert survivors == reference_survivors(signatures, components, minimum)
    for i, survivor in enumerate(survivors):
        assert similarities[i] == reference.estimate(signatures[survivor], signatures[i])


@settings(max_examples=100)
@given(SIGNATURES, st.sampled_from([0.4, 0.6]), st.data())
def test_exact_sets_decide_among_the_estimated(signatures, threshold, data):
    sets = data.draw(
        st.lists(
            st.frozensets(st.integers(1, 9), min_size=1),
            min_size=len(signatures),
            max_size=len(signatures),
        )
    )

    def alike(i, j):
        return len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= threshold

    survivors, similarities = choose(signatures, 0.3, sets=sets, threshold=threshold)
    components = [0] * len(signatures)
    assert survivors == reference_survivors(signatures, components, 0.3, alike)
    for i, j in enumerate(survivors):
        assert similarities[i] == len(sets[i] & sets[j]) / len(sets[i] | sets[j])


@settings(max_examples=100)
@given(SIGNATURES, st.integers(1, 39))
def test_two_blocks_decide_as_one(signatures, cut):
    """The second block begins with what the first one kept."""
    whole, _ = choose(signatures, 0.5)
    first, _ = choose(signatures[:cut], 0.5)
    kept = [i for i, survivor in enumerate(first) if survivor == i]
    rows = [*kept, *range(cut, len(signatures))]
    second, _ = choose([signatures[i] for i in rows], 0.5, carried=len(kept))
    assert [rows[i] for i in second[len(kept) :]] == whole[cut:]


def different(count):
    """Signatures no two of which agree anywhere."""
    return [list(range(1 + WIDTH * i, 1 + WIDTH * (i + 1))) for i in range(count)]


def test_beyond_the_scanned_ones_the_index_finds_the_survivor():
    many = different(SCANNED + 20)
    last = SCANNED + 10
    copies = [*many, many[last], many[last]]
    keys = [[i + 1, 7] for i in range(len(many))] + [[0, 0], [last + 1, 0]]
    survivors, _ = choose(copies, 0.8, keys)
    assert survivors == [*range(len(many)), len(many), last]


def test_only_the_first_of_a_band_are_compared():
    """The bound that keeps boilerplate from being quadratic."""
    many = different(PER_BAND + SCANNED + 2)
    copies = [*many, many[PER_BAND - 1], many[PER_BAND]]
    survivors, _ = choose(copies, 0.8, [[5, 0]] * len(copies))
    assert survivors == [*range(len(many)), PER_BAND - 1, len(copies) - 1]


def test_equal_keys_of_two_components_do_not_meet():
    many = different(SCANNED + 2)
    twice = [*many, *many]
    components = [0] * len(many) + [1] * len(many)
    keys = [[1 + i % len(many), 0] for i in range(len(twice))]
    survivors, _ = choose(twice, 0.8, keys, components=components)
    assert survivors == list(range(len(twice)))


def test_without_verification_a_shared_band_is_enough():
    survivors, similarities = choose(different(4), 0.0, [[1, 2], [0, 0], [3, 2], [4, 0]])
    assert survivors == [0, 1, 0, 3]
    assert similarities == [1.0, 1.0, 0.0, 1.0]
