"""Cells: a pair in a column, with its count there and its positions.

A pair gets cells in all columns where it stands as soon as its count reaches the threshold of one,
since it may then be chosen and must be joined everywhere; cells of one pair follow each other. Only
cells at their own column's threshold are in its heap. Counts only fall, so neither ever has to be
taken back.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from tokenizer_train.merging.heap_kernels import push, true_top
from tokenizer_train.merging.pairs_kernels import (
    ARENA_USED,
    MAX_LENGTH,
    SLOTS_USED,
    TOKENS,
    may_join,
)

MADE, DRY, COLUMN_DRY, ARENA_SHORT, CELLS_SHORT, HEAPS_SHORT, BIRTHS_SHORT = 0, 1, 2, 3, 4, 5, 6
"""Why merging came back: as many merges as asked for; no column left; the column of the state
has no pair left at its threshold; room, of which the state says how much."""
STAMP, COLUMN, NEEDED = 6, 7, 8
"""Of the state, behind what ``pairs_kernels`` names; its heap size and threshold are not used."""
STATE_SIZE = 9
BIRTH, ENTRY, COUNT, SIZE, ITS_COLUMN, NEXT = 5, 0, 1, 2, 3, 4
"""A row of ``births`` and what stands in it: 2 * id for (id, new) or 2 * id + 1 for (new, id), as
in ``merge_kernels``; count and positions in the column; the column; the pair's birth in another."""

t = array_types()
I64 = t["i64"].dtype


@step()
def top_cell(
    column: Scalar,
    thresholds: np.ndarray,
    heap_begins: np.ndarray,
    heap_sizes: np.ndarray,
    heap_counts: np.ndarray,
    heap_cells: np.ndarray,
    counts: np.ndarray,
    pairs: np.ndarray,
) -> Scalar:
    """The cell of a column's most frequent pair, which stays at the top; -1 where none is left."""
    begin = heap_begins[column]
    return true_top(
        heap_counts[begin:], heap_cells[begin:], heap_sizes, column, thresholds[column], counts,
        pairs,
    )  # fmt: skip


@step()
def missing_room(
    first: Scalar,
    behind: Scalar,
    state: np.ndarray,
    pairs: np.ndarray,
    sizes: np.ndarray,
    cell_columns: np.ndarray,
    arena: np.ndarray,
    heap_begins: np.ndarray,
    heap_sizes: np.ndarray,
    births: np.ndarray,
) -> Scalar:
    """Whether cells can be joined with the room there is; else what is short, or ``MADE``."""
    positions, born = np.int64(0), np.int64(0)
    columns = len(heap_sizes)
    for cell in range(first, behind):
        column = cell_columns[cell]
        most = 2 * min(sizes[cell], state[TOKENS] + 1)
        positions += 2 * sizes[cell]
        born += most
        if column < columns and (
            heap_begins[column] + heap_sizes[column] + most > heap_begins[column + 1]
        ):
            state[COLUMN], state[NEEDED] = column, most
            return HEAPS_SHORT
    state[NEEDED] = born
    if born * BIRTH > len(births):
        return BIRTHS_SHORT
    if state[SLOTS_USED] + born > len(pairs):
        return CELLS_SHORT
    if state[ARENA_USED] + positions > len(arena):
        state[NEEDED] = positions
        return ARENA_SHORT
    return MADE


@step()
def take_births(
    column: Scalar,
    touches: Scalar,
    born: Scalar,
    touched: np.ndarray,
    around: np.ndarray,
    places: np.ndarray,
    births: np.ndarray,
    heads: np.ndarray,
) -> Scalar:
    """Move the new pairs of one column out of ``around`` and ``places``; returns births so far."""
    for i in range(touches):
        entry = touched[i]
        if places[entry] > 0:
            row = born * BIRTH
            births[row + ENTRY], births[row + COUNT] = entry, around[entry]
            births[row + SIZE], births[row + ITS_COLUMN] = places[entry], column
            births[row + NEXT] = heads[entry]
            heads[entry] = born
            born += 1
        around[entry], places[entry] = 0, 0
    return born


