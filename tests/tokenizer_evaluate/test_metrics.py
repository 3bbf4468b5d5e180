import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_evaluate.metrics import frequency_curve, gini, ratio, renyi_efficiency

amounts = st.lists(st.floats(0.001, 1000), min_size=1, max_size=30)
uses = st.lists(st.integers(0, 10**6), min_size=2, max_size=50).filter(any)


def plain_gini(values: list[float]) -> float:
    """By definition: the mean difference of all pairs, halved, by the mean."""
    n, mean = len(values), sum(values) / len(values)
    return sum(abs(a - b) for a in values for b in values) / (2 * n * n * mean)


def plain_renyi_efficiency(counts: list[int], vocab_size: int, alpha: float) -> float:
    total = sum(counts)
    entropy = math.log2(sum((count / total) ** alpha for count in counts if count)) / (1 - alpha)
    return entropy / math.log2(vocab_size)


@given(amounts)
def test_gini_is_half_the_relative_mean_difference(values: list[float]) -> None:
    assert gini(np.array(values)) == pytest.approx(plain_gini(values), abs=1e-9)


@given(amounts, st.floats(0.1, 100))
def test_gini_knows_no_unit(values: list[float], unit: float) -> None:
    assert gini(np.array(values) * unit) == pytest.approx(gini(np.array(values)), abs=1e-9)


def test_gini_of_one_who_has_everything() -> None:
    assert gini(np.array([0.0] * 9 + [5.0])) == pytest.approx(0.9)


def test_gini_of_nothing() -> None:
    assert gini(np.zeros(0)) is None and gini(np.zeros(3)) is None


@given(uses, st.sampled_from([0.5, 2.0, 2.5, 3.0]), st.integers(0, 1000))
def test_renyi_efficiency(counts: list[int], alpha: float, unused: int) -> None:
    size = len(counts) + unused
    expected = plain_renyi_efficiency(counts, size, alpha)
    found = renyi_efficiency(np.array(counts, np.int64), size, alpha)
    assert found == pytest.approx(expected, abs=1e-9)
    assert -1e-9 <= found <= 1 + 1e-9


def test_tokens_used_alike_are_used_best() -> None:
    assert renyi_efficiency(np.full(64, 7), 64) == pytest.approx(1)
    assert renyi_efficiency(np.full(64, 7), 64**2) == pytest.approx(0.5)
    assert renyi_efficiency(np.array([9, 0, 0]), 3) == pytest.approx(0)
    assert renyi_efficiency(np.zeros(3, np.int64), 3) is None


def test_a_curve_begins_with_the_most_used_and_ends_with_the_least() -> None:
    counts = np.arange(1000)[::-1]
    curve = frequency_curve(counts, 20)
    assert curve[0] == (1, 999) and curve[-1] == (999, 1) and len(curve) <= 20
    assert all(count == 1000 - rank for rank, count in curve)
    assert frequency_curve(np.zeros(3, np.int64)) == []


def test_no_ratio_to_nothing() -> None:
    assert ratio(1, 0) is None and ratio(1, 2) == 0.5
