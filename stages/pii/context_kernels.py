"""Which kinds of context words stand shortly before a place in the text."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel

REACH = 48
"""Bytes before a number in which its word begins: a colon, "(evenings)", one number between."""
WHOLE = 1
"""Flag of a word: a letter behind it makes another word of it."""
FREE_START = 2
"""Flag: letters may stand before it (scripts without spaces, prefixes of Semitic languages)."""
NEAR = 3
"""Bytes that may stand between a word and a number that is near."""


@kernel()
def lower(byte: Scalar) -> Scalar:
    """ASCII letters in lower case."""
    return byte | 0x20 if 0x41 <= byte <= 0x5A else byte


@kernel()
def continues_word(byte: Scalar) -> Scalar:
    """A letter; outside ASCII nearly everything is one."""
    return byte >= 0x80 or 0x61 <= (byte | 0x20) <= 0x7A


@kernel()
def joins_word(byte: Scalar) -> Scalar:
    """What a word does not begin behind: letters, and what precedes words in addresses and code."""
    return continues_word(byte) or 0x2F <= byte <= 0x39 or byte == 0x5F or byte == 0x25


@kernel()
def word_at(data: np.ndarray, at: Scalar, stop: Scalar, low: Scalar, words: tuple) -> Scalar:
    """The longest context word that begins at a place and ends by ``stop``, or -1."""
    word_bytes, word_offsets, _, word_flags, word_buckets = words
    best, longest = -1, 0
    first = lower(data[at])
    for word in range(word_buckets[first], word_buckets[first + 1]):
        begin, size = word_offsets[word], word_offsets[word + 1] - word_offsets[word]
        if size <= longest or at + size > stop:
            continue
        equal = True
        for k in range(1, size):
            if lower(data[at + k]) != word_bytes[begin + k]:
                equal = False
                break
        if not equal:
            continue
        flags = word_flags[word]
        if flags & FREE_START == 0 and at > low and joins_word(data[at - 1]):
            continue
        if flags & WHOLE and at + size < stop and continues_word(data[at + size]):
            continue
        best, longest = word, size
    return best


@kernel()
def context_before(data: np.ndarray, low: Scalar, at: Scalar, words: tuple) -> tuple:
    """What the words on the line before ``at`` speak for.

    Args:
        data: uint8, the text.
        low: where the document begins.
        at: where the number begins.
        words: arrays of ``stages.pii.contexts.Words``.

    Returns:
        Bits of all words within ``REACH``; bits of those no further than ``NEAR`` behind their end.
    """
    _, word_offsets, word_groups, _, _ = words
    begin = max(low, at - REACH)
    for k in range(at - 1, begin - 1, -1):
        if data[k] == 0x0A:
            begin = k + 1
            break
    found = near = np.uint64(0)
    place = begin
    while place < at:
        word = word_at(data, place, at, low, words)
        if word < 0:
            place += 1
            continue
        found |= word_groups[word]
        place += word_offsets[word + 1] - word_offsets[word]
        if at - place <= NEAR:
            near |= word_groups[word]
    return found, near
