"""N-grams of fastText: hashes of characters side by side, and rows of the buckets they fall in.

FNV-1a is taken over sign-extended bytes, as the reference implementation does (a byte above 127
flips the hash's upper 24 bits too).
"""

from __future__ import annotations

import numpy as np

from formats.bit_kernels import count_bits, high_product
from formats.compile import Scalar, step
from stages.language.fasttext_arrays_kernels import (
    BUCKET,
    DIM,
    GATHER,
    KEPT_BITS,
    LANES,
    RECIPROCAL,
    WORDS,
)
from stages.language.row_kernels import add_one

FNV_OFFSET = 2166136261
BEGIN, END = 60, 62  # "<" and ">", put around a word before its n-grams are taken
ROLLING = 4  # characters of the longest n-grams that are hashed side by side
_FNV_PRIME, _U32 = 16777619, 0xFFFFFFFF  # FNV-1a, 32 bits
_WORD_NGRAM_FACTOR = 116049371  # multiplier of hashed n-grams of words in the reference


@step(forceinline=True)
def hash_byte(state: Scalar, byte: Scalar) -> Scalar:
    """One step of FNV-1a over a sign-extended byte; the lower 32 bits of the state are the hash."""
    return (state ^ np.uint64(np.int64(np.int8(byte)))) * np.uint64(_FNV_PRIME)


@step(forceinline=True)
def hash_bytes(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """FNV-1a of ``data[start:stop]``, 32 bits."""
    state = np.uint64(FNV_OFFSET)
    for position in range(start, stop):
        state = hash_byte(state, data[position])
    return state & np.uint64(_U32)


@step(forceinline=True)
def is_continuation(byte: Scalar) -> Scalar:
    """The second or a later byte of a character."""
    return (byte & 0xC0) == 0x80


@step(forceinline=True)
def hash_character(
    data: np.ndarray, position: Scalar, stop: Scalar, state: Scalar
) -> tuple[Scalar, Scalar]:
    """Hash the character at ``position``; return the state and the next position."""
    state = hash_byte(state, data[position])
    position += 1
    while position < stop and is_continuation(data[position]):
        state = hash_byte(state, data[position])
        position += 1
    return state, position


@step(forceinline=True)
def gather(
    data: np.ndarray, position: Scalar, stop: Scalar,
    two: Scalar, three: Scalar, four: Scalar, begun: Scalar,
    gathered: np.ndarray, min_n: Scalar, max_n: Scalar,
) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]:  # fmt: skip
    """Gather the hashes of n-grams of at most 4 characters of ``<token>``, by their last one.

    The n-grams that a character may end are hashed side by side, so that each byte is read once.

    Args:
        data: uint8.
        position: of the next character.
        stop: of the token, where ``>`` stands.
        two: state of the n-gram that the next character makes two characters long.
        three: three characters.
        four: four characters.
        begun: how many characters came before, ``<`` among them.
        gathered: written from 0 on; full a little after GATHER.
        min_n: characters of the shortest n-gram.
        max_n: characters of the longest, at most 4.

    Returns:
        how many were gathered; then what to go on with: position (after ``stop``: at its end),
        two, three, four, begun.
    """
    takes_1, takes_2 = np.int64(min_n <= 1), np.int64(min_n <= 2) & np.int64(max_n >= 2)
    takes_3 = np.int64(min_n <= 3) & np.int64(max_n >= 3)
    takes_4 = np.int64(min_n <= 4) & np.int64(max_n >= 4)
    count: Scalar = 0
    while position <= stop and count < GATHER:
        one = np.uint64(FNV_OFFSET)
        if position < stop:
            more = True
            while more:
                byte = data[position]
                one, two = hash_byte(one, byte), hash_byte(two, byte)
                three, four = hash_byte(three, byte), hash_byte(four, byte)
                position += 1
                more = position < stop and is_continuation(data[position])
            gathered[count] = one
            count += takes_1
        else:
            two, three = hash_byte(two, np.uint8(END)), hash_byte(three, np.uint8(END))
            four = hash_byte(four, np.uint8(END))
            position += 1
        gathered[count] = two
        count += takes_2
        gathered[count] = three
        count += takes_3 & np.int64(begun >= 2)
        gathered[count] = four
        count += takes_4 & np.int64(begun >= 3)
        two, three, four = one, two, three
        begun += 1
    return count, position, two, three, four, begun


