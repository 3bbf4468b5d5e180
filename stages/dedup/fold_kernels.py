"""Reading folded characters from UTF-8 bytes: the steps that deduplication kernels share.

``load8`` and ``ascii_words`` look at eight bytes at once as one 64-bit integer (bit tricks of the
kind collected in Warren, Hacker's Delight, chapter 6); ``character`` reads any code point. No byte
outside the given text is read, whatever the bytes are.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

t = array_types()

SEPARATOR, WORD, CLUSTER, MARK, SKIPPED = range(5)
"""Kinds: ends a token; part of a run; begins a token of its own; joins the token before it (and is
skipped where there is none); not there at all."""

DIGIT = 8
"""Added to ``WORD`` for decimal digits."""


ONES = np.uint64(0x0101010101010101)
HIGHS = np.uint64(0x8080808080808080)
LOWS = np.uint64(0x7F7F7F7F7F7F7F7F)
CASE = np.uint64(0x2020202020202020)
BELOW_A = np.uint64(0x1F1F1F1F1F1F1F1F)  # 0x80 - ord("a") in every byte
ABOVE_Z = np.uint64(0x0505050505050505)  # 0x80 - ord("z") - 1
BELOW_0 = np.uint64(0x5050505050505050)  # 0x80 - ord("0")
ABOVE_9 = np.uint64(0x4646464646464646)  # 0x80 - ord("9") - 1

U0, U1, U2, U7, U8 = (np.uint64(n) for n in (0, 1, 2, 7, 8))
U16, U24, U32, U40, U48, U56 = (np.uint64(n) for n in (16, 24, 32, 40, 48, 56))


@kernel(forceinline=True)
def load8(data: np.ndarray, at: Scalar) -> Scalar:
    """Eight bytes as a little-endian integer (LLVM makes one load of it)."""
    at = np.uint64(at)
    return (
        np.uint64(data[at])
        | np.uint64(data[at + U1]) << U8
        | np.uint64(data[at + U2]) << U16
        | np.uint64(data[at + np.uint64(3)]) << U24
        | np.uint64(data[at + np.uint64(4)]) << U32
        | np.uint64(data[at + np.uint64(5)]) << U40
        | np.uint64(data[at + np.uint64(6)]) << U48
        | np.uint64(data[at + U7]) << U56
    )


@kernel(forceinline=True)
def ascii_words(eight: Scalar) -> tuple[Scalar, Scalar]:
    """Which of eight bytes are ASCII letters or digits, and the bytes with letters lower-cased.

    Returns:
        The high bit of every byte that is one; the eight bytes folded.
    """
    plain = HIGHS & ~eight
    low = (eight | CASE) & LOWS
    letters = ((low + BELOW_A) ^ (low + ABOVE_Z)) & plain
    low = eight & LOWS
    digits = ((low + BELOW_0) ^ (low + ABOVE_9)) & plain
    return letters | digits, eight | letters >> U2


@kernel(forceinline=True)
def before_first(marks: Scalar) -> tuple[Scalar, Scalar]:
    """A mask of the bytes before the first marked one of eight, and their number.

    A byte is marked by its high bit; where none is, all eight are before it.
    """
    mask = ((marks & (~marks + U1)) >> U7) - U1
    return mask, ((mask & ONES) * ONES) >> U56


@kernel(forceinline=True)
def character(
    data: np.ndarray,
    at: Scalar,
    stop: Scalar,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """Decode and fold the character that begins at a byte.

    Returns:
        size: bytes to go on by; 1 where the bytes are not UTF-8 (a separator then).
        kind: as in ``stages.dedup.folding``, ``DIGIT`` included.
        spelling: the folded UTF-8, first byte lowest.
        length: bytes of the spelling.
    """
    lead = np.uint32(data[at])
    if lead < 0x80:
        size, code_point = 1, lead
    elif 0xC0 <= lead < 0xE0 and at + 2 <= stop:
        size = 2
        code_point = (lead & np.uint32(0x1F)) << np.uint32(6) | _tail(data, at + 1)
    elif 0xE0 <= lead < 0xF0 and at + 3 <= stop:
        size = 3
        code_point = (
            (lead & np.uint32(0x0F)) << np.uint32(12)
            | _tail(data, at + 1) << np.uint32(6)
            | _tail(data, at + 2)
        )
    elif 0xF0 <= lead < 0xF5 and at + 4 <= stop:
        size = 4
        code_point = (
            (lead & np.uint32(0x07)) << np.uint32(18)
            | _tail(data, at + 1) << np.uint32(12)
            | _tail(data, at + 2) << np.uint32(6)
            | _tail(data, at + 3)
        )
    else:
        size, code_point = 1, np.uint32(0)
    page = np.uint64(code_point >> np.uint32(8))
    if page >= np.uint64(0x1100):
        return size, SEPARATOR, U0, 0
    entry = np.uint64(pages[page]) << U8 | np.uint64(code_point & np.uint32(0xFF))
    of_character = np.int64(kinds[entry])
    return size, of_character & 15, np.uint64(folded[entry]), of_character >> 4


@kernel(forceinline=True)
def _tail(data: np.ndarray, at: Scalar) -> Scalar:
    """The six payload bits of a continuation byte."""
    return np.uint32(data[at]) & np.uint32(0x3F)


@kernel((t["u8"], t["i64"], t["u16"], t["u8"], t["u32"], t["w_u8"], t["w_i64"]))
def fold_texts(
    data: np.ndarray,
    offsets: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Write every text as folded words: ``"Page 12 — Ａbc!"`` is ``"page 0 abc"``.

    Runs of white space, punctuation and symbols are one space, none at the ends; a run of digits
    of any script is one ``0``. Letters of unspaced scripts are not set apart.

    Args:
        data: uint8 [bytes] of all texts.
        offsets: int64 [texts + 1].
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        out: uint8, written; a folded letter has at most 3 bytes for 2, so 1.5 times the bytes do.
        out_offsets: int64 [texts + 1], written.
    """
    size = 0
    out_offsets[0] = 0
    for text in range(len(offsets) - 1):
        at, stop = offsets[text], offsets[text + 1]
        begin = size
        gap = digits = False
        while at < stop:
            step, of_character, spelling, length = character(data, at, stop, pages, kinds, folded)
            at += step
            if of_character == SKIPPED:
                continue
            if of_character == SEPARATOR:
                gap, digits = size > begin, False
                continue
            if of_character == MARK and (gap or size == begin):
                continue
            if of_character == WORD + DIGIT:
                if digits:
                    continue
                digits, spelling, length = True, np.uint64(0x30), 1
            else:
                digits = False
            if gap:
                out[size] = 0x20
                size += 1
                gap = False
            for _ in range(length):
                out[size] = np.uint8(spelling & np.uint64(0xFF))
                spelling >>= U8
                size += 1
        out_offsets[text + 1] = size
