"""The log of a training run: ``metrics.jsonl`` and ``run.json`` in its folder."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from formats.storage import filesystem

METRICS, RUN = "metrics.jsonl", "run.json"


class TrainingLog:
    """Steps of a training run as tables."""

    def __init__(self, path: str) -> None:
        """Read the log.

        Raises:
            ValueError: the folder holds none.
        """
        self.path = path.rstrip("/")
        files, inner = filesystem(f"{self.path}/{METRICS}")
        if not files.exists(inner):
            raise ValueError(f"{path} is no training run: it has no {METRICS}")
        lines = files.cat_file(inner).splitlines()
        self._steps: list[dict[str, Any]] = [json.loads(line) for line in lines if line]
        self.run: dict[str, Any] = json.loads(files.cat_file(inner.replace(METRICS, RUN)))

    def steps(self) -> pa.Table:
        """A line a step: step, phase, loss, learning_rate, gradient_norm, tokens, ..."""
        plain = [
            {name: value for name, value in step.items() if not isinstance(value, dict | list)}
            for step in self._steps
        ]
        return pa.Table.from_pylist(plain)

    def by_component(self, name: str = "components") -> pa.Table:
        """Loss of each component at each step: step, component, and what the trainer logged."""
        rows = [
            {"step": step["step"], "component": component}
            | (found if isinstance(found, dict) else {"loss": found})
            for step in self._steps
            for component, found in step.get(name, {}).items()
        ]
        return pa.Table.from_pylist(rows)


def open_training(path: str) -> TrainingLog:
    """Open the folder that ``python -m trainer run`` wrote."""
    return TrainingLog(path)
