"""Shapes: what is as wide as what, and axes that hold what they should."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.drawings import (
    BINS,
    SIDE,
    Axis,
    flow_step,
    mirrored_histogram,
    shares_along,
    short_number,
)


def paths(drawn: str) -> dict[str, str]:
    """Class -> path; a drawing is well-formed XML."""
    return {
        str(p.get("class")): str(p.get("d")) for p in ElementTree.fromstring(drawn).iter("path")
    }


def test_a_band_narrows_by_what_is_lost() -> None:
    found = paths(flow_step(0.8, 0.6, "quality"))
    assert found["kept"].startswith("M0 0H80.00C80.00 20 60.00 20 60.00 40")
    assert "H80.00" in found["lost"]
    assert "lost" not in paths(flow_step(0.8, 0.8, "pii"))
    assert "lost" in paths(flow_step(1, 1 - 1e-9, "one of a billion"))


def test_bars_are_as_high_as_the_root_of_their_share() -> None:
    up, down = np.array([4, 1, 0]), np.array([0, 0, 9])
    found = paths(mirrored_histogram(up, down, [0.5], "x"))
    assert found["up"] == f"M0 {SIDE}v-{SIDE}h1v17h1v17h1V{SIDE}Z"
    assert found["down"] == f"M0 {SIDE + 2}h1h1v{SIDE}h1V{SIDE + 2}Z"
    assert found["mark"].startswith("M1.50 0V")
    assert "up" not in paths(mirrored_histogram(np.zeros(3, int), down, [], "x"))


def test_an_axis_of_shares_and_one_of_counts() -> None:
    shares = Axis(np.array([0.0, 0.2, 0.9, 1.0]))
    assert (shares.low, shares.high, shares.logarithmic) == (0, 1, False)
    counts = Axis(np.array([1.0, 10, 20, 30, 90_000]))
    assert counts.logarithmic
    assert counts.counts(np.array([10.0])).argmax() < BINS / 2 < BINS - 1
    small = Axis(np.array([0.0, 0.001, 0.01]), [0.1])
    assert small.holds(0.1)
    assert not Axis(np.array([1.0, 2, 3]), [100_000]).holds(100_000)  # would crowd out the rest


@given(st.lists(st.floats(-1e6, 1e6), max_size=30), st.lists(st.floats(0, 1e6), max_size=3))
def test_no_value_is_lost(values, marks) -> None:
    axis = Axis(np.array(values, np.float64), marks)
    assert axis.counts(np.array(values, np.float64)).sum() == len(values)
    assert axis.low < axis.high


def test_shares_fill_the_height() -> None:
    drawn = shares_along([0, 1], [[0.25, 0.5], [0.75, 0.5]], "mix")
    below, above = re.findall(r'points="([^"]+)"', drawn)
    assert below == "0.0,75.00 400.0,50.00 400.0,100.00 0.0,100.00"
    assert above == "0.0,0.00 400.0,0.00 400.0,50.00 0.0,75.00"


@pytest.mark.parametrize(("value", "shown"), [(0.30000001, "0.3"), (1234.0, "1,234"), (2e6, "2M")])
def test_numbers_are_short(value: float, shown: str) -> None:
    assert short_number(value) == shown
