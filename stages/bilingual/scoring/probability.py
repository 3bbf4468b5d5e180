"""How probably two sentences are translations of each other.

A network with one layer of a few units weighs the features: that a side is too short is suspicious
where its end is not found on the other side, and of little meaning otherwise. Its logarithm of odds
is then corrected by a line (Platt 1999) that was fitted on sources the network had not seen. All of
it is in ``translation.yaml``, with what it was fitted on (``benchmarks/bitext_fit.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stages.bilingual.scoring.describing import Described
from stages.bilingual.scoring.features import FEATURES, features

WEIGHTS = Path(__file__).with_name("translation.yaml")
MOST_DEVIATIONS = 4.0
"""A feature further from its mean is taken for one that is as far as that."""
MOST_CERTAIN = 12.0
"""Logarithm of odds."""


@dataclass(frozen=True)
class Network:
    """One layer between the features and a logarithm of odds."""

    means: np.ndarray
    """float64 [features]."""
    deviations: np.ndarray
    """float64 [features]."""
    weights: np.ndarray
    """float64 [features, units]."""
    biases: np.ndarray
    """float64 [units]."""
    outputs: np.ndarray
    """float64 [units]."""
    bias: float
    calibration: tuple[float, float] = (0.0, 1.0)
    """What is added to the logarithm of odds, once it is multiplied."""

    def scaled(self, rows: np.ndarray) -> np.ndarray:
        """The features in deviations from their means, float64 [pairs, features]."""
        scaled = (rows - self.means) / self.deviations
        return np.clip(scaled, -MOST_DEVIATIONS, MOST_DEVIATIONS)

    def odds(self, rows: np.ndarray) -> np.ndarray:
        """Logarithm of the odds that each is a translation, not yet corrected: float64 [pairs]."""
        inner = np.tanh(self.scaled(rows) @ self.weights + self.biases)
        result: np.ndarray = inner @ self.outputs + self.bias
        return result

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """Float64 [pairs], of features float64 [pairs, features]."""
        offset, slope = self.calibration
        odds = np.clip(offset + slope * self.odds(rows), -MOST_CERTAIN, MOST_CERTAIN)
        result: np.ndarray = 1 / (1 + np.exp(-odds))
        return result


def probabilities(described: Described) -> np.ndarray:
    """float32 [pairs]: how probably each is a translation."""
    return network().probabilities(features(described)).astype(np.float32)


@cache
def network() -> Network:
    """The network of ``translation.yaml``."""
    return from_data(yaml.safe_load(WEIGHTS.read_text(encoding="utf-8")))


def from_data(data: dict[str, Any]) -> Network:
    """A network as the file has it."""
    rows = np.array([data["features"][name] for name in FEATURES], np.float64)
    offset, slope = data["calibration"]
    return Network(
        rows[:, 0], rows[:, 1], np.ascontiguousarray(rows[:, 2:]), np.array(data["biases"]),
        np.array(data["outputs"]), float(data["bias"]), (float(offset), float(slope)),
    )  # fmt: skip


def to_data(network: Network) -> dict[str, Any]:
    """As ``from_data`` reads it, rounded to what matters."""
    rows = np.column_stack([network.means, network.deviations, network.weights]).tolist()
    return {
        "calibration": [round(value, 3) for value in network.calibration],
        "bias": round(network.bias, 3),
        "outputs": [round(value, 3) for value in network.outputs.tolist()],
        "biases": [round(value, 3) for value in network.biases.tolist()],
        "features": {
            name: [round(value, 3) for value in row]
            for name, row in zip(FEATURES, rows, strict=True)
        },
    }
