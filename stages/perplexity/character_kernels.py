"""N-grams of characters by their hashes: counting them, and the bits that a model needs for a text.

A text is read as a stream of symbols: letters in lower case, every digit as 0, every stretch of
white space as one space. An n-gram is known by a 64-bit hash of its symbols, so that no n-gram of
any script needs more room than another.

    key(c1 ... cn) = mixed(((c1 * B + c2) * B + ...) + n * L)        modulo 2^64

The sums for all orders move on by one multiplication and one addition per symbol.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.text_kernels import decode, look_up
from stages.windows_kernels import window

t = array_types()
I64 = t["i64"].dtype

LONGEST = 8
"""Longest n-gram that the kernels can handle."""
SPACE = 32
"""Symbol of all white space, and of what stands before the first character."""
DROPPED = 0xFFFFFFFF
"""Table entry of characters that are not read: controls, joiners, direction marks. (0: itself.)"""

BASE = np.uint64(0x9E3779B97F4A7C15)
ORDER = np.uint64(0xC2B2AE3D27D4EB4F)
MIX = np.uint64(0xBF58476D1CE4E5B9)  # of splitmix64

UNIT = 1024.0
"""A table's steps per bit: a probability is kept as ``UNIT`` times its bits, in 16 bits."""


@kernel(forceinline=True)
def key_of(total: Scalar, order: Scalar) -> Scalar:
    """The key of an n-gram from its sum."""
    key = total + np.uint64(order) * ORDER
    key = (key ^ (key >> np.uint64(31))) * MIX
    return key ^ (key >> np.uint64(29))