@step()
def gather_long(
    data: np.ndarray, start: Scalar, stop: Scalar, opening: Scalar,
    gathered: np.ndarray, min_n: Scalar, max_n: Scalar,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """As ``gather`` for n-grams of any length, by the character that they begin with.

    An n-gram begins at ``<`` or at a character of the token and may end with ``>``; the marks
    alone are none.

    Args:
        data: uint8.
        start: of the characters that n-grams begin with.
        stop: of the token.
        opening: whether to take those that begin with ``<`` first.
        gathered: written from 0 on; full a little after GATHER.
        min_n: characters of the shortest n-gram.
        max_n: characters of the longest.

    Returns:
        how many were gathered, and the character to go on from.
    """
    count = 0
    while opening or (start < stop and count < GATHER):
        state, after = np.uint64(FNV_OFFSET), start
        if opening:
            state = hash_byte(state, np.uint8(BEGIN))
        else:
            state, after = hash_character(data, start, stop, state)
            start = after
            if min_n <= 1:
                gathered[count] = state
                count += 1
        opening = False
        for n in range(2, max_n + 1):
            if after < stop:
                state, after = hash_character(data, after, stop, state)
            elif after == stop:
                state = hash_byte(state, np.uint8(END))
                after += 1
            else:
                break
            gathered[count] = state
            count += n >= min_n
    return count, start


@step(forceinline=True)
def remainder(state: Scalar, bucket: Scalar, reciprocal: Scalar) -> Scalar:
    """``state % bucket`` for numbers below 2^32, by multiplications: a division takes longer.

    The fraction of state / bucket in 64 bits, times bucket (Lemire, Kaser and Kurz 2019, "Faster
    remainder by direct computation"). ``reciprocal`` is 2^64 / bucket, rounded up, modulo 2^64.
    """
    return high_product(np.uint64(reciprocal) * np.uint64(state), np.uint64(bucket))


@step(forceinline=True)
def ngram_row(bucket: Scalar, kept: np.ndarray, sizes: np.ndarray) -> tuple[Scalar, Scalar]:
    """The row of an n-gram's bucket, and 1 if the model kept it, else 0."""
    entry = kept[bucket // np.uint64(KEPT_BITS)]
    bit = np.uint64(1) << (bucket % np.uint64(KEPT_BITS))
    before = count_bits(entry & (bit - np.uint64(1)))
    row = sizes[WORDS] + np.int64(entry >> np.uint64(KEPT_BITS)) + np.int64(before)
    return row, np.int64((entry & bit) != 0)


@step(forceinline=True)
def add_gathered(
    total: np.ndarray, base: Scalar, gathered: np.ndarray, count: Scalar,
    rows: np.ndarray, bits: np.ndarray, kept: np.ndarray, sizes: np.ndarray,
) -> Scalar:  # fmt: skip
    """Add the rows of ``gathered[:count]``, hashes of n-grams, to the accumulators, in turn.

    Returns:
        how many of them the model has.
    """
    kept_count: Scalar = 0
    bucket_count, reciprocal, dim = sizes[BUCKET], sizes[RECIPROCAL], sizes[DIM]
    for i in range(count):  # most are not kept: what that takes is a bit of a table half as large
        bucket = remainder(gathered[i] & np.uint64(_U32), bucket_count, reciprocal)
        gathered[kept_count] = bucket
        kept_count += np.int64((bits[bucket >> np.uint64(6)] >> (bucket & np.uint64(63))) & 1)
    for i in range(kept_count):
        row, _ = ngram_row(gathered[i], kept, sizes)
        add_one(total, base + (i & (LANES - 1)) * dim, rows, row, dim)
    return kept_count


@step()
def add_word_ngrams(
    state: Scalar, seen: Scalar, recent: np.ndarray,
    total: np.ndarray, rows: np.ndarray, kept: np.ndarray, sizes: np.ndarray,
) -> Scalar:  # fmt: skip
    """Add the rows of the n-grams of words that end with this word; return how many.

    Args:
        state: the word's FNV hash.
        seen: how many words came before.
        recent: read, and moved on by one word.
        total: accumulators, written.
        rows: of the model.
        kept: of the model.
        sizes: of the model.
    """
    signed = np.uint64(np.int64(np.int32(np.uint32(state))))  # the reference keeps it in an int32
    longest = len(recent)
    added = np.int64(0)
    for k in range(min(longest, seen) - 1, -1, -1):
        joined = recent[k] * np.uint64(_WORD_NGRAM_FACTOR) + signed
        row, is_kept = ngram_row(joined % np.uint64(sizes[BUCKET]), kept, sizes)
        if is_kept:
            add_one(total, 0, rows, row, sizes[DIM])
            added += 1
        if k + 1 < longest:
            recent[k + 1] = joined
    recent[0] = signed
    return added
