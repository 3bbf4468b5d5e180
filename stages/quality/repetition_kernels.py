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

BASE = np.uint64(0x9E3779B97F4A7C15)
"""Of the polynomial over word hashes: 2^64 / golden ratio, odd."""
MIXER = np.uint64(0xD6E8FEB86659FD93)
"""Odd multiplier of the rrmxmx mixer (P. Evensen, 2018)."""
TOP_ORDERS = 3
"""n = 2, 3, 4."""
ORDERS = 9
"""n = 2 .. 10: the first three for the top n-gram, the others for duplicates."""


@kernel()
def mix(value: Any) -> Any:
    """Spread a 64-bit hash over all bits; never 0 (0 marks an empty slot)."""
    value = (value ^ (value >> np.uint64(32))) * MIXER
    value ^= value >> np.uint64(29)
    return value if value != 0 else np.uint64(1)


@kernel()
def table_bits(entries: Any) -> Any:
    """log2 of the size of a hash table that is at most half full."""
    bits = 4
    while np.int64(1) << bits < 2 * entries:
        bits += 1
    return bits


@kernel()
def find_slot(keys: np.ndarray, bits: Any, key: Any) -> Any:
    """The slot that holds ``key``, or the empty one where it belongs (linear probing)."""
    mask = (np.int64(1) << bits) - 1
    slot = np.int64(key >> np.uint64(64 - bits))
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel()
def count_duplicates(hashes: np.ndarray, lengths: np.ndarray, count: Any, keys: np.ndarray) -> Any:
    """(how many of the first ``count`` items came before, the sum of their lengths)."""
    if count < 2:
        return np.int64(0), np.int64(0)
    bits = table_bits(count)
    keys[: np.int64(1) << bits] = 0
    duplicates = np.int64(0)
    characters = np.int64(0)
    for i in range(count):
        key = mix(hashes[i])
        slot = find_slot(keys, bits, key)
        if keys[slot] == 0:
            keys[slot] = key
        else:
            duplicates += 1
            characters += lengths[i]
    return duplicates, characters


@kernel()
def power(order: Any) -> Any:
    """``BASE ** order`` modulo 2^64."""
    result = np.uint64(1)
    for _ in range(order):
        result *= BASE
    return result


@kernel()
def fill_prefixes(
    hashes: np.ndarray, lengths: np.ndarray, count: Any, prefix: np.ndarray, characters: np.ndarray
) -> None:
    """Running sums [count + 1]: the polynomial hash and the characters of the first words."""
    value = np.uint64(0)
    total = np.int64(0)
    prefix[0] = value
    characters[0] = 0
    for i in range(count):
        value = value * BASE + hashes[i]
        total += lengths[i]
        prefix[i + 1] = value
        characters[i + 1] = total


@kernel()
def sequence_hash(prefix: np.ndarray, position: Any, order: Any, factor: Any) -> Any:
    """Hash of ``order`` words from ``position``; ``factor`` is ``power(order)``."""
    return mix(prefix[position + order] - prefix[position] * factor)


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
    half = np.int64(1) << (bits - 6)
    bitmap[: 2 * half] = 0
    for p in range(places):
        key = sequence_hash(prefix, p, order, factor)
        keys[p] = key
        bit = key >> shift
        word = np.int64(bit >> np.uint64(6))
        one = np.uint64(1) << (bit & np.uint64(63))
        bitmap[half + word] |= bitmap[word] & one
        bitmap[word] |= one
    found = np.int64(0)
    for p in range(places):
        bit = keys[p] >> shift
        word = np.int64(bit >> np.uint64(6))
        if bitmap[half + word] >> (bit & np.uint64(63)) & np.uint64(1):
            positions[found] = p
            found += 1
    return found


@kernel()
def number_candidates(
    prefix: np.ndarray,
    order: Any,
    positions: np.ndarray,
    found: Any,
    keys: np.ndarray,
    slots: np.ndarray,
    numbers: np.ndarray,
    counts: np.ndarray,
) -> Any:
    """Number the distinct n-grams in order of appearance and count them; returns how many."""
    factor = power(order)
    bits = table_bits(found)
    keys[: np.int64(1) << bits] = 0
    distinct = np.int64(0)
    for j in range(found):
        key = sequence_hash(prefix, positions[j], order, factor)
        slot = find_slot(keys, bits, key)
        if keys[slot] == 0:
            keys[slot] = key
            slots[slot] = distinct
            counts[distinct] = 0
            distinct += 1
        number = slots[slot]
        numbers[j] = number
        counts[number] += 1
    return distinct


