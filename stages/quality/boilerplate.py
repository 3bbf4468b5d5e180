"""The phrases of ``boilerplate.yaml`` as the hash table of the kernel, and removing such lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from formats.buffers import text_buffers, text_column
from stages.quality.stop_words import insert

PATH = Path(__file__).with_name("boilerplate.yaml")
GROUPS = ("lines", "rights", "cookies")


@dataclass(frozen=True)
class Phrases:
    """All phrases of all languages, as one table: a page may have several languages."""

    keys: np.ndarray
    """uint64 [slots]: hashes of phrases and of their first words, 0 where empty."""
    flags: np.ndarray
    """uint8 [slots]: what each is (``boilerplate_kernels``)."""


@cache
def phrases() -> Phrases:
    """The table.

    Raises:
        ValueError: a phrase is longer than the kernel looks for, or has no word.
    """
    from stages.quality.boilerplate_kernels import (
        BEGINS,
        COOKIES,
        LONGEST_PHRASE,
        RIGHTS,
        WHOLE_LINE,
    )

    bits = dict(zip(GROUPS, (WHOLE_LINE, RIGHTS, COOKIES), strict=True))
    found: dict[int, int] = {}
    for group, languages in yaml.safe_load(PATH.read_text(encoding="utf-8")).items():
        for phrase in (phrase for listed in languages.values() for phrase in listed):
            for spelling in {phrase, phrase.capitalize(), phrase.title(), phrase.upper()}:
                first, key, parts = phrase_keys(spelling)
                if not 0 < parts <= LONGEST_PHRASE:
                    raise ValueError(f"{PATH.name}: {phrase!r} has {parts} words of ours")
                found[key] = found.get(key, 0) | bits[group]
                found[first] = found.get(first, 0) | BEGINS
    slots = 1 << (4 * len(found)).bit_length()
    keys = np.zeros(slots, np.uint64)
    numbers = np.zeros(slots, np.int64)
    for key, flags in found.items():
        insert(keys, numbers, key, flags)
    return Phrases(keys, numbers.astype(np.uint8))


def phrase_keys(text: str) -> tuple[int, int, int]:
    """The hashes of the first word and of all words, and how many they are."""
    from stages.quality.hashing_kernels import hash_sequence
    from stages.quality.words_kernels import split_words
    from stages.text_kernels import character_classes

    data = np.frombuffer(text.encode(), np.uint8)
    hashes = np.zeros(len(data) + 1, np.uint64)
    lengths = np.zeros(len(data) + 1, np.int64)
    parts = int(split_words(data, *character_classes(), hashes, lengths))
    return int(hash_sequence(hashes[:1])), int(hash_sequence(hashes[:parts])), parts


def remove_boilerplate(
    column: pa.Array, living: np.ndarray, notices: bool, navigation: bool
) -> tuple[pa.Array, np.ndarray]:
    """The texts without the lines of the page around them.

    Args:
        column: large_string [rows].
        living: bool [rows]; other rows stay as they are.
        notices: whether notices go.
        navigation: whether navigation goes.

    Returns:
        texts: large_string [rows].
        counts: int32 [2, rows], how many notices and lines of navigation went.
    """
    from stages.quality import boilerplate_kernels as kernels
    from stages.text_kernels import character_classes

    data, offsets = text_buffers(column)
    table = phrases()
    allowed = kernels.NOTICES * notices | kernels.NAVIGATION * navigation
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    counts = np.empty((kernels.KINDS, len(living)), np.int32)
    kernels.remove_boilerplate(
        data,
        offsets,
        living,
        *character_classes(),
        table.keys,
        table.flags,
        allowed,
        out,
        out_offsets,
        counts.reshape(-1),
    )
    return text_column(out[: out_offsets[-1]], out_offsets), counts
