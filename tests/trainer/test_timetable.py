"""Which rows a run reads in which step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import RampStep, TrainConfig
from trainer.timetable import Timetable


def table(phase_rows, length=16, **settings):
    config = TrainConfig(shards="a", out="b", **{"micro_batch_rows": 1, **settings})
    return Timetable.of(config, phase_rows, length)


def test_all_rows_once_the_last_step_has_fewer():
    found = table([70, 26], global_batch_rows=36)
    assert [found.rows_of(step) for step in range(found.steps)] == [(0, 36), (36, 72), (72, 96)]
    assert found.decay_start == 1, "the step that reads row 70, the first of the last phase"


def test_as_many_steps_as_are_asked_for():
    found = table([70, 26], global_batch_rows=4, max_steps=10)
    assert (found.steps, found.end_row, found.decay_start) == (10, 40, 8)


def test_a_ramp_in_rows_and_tokens():
    """From row 10 on 8 rows a step, but no step is cut: the third of 4 rows ends at 12."""
    ramp = [{"rows": 8, "from_row": 10}, {"rows": 16, "from_tokens": 28 * 16}]
    found = table([60], global_batch_rows=4, batch_ramp=ramp)
    assert [found.rows_of(step) for step in range(found.steps)] == [
        (0, 4), (4, 8), (8, 12), (12, 20), (20, 28), (28, 44), (44, 60),
    ]  # fmt: skip
    assert [found.step_of(row) for row in (0, 11, 12, 27, 28, 59, 60)] == [0, 2, 3, 4, 5, 6, 7]


def test_a_ramp_beyond_the_last_row_is_none():
    found = table([8], global_batch_rows=4, batch_ramp=[{"rows": 8, "from_row": 100}])
    assert (len(found.segments), found.steps) == (1, 2)


def test_a_place_is_in_rows_or_tokens():
    assert RampStep(rows=8, from_tokens="1K").first_row(16) == 63
    for wrong in ({}, {"from_row": 3, "from_tokens": 5}):
        with pytest.raises(ValueError, match="from_row or from_tokens is wanted"):
            RampStep(rows=8, **wrong)


def test_rows_of_a_forward_pass_divide_the_share_of_a_process():
    (segment,) = table([96], global_batch_rows=24).segments
    assert [segment.micro_rows(most, 2) for most in (1, 4, 8, 12, 100)] == [1, 4, 4, 12, 12]


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=3),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(1, 150), st.integers(1, 30)), max_size=3),
    st.integers(0, 40),
)
def test_steps_follow_each_other_without_gaps(phase_rows, rows, ramp, most):
    steps = [{"from_row": row, "rows": count} for row, count in ramp]
    found = table(phase_rows, global_batch_rows=rows, batch_ramp=steps, max_steps=most)
    spans = [found.rows_of(step) for step in range(found.steps)]
    assert [first for first, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == found.end_row
    assert all(
        found.step_of(row) == step for step, (a, b) in enumerate(spans) for row in (a, b - 1)
    )
    assert found.steps == most or found.end_row == sum(phase_rows)
    assert 0 <= found.decay_start <= found.steps
