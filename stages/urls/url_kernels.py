"""Finding the host in a URL, and all of its parents in a table of domains, in one pass.

A host is hashed from its end, byte by byte; at every dot, and at its beginning, the hash so far is
that of a parent domain and is looked up: ``a.b.example.co.uk`` costs four look-ups, however long
the lists are. Equal hashes are compared byte by byte, so no list says what is not in it.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.text_kernels import hexadecimal

NONE, SPELLED = -1, -2
"""No entry; the host has to be brought to its ASCII form first."""
FACTOR = np.uint64(0x9FB21C651E98DF25)
"""Odd multiplier of XXH3 (rrmxmx)."""
SEED = np.uint64(0x243F6A8885A308D3)
"""First 64 bits of the fraction of pi."""
LONGEST_SCHEME = 16

t = array_types()


@kernel()
def lower(byte: Scalar) -> Scalar:
    """ASCII letters in lower case."""
    return byte | 0x20 if 0x41 <= byte <= 0x5A else byte


@kernel()
def mix(state: Scalar, byte: Scalar) -> Scalar:
    """The hash of a text with one more byte."""
    state = (state ^ np.uint64(byte)) * FACTOR
    return state ^ state >> np.uint64(29)


@kernel()
def find(
    keys: np.ndarray,
    places: np.ndarray,
    state: Scalar,
    data: np.ndarray,
    begin: Scalar,
    end: Scalar,
    entries: tuple,
) -> Scalar:
    """The entry that equals ``data[begin:end]`` and has this hash, or ``NONE``."""
    texts, offsets = entries
    slot = np.int64(state) & (len(keys) - 1)
    while places[slot] >= 0:
        if keys[slot] == state:
            entry = places[slot]
            first = offsets[entry]
            equal = offsets[entry + 1] - first == end - begin
            k = 0
            while equal and k < end - begin:
                equal = lower(data[begin + k]) == texts[first + k]
                k += 1
            if equal:
                return entry
        slot = (slot + 1) & (len(keys) - 1)
    return NONE


@kernel()
def authority(data: np.ndarray, at: Scalar, end: Scalar) -> tuple:
    """Where user, host and port of a URL stand: behind ``//``, or at the start."""
    for k in range(at, min(end - 1, at + LONGEST_SCHEME)):
        byte = data[k]
        if byte == 0x2F:
            if data[k + 1] == 0x2F and (k == at or data[k - 1] == 0x3A):
                at = k + 2
            break
        if byte in (0x3F, 0x23, 0x40):
            break
    stop = at
    while stop < end and data[stop] not in (0x2F, 0x3F, 0x23, 0x5C):
        stop += 1
    return at, stop


@kernel()
def host(data: np.ndarray, at: Scalar, end: Scalar) -> tuple:
    """The host of a URL, without user, port and final dot: (begin, end, whether it is plain).

    Plain: no byte outside ASCII and no ``%``.
    """
    at, stop = authority(data, at, end)
    for k in range(at, stop):
        if data[k] == 0x40:
            at = k + 1
    plain = True
    bracket = at < stop and data[at] == 0x5B
    for k in range(at, stop):
        byte = data[k]
        plain &= byte < 0x80 and byte != 0x25
        if bracket:
            if byte == 0x5D:
                return at + 1, k, plain
        elif byte == 0x3A:
            stop = k
            break
    while stop > at and data[stop - 1] == 0x2E:
        stop -= 1
    return at, stop, plain


@kernel()
def insert(keys: np.ndarray, places: np.ndarray, state: Scalar, entry: Scalar) -> None:
    """Put an entry into the first empty slot."""
    slot = np.int64(state) & (len(keys) - 1)
    while places[slot] >= 0:
        slot = (slot + 1) & (len(keys) - 1)
    keys[slot] = state
    places[slot] = entry


@kernel((t["u8"], t["i64"], t["w_u64"], t["w_i64"]))
def build_domains(
    texts: np.ndarray, offsets: np.ndarray, keys: np.ndarray, places: np.ndarray
) -> None:
    """Fill the table of domains; of equal ones the first stays.

    Args:
        texts: uint8, all domains in lower case.
        offsets: int64 [domains + 1].
        keys: uint64 [a power of two], written: hashes.
        places: int64, the same length, all ``NONE`` before: the domain in a slot.
    """
    for entry in range(len(offsets) - 1):
        state = SEED
        for k in range(offsets[entry + 1] - 1, offsets[entry] - 1, -1):
            state = mix(state, texts[k])
        begin, end = offsets[entry], offsets[entry + 1]
        if find(keys, places, state, texts, begin, end, (texts, offsets)) == NONE:
            insert(keys, places, state, entry)