@step()
def reaches_a_threshold(birth: Scalar, births: np.ndarray, thresholds: np.ndarray) -> Scalar:
    """Whether a new pair, or the same in a column before, is frequent enough to be listed."""
    while birth >= 0:
        if births[birth * BIRTH + COUNT] >= thresholds[births[birth * BIRTH + ITS_COLUMN]]:
            return True
        birth = births[birth * BIRTH + NEXT]
    return False


@step()
def make_cells(
    token: Scalar,
    born: Scalar,
    state: np.ndarray,
    thresholds: np.ndarray,
    lengths: np.ndarray,
    kinds: np.ndarray,
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
    births: np.ndarray,
    heads: np.ndarray,
) -> None:
    """Give cells to the new pairs that matter, those of one pair one behind the other.

    In ``births`` the cell takes the place of the size, -1 where there is none.
    """
    columns = len(heap_sizes)
    for newest in range(born):
        entry = births[newest * BIRTH + ENTRY]
        birth = heads[entry]
        if birth < 0:
            continue  # done with the first of its births
        heads[entry] = -1
        first = token if entry & 1 else entry >> 1
        second = entry >> 1 if entry & 1 else token
        listed = may_join(first, second, lengths, kinds, state[MAX_LENGTH]) and reaches_a_threshold(
            birth, births, thresholds
        )
        while birth >= 0:
            row = birth * BIRTH
            birth = births[row + NEXT]
            if not listed:
                births[row + SIZE] = -1
                continue
            cell, column, count = state[SLOTS_USED], births[row + ITS_COLUMN], births[row + COUNT]
            state[SLOTS_USED] += 1
            pairs[cell] = np.int64(first) << 32 | np.int64(second)
            counts[cell] = count
            cell_columns[cell] = column
            begins[cell], sizes[cell] = state[ARENA_USED], 0
            state[ARENA_USED] += births[row + SIZE]
            births[row + SIZE] = cell
            if column < columns and count >= thresholds[column]:
                begin = heap_begins[column]
                push(
                    heap_counts[begin:], heap_cells[begin:], heap_sizes[column], count, cell, pairs
                )
                heap_sizes[column] += 1


@kernel(
    (
        I64, t["i64"], t["i64"], t["i64"], t["i32"], t["i64"], t["w_i64"], t["w_i64"], t["w_i32"],
    )
)  # fmt: skip
def fill_heaps(
    cells: int,
    thresholds: np.ndarray,
    pairs: np.ndarray,
    counts: np.ndarray,
    cell_columns: np.ndarray,
    heap_begins: np.ndarray,
    heap_sizes: np.ndarray,
    heap_counts: np.ndarray,
    heap_cells: np.ndarray,
) -> None:
    """Make the heaps of all columns, of the cells at their thresholds; ``heap_sizes`` are zeros."""
    for cell in range(cells):
        column, count = cell_columns[cell], counts[cell]
        if column < len(heap_sizes) and count >= thresholds[column]:
            begin = heap_begins[column]
            push(heap_counts[begin:], heap_cells[begin:], heap_sizes[column], count, cell, pairs)
            heap_sizes[column] += 1


@kernel(
    (
        t["w_i64"], t["i64"], t["i64"], t["i64"], t["i32"], t["w_i64"], t["w_i64"], t["i32"],
        t["w_i32"],
    )
)  # fmt: skip
def compact_cells(
    state: np.ndarray,
    thresholds: np.ndarray,
    pairs: np.ndarray,
    counts: np.ndarray,
    cell_columns: np.ndarray,
    begins: np.ndarray,
    sizes: np.ndarray,
    slot_at: np.ndarray,
    arena: np.ndarray,
) -> None:
    """Drop from the arena what no longer holds, and pairs that no column will choose.

    Cells stand in the order of their positions in the arena, or the arena would overwrite itself.
    """
    used, first, cells = np.int64(0), np.int64(0), state[SLOTS_USED]
    while first < cells:
        behind, listed = first, False
        while behind < cells and pairs[behind] == pairs[first]:
            listed = listed or counts[behind] >= thresholds[cell_columns[behind]]
            behind += 1
        for cell in range(first, behind):
            begin, size = begins[cell], sizes[cell]
            begins[cell] = used
            if listed:
                for at in range(begin, begin + size):
                    if slot_at[arena[at]] == cell:
                        arena[used] = arena[at]
                        used += 1
            sizes[cell] = used - begins[cell]
        first = behind
    state[ARENA_USED] = used
