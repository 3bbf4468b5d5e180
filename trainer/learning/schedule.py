"""The learning rate: warm-up, then stable and decay (WSD), a cosine, a line, or as it is.

WSD: Hu et al. 2024 (MiniCPM, whose decay is exponential). Decays by 1 - sqrt are from Hägele et al.
2024 (Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations).
"""

from __future__ import annotations

import math

from trainer.config import OptimizerConfig


def learning_rate(step: int, decay_start: int, steps: int, config: OptimizerConfig) -> float:
    """Learning rate of a step, counted from 0.

    Linear from 0 over ``warmup_steps``, then as ``config.schedule`` says; what decays reaches
    ``final_learning_rate`` in the last step.

    Args:
        step: 0 to steps - 1.
        decay_start: first step that decays (wsd).
        steps: how many there are.
        config: the rates.
    """
    rate = _after_warmup(step, decay_start, steps, config)
    if step < config.warmup_steps:
        return rate * (step + 1) / config.warmup_steps
    return rate


def _after_warmup(step: int, decay_start: int, steps: int, config: OptimizerConfig) -> float:
    peak, final = config.learning_rate, config.final_learning_rate
    if config.schedule == "constant":
        return peak
    begin = decay_start if config.schedule == "wsd" else min(config.warmup_steps, steps)
    if step < begin:
        return peak
    done = (step - begin + 1) / max(steps - begin, 1)
    if config.schedule == "cosine":
        return final + (peak - final) * (1 + math.cos(math.pi * done)) / 2
    if config.schedule == "wsd" and config.decay == "exponential":
        return float(peak * (final / peak) ** done)
    if config.schedule == "wsd" and config.decay == "sqrt":
        done = math.sqrt(done)
    return peak + (final - peak) * done


def decay_start(last_phase: int, phases: int, steps: int, config: OptimizerConfig) -> int:
    """The step at which the rate begins to fall: with the last phase, else with the last share.

    Args:
        last_phase: the step in which the last phase begins.
        phases: how many there are.
        steps: how many there are.
        config: ``decay_share`` holds where there is one phase, or where the steps end before the
            last one begins: a short run then is a small whole one.
    """
    if phases > 1 and last_phase < steps:
        return last_phase
    return steps - int(steps * config.decay_share)
