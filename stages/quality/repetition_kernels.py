"""How much of a document repeats itself: lines, paragraphs, n-grams; exact counts by hash.

The definitions are those of Gopher (Rae et al. 2021, table A1) as datatrove computes them
(``pipeline/filters/gopher_repetition_filter.py``), over our words:

* duplicates of lines and paragraphs: all copies but the first;
* top n-gram: (characters of the most frequent n-gram) x (its count, overlaps included);
* duplicate n-grams: a scan from the left that, where the n-gram was met before, counts its
  characters and jumps behind it, else remembers it and moves by one word.

An n-gram can only repeat where both (n-1)-grams in it do, so each level looks only at the places
that the level before left over; the first level drops what two bitmaps have seen once. Keys are
64-bit hashes; in a document of a million words the chance of any collision is 10^-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.quality.hashing_kernels import (
    BASE,
    MIXER,
    fill_prefixes,
    find_slot,
    mix,
    power,
    sequence_hash,
    table_bits,
)

TOP_ORDERS = 3
"""n = 2, 3, 4."""
ORDERS = 9
"""n = 2 .. 10: the first three for the top n-gram, the others for duplicates."""


@kernel()
def first_candidates(
    prefix: np.ndarray,
    places: Any,
    order: Any,
    keys: np.ndarray,
    bitmap: np.ndarray,
    positions: np.ndarray,
) -> Any:
    """Positions whose n-gram was seen twice by a bitmap (some by accident); returns how many."""
    factor = power(order)
    bits = table_bits(places) + 3
    shift = np.uint64(64 - bits)
    bitmap[: np.int64(2) << (bits - 6)] = 0
    for p in range(places):
        key = sequence_hash(prefix, p, order, factor)
        keys[p] = key
        bit = key >> shift
        word = bit >> np.uint64(6) << np.uint64(1)
        one = np.uint64(1) << (bit & np.uint64(63))
        seen = bitmap[word]
        bitmap[word] = seen | one
        bitmap[word + np.uint64(1)] |= seen & one
    found = np.int64(0)
    for p in range(places):
        bit = keys[p] >> shift
        word = bit >> np.uint64(6) << np.uint64(1)
        positions[found] = p
        twice = bitmap[word + np.uint64(1)] >> (bit & np.uint64(63))
        found += np.int64(twice & np.uint64(1))
    return found


@kernel()
def find_first(
    keys: np.ndarray, bits: Any, key: Any, slots: np.ndarray, place: Any, counts: np.ndarray
) -> Any:
    """Where the n-gram of ``key`` stands first: ``place`` if it is new to the table."""
    slot = find_slot(keys, bits, key)
    if keys[slot] == 0:
        keys[slot] = key
        slots[slot] = place
        counts[place] = 0
    first = slots[slot]
    counts[np.uint64(first)] += 1
    return first


@kernel()
def group_candidates(
    prefix: np.ndarray,
    order: Any,
    positions: np.ndarray,
    found: Any,
    keys: np.ndarray,
    slots: np.ndarray,
    first: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Fill where the n-gram of each candidate stands first, and how often it does there."""
    factor = power(order)
    bits = table_bits(found)
    keys[: np.int64(1) << bits] = 0
    for j in range(found):
        place = positions[j]
        key = sequence_hash(prefix, place, order, factor)
        first[place] = find_first(keys, bits, key, slots, place, counts)


@kernel()
def group_longer(
    positions: np.ndarray,
    found: Any,
    step: Any,
    keys: np.ndarray,
    slots: np.ndarray,
    before: np.ndarray,
    first: np.ndarray,
    counts: np.ndarray,
    repeats: np.ndarray,
    level: Any,
) -> None:
    """The same for n-grams longer by ``step``, from the groups ``before`` (of ``level - 1``).

    Two of them are equal where both the shorter ones that begin and the shorter ones that end them
    are; mostly they are equal to the group's first one, so that a table is seldom asked.
    """
    bits = table_bits(found)
    empty = True
    further = np.uint64(step)
    for j in range(found):
        place = np.uint64(positions[j])
        begins = np.uint64(before[place])
        ends = before[place + further]
        if begins == place:
            first[place] = positions[j]
            counts[place] = 1
        elif repeats[begins + further] == level and before[begins + further] == ends:
            first[place] = before[place]
            counts[begins] += 1
        else:
            if empty:
                keys[: np.int64(1) << bits] = 0
                empty = False
            key = mix(begins * BASE + np.uint64(ends) * MIXER + np.uint64(1))
            first[place] = find_first(keys, bits, key, slots, positions[j], counts)


@kernel()
def top_characters(
    characters: np.ndarray,
    order: Any,
    joiner: Any,
    positions: np.ndarray,
    found: Any,
    first: np.ndarray,
    counts: np.ndarray,
    fewest: Any,
) -> Any:
    """Characters that the most frequent n-gram covers (the first one of equals).

    0 where it occurs fewer than ``fewest`` times.
    """
    best = np.int64(1)
    place = np.int64(0)
    for j in range(found):
        here = np.uint64(positions[j])
        if counts[here] > best and first[here] == positions[j]:
            best = np.int64(counts[here])
            place = np.int64(here)
    if best < fewest:
        return np.int64(0)
    return (characters[place + order] - characters[place] + joiner * (order - 1)) * best


