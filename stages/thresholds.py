"""Thresholds by language, and the reasons of what they drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.base import on_rows
from stages.quality.judging import plain_numbers
from stages.quality.rules import language_key

DEFAULT = "default"
"""In place of a language: all others."""


def limit_key(language: str) -> str:
    """What a setting's language is listed under: ``language_key``, or ``default`` itself."""
    return language if language == DEFAULT else language_key(language)


def limits_of(limits: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """The limit of each language, float32 [languages]; NaN where there is none.

    Args:
        limits: language -> limit, and ``default``.
        names: ``language_key`` of each language.
    """
    known = {limit_key(language): limit for language, limit in limits.items()}
    otherwise = known.get(DEFAULT, np.nan)
    return np.array([known.get(name, otherwise) for name in names], np.float32)


def unserved(limits: Mapping[str, float], models: Mapping[str, object]) -> list[str]:
    """Languages that have a limit but no model, where there is no model for all others either."""
    if DEFAULT in models:
        return []
    return sorted({limit_key(language) for language in limits} - set(models) - {DEFAULT})


def reasons_of(rule: str, wrong: np.ndarray, values: np.ndarray, limits: np.ndarray) -> pa.Array:
    """``"rule: value vs threshold"`` on the wrong rows, else null: string [rows].

    Args:
        rule: its name.
        wrong: bool [rows].
        values: float32 [rows], what was measured.
        limits: float32 [rows].
    """
    rows = np.flatnonzero(wrong)
    texts = pc.binary_join_element_wise(
        rule, ": ", plain_numbers(values[rows]), " vs ", plain_numbers(limits[rows]), ""
    )
    return on_rows(texts, rows, len(values))
