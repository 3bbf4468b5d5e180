"""Every prefix of a phase holds the mixture, whatever the shares."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mixture.interleave import (
    average_share,
    component_counts_before,
    make_schedule,
    share_at,
)


def assigned(rows, shares):
    schedule = make_schedule(rows, shares)
    return schedule.assign(0, np.zeros(len(shares)), rows)[0].tolist()


def entitled(share, rows, total):
    """The integral of a share over the first rows, in exact fractions."""
    points = [(Fraction(position) * total, Fraction(value)) for position, value in share]
    points = [(Fraction(0), points[0][1]), *points, (Fraction(total), points[-1][1])]
    area = Fraction(0)
    for (a, low), (b, high) in itertools.pairwise(points):
        end = min(b, Fraction(rows))
        if end > a:
            at_end = low + (high - low) * (end - a) / (b - a)
            area += (end - a) * (low + at_end) / 2
    return area


def naive_assigned(rows, shares):
    """Earliest deadline among the released, by looking at every component in every row."""
    quota = [[entitled(share, n, rows) for n in range(rows + 1)] for share in shares]
    active = sum(any(value > 0 for _, value in share) for share in shares)
    slack = Fraction(1, 2) if active == 1 else Fraction(1, 2 * active - 2)
    counts = [0] * len(shares)
    order = []
    for row in range(rows):
        released = [c for c in range(len(shares)) if quota[c][row + 1] >= counts[c] + slack]
        deadline = {
            c: next((n for n in range(rows + 1) if quota[c][n] >= counts[c] + 1 - slack), rows + 1)
            for c in released
        }
        chosen = min(released, key=lambda c: (deadline[c], c))
        counts[chosen] += 1
        order.append(chosen)
    return order


def worst_distance(order, shares):
    """The largest distance of a count from its integrated share, over all prefixes."""
    schedule = make_schedule(len(order), shares)
    counts = np.zeros(len(shares))
    worst = 0.0
    for n, component in enumerate(order, 1):
        counts[component] += 1
        worst = max(worst, float(np.abs(counts - schedule.entitled(n)).max()))
    return worst


EXACT_INNER = st.sampled_from([[], [32], [16, 32], [32, 48]])
"""Inner positions, in 64ths, whose gaps are powers of two: floats have no rounding to do there, so
that ties are ties for kernel and reference alike."""


@st.composite
def mixtures(draw, denominator=64, components=8, inner=None):
    """Shares on common positions that sum to one."""
    count = draw(st.integers(1, components))
    anywhere = st.lists(st.integers(1, denominator - 1), unique=True, max_size=3)
    inner = draw(anywhere if inner is None else inner)
    jumps = draw(st.lists(st.sampled_from(inner), unique=True)) if inner else []
    positions = [0, *sorted([*inner, *jumps]), denominator] if inner else [0]
    columns = []
    for _ in positions:
        cuts = sorted(
            draw(st.lists(st.integers(0, denominator), min_size=count - 1, max_size=count - 1))
        )
        columns.append([b - a for a, b in itertools.pairwise([0, *cuts, denominator])])
    return [
        [
            (p / denominator, column[c] / denominator)
            for p, column in zip(positions, columns, strict=True)
        ]
        for c in range(count)
    ]


@settings(deadline=None, max_examples=60)
@given(mixtures(inner=EXACT_INNER), st.sampled_from([1, 2, 16, 64, 128]))
def test_the_kernel_follows_its_plain_reference(shares, rows):
    assert assigned(rows, shares) == naive_assigned(rows, shares)


@settings(deadline=None)
@given(mixtures(denominator=1000, components=30), st.integers(1, 400))
def test_every_prefix_is_within_one_of_every_integrated_share(shares, rows):
    active = sum(any(value > 0 for _, value in share) for share in shares)
    bound = 1 - 1 / (2 * active - 2) if active > 1 else 0
    assert worst_distance(assigned(rows, shares), shares) <= bound + 1e-9


@settings(deadline=None)
@given(mixtures(denominator=1000), st.data(), st.integers(1, 200), st.integers(0, 150))
def test_how_far_any_order_of_rows_strays(shares, data, rows, first):
    """Whoever chose the components: the extremes over all prefixes, by looking at every one."""
    chosen = data.draw(
        st.lists(st.integers(0, len(shares) - 1), min_size=rows, max_size=rows)
    )  # rarely the schedule's
    schedule = make_schedule(rows, shares)
    first = min(first, rows - 1)
    before = np.bincount(chosen[:first], minlength=len(shares))
    extremes, after = schedule.stray(first, before, np.array(chosen[first:], np.uint16))
    naive, counts = np.zeros((len(shares), 2)), before.astype(np.int64)
    for n in range(first, rows + 1):
        off = counts - schedule.entitled(n)
        naive = np.stack([np.minimum(naive[:, 0], off), np.maximum(naive[:, 1], off)], axis=1)
        if n < rows:
            counts[chosen[n]] += 1
    np.testing.assert_allclose(extremes, naive, atol=1e-9)
    assert after.tolist() == counts.tolist()


@settings(deadline=None)
@given(mixtures(denominator=1000), st.integers(1, 300), st.integers(1, 100))
def test_any_stretch_replays_from_the_counts_before_it(shares, rows, rows_per_file):
    schedule = make_schedule(rows, shares)
    whole = assigned(rows, shares)
    before = component_counts_before(schedule, rows_per_file)
    assert before[-1].tolist() == np.bincount(whole, minlength=len(shares)).tolist()
    for file, counts in enumerate(before[:-1]):
        first = file * rows_per_file
        replayed, after = schedule.assign(first, counts, rows_per_file)
        assert replayed.tolist() == whole[first : first + rows_per_file]
        assert after.tolist() == before[file + 1].tolist()


def test_halves_take_turns():
    assert assigned(6, [[(0, 0.5)], [(0, 0.5)]]) == [0, 1, 0, 1, 0, 1]


def test_shares_may_jump_at_a_position_that_stands_twice():
    """A quarter of the first eight rows, then three quarters of the others."""
    low, high = [(0, 0.25), (0.5, 0.25), (0.5, 0.75)], [(0, 0.75), (0.5, 0.75), (0.5, 0.25)]
    order = assigned(16, [low, high])
    assert (order[:8].count(0), order[8:].count(0)) == (2, 6)
    assert average_share(low) == 0.5
    assert share_at(low, np.array([0.49, 0.5, 1])).tolist() == [0.25, 0.75, 0.75]
    assert share_at(low, np.array([0.5]), from_left=True).tolist() == [0.25]


def test_one_component_takes_every_row():
    assert assigned(5, [[(0, 1.0)]]) == [0] * 5
    assert assigned(5, [[(0, 0.0)], [(0, 1.0)], [(0, 0.0)]]) == [1] * 5


def test_a_share_of_zero_takes_nothing_until_it_rises():
    order = assigned(100, [[(0, 1), (0.5, 1), (1, 0)], [(0, 0), (0.5, 0), (1, 1)]])
    assert set(order[:50]) == {0}
    assert order[50:].count(1) == 25
    assert order[75:].count(1) in (18, 19)  # integral of the share: 18.75


def test_many_small_shares():
    shares = [[(0, 0.999)], *[[(0, 1e-5)]] * 100]
    order = assigned(20_000, shares)
    assert worst_distance(order[:2000], shares) < 1
    assert order.count(0) in (19_980, 19_979, 19_981)


def test_averages_and_values_of_a_share():
    assert average_share([(0, 0.3)]) == pytest.approx(0.3)
    assert average_share([(0, 0.3), (1, 0.6)]) == pytest.approx(0.45)
    assert average_share([(0, 0.0), (0.5, 1.0), (1, 0.0)]) == pytest.approx(0.5)
    assert share_at([(0, 0.3), (1, 0.6)], np.array([0.5])).tolist() == pytest.approx([0.45])


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ([[(0, 0.5)], [(0, 0.4)]], r"sum to 0.9, not 1, at position 0"),
        ([[(0, 0.5), (1, 1)], [(0, 0.5)]], r"sum to 1.5, not 1, at position 1"),
        ([[(0, 1.5)], [(0, -0.5)]], "within 0..1"),
        ([[(0.5, 1), (0.2, 1)]], "must rise"),
        ([[(0, 1), (0, 0.5)]], "may stand twice, but not 0 or 1"),
        ([[(0, 1), (0.5, 1), (0.5, 1), (0.5, 1)]], "may stand twice"),
        ([[]], "must rise"),
    ],
)
def test_shares_that_are_none_are_refused(shares, reason):
    with pytest.raises(ValueError, match=reason):
        make_schedule(10, shares)


def test_counts_must_belong_to_the_row():
    with pytest.raises(ValueError, match="before row 3 sum to 2"):
        make_schedule(10, [[(0, 1.0)]]).assign(3, np.array([2]), 4)