@kernel(forceinline=True)
def next_symbol(
    data: np.ndarray, position: Scalar, stop: Scalar, last: Scalar,
    index: np.ndarray, blocks: np.ndarray,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """The next symbol and the position after it; -1 at the end.

    Args:
        data: uint8, valid UTF-8.
        position: first byte to read.
        stop: byte after the last.
        last: the symbol before, whose repetition is left out if it is a space.
        index: uint16, see ``symbols.symbol_table``.
        blocks: uint32.
    """
    while position < stop:
        character, position = decode(data, position)
        symbol = np.int64(look_up(index, blocks, character))
        if symbol == 0:
            symbol = character
        if symbol == DROPPED or (symbol == SPACE and last == SPACE):
            continue
        return symbol, position
    return np.int64(-1), position


@kernel(forceinline=True)
def advance(sums: np.ndarray, order: Scalar, symbol: Scalar) -> None:
    """Move the sums on by a symbol; ``sums[n]`` is that of the last n, for n up to ``order``."""
    for n in range(order, 0, -1):
        sums[n] = sums[n - 1] * BASE + np.uint64(symbol + 1)


@kernel(forceinline=True)
def restart(sums: np.ndarray, order: Scalar) -> None:
    """The sums before a text: as if nothing but spaces stood there."""
    for n in range(order + 1):
        sums[n] = np.uint64(0)
    for _ in range(order):
        advance(sums, order, SPACE)


@kernel((t["u8"], t["i64"], t["u16"], t["u32"], I64, t["w_u64"], t["w_u64"]))
def ngram_keys(
    data: np.ndarray, offsets: np.ndarray, index: np.ndarray, blocks: np.ndarray, order: Scalar,
    keys: np.ndarray, contexts: np.ndarray,
) -> Scalar:  # fmt: skip
    """The key of every n-gram of one order, with the key of all but its last symbol.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [texts + 1].
        index: uint16, see ``symbols.symbol_table``.
        blocks: uint32.
        order: n, from 1 to ``LONGEST``.
        keys: uint64 [at least as many as characters], written.
        contexts: uint64, likewise; 0 for n = 1.

    Returns:
        how many.
    """
    sums = np.zeros(LONGEST + 1, np.uint64)
    count = 0
    for text in range(len(offsets) - 1):
        position, stop = offsets[text], offsets[text + 1]
        restart(sums, order)
        symbol = np.int64(SPACE)
        while True:
            symbol, position = next_symbol(data, position, stop, symbol, index, blocks)
            if symbol < 0:
                break
            contexts[count] = key_of(sums[order - 1], order - 1) if order > 1 else np.uint64(0)
            advance(sums, order, symbol)
            keys[count] = key_of(sums[order], order)
            count += 1
    return count


# --- the table of a model ------------------------------------------------------------------------


@kernel((t["u64"], t["u64"], t["w_u64"]))
def fill_table(keys: np.ndarray, values: np.ndarray, table: np.ndarray) -> None:
    """Put entries into an open-addressing table.

    Args:
        keys: uint64 [entries].
        values: uint64 [entries], 32 bits each.
        table: uint64 [power of two, at least twice the entries], zeros; written: the key's upper
            32 bits, then the value.
    """
    mask = np.uint64(len(table) - 1)
    for entry in range(len(keys)):
        slot = keys[entry] & mask
        while table[slot] != np.uint64(0):
            slot = (slot + np.uint64(1)) & mask
        table[slot] = (keys[entry] & np.uint64(0xFFFFFFFF00000000)) | values[entry]


@kernel(forceinline=True)
def find(table: np.ndarray, key: Scalar) -> Scalar:
    """The entry of a key, or 0."""
    mask = np.uint64(len(table) - 1)
    slot = key & mask
    wanted = key >> np.uint64(32)
    while True:
        entry = table[slot]
        if entry == np.uint64(0) or entry >> np.uint64(32) == wanted:
            return entry
        slot = (slot + np.uint64(1)) & mask


@kernel(forceinline=True)
def bits_of_symbol(
    table: np.ndarray, sums: np.ndarray, order: Scalar, symbol: Scalar, unseen: Scalar
) -> Scalar:
    """What the next symbol costs: from the longest n-gram that the model has, in 1/UNIT bits.

    Args:
        table: see ``fill_table``; a value is the n-gram's bits (0: it is only a context) and, 16
            bits above, the bits of backing off from it as a context. No value is 0.
        sums: of the symbols before.
        order: of the model.
        symbol: the next one.
        unseen: cost of a symbol that the model has never seen, after backing off all the way.
    """
    cost = np.int64(0)
    for n in range(order, 0, -1):
        total = sums[n - 1] * BASE + np.uint64(symbol + 1)
        entry = find(table, key_of(total, n))
        if entry & np.uint64(0xFFFF) != np.uint64(0):
            return cost + np.int64(entry & np.uint64(0xFFFF))
        if n > 1:
            context = find(table, key_of(sums[n - 1], n - 1))
            cost += np.int64((context >> np.uint64(16)) & np.uint64(0xFFFF))
    return cost + unseen


@kernel(
    (t["u8"], t["i64"], t["b1"], I64, I64, t["u16"], t["u32"], t["u64"], I64, I64,
     t["w_f32"], t["w_i64"])
)  # fmt: skip
def bits_per_character(
    data: np.ndarray, offsets: np.ndarray, wanted: np.ndarray, windows: Scalar, size: Scalar,
    index: np.ndarray, blocks: np.ndarray, table: np.ndarray, order: Scalar, unseen: Scalar,
    bits: np.ndarray, characters: np.ndarray,
) -> None:  # fmt: skip
    """The mean bits that a model needs for a character of each text.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [texts + 1].
        wanted: bool [texts]; what is written for the others stays as it is.
        windows: in how many windows a long text is read; 0: whole.
        size: bytes of a window.
        index: uint16, see ``symbols.symbol_table``.
        blocks: uint32.
        table: see ``fill_table``.
        order: of the model.
        unseen: see ``bits_of_symbol``.
        bits: float32 [texts], written; NaN where there is no character.
        characters: int64 [texts], written: how many were read.
    """
    sums = np.zeros(LONGEST + 1, np.uint64)
    for text in range(len(bits)):
        if not wanted[text]:
            continue
        start, stop = offsets[text], offsets[text + 1]
        whole = windows == 0 or stop - start <= windows * size
        cost, count = np.int64(0), np.int64(0)
        for number in range(1 if whole else windows):
            position, end = start, stop
            if not whole:
                position, end = window(data, start, stop, number, windows, size)
            restart(sums, order)
            symbol = np.int64(SPACE)
            while True:
                symbol, position = next_symbol(data, position, end, symbol, index, blocks)
                if symbol < 0:
                    break
                cost += bits_of_symbol(table, sums, order, symbol, unseen)
                advance(sums, order, symbol)
                count += 1
        characters[text] = count
        bits[text] = np.float32(cost / UNIT / count) if count > 0 else np.float32(np.nan)
