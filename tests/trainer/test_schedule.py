"""The learning rate: warm-up, stable, decay with the last phase."""

import pytest

from trainer.config import OptimizerConfig
from trainer.schedule import decay_start, learning_rate

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


def test_decay_begins_with_the_last_phase():
    """Step 12 reads rows 48 to 51, the first two of which are the first phase's last."""
    assert decay_start([30, 20, 50], batch_rows=4, steps=25, config=CONFIG) == 12


def test_one_phase_decays_over_its_last_share():
    assert decay_start([100], batch_rows=10, steps=10, config=CONFIG) == 7


def test_a_run_cut_short_before_the_last_phase_decays_over_its_last_share():
    assert decay_start([80, 20], batch_rows=4, steps=10, config=CONFIG) == 7
