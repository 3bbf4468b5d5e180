"""Where each pair stands: counted over all symbols, at the beginning and whenever asked anew.

A *slot* is a pair with its count and the positions of its left tokens, one behind the other in an
arena of positions, rising. Pairs counted below the threshold get none: a pair's count only falls,
so such a pair matters only if the threshold is lowered, and then everything is counted anew.

Symbols: a token's id stands at its first and at its last byte, ``INSIDE`` between, a border between
words. So the next token begins at ``position + lengths[id]``, and the one before ends at
``position - 1``: no links are kept.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from tokenizer_train.merging.heap_kernels import push
from tokenizer_train.merging.words_kernels import BLOCK_BITS

INSIDE = -2
WHOLE, BEGINS, CONTINUES = 0, 1, 2
"""Kinds of token: whole characters; the first part of one; bytes from within one."""
ANY_KIND = 3
"""Every token's kind where parts of characters may be joined to others."""
BYTES = 256

SLOTS_USED, ARENA_USED, HEAP_SIZE, THRESHOLD, TOKENS, MAX_LENGTH = 0, 1, 2, 3, 4, 5
"""Of the state."""

t = array_types()


@step()
def may_join(
    left: Scalar, right: Scalar, lengths: np.ndarray, kinds: np.ndarray, max_length: Scalar
) -> Scalar:
    """Whether two tokens may become one: whole characters, or parts of the same one."""
    if lengths[left] + lengths[right] > max_length:
        return False
    kind = kinds[left]
    if kind == WHOLE:
        return kinds[right] == WHOLE
    return kind == ANY_KIND or kinds[right] == CONTINUES


@kernel((t["i32"], t["i64"], t["w_i64"], t["w_i64"]))
def count_byte_pairs(
    symbols: np.ndarray, block_weights: np.ndarray, counts: np.ndarray, sizes: np.ndarray
) -> None:
    """Count pairs while every symbol is a byte.

    Args:
        symbols: int32 [positions + 1].
        block_weights: int64 [blocks].
        counts: int64 [256 * 256], zeros; written: weights of each pair.
        sizes: int64 [256 * 256], zeros; written: positions of each pair.
    """
    left = symbols[0]
    for position in range(len(symbols) - 1):
        right = symbols[position + 1]
        if left >= 0 and right >= 0:
            pair = left * BYTES + right
            counts[pair] += block_weights[position >> BLOCK_BITS]
            sizes[pair] += 1
        left = right


@step()
def find_pair(keys: np.ndarray, mask: Scalar, left: Scalar, right: Scalar) -> Scalar:
    """The place of a pair in a hash table, or the empty one where it belongs."""
    key = np.int64(left) << 32 | np.int64(right)
    # Fibonacci hashing, then the upper half: Knuth, volume 3, section 6.4.
    slot = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & mask
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel((t["i32"], t["i32"], t["i64"], t["w_i64"], t["w_i64"], t["w_i64"]))
def count_pairs(
    symbols: np.ndarray,
    lengths: np.ndarray,
    block_weights: np.ndarray,
    keys: np.ndarray,
    counts: np.ndarray,
    sizes: np.ndarray,
) -> int:
    """Count pairs of any tokens in a hash table.

    Args:
        symbols: int32 [positions + 1].
        lengths: int32 [tokens].
        block_weights: int64 [blocks].
        keys: int64 [a power of two], all -1; written: left id * 2^32 + right id.
        counts: int64, the same length, zeros; written.
        sizes: int64, the same length, zeros; written.

    Returns:
        How many pairs there are, or -1 where the table is too small.
    """
    mask = len(keys) - 1
    used = 0
    position = np.int64(0)
    while position < len(symbols) - 1:
        left = symbols[position]
        if left < 0:
            position += 1
            continue
        following = position + lengths[left]
        right = symbols[following]
        if right >= 0:
            slot = find_pair(keys, mask, left, right)
            if keys[slot] < 0:
                if used >= len(keys) * 5 // 8:
                    return -1
                keys[slot] = np.int64(left) << 32 | np.int64(right)
                used += 1
            counts[slot] += block_weights[position >> BLOCK_BITS]
            sizes[slot] += 1
        position = following
    return used


@kernel(
    (
        t["i32"], t["i32"], t["i64"], t["i64"], t["w_i64"], t["w_i32"], t["w_i32"], t["w_i64"],
    )
)  # fmt: skip
def list_positions(
    symbols: np.ndarray,
    lengths: np.ndarray,
    keys: np.ndarray,
    slot_of_key: np.ndarray,
    filled: np.ndarray,
    slot_at: np.ndarray,
    arena: np.ndarray,
    begins: np.ndarray,
) -> None:
    """Write down where each pair with a slot stands.

    Args:
        symbols: int32 [positions + 1].
        lengths: int32 [tokens].
        keys: int64: of ``count_pairs``; empty: symbols are bytes and a pair is its own key.
        slot_of_key: int64, the same length or 256 * 256: its slot, or -1.
        filled: int64 [slots], zeros; written.
        slot_at: int32 [positions + 1], written: slot of the pair that begins here, or -1.
        arena: int32, written.
        begins: int64 [slots]: where each slot's positions begin.
    """
    mask = len(keys) - 1
    position = np.int64(0)
    while position < len(symbols) - 1:
        left = symbols[position]
        if left < 0:
            slot_at[position] = -1
            position += 1
            continue
        following = position + lengths[left]
        right = symbols[following]
        slot = np.int64(-1)
        if right >= 0:
            if mask < 0:
                slot = slot_of_key[left * BYTES + right]
            else:
                slot = slot_of_key[find_pair(keys, mask, left, right)]
        slot_at[position] = slot
        if slot >= 0:
            arena[begins[slot] + filled[slot]] = position
            filled[slot] += 1
        position = following


@kernel((t["w_i64"], t["i64"], t["i64"], t["w_i64"], t["w_i32"]))
def fill_heap(
    state: np.ndarray,
    pairs: np.ndarray,
    counts: np.ndarray,
    heap_counts: np.ndarray,
    heap_slots: np.ndarray,
) -> None:
    """Make a heap of all slots."""
    for slot in range(state[SLOTS_USED]):
        push(heap_counts, heap_slots, slot, counts[slot], slot, pairs)
    state[HEAP_SIZE] = state[SLOTS_USED]


@kernel((t["w_i64"], t["i64"], t["w_i64"], t["w_i64"], t["i32"], t["w_i32"]))
def compact(
    state: np.ndarray,
    counts: np.ndarray,
    begins: np.ndarray,
    sizes: np.ndarray,
    slot_at: np.ndarray,
    arena: np.ndarray,
) -> None:
    """Drop from the arena the positions that no longer hold, and slots below the threshold."""
    used = np.int64(0)
    for slot in range(state[SLOTS_USED]):
        begin, size = begins[slot], sizes[slot]
        begins[slot] = used
        if counts[slot] >= state[THRESHOLD]:
            for at in range(begin, begin + size):
                if slot_at[arena[at]] == slot:
                    arena[used] = arena[at]
                    used += 1
        sizes[slot] = used - begins[slot]
    state[ARENA_USED] = used
