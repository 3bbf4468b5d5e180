"""The merges: the most frequent pair becomes a token wherever it stands, and again.

One merge goes twice over the positions of its pair. First every occurrence is joined, from left
to right; pairs that it breaks lose its weight, and the pairs that it makes, (x, new) and (new, x),
are added up by x in plain arrays, since every occurrence of a new pair comes into being in the one
merge that makes its token. Those that reach the threshold get slots with room for exactly their
positions, and the second walk writes these down.

Method and tie rule are those of ``tokenizers``' trainer (tokenizers/src/models/bpe/trainer.rs); the
arrays are ours.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from tokenizer_train.merging.heap_kernels import push, take_off, true_top
from tokenizer_train.merging.pairs_kernels import (
    ARENA_USED,
    BEGINS,
    HEAP_SIZE,
    INSIDE,
    MAX_LENGTH,
    SLOTS_USED,
    THRESHOLD,
    TOKENS,
    WHOLE,
    may_join,
)
from tokenizer_train.merging.words_kernels import BLOCK_BITS

MADE, DRY, ARENA_SHORT, SLOTS_SHORT = 0, 1, 2, 3
"""Why the kernel came back: as many merges as asked for; no pair left at the threshold; room."""

t = array_types()
I64 = t["i64"].dtype


@step()
def times_seen(
    begin: Scalar,
    size: Scalar,
    slot: Scalar,
    arena: np.ndarray,
    slot_at: np.ndarray,
    block_seen: np.ndarray,
) -> Scalar:
    """How often a pair was really seen, languages not weighted."""
    seen = np.int64(0)
    for at in range(begin, begin + size):
        if slot_at[arena[at]] == slot:
            seen += block_seen[arena[at] >> BLOCK_BITS]
    return seen


@step()
def join(
    slot: Scalar,
    token: Scalar,
    stamp: Scalar,
    begin: Scalar,
    size: Scalar,
    pair: Scalar,
    symbols: np.ndarray,
    slot_at: np.ndarray,
    block_weights: np.ndarray,
    lengths: np.ndarray,
    counts: np.ndarray,
    arena: np.ndarray,
    around: np.ndarray,
    places: np.ndarray,
    stamps: np.ndarray,
    touched: np.ndarray,
) -> tuple[Scalar, Scalar]:
    """Join every occurrence of a pair; see ``merge`` for the arguments.

    ``stamp`` differs at every call: it tells the entries that this one touched.

    Returns:
        How many were joined, their positions now first in the slot's part of the arena; and how
        many entries of ``touched`` were written: 2 * id for (id, new), 2 * id + 1 for (new, id).
    """
    left, right = np.int64(pair >> 32), np.int64(pair & 0xFFFFFFFF)
    left_length, right_length = np.int64(lengths[left]), np.int64(lengths[right])
    joined, touches = np.int64(0), np.int64(0)
    for at in range(begin, begin + size):
        position = np.int64(arena[at])
        if slot_at[position] != slot:
            continue
        weight = block_weights[position >> BLOCK_BITS]
        middle = position + left_length
        behind = middle + right_length
        before = np.int64(symbols[position - 1])
        slot_at[position] = -1
        if before == token:
            # The token before was made a moment ago and took this one's left half for its right.
            around[2 * left + 1] -= weight
            places[2 * left + 1] -= 1
            entry = 2 * token + 1
            if stamps[entry] != stamp:
                stamps[entry] = stamp
                touched[touches] = entry
                touches += 1
            around[entry] += weight
            places[entry] += 1
        elif before >= 0:
            start = position - np.int64(lengths[before])
            broken = slot_at[start]
            if broken >= 0:
                counts[broken] -= weight
                slot_at[start] = -1
            entry = 2 * before
            if stamps[entry] != stamp:
                stamps[entry] = stamp
                touched[touches] = entry
                touches += 1
            around[entry] += weight
            places[entry] += 1
        following = np.int64(symbols[behind])
        if following >= 0:
            broken = slot_at[middle]
            if broken >= 0:
                counts[broken] -= weight
            entry = 2 * following + 1
            if stamps[entry] != stamp:
                stamps[entry] = stamp
                touched[touches] = entry
                touches += 1
            around[entry] += weight
            places[entry] += 1
        slot_at[middle] = -1
        if left_length > 1:
            symbols[middle - 1] = INSIDE
        if right_length > 1:
            symbols[middle] = INSIDE
        symbols[position] = token
        symbols[behind - 1] = token
        arena[begin + joined] = position
        joined += 1
    return joined, touches


@step()
def list_made(
    begin: Scalar,
    joined: Scalar,
    token: Scalar,
    symbols: np.ndarray,
    slot_at: np.ndarray,
    lengths: np.ndarray,
    begins: np.ndarray,
    sizes: np.ndarray,
    arena: np.ndarray,
    places: np.ndarray,
) -> None:
    """Write down where new pairs stand: those of which ``places`` holds -1 - slot."""
    for at in range(begin, begin + joined):
        position = np.int64(arena[at])
        before = np.int64(symbols[position - 1])
        if before >= 0 and before != token and places[2 * before] < 0:
            made = -1 - places[2 * before]
            start = position - np.int64(lengths[before])
            slot_at[start] = made
            arena[begins[made] + sizes[made]] = start
            sizes[made] += 1
        following = np.int64(symbols[position + np.int64(lengths[token])])
        if following >= 0 and places[2 * following + 1] < 0:
            made = -1 - places[2 * following + 1]
            slot_at[position] = made
            arena[begins[made] + sizes[made]] = position
            sizes[made] += 1


@step()
def make_token(
    token: Scalar,
    pair: Scalar,
    lengths: np.ndarray,
    kinds: np.ndarray,
    missing: np.ndarray,
    merges: np.ndarray,
) -> None:
    """Write down what a new token is made of; see ``merge`` for the arguments."""
    left, right = pair >> 32, pair & 0xFFFFFFFF
    merges[token] = pair
    lengths[token] = lengths[left] + lengths[right]
    kinds[token] = kinds[left]
    if kinds[left] == BEGINS:
        missing[token] = missing[left] - lengths[right]
        if missing[token] == 0:
            kinds[token] = WHOLE


@kernel(
    (
        I64, I64, I64, t["w_i64"], t["w_i32"], t["w_i32"], t["i64"], t["i64"], t["w_i32"],
        t["w_u8"], t["w_i32"], t["w_i64"], t["w_i64"], t["w_i64"], t["w_i64"], t["w_i32"],
        t["w_i64"], t["w_i32"], t["w_i64"], t["w_i64"], t["w_i32"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def merge(
    most: int,
    min_seen: int,
    surely_seen: int,
    state: np.ndarray,
    symbols: np.ndarray,
    slot_at: np.ndarray,
    block_weights: np.ndarray,
    block_seen: np.ndarray,
    lengths: np.ndarray,
    kinds: np.ndarray,
    missing: np.ndarray,
    pairs: np.ndarray,
    counts: np.ndarray,
    begins: np.ndarray,
    sizes: np.ndarray,
    arena: np.ndarray,
    heap_counts: np.ndarray,
    heap_slots: np.ndarray,
    around: np.ndarray,
    places: np.ndarray,
    stamps: np.ndarray,
    touched: np.ndarray,
    merges: np.ndarray,
) -> int:
    """Make merges.

    Args:
        most: how many at most.
        min_seen: a pair really seen less often is not merged.
        surely_seen: a weighted count from which on a pair was seen often enough.
        state: int64 [6], see ``pairs_kernels``; written.
        symbols: int32 [positions + 1]; written.
        slot_at: int32 [positions + 1]; written.
        block_weights: int64 [blocks].
        block_seen: int64 [blocks].
        lengths: int32 [entries]: bytes of each token; written.
        kinds: uint8 [entries]: of each token; written.
        missing: int32 [entries]: bytes that a begun character still lacks; written.
        pairs: int64 [slots]: left id * 2^32 + right id; written, like all of slots, arena and heap.
        counts: int64 [slots].
        begins: int64 [slots]: where in the arena a slot's positions begin.
        sizes: int64 [slots]: how many they are.
        arena: int32.
        heap_counts: int64 [slots].
        heap_slots: int32 [slots].
        around: int64 [2 * entries], zeros: weights of new pairs; zeros again at the end.
        places: int64 [2 * entries], zeros: their positions; zeros again at the end.
        stamps: int32 [2 * entries], zeros: the last token that touched an entry; written.
        touched: int64 [2 * entries]: entries that a merge touches; written.
        merges: int64 [entries]: the pair that made each token; written.

    Returns:
        ``MADE``, ``DRY``, ``ARENA_SHORT`` or ``SLOTS_SHORT``.
    """
    for _ in range(most):
        while True:
            slot = true_top(
                heap_counts, heap_slots, state, HEAP_SIZE, state[THRESHOLD], counts, pairs
            )
            if slot < 0:
                return DRY
            size = sizes[slot]
            if counts[slot] >= surely_seen:
                break
            if times_seen(begins[slot], size, slot, arena, slot_at, block_seen) >= min_seen:
                break
            counts[slot] = -1
        if state[ARENA_USED] + 2 * size > len(arena):
            return ARENA_SHORT
        if state[SLOTS_USED] + 2 * min(size, state[TOKENS] + 1) > len(pairs):
            return SLOTS_SHORT
        take_off(heap_counts, heap_slots, state[HEAP_SIZE], pairs)
        state[HEAP_SIZE] -= 1
        token = state[TOKENS]
        pair, begin = pairs[slot], begins[slot]
        make_token(token, pair, lengths, kinds, missing, merges)
        state[TOKENS] += 1
        joined, touches = join(
            slot, token, token, begin, size, pair, symbols, slot_at, block_weights, lengths, counts,
            arena, around, places, stamps, touched,
        )  # fmt: skip
        counts[slot] = -1
        sizes[slot] = 0
        for i in range(touches):
            entry = touched[i]
            other = entry >> 1
            count, size = around[entry], places[entry]
            around[entry] = 0
            if size == 0:
                continue  # undone
            first = token if entry & 1 else other
            second = other if entry & 1 else token
            places[entry] = 0
            if count < state[THRESHOLD] or not may_join(
                first, second, lengths, kinds, state[MAX_LENGTH]
            ):
                continue
            made = state[SLOTS_USED]
            state[SLOTS_USED] += 1
            pairs[made] = first << 32 | second
            counts[made] = count
            begins[made] = state[ARENA_USED]
            sizes[made] = 0
            state[ARENA_USED] += size
            places[entry] = -1 - made
            push(heap_counts, heap_slots, state[HEAP_SIZE], count, made, pairs)
            state[HEAP_SIZE] += 1
        list_made(
            begin, joined, token, symbols, slot_at, lengths, begins, sizes, arena, places
        )  # fmt: skip
        for i in range(touches):
            places[touched[i]] = 0
    return MADE
