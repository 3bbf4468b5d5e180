"""Kernels of ``formats.loading.batch``: what follows from where pieces begin.

NumPy could do it as fast, but would hold Python's lock for most of the time, and a training loop
that wants to launch its next kernel would wait for it (1.5 ms a batch of 32,768 tokens).
"""

from __future__ import annotations

from typing import Any

from formats.compile import array_types, kernel

t = array_types()


@kernel(
    (t["u16"], t["i64"], t["b1"], t["w_i64"]),
    (t["i32"], t["i64"], t["b1"], t["w_i64"]),
)
def fill_labels(ids: Any, begins: Any, is_padding: Any, labels: Any) -> None:
    """The token after each position of its piece, -100 at its end and in padding.

    Args:
        ids: uint16 or int32 [n], rows one after the other.
        begins: int64 [pieces], where each begins; the first is 0.
        is_padding: bool [pieces].
        labels: int64 [n].
    """
    for piece in range(len(begins)):
        begin = begins[piece]
        end = begins[piece + 1] if piece + 1 < len(begins) else len(ids)
        if is_padding[piece]:
            labels[begin:end] = -100
            continue
        for position in range(begin, end - 1):
            labels[position] = ids[position + 1]
        labels[end - 1] = -100


@kernel((t["i64"], t["w_i32"]))
def fill_positions(begins: Any, positions: Any) -> None:
    """Each position's place in its piece.

    Args:
        begins: int64 [pieces], as in ``fill_labels``.
        positions: int32 [n].
    """
    for piece in range(len(begins)):
        begin = begins[piece]
        end = begins[piece + 1] if piece + 1 < len(begins) else len(positions)
        for place in range(end - begin):
            positions[begin + place] = place


@kernel((t["i64"], t["i64"], t["w_i32"]))
def fill_pieces(begins: Any, numbers: Any, pieces: Any) -> None:
    """Each position's piece.

    Args:
        begins: int64 [pieces], as in ``fill_labels``.
        numbers: int64 [pieces], the number of each in its row.
        pieces: int32 [n].
    """
    for piece in range(len(begins)):
        end = begins[piece + 1] if piece + 1 < len(begins) else len(pieces)
        pieces[begins[piece] : end] = numbers[piece]
