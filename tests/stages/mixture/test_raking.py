"""Shares that hold several axes at once."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages.mixture.raking import UnmetAxes, rake, raked_shares


def axes_of(names):
    """``web/en`` is of type web and of language en."""
    axes = {"type": {}, "lang": {}}
    for name in names:
        for axis, value in zip(axes.values(), name.split("/")[:2], strict=True):
            axis.setdefault(value, []).append(name)
    return axes


def test_where_all_combinations_exist_shares_are_products():
    tokens = {"web/en": 9, "web/zh": 1, "wiki/en": 5, "wiki/zh": 100}
    targets = {"type": {"web": 0.8, "wiki": 0.2}, "lang": {"en": 0.6, "zh": 0.4}}
    assert raked_shares(axes_of(tokens), targets, tokens) == pytest.approx(
        {"web/en": 0.48, "web/zh": 0.32, "wiki/en": 0.12, "wiki/zh": 0.08}
    )


def test_a_missing_combination_is_made_up_for():
    """No code in Chinese: English must give all of the code, and so less of the web."""
    tokens = {"web/en": 1, "web/zh": 1, "code/en": 1}
    targets = {"type": {"web": 0.9, "code": 0.1}, "lang": {"en": 0.6, "zh": 0.4}}
    assert raked_shares(axes_of(tokens), targets, tokens) == pytest.approx(
        {"web/en": 0.5, "web/zh": 0.4, "code/en": 0.1}
    )


def test_components_of_one_cell_divide_it_by_tokens():
    tokens = {"web/en/a": 3, "web/en/b": 1, "web/zh": 1}
    axes = axes_of(tokens)
    targets = {"type": {"web": 1.0}, "lang": {"en": 0.6, "zh": 0.4}}
    found = raked_shares(axes, targets, tokens)
    assert found == pytest.approx({"web/en/a": 0.45, "web/en/b": 0.15, "web/zh": 0.4})


def test_what_cannot_hold_is_named():
    tokens = {"web/zh": 1, "code/en": 1}
    targets = {"type": {"web": 0.9, "code": 0.1}, "lang": {"en": 0.6, "zh": 0.4}}
    with pytest.raises(UnmetAxes, match=r"'(web|code)' of axis 'type' comes to .*0\.00%") as raised:
        raked_shares(axes_of(tokens), targets, tokens)
    assert raised.value.shares == pytest.approx({"web/zh": 0.4, "code/en": 0.6})


@settings(deadline=None)
@given(st.data())
def test_margins_hold_and_cells_keep_their_odds(data):
    """Margins of a mixture that exists can be held; the fit scales rows and columns, no more."""
    a, b = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 6))
    table = np.array(
        [[data.draw(st.sampled_from([0, 1, 2, 5, 30])) for _ in range(b)] for _ in range(a)], float
    )
    assume(table.sum(0).all() and table.sum(1).all())
    table /= table.sum()
    first, second = np.nonzero(table)
    start = np.ones(len(first))
    shares, reached = rake([first, second], [table.sum(1), table.sum(0)], start)
    assert shares.sum() == pytest.approx(1)
    assert reached[0] == pytest.approx(table.sum(1), abs=1e-7)
    assert reached[1] == pytest.approx(table.sum(0), abs=1e-7)
    fitted = np.zeros_like(table)
    fitted[first, second] = shares
    for i in range(a - 1):
        for j in range(b - 1):
            square = fitted[i : i + 2, j : j + 2]
            if table[i : i + 2, j : j + 2].all():  # odds ratios stay those of the start: one
                assert square[0, 0] * square[1, 1] == pytest.approx(square[0, 1] * square[1, 0],
                                                                    rel=1e-4)  # fmt: skip
