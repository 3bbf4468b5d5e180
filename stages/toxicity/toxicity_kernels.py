"""Counting listed words in text, whatever the script: a trie of words kept as one hash table.

Text is read as words by the definition of ``stages.dedup.folding``: folded (case, width, vowel
points), a run of letters in scripts with spaces, one letter with its marks in those without. An
entry of a list is the sequence of its words, so one walk finds whole words, several words in a row,
and, in Thai or Chinese, any place inside a text: from each word on, the hash of the sequence so far
is looked up until no entry begins like it. That a space (or a sign) stands between two words is
part of the hash: ``ab`` inside Chinese text is not ``a b``.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.dedup.fold_kernels import (
    CLUSTER,
    DIGIT,
    MARK,
    SEPARATOR,
    SKIPPED,
    character,
)

BEGINS, ENDS = 1, 2
"""Flags of a sequence: more may follow; an entry ends here."""
GAP = np.uint64(1)
"""Lowest bit of a word's hash: something stands between it and the word before."""
FACTOR = np.uint64(0x9FB21C651E98DF25)
"""Odd multiplier of XXH3 (rrmxmx)."""
SEED = np.uint64(0x243F6A8885A308D3)
"""First 64 bits of the fraction of pi."""

t = array_types()


@kernel(forceinline=True)
def mix(state: Scalar, value: Scalar) -> Scalar:
    """A hash with one more value."""
    state = (state ^ value) * FACTOR
    return state ^ state >> np.uint64(32)


@kernel()
def split(data: np.ndarray, at: Scalar, end: Scalar, table: tuple, words: np.ndarray) -> tuple:
    """Write the hashes of the words of a text, with ``GAP``; returns (words, characters)."""
    pages, kinds, folded = table
    count = characters = 0
    state = SEED
    inside = False  # a run that may go on
    gap = GAP
    while at < end:
        size, kind, spelling, _ = character(data, at, end, pages, kinds, folded)
        at += size
        characters += 1
        kind &= ~DIGIT
        if kind == SKIPPED:
            continue
        if kind == SEPARATOR or (kind == MARK and not inside and gap):
            if count and not gap:
                words[count - 1] = state & ~GAP | words[count - 1]
            inside = False
            gap = GAP
            continue
        if kind == CLUSTER or not inside:
            if kind == MARK and count:  # of the cluster before
                state = mix(state, spelling)
                continue
            if count and not gap:
                words[count - 1] = state & ~GAP | words[count - 1]
            words[count] = gap
            count += 1
            gap = np.uint64(0)
            state = mix(SEED, spelling)
            inside = kind != CLUSTER
            continue
        state = mix(state, spelling)
    if count and not gap:
        words[count - 1] = state & ~GAP | words[count - 1]
    return count, characters


@kernel()
def find(keys: np.ndarray, state: Scalar) -> Scalar:
    """The slot of a sequence, or of the empty slot where it would be."""
    slot = np.int64(state >> np.uint64(20)) & (len(keys) - 1)
    while keys[slot] != state and keys[slot] != 0:
        slot = (slot + 1) & (len(keys) - 1)
    return slot


@kernel()
def root(number: Scalar) -> Scalar:
    """The hash that the sequences of a list begin with."""
    return mix(SEED, np.uint64(number))


@kernel(
    (t["u8"], t["i64"], t["i64"], t["u16"], t["u8"], t["u32"], t["w_u64"], t["w_u8"], t["w_u64"])
)
def build(
    data: np.ndarray,
    offsets: np.ndarray,
    lists: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    keys: np.ndarray,
    flags: np.ndarray,
    words: np.ndarray,
) -> None:
    """Put all beginnings of all entries into the table.

    Args:
        data: uint8, the entries.
        offsets: int64 [entries + 1].
        lists: int64 [entries], number of the list.
        pages: of the ``FoldTable``, as the two after it.
        kinds: see above.
        folded: see above.
        keys: uint64 [a power of two], zeros before, written.
        flags: uint8, the same length, written.
        words: uint64 [bytes of the longest entry], scratch.
    """
    for entry in range(len(lists)):
        count, _ = split(data, offsets[entry], offsets[entry + 1], (pages, kinds, folded), words)
        state = root(lists[entry])
        for k in range(count):
            state = mix(state, words[k] if k else words[k] | GAP)
            slot = find(keys, state)
            keys[slot] = state
            flags[slot] |= ENDS if k + 1 == count else BEGINS


@kernel()
def match(
    words: np.ndarray, count: Scalar, start: Scalar, keys: np.ndarray, flags: np.ndarray
) -> tuple:
    """Matches in a sequence of words, longest first, none in another: (matches, words in them)."""
    matches = covered = 0
    first = 0
    while first < count:
        state = mix(start, words[first] | GAP)
        longest = 0
        last = first
        while True:
            slot = find(keys, state)
            if keys[slot] == 0:
                break
            last += 1
            if flags[slot] & ENDS:
                longest = last - first
            if last == count or flags[slot] & BEGINS == 0:
                break
            state = mix(state, words[last])
        matches += longest > 0
        covered += longest
        first += max(longest, 1)
    return matches, covered


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["i64"], t["u16"], t["u8"], t["u32"], t["u64"], t["u8"],
        t["w_i64"], t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def count_matches(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    lists: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    keys: np.ndarray,
    flags: np.ndarray,
    matches: np.ndarray,
    covered: np.ndarray,
    words: np.ndarray,
    characters: np.ndarray,
) -> None:
    """Count the entries of each document's list in it.

    Args:
        data: uint8 [bytes].
        offsets: int64 [rows + 1].
        alive: bool [rows]; other rows get zeros.
        lists: int64 [rows], number of the list; -1: none, zeros too.
        pages: of the ``FoldTable``, as the two after it.
        kinds: see above.
        folded: see above.
        keys: of ``build``.
        flags: of ``build``.
        matches: int64 [rows], written: entries found.
        covered: int64 [rows], written: words in them.
        words: int64 [rows], written: words of the document.
        characters: int64 [rows], written: its characters.
    """
    largest = np.int64(0)
    for row in range(len(alive)):
        largest = max(largest, offsets[row + 1] - offsets[row])
    hashes = np.empty(largest, np.uint64)
    table = (pages, kinds, folded)
    for row in range(len(alive)):
        matches[row] = covered[row] = words[row] = characters[row] = 0
        if alive[row] and lists[row] >= 0:
            count, size = split(data, offsets[row], offsets[row + 1], table, hashes)
            found, inside = match(hashes, count, root(lists[row]), keys, flags)
            matches[row], covered[row] = found, inside
            words[row], characters[row] = count, size