@kernel((t["u8"], t["i64"], t["w_u64"], t["w_i64"]))
def build_words(
    texts: np.ndarray, offsets: np.ndarray, keys: np.ndarray, places: np.ndarray
) -> None:
    """As ``build_domains`` for words, which are hashed from their beginning."""
    for entry in range(len(offsets) - 1):
        state = SEED
        for k in range(offsets[entry], offsets[entry + 1]):
            state = mix(state, texts[k])
        begin, end = offsets[entry], offsets[entry + 1]
        if find(keys, places, state, texts, begin, end, (texts, offsets)) == NONE:
            insert(keys, places, state, entry)


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["u8"], t["i64"], t["b1"], t["u64"], t["i64"], t["w_i64"],
        t["w_b1"],
    )
)  # fmt: skip
def match_domains(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    texts: np.ndarray,
    text_offsets: np.ndarray,
    allows: np.ndarray,
    keys: np.ndarray,
    places: np.ndarray,
    hits: np.ndarray,
    allowed: np.ndarray,
) -> None:
    """Look up the host of every URL and its parents.

    Args:
        data: uint8 [bytes].
        offsets: int64 [rows + 1].
        alive: bool [rows]; other rows get ``NONE``.
        texts: uint8, the domains.
        text_offsets: int64 [domains + 1].
        allows: bool [domains]: whether a domain stands on an allow-list.
        keys: of ``build_domains``.
        places: of ``build_domains``.
        hits: int64 [rows], written: the longest blocked domain, ``NONE``, or ``SPELLED``.
        allowed: bool [rows], written: whether a domain of an allow-list was met.
    """
    for row in range(len(alive)):
        hits[row] = NONE
        allowed[row] = False
        if not alive[row]:
            continue
        begin, end, plain = host(data, offsets[row], offsets[row + 1])
        if not plain:
            hits[row] = SPELLED
            continue
        state = SEED
        for k in range(end - 1, begin - 1, -1):
            state = mix(state, lower(data[k]))
            if k == begin or data[k - 1] == 0x2E:
                entry = find(keys, places, state, data, k, end, (texts, text_offsets))
                if entry >= 0 and allows[entry]:
                    allowed[row] = True
                elif entry >= 0:
                    hits[row] = entry


@kernel()
def decoded(data: np.ndarray, at: Scalar, end: Scalar) -> tuple:
    """The byte at a place, ``%41`` decoded, in lower case; and the next place."""
    if data[at] == 0x25 and at + 2 < end:
        high, low = hexadecimal(data[at + 1]), hexadecimal(data[at + 2])
        if high >= 0 and low >= 0:
            return lower(np.uint8(high << 4 | low)), at + 3
    return lower(data[at]), at + 1


@kernel()
def is_word(byte: Scalar) -> Scalar:
    """A letter or digit; outside ASCII everything is one."""
    return byte >= 0x80 or 0x61 <= byte <= 0x7A or 0x30 <= byte <= 0x39


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["u8"], t["i64"], t["u64"], t["i64"], t["w_i64"],
    )
)  # fmt: skip
def match_words(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    texts: np.ndarray,
    text_offsets: np.ndarray,
    keys: np.ndarray,
    places: np.ndarray,
    hits: np.ndarray,
) -> None:
    """The first listed word of every URL, or ``NONE``: words are runs of letters and digits.

    Args:
        data: uint8 [bytes].
        offsets: int64 [rows + 1].
        alive: bool [rows]; other rows get ``NONE``.
        texts: uint8, the words.
        text_offsets: int64 [words + 1].
        keys: of ``build_words``.
        places: of ``build_words``.
        hits: int64 [rows], written.
    """
    largest = np.int64(0)
    for row in range(len(alive)):
        largest = max(largest, offsets[row + 1] - offsets[row])
    word = np.empty(largest + 1, np.uint8)
    for row in range(len(alive)):
        hits[row] = NONE
        at, end = offsets[row], offsets[row + 1]
        size = 0
        state = SEED
        while alive[row] and at <= end and hits[row] == NONE:
            byte, after = np.uint8(0), at + 1
            if at < end:
                byte, after = decoded(data, at, end)
            if is_word(byte):
                word[size] = byte
                size += 1
                state = mix(state, byte)
            else:
                if size:
                    hits[row] = find(keys, places, state, word, 0, size, (texts, text_offsets))
                size = 0
                state = SEED
            at = after
