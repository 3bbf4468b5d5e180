"""Which items of test sets stand in which texts: by shared n-grams, and how much they cover.

A part of an item (its question, its answer) is a row of tokens: folded words, or letters where a
script sets no space between words. Where ``n`` tokens in a row are equal, the part is a candidate;
it is found in a text if, within a stretch of about its own length, such runs cover enough of its
tokens. So a changed word costs no more than the runs it breaks, and an n-gram that many texts have
finds nothing by itself.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.dedup.fold_kernels import (
    CLUSTER,
    HIGHS,
    SEPARATOR,
    SKIPPED,
    U0,
    U1,
    WORD,
    ascii_words,
    before_first,
    character,
    load8,
)
from stages.dedup.minhash_kernels import BASE, START, mix, next_token, splitmix

WORDS, LETTERS = 0, 1
"""Kinds of parts: how their tokens, and the n of their n-grams, are counted."""
SALT = np.uint64(0x5851F42D4C957F2D)
"""Keeps n-grams of letters apart from those of words (Knuth's MMIX multiplier)."""
NONE = -1
RING = 64
SPAN = 2
"""A part's tokens are looked for within so many times its length."""

t = array_types()
I64 = t["i64"].dtype


@kernel()
def token_at(data: np.ndarray, at: Scalar, stop: Scalar, table: tuple) -> tuple[Scalar, Scalar]:
    """The next token's hash (0: none is left) and the byte to go on from."""
    pages, kinds, folded = table
    while at + 8 <= stop:
        marks, lowered = ascii_words(load8(data, at))
        mask, length = before_first(HIGHS & ~marks)
        if U0 < length < np.uint64(8):
            if data[at + np.int64(length)] < 0x80:
                return mix(START ^ (lowered & mask)) | U1, at + np.int64(length) + 1
            break
        if length != U0 or data[at] >= 0x80:
            break
        _, gap = before_first(marks | (lowered & HIGHS))
        at += np.int64(gap)
    return next_token(data, at, stop, pages, kinds, folded)


@kernel(
    (t["u8"], t["i64"], t["u16"], t["u8"], t["u32"], t["w_i64"], t["w_i64"]),
)
def count_tokens(
    data: np.ndarray,
    offsets: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    tokens: np.ndarray,
    letters: np.ndarray,
) -> None:
    """Count the tokens of texts, and how many of them are letters of scripts without spaces.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        tokens: int64 [texts], written.
        letters: int64 [texts], written.
    """
    for text in range(len(tokens)):
        at, stop = offsets[text], offsets[text + 1]
        total = single = 0
        inside = SEPARATOR
        while at < stop:
            size, kind, _, _ = character(data, at, stop, pages, kinds, folded)
            at += size
            kind &= 7
            if kind == SKIPPED:
                continue
            if kind == CLUSTER:
                single += 1
                total += 1
            elif kind == WORD and inside != WORD:
                total += 1
            if kind in (SEPARATOR, CLUSTER, WORD):
                inside = kind
        tokens[text] = total
        letters[text] = single


@kernel()
def power(exponent: Scalar) -> Scalar:
    """``BASE ** exponent``: what a token weighs when it leaves an n-gram."""
    result = U1
    for _ in range(exponent):
        result *= BASE
    return result


@kernel(
    (
        t["u8"], t["i64"], t["i64"], t["i64"], t["u16"], t["u8"], t["u32"],
        t["w_u64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def part_grams(
    data: np.ndarray,
    offsets: np.ndarray,
    part_kinds: np.ndarray,
    ngrams: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    hashes: np.ndarray,
    parts: np.ndarray,
    places: np.ndarray,
) -> int:
    """Hash every n-gram of the parts of items.

    Args:
        data: uint8 [bytes].
        offsets: int64 [parts + 1].
        part_kinds: int64 [parts]: ``WORDS``, ``LETTERS``, or ``NONE`` for parts left out.
        ngrams: int64 [2]: tokens in an n-gram, by kind.
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        hashes: uint64 [tokens], written.
        parts: int64 [tokens], written: the part of each.
        places: int64 [tokens], written: its first token.

    Returns:
        How many were written.
    """
    table = (pages, kinds, folded)
    ring = np.empty(RING, np.uint64)
    count = 0
    for part in range(len(part_kinds)):
        kind = part_kinds[part]
        if kind == NONE:
            continue
        n = ngrams[kind]
        weight = power(n)
        salt = SALT * np.uint64(kind)
        rolling, read = U0, 0
        at, stop = offsets[part], offsets[part + 1]
        while at < stop:
            token, at = token_at(data, at, stop, table)
            if token == U0:
                break
            rolling = rolling * BASE + token
            if read >= n:
                rolling -= ring[(read - n) % RING] * weight
            ring[read % RING] = token
            read += 1
            if read >= n:
                hashes[count] = splitmix(rolling ^ salt)
                parts[count] = part
                places[count] = read - n
                count += 1
    return count


@kernel()
def bit_of(gram: Scalar, bits: np.ndarray) -> Scalar:
    """The number of a hash's bit in the bitmap."""
    return (gram >> np.uint64(20)) & np.uint64(len(bits) * 64 - 1)


@kernel((t["u64"], t["w_u64"], t["w_i64"], t["w_u64"]))
def fill_table(grams: np.ndarray, keys: np.ndarray, slots: np.ndarray, bits: np.ndarray) -> None:
    """Put different hashes into a table with open addressing, and into a bitmap.

    Args:
        grams: uint64 [grams], none twice.
        keys: uint64 [a power of two], written where ``slots`` is not ``NONE``.
        slots: int64 [same], all ``NONE``; the number of the hash there is written.
        bits: uint64 [a power of two], all 0: one bit per value of a hash's highest bits.
    """
    mask = np.uint64(len(keys) - 1)
    for number in range(len(grams)):
        slot = grams[number] & mask
        while slots[slot] != NONE:
            slot = (slot + U1) & mask
        keys[slot] = grams[number]
        slots[slot] = number
        bit = bit_of(grams[number], bits)
        bits[bit >> np.uint64(6)] |= U1 << (bit & np.uint64(63))


@kernel()
def look_up(gram: Scalar, keys: np.ndarray, slots: np.ndarray, bits: np.ndarray) -> Scalar:
    """The number of a hash in the table, or ``NONE``."""
    bit = bit_of(gram, bits)
    if (bits[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & U1 == U0:
        return NONE
    mask = np.uint64(len(keys) - 1)
    slot = gram & mask
    while slots[slot] != NONE:
        if keys[slot] == gram:
            return slots[slot]
        slot = (slot + U1) & mask
    return NONE


@kernel()
def most_covered(
    hits: np.ndarray,
    first: Scalar,
    last: Scalar,
    length: Scalar,
    n: Scalar,
    times: np.ndarray,
) -> Scalar:
    """How many of a part's tokens are covered within a stretch of a text, at most.

    Args:
        hits: int64 [hits, 3]: part, place of an n-gram in the text (rising), place in the part.
        first: the part's first hit.
        last: behind its last.
        length: tokens of the part.
        n: tokens in an n-gram.
        times: int64 [length or more], all 0, and left so.
    """
    best = covered = 0
    tail = first
    for head in range(first, last):
        while hits[head, 1] - hits[tail, 1] > SPAN * length:
            for k in range(n):
                times[hits[tail, 2] + k] -= 1
                covered -= times[hits[tail, 2] + k] == 0
            tail += 1
        for k in range(n):
            covered += times[hits[head, 2] + k] == 0
            times[hits[head, 2] + k] += 1
        best = max(best, covered)
    for hit in range(tail, last):
        for k in range(n):
            times[hits[hit, 2] + k] = 0
    return best


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["u16"], t["u8"], t["u32"], t["i64"],
        t["u64"], t["i64"], t["u64"], t["i64"], t["i64"], t["i64"], t["i64"], t["i64"], t["i64"],
        I64, t["w_i64"], t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def find_parts(
    data: np.ndarray,
    offsets: np.ndarray,
    wanted: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    ngrams: np.ndarray,
    keys: np.ndarray,
    slots: np.ndarray,
    bits: np.ndarray,
    posting_offsets: np.ndarray,
    posting_parts: np.ndarray,
    posting_places: np.ndarray,
    part_kinds: np.ndarray,
    part_tokens: np.ndarray,
    part_needs: np.ndarray,
    first: Scalar,
    found_rows: np.ndarray,
    found_parts: np.ndarray,
    found_tokens: np.ndarray,
    state: np.ndarray,
) -> int:
    """Find parts of items in texts, from text ``first`` on, as far as there is room.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        wanted: bool [texts].
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        ngrams: int64 [2]: tokens in an n-gram, by kind.
        keys: of the table of n-grams.
        slots: of the table.
        bits: of the table.
        posting_offsets: int64 [grams + 1].
        posting_parts: int64 [postings]: parts that have the n-gram.
        posting_places: int64 [postings]: where.
        part_kinds: int64 [parts]
        part_tokens: int64 [parts]
        part_needs: int64 [parts]: tokens that must be covered.
        first: text to begin with.
        found_rows: int64 [room], written.
        found_parts: int64 [room], written.
        found_tokens: int64 [room], written: tokens covered.
        state: int64 [1]: how many were found so far.

    Returns:
        The text for which there was not room enough; their number if there was.
    """
    table = (pages, kinds, folded)
    ring = np.empty(RING, np.uint64)
    longest = 1
    for tokens in part_tokens:
        longest = max(longest, tokens)
    times = np.zeros(longest, np.int64)
    hits = np.empty((1024, 3), np.int64)
    weights = (power(ngrams[WORDS]), power(ngrams[LETTERS]))
    rolling = np.empty(2, np.uint64)
    for text in range(first, len(wanted)):
        if not wanted[text]:
            continue
        at, stop = offsets[text], offsets[text + 1]
        count = read = 0
        rolling[:] = U0
        while at < stop:
            token, at = token_at(data, at, stop, table)
            if token == U0:
                break
            for kind in range(2):
                n = ngrams[kind]
                rolling[kind] = rolling[kind] * BASE + token
                if read >= n:
                    rolling[kind] -= ring[(read - n) % RING] * weights[kind]
                if read + 1 < n:
                    continue
                gram = look_up(splitmix(rolling[kind] ^ SALT * np.uint64(kind)), keys, slots, bits)
                if gram == NONE:
                    continue
                more = posting_offsets[gram + 1] - posting_offsets[gram]
                if count + more > len(hits):
                    larger = np.empty((2 * (count + more), 3), np.int64)
                    larger[:count] = hits[:count]
                    hits = larger
                for posting in range(posting_offsets[gram], posting_offsets[gram + 1]):
                    hits[count, 0] = posting_parts[posting]
                    hits[count, 1] = read + 1 - n
                    hits[count, 2] = posting_places[posting]
                    count += 1
            ring[read % RING] = token
            read += 1
        if count == 0:
            continue
        ordered = hits[np.argsort(hits[:count, 0], kind="mergesort")]
        before = state[0]
        begin = 0
        while begin < count:
            part = ordered[begin, 0]
            end = begin
            while end < count and ordered[end, 0] == part:
                end += 1
            n = ngrams[part_kinds[part]]
            if (end - begin) * n >= part_needs[part]:
                covered = most_covered(ordered, begin, end, part_tokens[part], n, times)
                if covered >= part_needs[part]:
                    if state[0] == len(found_rows):
                        state[0] = before
                        return text
                    found_rows[state[0]] = text
                    found_parts[state[0]] = part
                    found_tokens[state[0]] = covered
                    state[0] += 1
            begin = end
    return len(wanted)
