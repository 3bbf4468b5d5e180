"""The loss curve as a picture: what was learnt, how fast, and against which yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from formats.storage import atomic_path
from trainer.errors import OutputError
from trainer.output import OutputFolder, first_and_last_loss

BLUE, GREY, LIGHT = "#1f5fa8", "#6b7280", "#9db8d6"


def draw_curve(folder: OutputFolder) -> None:
    """Draw ``OUT/loss.png``: loss and learning rate per step, phases, the unigram entropy.

    Raises:
        OutputError: the folder has no steps to draw.
    """
    metrics, run = folder.read_metrics(), folder.read_run()
    if not metrics or run is None:
        raise OutputError(f"{folder.path}: no steps to draw")
    figure = _figure(6)
    loss_axis, rate_axis = figure.subplots(2, 1, sharex=True, height_ratios=[5, 1])
    _draw_loss(loss_axis, metrics, run)
    _draw_learning_rate(rate_axis, metrics)
    for axis in (loss_axis, rate_axis):
        axis.set_xlim(1, max(len(metrics), 2))
        _tidy(axis)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)  # covers no part of a curve
    with atomic_path(str(folder.curve_path)) as temporary:
        figure.savefig(temporary, format="png")


def new_figure() -> tuple[Any, Any]:
    """A picture of one axis, for a page."""
    figure = _figure(4)
    axis = figure.subplots()
    _tidy(axis)
    return figure, axis


def _figure(height: float) -> Any:
    """A figure of its own instead of pyplot: no global state, and no display is looked for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _tidy(axis: Any) -> None:
    axis.grid(color="#e5e7eb", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Mean over a centred window of about a fortieth of the steps, shorter at the two ends.

    Args:
        values: one per step.

    Returns:
        As many: value i is the mean of the values around i.
    """
    half = max(len(values) // 80, 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    positions = np.arange(len(values))
    first = np.maximum(positions - half, 0)
    end = np.minimum(positions + half + 1, len(values))
    return (sums[end] - sums[first]) / (end - first)


def phase_borders(metrics: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
    """The first step of each phase that was reached, with the phase's name."""
    borders: list[tuple[int, str]] = []
    for step in metrics:
        if not borders or borders[-1][1] != step["phase"]:
            borders.append((step["step"], step["phase"]))
    return borders


def _draw_loss(axis: Any, metrics: list[dict[str, Any]], run: dict[str, Any]) -> None:
    steps = [step["step"] for step in metrics]
    losses = np.array([step["loss"] for step in metrics])
    smooth = smoothed(losses)
    entropy = run["unigram_entropy"]
    axis.plot(steps, losses, color=LIGHT, linewidth=0.7, label="loss of each step")
    axis.plot(steps, smooth, color=BLUE, linewidth=2, label="smoothed")
    yardstick = f"unigram entropy {entropy:.2f}: knowing token frequencies alone"
    axis.axhline(entropy, color=GREY, linestyle="--", linewidth=1.2, label=yardstick)
    top = axis.get_xaxis_transform()
    for number, (step, phase) in enumerate(phase_borders(metrics)):
        if number:
            axis.axvline(step, color=GREY, linewidth=0.8)
        axis.annotate(phase, (step, 1), xycoords=top, xytext=(5, 2), textcoords="offset points",
                      va="bottom", color=GREY, fontsize=9)  # fmt: skip
    axis.set_ylabel("loss (nats per token)")
    tokens = metrics[-1]["tokens"] / 1e6
    first, last = first_and_last_loss(metrics)
    axis.set_title(
        f"loss {first:.2f} at first, {last:.2f} at last: {run['parameters'] / 1e6:.1f} M "
        f"parameters, {tokens:,.1f} M tokens",
        loc="left",
        pad=18,
    )


def _draw_learning_rate(axis: Any, metrics: list[dict[str, Any]]) -> None:
    axis.plot(
        [step["step"] for step in metrics],
        [step["learning_rate"] for step in metrics],
        color=GREY,
        linewidth=1.5,
    )
    axis.set_ylim(bottom=0)
    axis.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    for step, _ in phase_borders(metrics)[1:]:
        axis.axvline(step, color=GREY, linewidth=0.8)
    axis.set_ylabel("learning\nrate")
    axis.set_xlabel("step")
