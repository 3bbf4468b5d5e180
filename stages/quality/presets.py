"""What a preset of the stage ``quality`` is: definitions of signals, rules and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stages.quality import datatrove, measuring, rules

PresetName = Literal["own", "datatrove"]


@dataclass(frozen=True)
class Preset:
    """How documents are measured, and by which rules they are judged."""

    rules: tuple[rules.Rule, ...]
    """In the order of judging."""
    languages: Mapping[str, Mapping[str, float | None]]
    """Language -> rule -> threshold, where a language has its own."""
    signal_names: Callable[[], tuple[str, ...]]
    measure: Callable[..., tuple[np.ndarray, np.ndarray]]
    """See ``measuring.measure``."""
    stop_word_tables: Callable[..., Any]
    """(language, words) of several languages -> ``StopWords``."""


PRESETS: dict[PresetName, Preset] = {
    "own": Preset(
        rules.RULES,
        rules.LANGUAGES,
        measuring.signal_names,
        measuring.measure,
        measuring.stop_word_tables,
    ),
    "datatrove": Preset(
        datatrove.RULES,
        {},
        datatrove.signal_names,
        datatrove.measure,
        datatrove.stop_word_tables,
    ),
}
