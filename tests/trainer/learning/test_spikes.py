"""Which steps are not taken."""

import torch

from trainer.learning.spikes import LEAST, WINDOW, SpikeGuard

CPU = torch.device("cpu")


def judge(guard, loss, norm=1.0):
    return bool(guard.judge(torch.tensor(float(loss)), torch.tensor(float(norm))))


def usual_steps(guard, count, seed=0):
    random = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, 2, generator=random) * 0.1
    return [judge(guard, 3 + a, 1 + b) for a, b in noise.tolist()]


def test_usual_steps_are_taken():
    assert not any(usual_steps(SpikeGuard(6, CPU), 3 * WINDOW))


def test_a_spike_of_loss_or_gradient_is_skipped_and_forgotten():
    guard = SpikeGuard(6, CPU)
    usual_steps(guard, WINDOW)
    assert judge(guard, 4.5)
    assert judge(guard, 3, norm=2.5)
    assert int(guard.skipped_in_a_row) == 2
    assert not judge(guard, 3.1)
    assert int(guard.skipped_in_a_row) == 0
    assert judge(guard, 4.5), "the first spike did not move the mean"


def test_what_is_not_finite_is_skipped_from_the_first_step():
    guard = SpikeGuard(0, CPU)
    assert judge(guard, float("nan"))
    assert judge(guard, 3, norm=float("inf"))
    usual_steps(guard, WINDOW)
    assert not judge(guard, 1e9), "0 deviations: nothing else is"


def test_the_first_steps_fall_fast_and_rise_freely():
    guard = SpikeGuard(6, CPU)
    assert not any(judge(guard, 10 - 0.1 * step) for step in range(LEAST - 1))
    assert not judge(guard, 50)


def test_a_run_that_goes_on_judges_alike():
    guard, other = SpikeGuard(6, CPU), SpikeGuard(6, CPU)
    usual_steps(guard, WINDOW + 10)
    other.load_state_dict({name: part.clone() for name, part in guard.state_dict().items()})
    for loss in (3.2, 9, 2.9, 3.65, 4):
        assert judge(guard, loss) == judge(other, loss)