@kernel()
def duplicate_characters(
    characters: np.ndarray,
    order: Any,
    positions: np.ndarray,
    found: Any,
    first: np.ndarray,
    marks: np.ndarray,
    mark: Any,
) -> Any:
    """Characters in n-grams met before, by the scan from the left.

    ``marks`` uint8 [words] says with ``mark`` which were met.
    """
    free = np.uint64(0)
    size = np.uint64(order)
    total = np.int64(0)
    for j in range(found):
        place = np.uint64(positions[j])
        if place < free:
            continue
        group = np.uint64(first[place])
        if marks[group] == mark:
            total += characters[place + size] - characters[place]
            free = place + size
        else:
            marks[group] = mark
    return total


@kernel()
def keep_repeated(
    positions: np.ndarray,
    found: Any,
    first: np.ndarray,
    counts: np.ndarray,
    repeats: np.ndarray,
    level: Any,
    step: Any,
    places: Any,
) -> Any:
    """Leave the positions where an n-gram longer by ``step`` may repeat; returns how many.

    ``repeats`` uint8 [words] is set to ``level`` where an n-gram repeats.
    """
    for j in range(found):
        place = np.uint64(positions[j])
        if counts[np.uint64(first[place])] > 1:
            repeats[place] = level
    left = np.int64(0)
    further = np.uint64(step)
    last = np.uint64(max(places, 0))
    for j in range(found):
        place = np.uint64(positions[j])
        positions[left] = positions[j]
        again = (repeats[place] == level) & (repeats[place + further] == level)
        left += again & (place < last)
    return left


@kernel()
def measure_ngrams(
    prefix: np.ndarray,
    characters: np.ndarray,
    count: Any,
    stretch: Any,
    joiner: Any,
    fewest: Any,
    scratch: Any,
    result: np.ndarray,
) -> None:
    """Characters covered by the top n-gram (n = 2..4) and by duplicates (n = 5..10).

    Args:
        prefix: running hashes of the document's words (``fill_prefixes``).
        characters: running sums of their lengths.
        count: number of words.
        stretch: words per unit of n: 1, or 2 where a word is a syllable.
        joiner: characters between two words of an n-gram (1 space or 0).
        fewest: how often a top n-gram must occur to count; once is enough for datatrove.
        scratch: ``ngram_scratch``.
        result: int64 [9], filled; 0 where the document is shorter than n.
    """
    keys, bitmap, slots, positions, counts, marks, repeats, first, other = scratch
    result[:ORDERS] = 0
    found = np.int64(0)
    marks[:count] = 0
    repeats[: count + 2 * stretch] = 0
    for level in range(ORDERS):
        order = (level + 2) * stretch
        places = count - order + 1
        if places <= 0:
            break
        if level == 0:
            found = first_candidates(prefix, places, order, keys, bitmap, positions)
            group_candidates(prefix, order, positions, found, keys, slots, first, counts)
        elif found == 0 and level >= TOP_ORDERS:
            break
        else:
            group_longer(
                positions, found, stretch, keys, slots, first, other, counts, repeats, level
            )
            first, other = other, first
        if level < TOP_ORDERS:
            result[level] = top_characters(
                characters, order, joiner, positions, found, first, counts, fewest
            )
        else:
            result[level] = duplicate_characters(
                characters, order, positions, found, first, marks, level
            )
        places -= stretch
        found = keep_repeated(positions, found, first, counts, repeats, level + 1, stretch, places)


@kernel(_nrt=True)
def ngram_scratch(most_words: Any) -> Any:
    """Working space for documents of up to ``most_words`` words (shared by all of a batch)."""
    table = np.int64(1) << table_bits(most_words)
    return (
        np.empty(table, np.uint64),
        np.empty(table // 2, np.uint64),
        np.empty(table, np.int32),
        np.empty(most_words + 1, np.int32),
        np.empty(most_words + 1, np.int32),
        np.empty(most_words + 1, np.uint8),
        np.empty(most_words + 4, np.uint8),
        np.empty(most_words + 1, np.int32),
        np.empty(most_words + 1, np.int32),
    )


_t = array_types()


@kernel((_t["u64"], _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["w_i64"]))
def repeated_characters(
    hashes: np.ndarray,
    lengths: np.ndarray,
    stretch: np.ndarray,
    joiner: np.ndarray,
    fewest: np.ndarray,
    result: np.ndarray,
) -> None:
    """``measure_ngrams`` of one document given as words (hash and length); for tests.

    ``stretch``, ``joiner`` and ``fewest`` are int64 [1]; ``result`` int64 [9].
    """
    count = np.int64(len(hashes))
    prefix = np.empty(count + 1, np.uint64)
    characters = np.empty(count + 1, np.int64)
    fill_prefixes(hashes, lengths, count, prefix, characters)
    scratch = ngram_scratch(count)
    measure_ngrams(prefix, characters, count, stretch[0], joiner[0], fewest[0], scratch, result)