@kernel()
def top_characters(
    characters: np.ndarray,
    order: Any,
    joiner: Any,
    positions: np.ndarray,
    found: Any,
    numbers: np.ndarray,
    counts: np.ndarray,
    once: Any,
) -> Any:
    """Characters that the most frequent n-gram covers (the first one of equals).

    Where none repeats: the first one's if ``once``, else 0.
    """
    best = np.int64(1)
    place = np.int64(0)
    seen = np.int64(-1)
    for j in range(found):
        if numbers[j] > seen:
            seen = numbers[j]
            if counts[seen] > best:
                best = counts[seen]
                place = positions[j]
    if best == 1 and not once:
        return np.int64(0)
    return (characters[place + order] - characters[place] + joiner * (order - 1)) * best


@kernel()
def duplicate_characters(
    characters: np.ndarray,
    order: Any,
    positions: np.ndarray,
    found: Any,
    numbers: np.ndarray,
    distinct: Any,
    marks: np.ndarray,
) -> Any:
    """Characters in n-grams met before, by the scan from the left."""
    marks[:distinct] = 0
    free = np.int64(0)
    total = np.int64(0)
    for j in range(found):
        place = positions[j]
        if place < free:
            continue
        if marks[numbers[j]]:
            total += characters[place + order] - characters[place]
            free = place + order
        else:
            marks[numbers[j]] = 1
    return total


@kernel()
def keep_repeated(
    positions: np.ndarray,
    found: Any,
    numbers: np.ndarray,
    counts: np.ndarray,
    repeats: np.ndarray,
    level: Any,
    step: Any,
    places: Any,
) -> Any:
    """Leave the positions where an n-gram longer by ``step`` may repeat; returns how many."""
    for j in range(found):
        if counts[numbers[j]] > 1:
            repeats[positions[j]] = level
    left = np.int64(0)
    for j in range(found):
        place = positions[j]
        if place < places and repeats[place] == level and repeats[place + step] == level:
            positions[left] = place
            left += 1
    return left


@kernel()
def measure_ngrams(
    prefix: np.ndarray,
    characters: np.ndarray,
    count: Any,
    stretch: Any,
    joiner: Any,
    once: Any,
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
        once: whether a top n-gram that occurs once counts, as it does for datatrove.
        scratch: ``ngram_scratch``.
        result: int64 [9], filled; 0 where the document is shorter than n.
    """
    keys, bitmap, slots, positions, numbers, counts, marks, repeats = scratch
    result[:ORDERS] = 0
    found = np.int64(0)
    repeats[: count + 1] = 0
    for level in range(ORDERS):
        order = (level + 2) * stretch
        places = count - order + 1
        if places <= 0:
            break
        if level == 0:
            found = first_candidates(prefix, places, order, keys, bitmap, positions)
        if found == 0 and level >= TOP_ORDERS:
            break
        distinct = number_candidates(prefix, order, positions, found, keys, slots, numbers, counts)
        if level < TOP_ORDERS:
            result[level] = top_characters(
                characters, order, joiner, positions, found, numbers, counts, once
            )
        else:
            result[level] = duplicate_characters(
                characters, order, positions, found, numbers, distinct, marks
            )
        found = keep_repeated(
            positions, found, numbers, counts, repeats, level + 1, stretch, places - stretch
        )


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
        np.empty(most_words + 1, np.int32),
        np.empty(most_words + 1, np.uint8),
        np.empty(most_words + 1, np.uint8),
    )


_t = array_types()


@kernel((_t["u64"], _t["i64"], _t["i64"], _t["i64"], _t["i64"], _t["w_i64"]))
def repeated_characters(
    hashes: np.ndarray,
    lengths: np.ndarray,
    stretch: np.ndarray,
    joiner: np.ndarray,
    once: np.ndarray,
    result: np.ndarray,
) -> None:
    """``measure_ngrams`` of one document given as words (hash and length); for tests.

    ``stretch``, ``joiner`` and ``once`` are int64 [1]; ``result`` int64 [9].
    """
    count = np.int64(len(hashes))
    prefix = np.empty(count + 1, np.uint64)
    characters = np.empty(count + 1, np.int64)
    fill_prefixes(hashes, lengths, count, prefix, characters)
    scratch = ngram_scratch(count)
    measure_ngrams(prefix, characters, count, stretch[0], joiner[0], once[0] != 0, scratch, result)


@kernel((_t["u64"],))
def hash_sequence(hashes: np.ndarray) -> int:
    """``sequence_hash`` of all the given words together."""
    value = np.uint64(0)
    for i in range(len(hashes)):
        value = value * BASE + hashes[i]
    return mix(value)
