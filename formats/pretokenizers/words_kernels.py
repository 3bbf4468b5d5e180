"""The steps that patterns share: runs, blanks, contractions, the words of o200k.

Each takes the buffer, a position, the end of the text and the character table, and returns where
its match ends; the position itself where nothing matches.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, step
from formats.pretokenizers.characters_kernels import (
    BREAK,
    LETTER,
    LOWER,
    MARK,
    NUMBER,
    SPACE,
    UPPER,
    character,
)

BREAKS_ALONE, BREAKS_NEVER, END_WHOLE = 0, 1, 2
"""How blanks are cut: behind the last line break; as if there were none; whole at the end."""


@step()
def run(
    data: np.ndarray,
    position: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    wanted: Scalar,
) -> Scalar:
    """Characters with one of the wanted flags."""
    while position < end:
        flags, following = character(data, position, index, blocks)
        if flags & wanted == 0:
            break
        position = following
    return position


@step()
def run_without(
    data: np.ndarray,
    position: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    unwanted: Scalar,
) -> Scalar:
    """Characters with none of the unwanted flags."""
    while position < end:
        flags, following = character(data, position, index, blocks)
        if flags & unwanted:
            break
        position = following
    return position


@step()
def digits(
    data: np.ndarray,
    position: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    most: Scalar,
) -> Scalar:
    r"""``\p{N}{1,most}``."""
    for _ in range(most):
        if position >= end:
            break
        flags, following = character(data, position, index, blocks)
        if flags & NUMBER == 0:
            break
        position = following
    return position


@step()
def breaks(data: np.ndarray, position: Scalar, end: Scalar, slash: Scalar) -> Scalar:
    r"""``[\r\n]*``, with ``/`` among them where ``slash`` is its code."""
    while position < end:
        byte = data[position]
        if byte != 10 and byte != 13 and byte != slash:
            break
        position += 1
    return position


@step()
def blanks(
    data: np.ndarray,
    position: Scalar,
    end: Scalar,
    index: np.ndarray,
    blocks: np.ndarray,
    rule: Scalar,
) -> Scalar:
    r"""``\s*[\r\n]+|\s+(?!\S)|\s+`` as the rule has it, from a blank on."""
    start = position
    last, behind_break = position, position
    while position < end:
        flags, following = character(data, position, index, blocks)
        if flags & SPACE == 0:
            break
        last, position = position, following
        if flags & BREAK:
            behind_break = position
    if rule == END_WHOLE and position == end:
        return end
    if rule != BREAKS_NEVER and behind_break > start:
        return behind_break
    if position == end or last == start:
        return position
    return last


@step()
def contraction(data: np.ndarray, position: Scalar, end: Scalar, fold: Scalar) -> Scalar:
    """``'s|'t|'re|'ve|'m|'ll|'d``, capitals too where ``fold`` is 32, else 0.

    With capitals the long ſ (U+017F) counts as an s.
    """
    if position + 1 >= end or data[position] != 39:
        return position
    first = data[position + 1] | fold
    if first == 115 or first == 116 or first == 109 or first == 100:  # s t m d
        return position + 2
    if position + 2 >= end:
        return position
    second = data[position + 2] | fold
    if second == 101 and (first == 114 or first == 118):  # re ve
        return position + 3
    if second == 108 and first == 108:  # ll
        return position + 3
    if fold and data[position + 1] == 0xC5 and data[position + 2] == 0xBF:  # ſ
        return position + 3
    return position


@step()
def cased_word(
    data: np.ndarray, position: Scalar, end: Scalar, index: np.ndarray, blocks: np.ndarray
) -> tuple[Scalar, Scalar, Scalar]:
    """A word of o200k, without what may stand before and behind it.

    Returns:
        Where capitals and then small letters (at least one) end, or -1; where capitals alone end;
        all flags seen. Letters without case and marks are both capital and small.
    """
    behind_caseless = np.int64(-1)
    seen = np.int64(0)
    while position < end:
        flags, following = character(data, position, index, blocks)
        if flags & (LETTER | MARK) == 0:
            break
        if flags & LOWER:
            while flags & (LETTER | MARK) and not flags & UPPER:
                seen |= flags
                position = following
                if position >= end:
                    break
                flags, following = character(data, position, index, blocks)
            return position, position, seen
        seen |= flags
        position = following
        if not flags & UPPER:
            behind_caseless = position
    return behind_caseless, position, seen
