"""The stop words of ``stop_words.yaml`` as the hash tables of the quality kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

PATH = Path(__file__).with_name("stop_words.yaml")
MOST_WORDS = 64
"""Per language: one bit of a word each."""


@dataclass(frozen=True)
class StopWords:
    """Tables of all languages, for ``quality_kernels.measure``."""

    numbers: dict[str, int]
    """Language -> number of its table."""
    keys: np.ndarray
    """uint64 [languages * STOP_SLOTS]: hashes of words (or sequences of them), 0 where empty."""
    words: np.ndarray
    """int64, the same shape: number of the stop word in a slot."""
    longest: np.ndarray
    """int64 [languages]: parts of the language's longest stop word."""
    otherwise: int = -1
    """Number of the table of languages that have none; -1: they have no stop words."""

    def lists(self, names: Sequence[str]) -> np.ndarray:
        """int64 [languages]: the numbers of their tables."""
        return np.array([self.numbers.get(name, self.otherwise) for name in names], np.int64)


Splitter = Callable[[str, str], tuple[int, int]]
"""(word, language) -> the hash under which a kernel meets it, and how many words of ours it is."""


@cache
def shipped_lists() -> Mapping[str, tuple[str, ...]]:
    """Language -> words of ``stop_words.yaml``."""
    lists = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return {str(name): tuple(words) for name, words in lists.items()}


@cache
def stop_words() -> StopWords:
    """The tables of the shipped lists."""
    return build(tuple(shipped_lists().items()))


def build(
    lists: Sequence[tuple[str, Sequence[str]]],
    split: Splitter | None = None,
    any_case: bool = True,
    strict: bool = True,
) -> StopWords:
    """Tables of the given (language, words).

    Args:
        lists: the words of each language.
        split: how words are hashed; ``sequence_key`` by default.
        any_case: each word also with a capital and in capitals.
        strict: raise where otherwise the first ``MOST_WORDS`` words are taken and what is no word
            of ours, or too many, is left out.

    Raises:
        ValueError: a language has more words than ``MOST_WORDS``, or one is too long.
    """
    from stages.quality.quality_kernels import LONGEST_STOP_WORD, STOP_SLOTS

    keys = np.zeros((len(lists), STOP_SLOTS), np.uint64)
    numbers = np.zeros((len(lists), STOP_SLOTS), np.int64)
    longest = np.ones(len(lists), np.int64)
    for language, (name, words) in enumerate(lists):
        if strict and len(words) > MOST_WORDS:
            raise ValueError(f"stop words of {name}: {len(words)}, at most {MOST_WORDS}")
        for number, word in enumerate(words[:MOST_WORDS]):
            spellings = (word, word.capitalize(), word.upper()) if any_case else (word,)
            for spelling in dict.fromkeys(spellings):
                key, parts = (split or sequence_key)(spelling, name)
                if not 0 < parts <= LONGEST_STOP_WORD:
                    if not strict:
                        continue
                    raise ValueError(f"stop word {word!r} of {name}: {parts} words of ours")
                insert(keys[language], numbers[language], key, number)
                longest[language] = max(longest[language], parts)
    return StopWords(
        {name: number for number, (name, _) in enumerate(lists)},
        keys.reshape(-1),
        numbers.reshape(-1),
        longest,
    )


def sequence_key(text: str, language: str = "") -> tuple[int, int]:
    """The hash under which the kernel meets these words, and how many words they are."""
    from stages.quality.hashing_kernels import hash_sequence
    from stages.quality.words_kernels import split_words
    from stages.text_kernels import character_classes

    data = np.frombuffer(text.encode(), np.uint8)
    hashes = np.zeros(len(data) + 1, np.uint64)
    lengths = np.zeros(len(data) + 1, np.int64)
    parts = int(split_words(data, *character_classes(), hashes, lengths))
    return int(hash_sequence(hashes[:parts])), parts


def insert(keys: np.ndarray, numbers: np.ndarray, key: int, number: int) -> None:
    """Put a key into an open table (linear probing from its top bits); the first one stays."""
    slot = key >> (64 - len(keys).bit_length() + 1)
    while keys[slot] not in (0, key):
        slot = (slot + 1) % len(keys)
    if keys[slot] == 0:
        keys[slot] = key
        numbers[slot] = number
