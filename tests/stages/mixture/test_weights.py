"""The forms of ``weights:``, and what shares they give."""

import pytest

from stages.mixture.options import PhaseOptions
from stages.mixture.plan import Infeasible, Supply, plan_phase

LENGTH = 1000
THERE = {"web/en": 6000, "web/zh": 2000, "code/en": 1000, "wiki/th": 100, "parallel": 900}


def supply(rows=None):
    return {name: Supply(n, n * LENGTH, n) for name, n in (rows or THERE).items()}


def plan(fit=False, rows=None, **settings):
    phase = PhaseOptions.model_validate({"name": "p", "tokens": 1000 * LENGTH} | settings)
    return plan_phase(phase, supply(rows), LENGTH, fit)


def shares(fit=False, rows=None, **settings):
    found = plan(fit, rows, **settings)
    return dict(zip(found.components, found.average_shares, strict=True))


def test_natural_is_as_they_come():
    expected = {name: rows / 10_000 for name, rows in THERE.items()}
    assert shares(weights="natural") == shares() == pytest.approx(expected)


def test_alpha_is_the_exponent_and_a_temperature_its_inverse():
    rows = {"en": 8100, "th": 100}
    assert shares(rows=rows, weights={"alpha": 0.5}) == pytest.approx({"en": 0.9, "th": 0.1})
    assert shares(rows=rows, weights={"temperature": 2}) == pytest.approx({"en": 0.9, "th": 0.1})
    assert shares(rows=rows, weights={"temperature": 0.5}) == pytest.approx({"en": 0.9, "th": 0.1})
    assert PhaseOptions(name="p", tokens=1, weights={"temperature": 5}).weights == {"alpha": 0.2}


def test_unimax_is_even_up_to_the_epochs():
    """A fifth of 1,000 rows each; of Thai there are 100, and so two epochs."""
    assert shares(weights="unimax") == pytest.approx(dict.fromkeys(THERE, 0.2))
    found = plan(weights="unimax", max_epochs=1)
    assert dict(zip(found.components, found.average_shares, strict=True)) == pytest.approx(
        dict.fromkeys(THERE, 0.225) | {"wiki/th": 0.1}
    )
    assert found.held == {"wiki/th": "held at 1 epochs"}


def test_tokens_are_shares_and_the_budget():
    options = PhaseOptions.model_validate(
        {"name": "p", "weights": {"web/en": "300K", "code/en": "100K"}}
    )
    assert options.tokens == 400_000
    assert options.weights == {"web/en": 0.75, "code/en": 0.25}
    whole = PhaseOptions.model_validate({"name": "p", "weights": {"web/en": 300_000, "code": 0}})
    assert (whole.tokens, whole.weights) == (300_000, {"web/en": 1.0, "code": 0.0})


def test_groups_divide_their_share_by_any_form():
    found = shares(
        weights={
            "web": {"share": 0.6, "weights": {"en": 0.5, "*": 0.5}},
            "*": {"share": 0.4, "weights": "unimax"},
        }
    )
    assert found == pytest.approx(
        {"web/en": 0.3, "web/zh": 0.3, "code/en": 0.4 / 3, "wiki/th": 0.4 / 3, "parallel": 0.4 / 3}
    )


def test_a_number_for_several_components_is_divided_as_they_come():
    found = shares(weights={"web": 0.8, "parallel": 0.2})
    assert found == pytest.approx({"web/en": 0.6, "web/zh": 0.2, "parallel": 0.2})


def test_axes_hold_both():
    axes = {"type": {"web": 75, "code": 20, "wiki": 5}, "lang": {"en": 70, "zh": 25, "th": 5}}
    found = plan(weights={"axes": axes})
    assert dict(zip(found.components, found.average_shares, strict=True)) == pytest.approx(
        {"web/en": 0.5, "web/zh": 0.25, "code/en": 0.2, "wiki/th": 0.05}
    )
    assert found.notes == [
        "phase 'p': no documents of web/th, code/zh, code/th, wiki/en, wiki/zh (type/lang): the "
        "others make up for them, so that each axis holds"
    ]


