"""Winnowing: choosing a few places of a text by what stands there, so that copies choose the same.

The places are local minima of a rolling hash (Schleimer, Wilkerson, Aiken: Winnowing, SIGMOD 2003,
the robust variant of section 5): of every ``window`` neighbouring ``size``-grams of characters the
one with the smallest hash is chosen, of equal ones the one chosen already, else the last. Two texts
that share ``window + size - 1`` characters share a whole window of grams and choose the same value
in it. On random text 2 of ``window + 1`` grams are chosen.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.dedup.minhash_kernels import BASE, splitmix
from stages.text_kernels import decode

t = array_types()
I64 = t["i64"].dtype


@kernel()
def smallest(ring: np.ndarray, last: Scalar) -> Scalar:
    """The number of the smallest of the grams up to ``last``; of equal ones the last one."""
    window = len(ring)
    best = last
    slot = last % window
    for back in range(1, window):
        slot = slot - 1 if slot > 0 else window - 1
        if ring[slot] < ring[best % window]:
            best = last - back
    return best


@kernel(
    (
        t["u8"], t["i64"], t["b1"], I64, I64, I64,
        t["w_u64"], t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def winnow(
    data: np.ndarray,
    offsets: np.ndarray,
    wanted: np.ndarray,
    size: Scalar,
    window: Scalar,
    first: Scalar,
    hashes: np.ndarray,
    begins: np.ndarray,
    lengths: np.ndarray,
    borders: np.ndarray,
) -> int:
    """Choose grams of texts, from text ``first`` on, as far as there is room.

    Args:
        data: uint8 [bytes], valid UTF-8.
        offsets: int64 [texts + 1].
        wanted: bool [texts]; of the others none is chosen.
        size: characters in a gram.
        window: grams of which one is chosen.
        first: text to begin with; the grams of those before it end at ``borders[first]``.
        hashes: uint64 [room], written: evenly spread, as the smallest of a window are not.
        begins: int64 [room], written: a gram's first byte in its text.
        lengths: int64 [room], written: bytes of the gram.
        borders: int64 [texts + 1], written: where the grams of each text begin.

    Returns:
        The text for which there was not room enough; their number if there was.
    """
    weight = np.uint64(1)
    for _ in range(size):
        weight *= BASE
    ring = np.empty(window, np.uint64)
    ring_begins = np.empty(window, np.int64)
    ring_ends = np.empty(window, np.int64)
    count = borders[first]
    for text in range(first, len(wanted)):
        at = tail = offsets[text]
        stop = offsets[text + 1] if wanted[text] else at
        rolling = np.uint64(0)
        read = 0
        chosen = -1
        while at < stop:
            character, at = decode(data, at)
            rolling = rolling * BASE + np.uint64(character + 1)
            read += 1
            if read > size:
                character, tail = decode(data, tail)
                rolling -= np.uint64(character + 1) * weight
            gram = read - size
            if gram < 0:
                continue
            slot = gram % window
            ring[slot] = splitmix(rolling)
            ring_begins[slot] = tail
            ring_ends[slot] = at
            if gram < window - 1:
                continue
            if chosen <= gram - window:
                chosen = smallest(ring, gram)
            elif ring[slot] < ring[chosen % window]:
                chosen = gram
            else:
                continue
            if count == len(hashes):
                return text
            slot = chosen % window
            hashes[count] = splitmix(ring[slot])
            begins[count] = ring_begins[slot] - offsets[text]
            lengths[count] = ring_ends[slot] - ring_begins[slot]
            count += 1
        borders[text + 1] = count
    return len(wanted)
