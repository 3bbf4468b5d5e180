"""One pass over the UTF-8 bytes: paragraphs or lines, and a hash of the words of each.

A hash is made of folded words (``stages.dedup.folding``): case, width, punctuation, and how words
are set apart do not enter; numbers do, since rows of a table differ in nothing else. Where scripts
set no space between words, a word is a letter with its marks.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.dedup.fold_kernels import (
    HIGHS,
    U0,
    U1,
    ascii_words,
    before_first,
    load8,
)
from stages.dedup.minhash_kernels import START, mix, next_token, splitmix
from stages.passages.cut_kernels import BLANK, NEW_LINE

t = array_types()
I64 = t["i64"].dtype


@kernel()
def line_end(data: np.ndarray, at: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """Where the line ends, before its new line, and whether anything but blanks is in it."""
    filled: Scalar = False
    while at < stop and data[at] != NEW_LINE:
        filled |= data[at] > BLANK
        at += 1
    return at, filled


@kernel()
def hash_words(
    data: np.ndarray, at: Scalar, stop: Scalar, table: tuple, state: Scalar
) -> tuple[Scalar, Scalar]:
    """The hash of a text's words, begun with ``state``, and how many there are."""
    pages, kinds, folded = table
    words = 0
    while at < stop:
        token = U0
        if at + 8 <= stop:
            marks, lowered = ascii_words(load8(data, at))
            mask, length = before_first(HIGHS & ~marks)
            if U0 < length < np.uint64(8):
                if data[at + np.int64(length)] < 0x80:
                    token = mix(START ^ (lowered & mask)) | U1
                    at += np.int64(length) + 1
            elif length == U0 and data[at] < 0x80:
                _, gap = before_first(marks | (lowered & HIGHS))
                at += np.int64(gap)
                continue
        if token == U0:
            token, at = next_token(data, at, stop, pages, kinds, folded)
            if token == U0:
                break
        state = mix(state ^ token)
        words += 1
    return state, words


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["u64"], I64, I64, t["u16"], t["u8"], t["u32"],
        t["w_u64"], t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def hash_units(
    data: np.ndarray,
    offsets: np.ndarray,
    wanted: np.ndarray,
    scopes: np.ndarray,
    by_line: Scalar,
    min_words: Scalar,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    hashes: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    borders: np.ndarray,
) -> None:
    """Hash the paragraphs or lines of texts.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        wanted: bool [texts]; the others have no units.
        scopes: uint64 [texts]: units of different scopes have different hashes.
        by_line: 1: a unit is a line that is not blank; 0: the lines between blank ones.
        min_words: units of fewer words are left out.
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        hashes: uint64 [lines of all texts], written.
        begins: int64 [lines of all texts], written: the unit's first byte in its text.
        ends: int64 [lines of all texts], written: behind its last, the new line not counted.
        borders: int64 [texts + 1], written: where the units of each text begin.
    """
    table = (pages, kinds, folded)
    count = 0
    borders[0] = 0
    for text in range(len(wanted)):
        at, stop = offsets[text], offsets[text + 1]
        state, words, inside, begin, end = START, 0, False, at, at
        while at < stop and wanted[text]:
            here, filled = line_end(data, at, stop)
            if filled:
                begin = begin if inside else at
                inside, end = True, here
                state, more = hash_words(data, at, here, table, state)
                words += more
            if by_line or not filled or here >= stop:
                if words >= min_words:
                    hashes[count] = splitmix(splitmix(state) ^ scopes[text])
                    begins[count] = begin - offsets[text]
                    ends[count] = end - offsets[text]
                    count += 1
                state, words, inside = START, 0, False
            at = here + 1
        if words >= min_words:  # the text ended with a new line
            hashes[count] = splitmix(splitmix(state) ^ scopes[text])
            begins[count] = begin - offsets[text]
            ends[count] = end - offsets[text]
            count += 1
        borders[text + 1] = count
