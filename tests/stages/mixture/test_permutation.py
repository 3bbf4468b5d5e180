"""The stored-nowhere permutation is one, for every size, and looks like chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mixture.permutation import (
    SMALL,
    drawn_places,
    permutation_key,
    permuted,
    restored,
)

MASK = 2**64 - 1


def splitmix(x):
    """Splitmix64's output function on Python integers."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def naive_permuted(place, size, key):
    """One place through six rounds, again until it falls inside."""
    bits = max(1, (size - 1).bit_length())
    high_bits, low_bits = bits // 2, bits - bits // 2
    while True:
        high, low = divmod(place, 1 << low_bits)
        for number in range(6):
            round_key = key + (number + 1) * 0x9E3779B97F4A7C15
            if number % 2 == 0:
                high ^= splitmix((low + round_key) & MASK) % (1 << high_bits)
            else:
                low ^= splitmix((high + round_key) & MASK) % (1 << low_bits)
        place = (high << low_bits) + low
        if place < size:
            return place


def naive_shuffled(size, key):
    order = list(range(size))
    for step, i in enumerate(range(size - 1, 0, -1), 1):
        other = splitmix((key + step * 0x9E3779B97F4A7C15) & MASK) % (i + 1)
        order[i], order[other] = order[other], order[i]
    return order


@settings(deadline=None)
@given(st.integers(1, 5000), st.integers(0, MASK))
def test_every_place_is_reached_once(size, key):
    assert sorted(permuted(np.arange(size), size, key).tolist()) == list(range(size))


@settings(deadline=None)
@given(st.integers(1, 5000), st.integers(0, MASK))
def test_every_place_leads_back(size, key):
    places = np.arange(size)
    assert restored(permuted(places, size, key), size, key).tolist() == places.tolist()


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(0, MASK))
def test_the_kernels_follow_their_plain_references(size, key):
    got = permuted(np.arange(size), size, key).tolist()
    if size <= SMALL:
        assert got == naive_shuffled(size, key)
    else:
        assert got == [naive_permuted(place, size, key) for place in range(size)]


@pytest.mark.parametrize("size", [10**12, 2**40 + 1])
def test_large_sizes_need_no_memory(size):
    places = np.array([0, 1, size - 1])
    got = permuted(places, size, 17).tolist()
    assert got == [naive_permuted(place, size, 17) for place in places.tolist()]


def test_small_sizes_reach_all_orders_about_equally_often():
    seen = {}
    for epoch in range(12_000):
        order = tuple(permuted(np.arange(4), 4, permutation_key(1, "p", "en", epoch)).tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 24
    chi_squared = sum((count - 500) ** 2 / 500 for count in seen.values())
    assert chi_squared < 50  # 23 degrees of freedom: exceeded once in a thousand keys at 49.7


def test_each_epoch_seed_phase_and_component_has_its_own_order():
    orders = {
        tuple(drawn_places(first, 100, 100, seed, phase, component).tolist())
        for first, seed, phase, component in [
            (0, 1, "pretrain", "en"),
            (100, 1, "pretrain", "en"),
            (0, 2, "pretrain", "en"),
            (0, 1, "anneal", "en"),
            (0, 1, "pretrain", "fr"),
        ]
    }
    assert len(orders) == 5


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(0, 500), st.integers(0, 500))
def test_any_stretch_is_the_same_as_a_part_of_the_whole(size, first, count):
    whole = drawn_places(0, first + count, size, 3, "pretrain", "en")
    assert drawn_places(first, count, size, 3, "pretrain", "en").tolist() == whole[first:].tolist()


def test_places_outside_are_refused():
    with pytest.raises(ValueError, match=r"not within 0\.\.9"):
        permuted(np.array([10]), 10, 1)
