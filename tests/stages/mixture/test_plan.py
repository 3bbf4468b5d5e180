"""What a phase takes of each component, and what it says when there is not enough."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mixture.interleave import component_counts_before, make_schedule
from stages.mixture.members import is_non_english
from stages.mixture.options import PhaseOptions
from stages.mixture.plan import (
    Infeasible,
    Supply,
    plan_phase,
    plan_phases,
)

LENGTH = 1000


def supply(**rows):
    return {name: Supply(count, count * LENGTH, count * 3) for name, count in rows.items()}


def phase(tokens=100 * LENGTH, name="pretrain", **settings):
    return PhaseOptions(name=name, tokens=tokens, **settings)


def test_temperature_raises_small_components():
    plan = plan_phase(phase(weights={"temperature": 0.5}), supply(en=900, fr=100), LENGTH)
    assert plan.components == ["en", "fr"]
    assert plan.average_shares == pytest.approx([0.75, 0.25])  # 30 : 10
    assert plan.rows == 100


def test_temperature_one_takes_components_as_they_come():
    plan = plan_phase(phase(), supply(en=900, fr=100), LENGTH)
    assert plan.average_shares == pytest.approx([0.9, 0.1])


def test_explicit_weights_leave_out_what_they_do_not_name():
    plan = plan_phase(
        phase(weights={"fr": 0.4, "en": 0.6, "de": 0}), supply(en=500, fr=500, zh=5), LENGTH
    )
    assert plan.components == ["en", "fr"]
    assert plan.shares == [[(0, 0.6)], [(0, 0.4)]]


def test_a_curriculum_moves_a_group_and_the_rest_follows():
    plan = plan_phase(
        phase(curriculum={"non_english": [0.3, 0.6]}),
        supply(en=600, code=200, fr=300, zh=100),
        LENGTH,
    )
    shares = dict(zip(plan.components, plan.shares, strict=True))
    assert shares["fr"] == [(0, pytest.approx(0.225)), (1, pytest.approx(0.45))]
    assert shares["zh"] == [(0, pytest.approx(0.075)), (1, pytest.approx(0.15))]
    assert shares["en"] == [(0, pytest.approx(0.525)), (1, pytest.approx(0.3))]
    assert shares["code"] == [(0, pytest.approx(0.175)), (1, pytest.approx(0.1))]


def test_groups_may_have_positions_of_their_own():
    plan = plan_phase(
        phase(curriculum={"fr": [0, 0.2, 0.4], "zh": [0.1], "de": [0.2, 0]}),
        supply(en=500, fr=500, zh=500, de=500),
        LENGTH,
    )
    shares = dict(zip(plan.components, plan.shares, strict=True))
    assert [position for position, _ in shares["en"]] == [0, 0.5, 1]
    assert [value for _, value in shares["en"]] == pytest.approx([0.7, 0.6, 0.5])
    assert [value for _, value in shares["zh"]] == pytest.approx([0.1] * 3)
    make_schedule(plan.rows, plan.shares)  # sums to one everywhere


@pytest.mark.parametrize(
    ("component", "expected"),
    [("en", False), ("web-en", False), ("code/python", False), ("fr", True), ("zh-Hans", True),
     ("parallel", True), ("ben", True), ("English_news", False)],
)  # fmt: skip
def test_non_english_is_told_by_the_name(component, expected):
    assert is_non_english(component) is expected


def test_asking_for_too_much_says_what_would_be_feasible():
    with pytest.raises(Infeasible) as raised:
        plan_phase(
            phase(tokens=10_000 * LENGTH, weights={"en": 0.5, "fr": 0.3, "zh": 0.2}),
            supply(en=5000, fr=500, zh=300),
            LENGTH,
        )
    [short] = raised.value.phases
    assert [s.component for s in short.components] == ["fr", "zh"]
    assert [s.rows_wanted for s in short.components] == [3000, 2000]
    assert [s.rows_available for s in short.components] == [2000, 1200]
    assert [s.largest_share for s in short.components] == [0.2, 0.12]
    assert short.largest_budget == 6000 * LENGTH
    assert str(raised.value).splitlines() == [
        "phase 'pretrain' asks for 10M tokens, more than its supply in 4 epochs:",
        "  fr: 3M tokens wanted (30.00% of the phase, 6 epochs), 2M available; "
        "its share can be 20.00% at most",
        "  zh: 2M tokens wanted (20.00% of the phase, 6.67 epochs), 1.2M available; "
        "its share can be 12.00% at most",
        "  feasible: tokens of at most 6,000,000 with this mixture, or smaller "
        "shares of these components, or a larger max_epochs",
    ]


def test_all_infeasible_phases_are_reported_at_once():
    phases = [phase(tokens=1000 * LENGTH), phase(), phase(tokens=2000 * LENGTH)]
    with pytest.raises(Infeasible, match=r"(?s)asks for 1M.*asks for 2M") as raised:
        plan_phases(phases, [supply(en=100)] * 3, LENGTH)
    assert len(raised.value.phases) == 2


def test_a_budget_scaled_to_the_supply_is_the_largest_feasible_one():
    plan = plan_phase(
        phase(tokens=10_000 * LENGTH, weights={"en": 0.5, "fr": 0.3, "zh": 0.2}),
        supply(en=5000, fr=500, zh=300),
        LENGTH,
        fit_to_supply=True,
    )
    assert plan.rows == 6000
    assert plan.notes == [
        "phase 'pretrain': 10M tokens scaled to 6M, 4 epochs of 'zh' at 20.00% of the phase"
    ]


def test_enough_supply_needs_no_note():
    assert plan_phase(phase(), supply(en=100), LENGTH, fit_to_supply=True).notes == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(1, 50)), min_size=1, max_size=8),
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
    st.sampled_from([0.5, 1, 4]),
)
def test_a_fitted_phase_never_exceeds_the_epochs_and_one_row_more_would(sizes, curve, epochs):
    total = sum(weight for _, weight in sizes)
    names = [f"c{number}" for number in range(len(sizes))]
    there = supply(**{name: rows for name, (rows, _) in zip(names, sizes, strict=True)})
    weights = {name: weight / total for name, (_, weight) in zip(names, sizes, strict=True)}
    curriculum = {"c0": curve} if len(sizes) > 1 else {}
    options = phase(10**12, weights=weights, curriculum=curriculum, max_epochs=epochs)
    try:
        plan = plan_phase(options, there, LENGTH, fit_to_supply=True)
    except Infeasible as error:
        assert error.phases[0].largest_budget == 0
        return
    schedule = make_schedule(plan.rows, plan.shares)
    counts = component_counts_before(schedule, plan.rows)[-1]
    for name, count in zip(plan.components, counts.tolist(), strict=True):
        assert count <= there[name].rows * epochs
    exact = phase(
        (plan.rows + 1) * LENGTH, weights=weights, curriculum=curriculum, max_epochs=epochs
    )
    with pytest.raises(Infeasible):
        plan_phase(exact, there, LENGTH)


def test_unknown_components_are_named_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"called 'fra' \(did you mean 'fr'\?\); there are: en, fr"
    ):
        plan_phase(phase(weights={"en": 0.5, "fra": 0.5}), supply(en=9, fr=9), LENGTH)
    with pytest.raises(ValueError, match="curriculum: no component with documents is called 'th'"):
        plan_phase(phase(curriculum={"th": [0.1]}), supply(en=9, fr=9), LENGTH)


def test_components_without_documents_are_dropped_when_fitting():
    plan = plan_phase(
        phase(weights={"en": 0.4, "fr": 0.1, "zh": 0.5}, curriculum={"th": [0.2, 0.4]}),
        supply(en=90, fr=90, zh=0),
        LENGTH,
        fit_to_supply=True,
    )
    assert dict(zip(plan.components, plan.average_shares, strict=True)) == pytest.approx(
        {"en": 0.8, "fr": 0.2}
    )
    assert plan.notes == [
        "phase 'pretrain': no documents of zh; the other weights grow in proportion",
        "phase 'pretrain': no documents for the curriculum of 'th'",
    ]


@pytest.mark.parametrize(
    ("curriculum", "reason"),
    [
        ({"fr": [0.5, 0.9], "en": [0.5, 0.2]}, r"sum to 1.1 at position 1"),
        ({"fr": [0.2], "non_english": [0.3]}, "'fr' is in two groups"),
        ({"fr": [0.2], "en": [0.3]}, r"hold every component, but their share is 0.5 at position 0"),
    ],
)
def test_curricula_that_are_no_mixture(curriculum, reason):
    with pytest.raises(ValueError, match=reason):
        plan_phase(phase(curriculum=curriculum), supply(en=500, fr=500), LENGTH)


def test_nothing_at_all_cannot_be_mixed():
    with pytest.raises(ValueError, match="no document of any component is there"):
        plan_phase(phase(), supply(en=0), LENGTH)


def test_temperature_lifts_no_component_beyond_its_epochs():
    """Square roots would give fr 1/11 of the phase, 91 rows; four epochs of it are 40."""
    plan = plan_phase(
        phase(tokens=1000 * LENGTH, weights={"temperature": 0.5}), supply(en=1000, fr=10), LENGTH
    )
    assert plan.rows == 1000
    assert plan.components == ["en", "fr"]
    assert plan.average_shares == pytest.approx([0.96, 0.04])
    assert plan.notes == ["phase 'pretrain': held at 4 epochs: fr"]


def test_all_budgets_shrink_by_one_factor():
    phases = [phase(name="long", tokens=2000 * LENGTH), phase(name="short", tokens=100 * LENGTH)]
    there = supply(en=100)
    long, short = plan_phases(phases, [there, there], LENGTH, fit_to_supply=True)
    assert (long.rows, short.rows) == (400, 20)
    assert "4 epochs of 'en' at 100.00% of the phase" in long.notes[0]
    assert "in step with 'long'" in short.notes[0]


def test_a_phase_that_continues_has_what_is_left():
    """Four epochs of 100 rows: the first takes 300, and 100 are left."""
    there = supply(en=100)
    first = phase(300 * LENGTH, "first")
    plans = plan_phases(
        [first, phase(100 * LENGTH, "then", continues="first")], [there] * 2, LENGTH
    )
    assert [plan.rows for plan in plans] == [300, 100]
    with pytest.raises(Infeasible, match=r"'then' asks for 101K .* in 4 epochs, of which 'first'"):
        plan_phases([first, phase(101 * LENGTH, "then", continues="first")], [there] * 2, LENGTH)
    other = phase(400 * LENGTH, "then")
    assert [p.rows for p in plan_phases([first, other], [there] * 2, LENGTH)] == [300, 400]


def test_phases_that_continue_shrink_together():
    phases = [
        phase(3000 * LENGTH, "first"),
        phase(600 * LENGTH, "second", continues="first"),
        phase(400 * LENGTH, "third", continues="second"),
    ]
    plans = plan_phases(phases, [supply(en=100)] * 3, LENGTH, fit_to_supply=True)
    rows = [plan.rows for plan in plans]
    assert sum(rows) == 400
    assert rows == pytest.approx([300, 60, 40], abs=1)
    assert next(note for plan in plans for note in plan.notes).startswith(
        "phase 'first': 3M tokens scaled to 30"
    )


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=5),
    st.lists(st.integers(1, 3000), min_size=2, max_size=4),
    st.sampled_from([0.5, 1, 4]),
    st.sampled_from(["natural", "unimax", {"alpha": 0.3}]),
)
def test_a_chain_of_fitted_phases_never_exceeds_the_epochs(sizes, budgets, epochs, weights):
    there = supply(**{f"c{n}": rows for n, rows in enumerate(sizes)})
    phases = [
        phase(budget * LENGTH, f"p{n}", max_epochs=epochs, weights=weights)
        if n == 0
        else phase(budget * LENGTH, f"p{n}", max_epochs=epochs, continues=f"p{n - 1}")
        for n, budget in enumerate(budgets)
    ]
    try:
        plans = plan_phases(phases, [there] * len(phases), LENGTH, fit_to_supply=True)
    except Infeasible:
        assert sum(sizes) * epochs < 2 * len(budgets) * len(sizes) + len(sizes)
        return
    taken = dict.fromkeys(there, 0)
    for plan in plans:
        counts = component_counts_before(make_schedule(plan.rows, plan.shares), plan.rows)[-1]
        for name, count in zip(plan.components, counts.tolist(), strict=True):
            taken[name] += count
    for name, count in taken.items():
        assert count <= there[name].rows * epochs
