"""Merges that serve the dearest language: the pair most frequent there becomes a token everywhere.

Words stand by *column*: a language that is served, all other languages together, and last the
parallel text, which is merged like all else and only measured. Each column but the last has a heap
of its own, of the ``cell_kernels`` of its pairs; ``turn_kernels`` say which column is served.

The method is that of Foroutan, Meister et al., Parity-Aware Byte-Pair Encoding (arXiv 2508.04796).
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from tokenizer_train.merging.cell_kernels import (
    BIRTH,
    COLUMN,
    COLUMN_DRY,
    DRY,
    ENTRY,
    MADE,
    SIZE,
    STAMP,
    make_cells,
    missing_room,
    take_births,
    top_cell,
)
from tokenizer_train.merging.merge_kernels import join, list_made, make_token, times_seen
from tokenizer_train.merging.pairs_kernels import SLOTS_USED, TOKENS
from tokenizer_train.merging.turn_kernels import remember, whose_turn
from tokenizer_train.merging.words_kernels import BLOCK_BITS

t = array_types()
I64, F64 = t["i64"].dtype, t["f64"].dtype


@step()
def subtract(
    begin: Scalar,
    joined: Scalar,
    arena: np.ndarray,
    block_weights: np.ndarray,
    block_sides: np.ndarray,
    tokens: np.ndarray,
) -> None:
    """Every pair joined in the parallel text is a token less on its side."""
    for at in range(begin, begin + joined):
        block = arena[at] >> BLOCK_BITS
        tokens[block_sides[block]] -= block_weights[block]


@kernel(
    (
        I64, I64, I64, F64,
        t["i64"], t["i64"], t["i64"], t["w_u8"], t["w_i64"], t["w_i64"], t["w_i64"],
        t["w_i64"], t["w_i64"], t["w_i32"],
        t["w_i64"], t["w_i32"], t["w_i32"], t["i64"], t["i64"], t["i32"],
        t["w_i32"], t["w_u8"], t["w_i32"], t["w_i64"],
        t["w_i64"], t["w_i64"], t["w_i64"], t["w_i64"], t["w_i32"], t["w_i32"],
        t["i64"], t["w_i64"], t["w_i64"], t["w_i32"],
        t["w_i64"], t["w_i64"], t["w_i32"], t["w_i64"], t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def merge_for_dearest(
    most: int,
    min_seen: int,
    most_recent: int,
    others_share: float,
    floors: np.ndarray,
    surely_seen: np.ndarray,
    thresholds: np.ndarray,
    alive: np.ndarray,
    served: np.ndarray,
    recent: np.ndarray,
    tops: np.ndarray,
    tokens: np.ndarray,
    turns: np.ndarray,
    ring: np.ndarray,
    state: np.ndarray,
    symbols: np.ndarray,
    slot_at: np.ndarray,
    block_weights: np.ndarray,
    block_seen: np.ndarray,
    block_sides: np.ndarray,
    lengths: np.ndarray,
    kinds: np.ndarray,
    missing: np.ndarray,
    merges: np.ndarray,
    pairs: np.ndarray,
    counts: np.ndarray,
    begins: np.ndarray,
    sizes: np.ndarray,
    cell_columns: np.ndarray,
    arena: np.ndarray,
    heap_begins: np.ndarray,
    heap_sizes: np.ndarray,
    heap_counts: np.ndarray,
    heap_cells: np.ndarray,
    around: np.ndarray,
    places: np.ndarray,
    stamps: np.ndarray,
    touched: np.ndarray,
    heads: np.ndarray,
    births: np.ndarray,
    birth_ends: np.ndarray,
) -> int:
    """Make merges; arrays that ``merge_kernels.merge`` has too are as there, slots being cells.

    Args:
        most: how many at most.
        min_seen: a pair really seen less often in a column is not merged for its sake.
        most_recent: see ``dearest``.
        others_share: see ``whose_turn``.
        floors: int64 [columns]: no pair of a lower count was seen ``min_seen`` times.
        surely_seen: int64 [columns]: any pair of this count was.
        thresholds: int64 [columns + 1]: counts at which pairs are listed; of the parallel text,
            which is the last, more than there can be.
        alive: uint8 [columns]: whether a column has pairs left; written.
        served: int64 [columns]: merges made for each; written.
        recent: int64 [columns]: those of them in the ring; written.
        tops: int64 [columns]: the count of the pair that last served each; written.
        tokens: int64 [2 * languages]: see ``dearest``; written.
        turns: int64 [2]; written.
        ring: int32 [window]: the columns served last, -1 before there are any; written.
        state: int64 [STATE_SIZE]; written.
        symbols: int32 [positions + 1]; written.
        slot_at: int32 [positions + 1]; written.
        block_weights: int64 [blocks].
        block_seen: int64 [blocks].
        block_sides: int32 [blocks]: in the parallel text, which of ``tokens``.
        lengths: int32 [entries]; written.
        kinds: uint8 [entries]; written.
        missing: int32 [entries]; written.
        merges: int64 [entries]; written.
        pairs: int64 [cells]; written, like all of cells, arena and heaps.
        counts: int64 [cells].
        begins: int64 [cells].
        sizes: int64 [cells].
        cell_columns: int32 [cells].
        arena: int32.
        heap_begins: int64 [columns + 1]: where each column's part of the heaps begins.
        heap_sizes: int64 [columns].
        heap_counts: int64.
        heap_cells: int32.
        around: int64 [2 * entries], zeros; zeros again at the end.
        places: int64 [2 * entries], zeros; zeros again at the end.
        stamps: int32 [2 * entries]; written.
        touched: int64 [2 * entries]; written.
        heads: int64 [2 * entries], all -1; so again at the end.
        births: int64 [rows of ``BIRTH``]: new pairs, column by column; written.
        birth_ends: int64 [columns + 1]: where the births of each cell end; written.

    Returns:
        One of ``MADE`` to ``BIRTHS_SHORT``.
    """
    columns = len(alive)
    for _ in range(most):
        while True:
            column = whose_turn(tokens, alive, recent, served, turns, most_recent, others_share)
            if column < 0:
                return DRY
            cell = top_cell(
                column, thresholds, heap_begins, heap_sizes, heap_counts, heap_cells, counts, pairs
            )
            if cell < 0:
                if thresholds[column] > floors[column]:
                    state[COLUMN] = column
                    return COLUMN_DRY
                alive[column] = 0
                continue
            if counts[cell] >= surely_seen[column]:
                break
            seen = times_seen(begins[cell], sizes[cell], cell, arena, slot_at, block_seen)
            if seen >= min_seen:
                break
            counts[cell] = -1
        pair, first, behind = pairs[cell], cell, cell + 1
        while first > 0 and pairs[first - 1] == pair:
            first -= 1
        while behind < state[SLOTS_USED] and pairs[behind] == pair:
            behind += 1
        short = missing_room(
            first, behind, state, pairs, sizes, cell_columns, arena, heap_begins, heap_sizes, births
        )
        if short != MADE:
            return int(short)
        tops[column] = counts[cell]
        remember(column, served, recent, ring, turns)
        token = state[TOKENS]
        make_token(token, pair, lengths, kinds, missing, merges)
        state[TOKENS] += 1
        born = np.int64(0)
        for cell in range(first, behind):
            state[STAMP] += 1
            joined, touches = join(
                cell, token, state[STAMP], begins[cell], sizes[cell], pair, symbols, slot_at,
                block_weights, lengths, counts, arena, around, places, stamps, touched,
            )  # fmt: skip
            counts[cell], sizes[cell] = -1, joined
            if cell_columns[cell] == columns:
                subtract(begins[cell], joined, arena, block_weights, block_sides, tokens)
            born = take_births(
                cell_columns[cell], touches, born, touched, around, places, births, heads
            )
            birth_ends[cell - first] = born
        make_cells(
            token, born, state, thresholds, lengths, kinds, pairs, counts, begins, sizes,
            cell_columns, arena, heap_begins, heap_sizes, heap_counts, heap_cells, births, heads,
        )  # fmt: skip
        born = np.int64(0)
        for cell in range(first, behind):
            for birth in range(born, birth_ends[cell - first]):
                if births[birth * BIRTH + SIZE] >= 0:
                    places[births[birth * BIRTH + ENTRY]] = -1 - births[birth * BIRTH + SIZE]
            list_made(
                begins[cell], sizes[cell], token, symbols, slot_at, lengths, begins, sizes, arena,
                places,
            )  # fmt: skip
            for birth in range(born, birth_ends[cell - first]):
                places[births[birth * BIRTH + ENTRY]] = 0
            sizes[cell] = 0
            born = birth_ends[cell - first]
    return MADE


@kernel((t["i32"], t["i32"], I64, t["i64"], t["i32"], t["w_i64"]))
def count_sides(
    symbols: np.ndarray,
    lengths: np.ndarray,
    begin: int,
    block_weights: np.ndarray,
    block_sides: np.ndarray,
    tokens: np.ndarray,
) -> None:
    """Tokens of the parallel text, which begins at a position: ``tokens`` is added to."""
    position = np.int64(begin)
    while position < len(symbols) - 1:
        token = symbols[position]
        if token < 0:
            position += 1
            continue
        block = position >> BLOCK_BITS
        tokens[block_sides[block]] += block_weights[block]
        position += lengths[token]
