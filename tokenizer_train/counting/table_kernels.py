"""A hash table of pieces: (bytes, group) -> count, 64 bits each.

A row is four uint64 and half a cache line: 16 bytes of the piece, its length and group, its count.
Pieces of more than 16 bytes keep their hash and a place in an arena instead. Rows are found by
linear probing; a length of 0 marks an empty one, since no piece is empty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic as _intrinsic

from formats.compile import Scalar, array_types, kernel, step

intrinsic: Any = _intrinsic  # a kernel calls it without the typing context; its stub does not know

ROW = 4
INLINE_BYTES = 16
GROUP_BITS = 20
"""Of the word that holds length and group: the lower ones are the group."""
MAX_GROUPS = 1 << GROUP_BITS
STATE_ROW, STATE_PIECE, STATE_POSITION, STATE_USED, STATE_ARENA = 0, 1, 2, 3, 4
DONE, TABLE_FULL, ARENA_FULL = 0, 1, 2

# Odd constants of the first digits of pi and of the golden ratio; the finaliser is SplitMix64's
# (Steele, Lea, Flood 2014; constants of David Stafford's variant 13).
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0x243F6A8885A308D3)
_STAFFORD_1 = np.uint64(0xBF58476D1CE4E5B9)
_STAFFORD_2 = np.uint64(0x94D049BB133111EB)
_U1 = np.uint64(1)

t = array_types()
I64 = t["i64"].dtype


@intrinsic
def load_word(typing_context: Any, data: Any, position: Any) -> Any:
    """uint64: eight bytes from a position that need not be aligned; they must lie in the buffer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        struct = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(struct.data, [arguments[1]])
        word = ir.IntType(64)
        return builder.load(builder.bitcast(pointer, word.as_pointer()), align=1)

    return types.uint64(data, types.int64), generate


@step()
def word_at(data: np.ndarray, position: Scalar, length: Scalar) -> Scalar:
    """Up to eight bytes as a number, the first one lowest; nothing behind the buffer is read."""
    if length >= 8:
        return load_word(data, position)
    if position + 8 <= len(data):
        if length <= 0:
            return np.uint64(0)
        return load_word(data, position) & ((_U1 << np.uint64(8 * length)) - _U1)
    word = np.uint64(0)
    for i in range(length):
        word |= np.uint64(data[position + i]) << np.uint64(8 * i)
    return word


@step()
def mixed(first: Scalar, second: Scalar, length: Scalar) -> Scalar:
    """The hash of a piece of up to 16 bytes: uint64, evenly spread."""
    value = (first ^ (np.uint64(length) * _FIRST)) * _STAFFORD_1
    value = (value ^ (value >> np.uint64(29)) ^ second) * _FIRST + _SECOND
    value = (value ^ (value >> np.uint64(30))) * _STAFFORD_1
    value = (value ^ (value >> np.uint64(27))) * _STAFFORD_2
    return value ^ (value >> np.uint64(31))


@step()
def hash_of_long(data: np.ndarray, position: Scalar, length: Scalar) -> Scalar:
    """The hash of a piece of more than 16 bytes: uint64."""
    value = np.uint64(length) * _FIRST
    done = 0
    while done < length:
        word = word_at(data, position + done, length - done)
        value = (value ^ word) * _STAFFORD_1
        value ^= value >> np.uint64(32)
        done += 8
    return mixed(value, np.uint64(0), length)


@step()
def same_bytes(
    left: np.ndarray, left_start: Scalar, right: np.ndarray, right_start: Scalar, length: Scalar
) -> Scalar:
    """Whether so many bytes are equal."""
    i = 0
    while i < length and left[left_start + i] == right[right_start + i]:
        i += 1
    return i == length


