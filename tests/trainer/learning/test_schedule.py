"""The learning rate: warm-up, stable, decay with the last phase."""

import pytest
from pydantic import ValidationError

from trainer.config import OptimizerConfig
from trainer.learning.schedule import decay_start, learning_rate

CONFIG = OptimizerConfig(
    learning_rate=1.0, final_learning_rate=0.1, warmup_steps=4, decay_share=0.3
)


def test_the_three_parts():
    rates = [learning_rate(step, decay_start=7, steps=10, config=CONFIG) for step in range(10)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.7, 0.4, 0.1])


def test_no_warm_up():
    config = OptimizerConfig(learning_rate=1.0, warmup_steps=0)
    assert learning_rate(0, decay_start=5, steps=10, config=config) == 1.0


def test_warm_up_and_decay_may_overlap():
    rates = [learning_rate(step, decay_start=0, steps=2, config=CONFIG) for step in range(2)]
    assert rates == pytest.approx([0.55 / 4, 0.1 / 2])


@pytest.mark.parametrize(
    ("settings", "halfway", "last"),
    [
        ({"decay": "linear"}, 0.55, 0.1),
        ({"decay": "exponential"}, 0.1**0.5, 0.1),
        ({"decay": "sqrt"}, 1 - 0.9 * 0.5**0.5, 0.1),
        ({"schedule": "cosine", "warmup_steps": 0}, 0.55, 0.1),
        ({"schedule": "linear", "warmup_steps": 0}, 0.55, 0.1),
        ({"schedule": "constant", "warmup_steps": 0}, 1.0, 1.0),
    ],
)
def test_the_ways_to_fall(settings, halfway, last):
    config = CONFIG.model_copy(update=settings)
    rates = [learning_rate(step, decay_start=0, steps=10, config=config) for step in (4, 9)]
    assert rates == pytest.approx([halfway, last])


def test_a_cosine_and_a_line_begin_after_the_warm_up():
    for schedule in ("cosine", "linear"):
        config = CONFIG.model_copy(update={"schedule": schedule})
        rates = [learning_rate(step, decay_start=0, steps=10, config=config) for step in range(10)]
        assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1])
        assert sorted(rates[4:], reverse=True) == rates[4:]
        assert rates[9] == pytest.approx(0.1)


def test_an_exponential_decay_cannot_end_at_nothing():
    with pytest.raises(ValidationError, match="decay exponential wants more than 0"):
        OptimizerConfig(decay="exponential", final_learning_rate=0)


def test_decay_begins_with_the_last_phase_else_with_the_last_share():
    assert decay_start(last_phase=12, phases=3, steps=25, config=CONFIG) == 12
    assert decay_start(last_phase=0, phases=1, steps=10, config=CONFIG) == 7
    assert decay_start(last_phase=10, phases=2, steps=10, config=CONFIG) == 7, "cut short before"
