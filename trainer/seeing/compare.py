"""Runs beside each other: what they were begun with, and what they know of what is held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trainer.errors import OutputError
from trainer.evaluation.evaluate import table
from trainer.output import OutputFolder, first_and_last_loss


def describe_comparison(paths: Sequence[str | Path]) -> Iterator[str]:
    """Two tables for a person: a line for each run, then one for each held-out component.

    Figures are of the last step that was evaluated in each; two annealings of one checkpoint are
    compared with it when it is given as well.

    Raises:
        OutputError: a folder holds no training run, or one without a step.
    """
    runs = [_read(path) for path in paths]
    yield from table(
        ["run", "begun with", "step", "tokens", "last loss"],
        [
            [run["name"], run["init"], f"{run['step']}", f"{run['tokens']:,}", f"{run['loss']:.3f}"]
            for run in runs
        ],
    )
    if len({run["held_out_targets"] for run in runs}) > 1:
        yield ""
        yield "held-out rows differ: the runs have other shards, so read these figures with care"
    names = list(dict.fromkeys(name for run in runs for name in run["held_out"]))
    if not names:
        yield ""
        yield "nothing was held out (mixture.held_out in the recipe): nothing to compare"
        return
    unit = "bits per byte" if all("bits_per_byte" in run["all"] for run in runs) else "nats"
    key = "bits_per_byte" if unit == "bits per byte" else "loss"
    yield ""
    rows = [
        [name, unit, *(_figure(run["held_out"].get(name), key) for run in runs)] for name in names
    ]
    rows.append(["all", unit, *(_figure(run["all"], key) for run in runs)])
    yield from table(["held out", "", *(run["name"] for run in runs)], rows)


def _read(path: str | Path) -> dict[str, Any]:
    folder = OutputFolder(path)
    run, metrics = folder.read_run(), folder.read_metrics()
    if run is None or not metrics:
        raise OutputError(f"{path}: no training run in it that took a step (run.json)")
    evaluated = folder.read_held_out()
    last = evaluated[-1] if evaluated else {}
    return {
        "name": str(path),
        "init": run["config"].get("init", "random"),
        "step": metrics[-1]["step"],
        "tokens": metrics[-1]["tokens"],
        "loss": first_and_last_loss(metrics)[1],
        "held_out": last.get("components", {}),
        "held_out_targets": last.get("targets"),
        "all": last,
    }


def _figure(found: dict[str, Any] | None, key: str) -> str:
    return "–" if not found or key not in found else f"{found[key]:.3f}"
