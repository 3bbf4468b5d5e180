"""The shapes of a curriculum."""

import numpy as np
import pytest

from stages.mixture.curriculum import valid_curve
from stages.mixture.interleave import make_schedule, share_at
from stages.mixture.options import PhaseOptions
from stages.mixture.plan import Supply, plan_phase

LENGTH = 1000


@pytest.mark.parametrize(
    ("given", "points"),
    [
        ([0.4], [[0, 0.4]]),
        ([0.3, 0.6], [[0, 0.3], [1, 0.6]]),
        ([0.3, 0.3, 0.6], [[0, 0.3], [0.5, 0.3], [1, 0.6]]),
        ([[0, 0.3], [0.8, 0.6]], [[0, 0.3], [0.8, 0.6]]),
        ({"steps": [0.3, 0.6]}, [[0, 0.3], [0.5, 0.3], [0.5, 0.6], [1, 0.6]]),
    ],
)
def test_ways_to_write_a_curve(given, points):
    assert valid_curve("g", given) == points
    assert valid_curve("g", points) == points, "what is written out loads again"


def planned(curriculum, **settings):
    there = {n: Supply(900, 900 * LENGTH) for n in ("web/en", "web/fr", "code", "parallel")}
    phase = PhaseOptions.model_validate(
        {"name": "p", "tokens": 100 * LENGTH, "curriculum": curriculum} | settings
    )
    plan = plan_phase(phase, there, LENGTH)
    make_schedule(plan.rows, plan.shares)  # sums to one everywhere
    return dict(zip(plan.components, plan.shares, strict=True))


def test_steps_jump_for_all_components_at_once():
    shares = planned({"non_english": {"steps": [0.3, 0.6]}, "code": [0.1]})
    assert shares["web/fr"] == shares["parallel"]
    assert [p for p, _ in shares["web/fr"]] == [0, 0.5, 0.5, 1]
    assert [v for _, v in shares["web/fr"]] == pytest.approx([0.15, 0.15, 0.3, 0.3])
    assert [v for _, v in shares["web/en"]] == pytest.approx([0.6, 0.6, 0.3, 0.3])
    assert [v for _, v in shares["code"]] == pytest.approx([0.1] * 4)


def test_a_group_may_be_a_wildcard():
    shares = planned({"web/*": [[0, 0.2], [0.5, 0.8]]})
    assert [p for p, _ in shares["code"]] == [0, 0.5, 1]
    assert [v for _, v in shares["web/en"]] == pytest.approx([0.1, 0.4, 0.4])
    assert [v for _, v in shares["code"]] == pytest.approx([0.4, 0.1, 0.1])


def test_a_jump_beside_a_slope():
    shares = planned({"web": [0.2, 0.6], "code": {"steps": [0.1, 0.3]}})
    at = np.array([0.25, 0.5])
    assert share_at(shares["web/en"], at) == pytest.approx([0.15, 0.2])
    assert share_at(shares["code"], at) == pytest.approx([0.1, 0.3])
    assert share_at(shares["code"], at, from_left=True) == pytest.approx([0.1, 0.1])
    assert share_at(shares["parallel"], at) == pytest.approx([0.6, 0.3])


def test_weights_divide_a_group_by_their_own_rule():
    """Stated shares keep their proportion, and flexible ones their caps."""
    shares = planned(
        {"non_english": [0.2, 0.6]},
        weights={"web/en": 0.5, "web/fr": 0.1, "parallel": 0.3, "code": 0.1},
    )
    assert shares["web/fr"] == [(0, pytest.approx(0.05)), (1, pytest.approx(0.15))]
    assert shares["parallel"] == [(0, pytest.approx(0.15)), (1, pytest.approx(0.45))]
    capped = planned({"non_english": [0.2, 0.6]}, caps={"parallel": 0.1})
    assert capped["parallel"] == [(0, pytest.approx(0.05)), (1, pytest.approx(0.15))]
    assert capped["web/fr"] == [(0, pytest.approx(0.15)), (1, pytest.approx(0.45))]
