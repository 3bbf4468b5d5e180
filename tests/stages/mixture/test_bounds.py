"""Dividing one by weight, within bounds."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mixture.bounds import bounded_shares


def slow_bounded(weights, lower, upper):
    """The one factor at which the clipped weights sum to one, by halving."""

    def shares(x):
        return {n: min(max(w * x, lower.get(n, 0)), upper.get(n, 9)) for n, w in weights.items()}

    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if sum(shares(middle).values()) > 1 else (middle, high)
    return shares(low)


def slow_unimax(sizes, budget, max_epochs):
    """Algorithm 1 of Chung et al. 2023: languages by size, each an even part of what is left."""
    left, amounts = budget, {}
    for number, name in enumerate(sorted(sizes, key=lambda name: sizes[name])):
        even = left / (len(sizes) - number)
        amounts[name] = min(even, sizes[name] * max_epochs)
        left -= amounts[name]
    return {name: amount / budget for name, amount in amounts.items()}


def test_what_a_limited_one_cannot_take_the_others_share_by_weight():
    shares, _, held = bounded_shares({"a": 2, "b": 1, "c": 1}, {}, {"a": 0.1, "b": 0.4, "c": 9})
    assert shares == pytest.approx({"a": 0.1, "b": 0.4, "c": 0.5})
    assert held == ["a", "b"]


def test_a_floor_lifts_and_the_others_bear_it():
    shares, lifted, held = bounded_shares({"a": 97, "b": 2, "c": 1}, {"b": 0.1, "c": 0.1}, {})
    assert shares == pytest.approx({"a": 0.8, "b": 0.1, "c": 0.1})
    assert (lifted, held) == (["b", "c"], [])


def test_where_nothing_suffices_everything_is_at_its_bound():
    assert bounded_shares({"a": 1, "b": 1}, {}, {"a": 0.2, "b": 0.3}).shares == {"a": 0.2, "b": 0.3}
    floors = {"a": 0.7, "b": 0.6}
    assert bounded_shares({"a": 1, "b": 1}, floors, {}).shares == floors


@st.composite
def bounded(draw):
    names = [f"c{n}" for n in range(draw(st.integers(1, 8)))]
    weights = {n: draw(st.floats(1e-3, 1e3)) for n in names}
    lower = {n: draw(st.sampled_from([0.0, 0.01, 0.05, 0.1])) for n in names}
    upper = {n: lower[n] + draw(st.sampled_from([0.0, 0.1, 0.5, 9.0])) for n in names}
    return weights, lower, upper


@settings(deadline=None)
@given(bounded())
def test_shares_sum_to_one_within_their_bounds_in_proportion(given_):
    weights, lower, upper = given_
    shares, at_lower, at_upper = bounded_shares(weights, lower, upper)
    if sum(upper.values()) < 1:
        assert shares == upper
        return
    assert math.fsum(shares.values()) == pytest.approx(1, abs=1e-12)
    assert shares == pytest.approx(slow_bounded(weights, lower, upper), abs=1e-7)
    for name, share in shares.items():
        assert lower[name] - 1e-12 <= share <= upper[name] + 1e-12
    free = [shares[n] / weights[n] for n in weights if n not in {*at_lower, *at_upper}]
    assert free == pytest.approx([free[0]] * len(free)) if free else True


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, 99), st.integers(1, 10_000), min_size=1, max_size=12),
    st.floats(0.01, 1),
    st.sampled_from([1.0, 4.0, 0.5]),
)
def test_equal_weights_below_an_epoch_cap_are_unimax(sizes, part, epochs):
    budget = part * epochs * sum(sizes.values())
    upper = {name: size * epochs / budget for name, size in sizes.items()}
    found = bounded_shares(dict.fromkeys(sizes, 1.0), {}, upper).shares
    assert found == pytest.approx(slow_unimax(sizes, budget, epochs))
