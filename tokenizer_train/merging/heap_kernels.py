"""The most frequent pair: a binary heap of counts as they were, looked at again when they come up.

Counts only fall, so the count in the heap is never below the true one; a pair that comes up with
too high a count goes back with the true one. Among equal counts the pair of lower ids comes first,
as in ``tokenizers``' trainer (tokenizers/src/models/bpe/trainer.rs, ``Ord for Merge``).
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, step


@step()
def comes_first(
    count: Scalar, slot: Scalar, other_count: Scalar, other_slot: Scalar, pairs: np.ndarray
) -> Scalar:
    """Whether the first entry stands above the second."""
    if count != other_count:
        return count > other_count
    return pairs[slot] < pairs[other_slot]


@step()
def push(
    counts: np.ndarray,
    slots: np.ndarray,
    size: Scalar,
    count: Scalar,
    slot: Scalar,
    pairs: np.ndarray,
) -> None:
    """Add an entry to a heap of ``size``.

    Args:
        counts: int64, of the entries.
        slots: int32, of the entries.
        size: entries before.
        count: of the new entry.
        slot: of the new entry.
        pairs: int64 [slots]: left id * 2^32 + right id.
    """
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if not comes_first(count, slot, counts[parent], slots[parent], pairs):
            break
        counts[at], slots[at] = counts[parent], slots[parent]
        at = parent
    counts[at], slots[at] = count, slot


@step()
def sink(
    counts: np.ndarray,
    slots: np.ndarray,
    size: Scalar,
    count: Scalar,
    slot: Scalar,
    pairs: np.ndarray,
) -> None:
    """Put an entry in the place of the first one of a heap of ``size``."""
    at = np.int64(0)
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and comes_first(
            counts[child + 1], slots[child + 1], counts[child], slots[child], pairs
        ):
            child += 1
        if not comes_first(counts[child], slots[child], count, slot, pairs):
            break
        counts[at], slots[at] = counts[child], slots[child]
        at = child
    counts[at], slots[at] = count, slot


@step()
def take_off(counts: np.ndarray, slots: np.ndarray, size: Scalar, pairs: np.ndarray) -> None:
    """Remove the first entry; the heap then has ``size - 1``."""
    last = size - 1
    sink(counts, slots, last, counts[last], slots[last], pairs)


@step()
def true_top(
    heap_counts: np.ndarray,
    slots: np.ndarray,
    sizes: np.ndarray,
    heap: Scalar,
    threshold: Scalar,
    counts: np.ndarray,
    pairs: np.ndarray,
) -> Scalar:
    """The slot of the most frequent pair, which stays at the top; -1 where none is left.

    Args:
        heap_counts: int64, of the entries, as they were.
        slots: int32, of the entries.
        sizes: int64: the heap's size stands at ``heap``; it falls as pairs leave.
        heap: where.
        threshold: pairs of a smaller count leave the heap.
        counts: int64, of the slots, true.
        pairs: as for ``push``.
    """
    while sizes[heap] > 0:
        slot = slots[0]
        count = counts[slot]
        if count == heap_counts[0]:
            return np.int64(slot)
        if count >= threshold:
            sink(heap_counts, slots, sizes[heap], count, slot, pairs)
        else:
            take_off(heap_counts, slots, sizes[heap], pairs)
            sizes[heap] -= 1
    return np.int64(-1)
