"""Repeated passages compared byte by byte with the copy that stays, and trimmed to whole words."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.passages.cut_kernels import (
    BLANK,
    NEW_LINE,
    back_over_blanks,
    over_blanks,
    over_line_end,
)
from stages.text_kernels import MARK, SPACELESS, WORD, before, decode, look_up

SPACE = 0x20

t = array_types()


@kernel(
    (
        t["u8"], t["i64"], t["i64"], t["w_i64"], t["w_i64"], t["i64"],
        t["u8"], t["i64"], t["i64"], t["i64"], t["w_b1"],
    )
)  # fmt: skip
def verify(
    data: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    margins: np.ndarray,
    heads: np.ndarray,
    head_offsets: np.ndarray,
    head_of: np.ndarray,
    head_begins: np.ndarray,
    equal: np.ndarray,
) -> None:
    """Compare passages with the copies that stay, and let them grow as far as both agree.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        rows: int64 [passages]: the text each is in.
        begins: int64 [passages]: from the text's first byte; moved back where the copies agree.
        ends: int64 [passages]: moved on likewise.
        margins: int64 [passages]: by how many bytes at most, in either direction.
        heads: uint8 [bytes]: stretches of the texts that keep a copy.
        head_offsets: int64 [stretches + 1].
        head_of: int64 [passages]: the stretch that holds the copy.
        head_begins: int64 [passages]: where in the stretch the copy begins.
        equal: bool [passages], written: whether the passage as given has the copy's bytes.
    """
    for k in range(len(rows)):
        start, stop = offsets[rows[k]], offsets[rows[k] + 1]
        here, end = start + begins[k], start + ends[k]
        first, last = head_offsets[head_of[k]], head_offsets[head_of[k] + 1]
        there = first + head_begins[k]
        same = there + (end - here) <= last
        i = 0
        while same and i < end - here:
            same = data[here + i] == heads[there + i]
            i += 1
        equal[k] = same
        if not same:
            continue
        behind = there + (end - here)
        first, last = max(first, there - margins[k]), min(last, behind + margins[k])
        while end < stop and behind < last and data[end] == heads[behind]:
            end += 1
            behind += 1
        while here > start and there > first and data[here - 1] == heads[there - 1]:
            here -= 1
            there -= 1
        begins[k] = here - start
        ends[k] = end - start


@kernel()
def continues(data: np.ndarray, start: Scalar, at: Scalar, stop: Scalar, classes: tuple) -> Scalar:
    """Whether a cut at ``at`` would part a character from its marks, or a word."""
    if at in (start, stop):
        return False
    if (data[at] & 0xC0) == 0x80:
        return True
    index, blocks = classes
    following, _ = decode(data, at)
    after = look_up(index, blocks, following)
    if after & MARK:
        return True
    previous, _ = decode(data, before(data, start, at))
    ahead = look_up(index, blocks, previous)
    spaced = (after | ahead) & SPACELESS == 0
    return spaced and after & WORD != 0 and ahead & WORD != 0


@kernel()
def trimmed(
    data: np.ndarray, start: Scalar, stop: Scalar, begin: Scalar, end: Scalar, classes: tuple
) -> tuple[Scalar, Scalar]:
    """A passage without the parts of words at its ends.

    Marks that end the sentence before it stay, and blanks that set apart what is left.
    """
    while begin < end and continues(data, start, begin, stop, classes):
        begin += 1
    while end > begin and continues(data, start, end, stop, classes):
        end -= 1
    index, blocks = classes
    while start < begin < end and data[begin - 1] > BLANK:
        character, behind = decode(data, begin)
        if character <= BLANK or look_up(index, blocks, character) & WORD:
            break
        begin = behind
    if over_blanks(data, end, stop) == stop:
        return back_over_blanks(data, start, begin), stop
    if begin == start:
        return begin, over_blanks(data, end, stop)
    begin = min(over_blanks(data, begin, stop), end)
    if data[begin - 1] > BLANK:
        return begin, back_over_blanks(data, begin, end)
    if data[begin - 1] == NEW_LINE and data[end - 1] != NEW_LINE:
        return begin, over_line_end(data, end, stop)
    while data[begin - 1] <= BLANK and end < stop and data[end] == SPACE:
        end += 1
    return begin, end


@kernel(
    (
        t["u8"], t["i64"], t["i64"], t["i64"], t["i64"], t["u16"], t["u8"],
        t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def trim(
    data: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    out_rows: np.ndarray,
    out_begins: np.ndarray,
    out_ends: np.ndarray,
) -> int:
    """Join passages that overlap or touch, and trim what they come to.

    Args:
        data: uint8 [bytes], valid UTF-8.
        offsets: int64 [texts + 1].
        rows: int64 [passages], rising.
        begins: int64 [passages], not falling in a row: from the text's first byte.
        ends: int64 [passages]
        index: of ``stages.text_kernels.character_classes``.
        blocks: likewise.
        out_rows: int64 [passages], written.
        out_begins: int64 [passages], written.
        out_ends: int64 [passages], written.

    Returns:
        How many were written; a passage of which nothing is left is not.
    """
    count = 0
    k = 0
    while k < len(rows):
        row = rows[k]
        start, stop = offsets[row], offsets[row + 1]
        begin, end = start + begins[k], start + ends[k]
        k += 1
        while k < len(rows) and rows[k] == row and start + begins[k] <= end:
            end = max(end, start + ends[k])
            k += 1
        begin, end = trimmed(data, start, stop, begin, end, (index, blocks))
        if begin >= end:
            continue
        if count > 0 and out_rows[count - 1] == row and begin - start <= out_ends[count - 1]:
            count -= 1
            begin = start + out_begins[count]
        out_rows[count] = row
        out_begins[count] = begin - start
        out_ends[count] = end - start
        count += 1
    return count
