"""Abbreviations by language as a table that kernels look up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.bilingual.sentences.boundary_kernels import NEVER_ENDS, SELDOM_ENDS, word_hash
from stages.bilingual.sentences.classes import both_cases

TABLE = Path(__file__).with_name("abbreviations.yaml")
KINDS = {"never": NEVER_ENDS, "seldom": SELDOM_ENDS}
ANY = "any"


class Abbreviations(NamedTuple):
    """An open-addressing table of hashes, and what languages do with numbers."""

    hashes: np.ndarray
    """uint64 [power of two], 0 where empty; of the language's number and the word's bytes."""
    kinds: np.ndarray
    """uint8, as long: ``NEVER_ENDS`` or ``SELDOM_ENDS``."""
    languages: dict[str, int]
    """Numbers of the languages that have rules; all others are 0."""
    ordinals: np.ndarray
    """bool [languages + 1]: a number and a full stop are an ordinal ("am 1. Mai")."""


@cache
def abbreviations() -> Abbreviations:
    """The table of ``abbreviations.yaml``; the words of ``any`` count in every language."""
    import yaml

    content: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    ordinal = content.pop("ordinals")
    names = sorted((set(content) | set(ordinal)) - {ANY})
    languages = {name: number for number, name in enumerate(names, 1)}
    entries: dict[int, int] = {}
    for name, number in [(ANY, 0), *languages.items()]:
        for source in (content[ANY], content.get(name, {})):
            for kind, words in source.items():
                for word in (form for entry in words for form in both_cases(str(entry))):
                    entries[_hash(word, number)] = KINDS[kind]
    size = 1 << (2 * len(entries)).bit_length()
    hashes, kinds = np.zeros(size, np.uint64), np.zeros(size, np.uint8)
    for value, kind in sorted(entries.items()):
        at = value & (size - 1)
        while hashes[at]:
            at = (at + 1) & (size - 1)
        hashes[at], kinds[at] = value, kind
    flags = np.zeros(len(languages) + 1, np.bool_)
    flags[[languages[name] for name in ordinal]] = True
    return Abbreviations(hashes, kinds, languages, flags)


def language_numbers(languages: Sequence[str | None]) -> np.ndarray:
    """The number of each language's rules, uint8; ``pt-BR`` counts as ``pt``."""
    known = abbreviations().languages
    numbers = [known.get((name or "").replace("_", "-").split("-")[0], 0) for name in languages]
    return np.array(numbers, np.uint8)


def _hash(word: str, language: int) -> int:
    data = np.frombuffer(word.encode(), np.uint8)
    return int(word_hash(data, 0, len(data), language))
