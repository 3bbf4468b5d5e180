"""Calibration: a score of 0.9 comes to mean 9 of 10."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.quality_model.calibration import (
    SMALLEST_STEP_SHARE,
    Calibration,
    balance,
    fit_isotonic,
    fit_platt,
    logit,
)

FITS = [fit_platt, fit_isotonic]


def examples(count=20_000, seed=1):
    """Scores that overstate: the true probability's logit is half the score's."""
    chance = np.random.default_rng(seed)
    scores = 1 / (1 + np.exp(-chance.normal(0, 3, count)))
    truth = 1 / (1 + np.exp(-0.5 * logit(scores)))
    return scores, chance.random(count) < truth, truth


@pytest.mark.parametrize("fit", FITS)
def test_the_curve_finds_the_truth(fit):
    scores, positive, truth = examples()
    found = fit(scores, positive, np.ones(len(scores))).apply(scores)
    assert np.abs(found - truth).mean() < 0.015
    for low in np.arange(0, 1, 0.1):
        inside = (found >= low) & (found < low + 0.1)
        assert positive[inside].mean() == pytest.approx(found[inside].mean(), abs=0.05)


def test_platt_finds_slope_and_intercept():
    scores, positive, _ = examples(100_000)
    curve = fit_platt(scores, positive, np.ones(len(scores)))
    assert (curve.slope, curve.intercept) == pytest.approx((0.5, 0), abs=0.02)


def pooled(scores, positive):
    """Isotonic regression by its min-max formula, for distinct scores: slow, and plain."""
    labels = np.asarray(positive, float)[np.argsort(scores)]
    n = len(labels)
    means = [[labels[i : j + 1].mean() for j in range(i, n)] for i in range(n)]
    return [max(min(means[i][k - i :]) for i in range(k + 1)) for k in range(n)]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), min_size=1, max_size=40,
                unique_by=lambda pair: pair[0]))  # fmt: skip
def test_isotonic_is_the_best_rising_step_function(pairs):
    scores = np.array([score for score, _ in pairs]) / 10**6
    positive = np.array([label for _, label in pairs])
    curve = fit_isotonic(scores, positive, np.ones(len(pairs)))
    # Each step's centre has the step's value; between them the curve rises.
    values = np.array(pooled(scores, positive))
    ascending = np.sort(scores)
    for value in np.unique(values):
        centre = ascending[values == value].mean()
        assert curve.apply(np.array([centre])) == pytest.approx(value, abs=1e-5)
    assert (np.diff(curve.apply(np.linspace(0, 1, 50))) >= -1e-6).all()


def test_a_few_examples_do_not_make_a_step():
    scores, positive, _ = examples(10_000)
    curve = fit_isotonic(scores, positive, np.ones(10_000))
    assert len(curve.scores) <= 1 / SMALLEST_STEP_SHARE
    assert curve.probabilities[0] < 0.1 < 0.9 < curve.probabilities[-1]


@pytest.mark.parametrize("fit", FITS)
def test_a_prior_moves_the_probability(fit):
    """Nine of ten examples are good; in a corpus where half are, the same score means less."""
    scores, positive, _ = examples()
    keep = positive | (np.arange(len(scores)) % 9 == 0)
    scores, positive = scores[keep], positive[keep]
    half = fit(scores, positive, balance(positive, 0.5)).apply(np.array([0.5]))
    as_they_are = fit(scores, positive, balance(positive, None)).apply(np.array([0.5]))
    assert half == pytest.approx(0.5, abs=0.05)
    assert as_they_are == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("fit", FITS)
def test_order_is_kept_and_what_is_unknown_stays_so(fit):
    scores, positive, _ = examples(3000)
    curve = fit(scores, positive, np.ones(3000))
    found = curve.apply(np.array([0.1, np.nan, 0.5, 0.9], np.float32))
    assert np.isnan(found[1])
    assert found[0] < found[2] < found[3]
    assert found.dtype == np.float32


@pytest.mark.parametrize("fit", FITS)
def test_one_sided_and_perfect_examples_are_no_trouble(fit):
    perfect = fit(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1], bool), np.ones(4))
    assert perfect.apply(np.array([0.15]))[0] < 0.5 < perfect.apply(np.array([0.85]))[0]
    worthless = fit(np.array([0.9, 0.8, 0.2, 0.1]), np.array([0, 0, 1, 1], bool), np.ones(4))
    assert worthless.apply(np.array([0.1, 0.9])) == pytest.approx(0.5, abs=0.01)


def test_a_curve_is_stored_and_checked():
    curve = Calibration(kind="isotonic", scores=[0.1, 0.7], probabilities=[0.2, 0.9])
    assert Calibration.model_validate_json(curve.model_dump_json()) == curve
    assert curve.apply(np.array([0.0, 0.4, 1.0])) == pytest.approx([0.2, 0.55, 0.9])
    with pytest.raises(ValidationError, match="as many scores as probabilities"):
        Calibration(kind="isotonic", scores=[0.1])
    with pytest.raises(ValidationError, match="ascending"):
        Calibration(kind="isotonic", scores=[0.1, 0.7], probabilities=[0.9, 0.2])