def test_axes_stand_beside_others_in_a_group():
    axes = {"type": {"web": 0.8, "code": 0.2}, "lang": {"en": 0.6, "zh": 0.4}}
    found = shares(weights={"parallel": 0.1, "*": {"share": 0.9, "weights": {"axes": axes}}})
    assert found == pytest.approx(
        {"parallel": 0.1, "web/en": 0.36, "web/zh": 0.36, "code/en": 0.18}
    )


def test_axes_that_cannot_be_held():
    axes = {"type": {"web": 0.5, "code": 0.5}, "lang": {"en": 0.3, "zh": 0.7}}
    with pytest.raises(ValueError, match="no mixture of what there is holds all axes"):
        shares(weights={"axes": axes})
    assert "no mixture of what there is" in " ".join(plan(True, weights={"axes": axes}).notes)


def test_values_of_an_axis_without_documents():
    axes = {"type": {"web": 0.5, "books": 0.5}, "lang": {"en": 0.6, "zh": 0.4}}
    with pytest.raises(ValueError, match=r"axis 'type': no component .* is called 'books'"):
        shares(weights={"axes": axes})
    found = plan(True, weights={"axes": axes})
    assert found.components == ["web/en", "web/zh"]
    assert found.average_shares == pytest.approx([0.6, 0.4])
    assert "no documents of books (axis 'type'); its others grow" in found.notes[0]


def test_floors_lift_and_caps_hold():
    found = plan(weights="natural", floors={"th": 0.05}, caps={"web/en": 0.5})
    by_name = dict(zip(found.components, found.average_shares, strict=True))
    rest = 0.45 / (2000 + 1000 + 900)
    assert by_name == pytest.approx(
        {"web/en": 0.5, "wiki/th": 0.05, "web/zh": 2000 * rest, "code/en": 1000 * rest,
         "parallel": 900 * rest}
    )  # fmt: skip
    assert found.notes == [
        "phase 'p': at its cap of 50.00%: web/en",
        "phase 'p': at its floor of 5.00%: wiki/th",
    ]


def test_a_floor_beyond_the_supply_names_the_component():
    with pytest.raises(Infeasible) as raised:
        plan(floors={"th": 0.5}, max_epochs=4)
    [short] = raised.value.phases
    assert [s.component for s in short.components] == ["wiki/th"]
    assert short.largest_budget == 800 * LENGTH
    assert plan(tokens=800 * LENGTH, floors={"th": 0.5}).rows == 800


def test_caps_limit_the_phase_too():
    """Half of the phase may be b, and of a there are ten rows: twenty rows at most."""
    rows = {"a": 10, "b": 10_000}
    with pytest.raises(Infeasible) as raised:
        plan(rows=rows, caps={"b": 0.5}, max_epochs=1)
    assert raised.value.phases[0].largest_budget == 20 * LENGTH
    assert plan(rows=rows, tokens=20 * LENGTH, caps={"b": 0.5}, max_epochs=1).rows == 20
    fitted = plan(True, rows=rows, caps={"b": 0.5}, max_epochs=1)
    assert (fitted.rows, fitted.average_shares) == (20, pytest.approx([0.5, 0.5]))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"floors": {"*": 0.3}}, "those of .* sum to 150.00%, their share is 100.00%"),
        ({"caps": {"*": 0.1}}, "those of .* sum to 50.00%, their share is 100.00%"),
        ({"weights": {"web/en": 1.0}, "caps": {"en": 0.5}}, "'web/en' is stated, 100.00%, and its"),
        ({"weights": {"web": 0.5, "en": 0.5}}, "'web/en' belongs to 'en' and to 'web' alike"),
    ],
)
def test_what_no_division_can_keep(settings, reason):
    with pytest.raises(ValueError, match=reason):
        plan(**settings)


def test_epochs_of_each_component():
    found = plan(
        weights="unimax", max_epochs={"wiki/th": 0.5, "parallel": 0.1, "*": 4}, tokens=1000 * LENGTH
    )
    by_name = dict(zip(found.components, found.average_shares, strict=True))
    assert by_name["wiki/th"] == pytest.approx(0.05)
    assert by_name["parallel"] == pytest.approx(0.09)
    assert found.held == {"wiki/th": "held at 0.5 epochs", "parallel": "held at 0.1 epochs"}