@kernel(
    (t["u8"], t["i64"], t["i64"], t["i64"], t["w_u64"], t["w_u8"], t["w_i64"])
)  # fmt: skip
def count_pieces(
    data: np.ndarray,
    offsets: np.ndarray,
    groups: np.ndarray,
    ends: np.ndarray,
    table: np.ndarray,
    arena: np.ndarray,
    state: np.ndarray,
) -> int:
    """Add the pieces of texts to the table, until it is full.

    Args:
        data: uint8, the bytes of the texts.
        offsets: int64 [texts + 1].
        groups: int64 [texts]: under which each text is counted, below ``MAX_GROUPS``.
        ends: int64 [pieces]: ``Scanner.cut``.
        table: uint64 [rows * 4], rows a power of two; written.
        arena: uint8, bytes of long pieces; written.
        state: int64 [5]: the text, the piece and the position to go on with; rows and bytes of
            the arena in use; written.

    Returns:
        ``DONE``, or what is full: make room and call again.
    """
    rows = len(table) // ROW
    mask = np.uint64(rows - 1)
    limit = rows * 5 // 8
    used, arena_used = state[STATE_USED], state[STATE_ARENA]
    piece = state[STATE_PIECE]
    text = state[STATE_ROW]
    position = state[STATE_POSITION]
    full = DONE
    while text < len(groups) and full == DONE:
        stop = offsets[text + 1]
        position = max(position, offsets[text])
        group = np.uint64(groups[text])
        while position < stop:
            if used >= limit:
                full = TABLE_FULL
                break
            end = ends[piece]
            length = end - position
            key = np.uint64(length) << np.uint64(GROUP_BITS) | group
            if length <= INLINE_BYTES:
                first = word_at(data, position, length)
                second = word_at(data, position + 8, length - 8) if length > 8 else np.uint64(0)
                value = mixed(first, second, length)
            else:
                value = hash_of_long(data, position, length)
                first, second = value, np.uint64(arena_used)
            slot = ((value ^ (group * _SECOND)) & mask) * np.uint64(ROW)
            while True:
                found = table[slot + np.uint64(2)]
                if found == 0:
                    if length > INLINE_BYTES and arena_used + length > len(arena):
                        full = ARENA_FULL
                        break
                    table[slot] = first
                    table[slot + _U1] = second
                    table[slot + np.uint64(2)] = key
                    table[slot + np.uint64(3)] = 1
                    used += 1
                    if length > INLINE_BYTES:
                        for i in range(length):
                            arena[arena_used + i] = data[position + i]
                        arena_used += length
                    break
                if found == key and table[slot] == first:
                    if length <= INLINE_BYTES:
                        equal = table[slot + _U1] == second
                    else:
                        place = np.int64(table[slot + _U1])
                        equal = same_bytes(arena, place, data, position, length)
                    if equal:
                        table[slot + np.uint64(3)] += _U1
                        break
                slot = (slot + np.uint64(ROW)) & np.uint64(len(table) - 1)
            if full != DONE:
                break
            position = end
            piece += 1
        if full == DONE:
            text += 1
    state[STATE_ROW], state[STATE_PIECE], state[STATE_POSITION] = text, piece, position
    state[STATE_USED], state[STATE_ARENA] = used, arena_used
    return full


@step()
def row_hash(table: np.ndarray, slot: Scalar) -> Scalar:
    """The hash of the piece in a row."""
    length = np.int64(table[slot + 2] >> np.uint64(GROUP_BITS))
    if length > INLINE_BYTES:
        return table[slot]
    return mixed(table[slot], table[slot + 1], length)


@kernel((t["u64"], t["w_u64"]))
def move_rows(table: np.ndarray, larger: np.ndarray) -> None:
    """Put all rows into a larger, empty table."""
    mask = np.uint64(len(larger) // ROW - 1)
    for slot in range(0, len(table), ROW):
        key = table[slot + 2]
        if key == 0:
            continue
        group = key & np.uint64(MAX_GROUPS - 1)
        place = ((row_hash(table, slot) ^ (group * _SECOND)) & mask) * np.uint64(ROW)
        while larger[place + np.uint64(2)] != 0:
            place = (place + np.uint64(ROW)) & np.uint64(len(larger) - 1)
        for i in range(ROW):
            larger[place + np.uint64(i)] = table[slot + i]


@kernel((t["u64"], t["w_u64"], t["w_i64"]))
def used_rows(table: np.ndarray, hashes: np.ndarray, slots: np.ndarray) -> int:
    """The hash and the place of every row in use; returns how many there are."""
    count = 0
    for slot in range(0, len(table), ROW):
        if table[slot + 2] != 0:
            hashes[count] = row_hash(table, slot)
            slots[count] = slot
            count += 1
    return count


@kernel((t["u64"], t["i64"], t["w_i64"], t["w_i64"], t["w_i64"]))
def read_rows(
    table: np.ndarray,
    slots: np.ndarray,
    offsets: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Lengths (as offsets), groups and counts of rows.

    Args:
        table: uint64 [rows * 4].
        slots: int64 [n]: of ``used_rows``, in any order.
        offsets: int64 [n + 1], written.
        groups: int64 [n], written.
        counts: int64 [n], written.
    """
    offsets[0] = 0
    for i in range(len(slots)):
        key = table[slots[i] + 2]
        offsets[i + 1] = offsets[i] + np.int64(key >> np.uint64(GROUP_BITS))
        groups[i] = np.int64(key & np.uint64(MAX_GROUPS - 1))
        counts[i] = np.int64(table[slots[i] + 3])


@kernel((t["u64"], t["u8"], t["i64"], t["i64"], t["w_u8"]))
def read_bytes(
    table: np.ndarray,
    arena: np.ndarray,
    slots: np.ndarray,
    offsets: np.ndarray,
    out: np.ndarray,
) -> None:
    """Bytes of rows, one behind the other.

    Args:
        table: uint64 [rows * 4].
        arena: uint8, bytes of long pieces.
        slots: int64 [n].
        offsets: int64 [n + 1]: of ``read_rows``.
        out: uint8 [offsets[n]], written.
    """
    for i in range(len(slots)):
        start, length = offsets[i], offsets[i + 1] - offsets[i]
        if length > INLINE_BYTES:
            place = np.int64(table[slots[i] + 1])
            for j in range(length):
                out[start + j] = arena[place + j]
            continue
        word = table[slots[i]]
        for j in range(length):
            if j == 8:
                word = table[slots[i] + 1]
            out[start + j] = word & np.uint64(255)
            word >>= np.uint64(8)
