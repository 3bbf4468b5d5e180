"""What a preset of the stage ``quality`` is: definitions of signals, rules and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from stages.quality import measuring, rules, signals
from stages.quality.datatrove import definitions as datatrove
from stages.quality.stop_words import StopWords
from stages.quality.threshold_files import read_thresholds

PresetName = Literal["own", "datatrove"]


@dataclass(frozen=True)
class Preset:
    """How documents are measured, and by which rules they are judged."""

    rules: tuple[rules.Rule, ...]
    """In the order of judging."""
    languages: Mapping[str, Mapping[str, float | None]]
    """Language -> rule -> threshold, where a language has its own."""
    signals: tuple[str, ...]
    """Names of what ``measure`` returns."""
    measure: Callable[..., tuple[np.ndarray, np.ndarray]]
    """See ``measuring.measure``."""
    stop_words_of: Callable[[str], tuple[str, ...]]
    """The stop words of a language."""
    stop_word_tables: Callable[[Sequence[tuple[str, Sequence[str]]]], StopWords]
    """(language, words) of several languages -> tables for ``measure``."""
    tells_kinds: bool
    """Whether its signals tell kinds of documents apart (``kinds``)."""


PRESETS: dict[PresetName, Preset] = {
    "own": Preset(
        rules.RULES,
        rules.LANGUAGES,
        tuple(signals.OWN),
        measuring.measure,
        measuring.stop_words_of,
        measuring.stop_word_tables,
        tells_kinds=True,
    ),
    "datatrove": Preset(
        datatrove.RULES,
        {},
        signals.DATATROVE,
        datatrove.measure,
        datatrove.stop_words_of,
        datatrove.stop_word_tables,
        tells_kinds=False,
    ),
}


@lru_cache(64)
def stop_words_in(preset: PresetName, folder: str, languages: tuple[str, ...]) -> StopWords:
    """Tables of these languages: the lists in ``thresholds: PATH``, else the preset's own."""
    files = read_thresholds(folder)
    lists = [
        (name, (name in files and files[name].stop_words) or PRESETS[preset].stop_words_of(name))
        for name in languages
    ]
    tables = PRESETS[preset].stop_word_tables(lists)
    listed = {name: number for number, (name, words) in enumerate(lists) if words}
    return replace(tables, numbers=listed)
