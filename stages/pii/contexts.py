"""The context words of ``context_words.yaml`` as flat arrays."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from stages.pii.context_kernels import FREE_START, WHOLE
from stages.pii.judge_kernels import KIND_WORD_SHIFT
from stages.pii.shapes_kernels import KINDS

PATH = Path(__file__).with_name("context_words.yaml")
SHARED = ("phone", "ip", "version", "book")
"""Groups of words that are no kind's own, by bit (``judge_kernels``)."""
SHORT = 4
"""Letters up to which a word counts only as a whole: "tel", not "television"."""
FREE_SCRIPTS = ("ARABIC", "HEBREW", "THAI", "LAO", "KHMER", "CJK", "HIRAGANA", "KATAKANA", "HANGUL",
                "FULLWIDTH")  # fmt: skip


class Words(NamedTuple):
    """Words sorted by their first byte, as ``context_kernels`` read them."""

    data: np.ndarray
    """uint8: all words, one after the other, in lower case as far as ASCII goes."""
    offsets: np.ndarray
    """int64 [words + 1]"""
    groups: np.ndarray
    """uint64 [words]: a bit per group."""
    flags: np.ndarray
    """uint8 [words]"""
    buckets: np.ndarray
    """int64 [257]: the first word that begins with a byte."""


def bit_of(group: str) -> int:
    """The number of the bit of a group of words: a kind's own, or one of ``SHARED``."""
    return SHARED.index(group) if group in SHARED else KIND_WORD_SHIFT + KINDS.index(group)


@cache
def _lists() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return lists


@cache
def context_words() -> Words:
    """The arrays of the shipped words, each in lower case, capitalised and in capitals."""
    groups: dict[bytes, int] = {}
    flags: dict[bytes, int] = {}
    for group, words in _lists().items():
        bit = bit_of(group)
        for word in map(str, words):
            for spelling in (word.lower(), word.capitalize(), word.upper()):
                key = bytes(b | 0x20 if 0x41 <= b <= 0x5A else b for b in spelling.encode())
                groups[key] = groups.get(key, 0) | 1 << bit
                flags[key] = flags_of(word)
    spelled = sorted(groups)
    sizes = [len(word) for word in spelled]
    firsts = np.array([word[0] for word in spelled])
    return Words(
        np.frombuffer(b"".join(spelled), np.uint8),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.array([groups[word] for word in spelled], np.uint64),
        np.array([flags[word] for word in spelled], np.uint8),
        np.searchsorted(firsts, np.arange(257)).astype(np.int64),
    )


def flags_of(word: str) -> int:
    """How a word has to stand in the text, by its script and length."""
    if unicodedata.name(word[0]).startswith(FREE_SCRIPTS):
        return FREE_START
    return WHOLE if sum(map(str.isalpha, word)) <= SHORT else 0
