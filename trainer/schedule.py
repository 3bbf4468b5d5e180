"""The learning rate: warm-up, stable, decay (WSD; Hu et al. 2024, MiniCPM)."""

from __future__ import annotations

from trainer.config import OptimizerConfig


def learning_rate(step: int, decay_start: int, steps: int, config: OptimizerConfig) -> float:
    """Learning rate of a step, counted from 0.

    Linear from 0 over ``warmup_steps``, then stable, then linear to ``final_learning_rate`` from
    ``decay_start`` to the last step.

    Args:
        step: 0 to steps - 1.
        decay_start: first step that decays.
        steps: how many there are.
        config: the rates.
    """
    peak, final = config.learning_rate, config.final_learning_rate
    if step >= decay_start:
        done = (step - decay_start + 1) / max(steps - decay_start, 1)
        peak = peak + (final - peak) * done
    if step < config.warmup_steps:
        return peak * (step + 1) / config.warmup_steps
    return peak


def decay_start(phase_rows: list[int], batch_rows: int, steps: int, config: OptimizerConfig) -> int:
    """The step at which the rate begins to fall: with the last phase, else with the last share.

    Args:
        phase_rows: rows of each phase, in training order.
        batch_rows: rows per step.
        steps: how many there are.
        config: ``decay_share`` holds where there is one phase, or where the steps end before the
            last one begins: a short run then is a small whole one.
    """
    last_phase = sum(phase_rows[:-1]) // batch_rows
    if len(phase_rows) > 1 and last_phase < steps:
        return last_phase
    return steps - int(steps * config.decay_share)
