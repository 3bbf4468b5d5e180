"""Documents of two languages as vectors over the same entries, and how near they are.

An **entry** is a token of the left language. A left document has the entries of its own tokens, a
right one those that its tokens translate to. Tokens are given as numbers of rows of a translation
table (-1: not in it); on the left every row translates to itself.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64

_t = array_types()
_I64 = _t["i64"].dtype
_F64 = _t["f64"].dtype


@kernel((_t["u32"], _t["w_u32"], _t["w_i32"]))
def build_table(tokens: np.ndarray, keys: np.ndarray, rows: np.ndarray) -> None:
    """Fill a hash table of distinct tokens.

    Args:
        tokens: uint32 [tokens], distinct, none 0.
        keys: uint32 [a power of two, twice as many], zeros, written.
        rows: int32 [the same], written.
    """
    mask = np.uint64(len(keys) - 1)
    for row in range(len(tokens)):
        at = mix64(np.uint64(tokens[row])) & mask
        while keys[at] != 0:
            at = (at + np.uint64(1)) & mask
        keys[at] = tokens[row]
        rows[at] = row


@kernel((_t["u32"], _t["u32"], _t["i32"], _t["w_i32"]))
def find_rows(tokens: np.ndarray, keys: np.ndarray, rows: np.ndarray, found: np.ndarray) -> None:
    """The row of each token in the table, -1 where it has none.

    Args:
        tokens: uint32 [tokens].
        keys: uint32, of ``build_table``, like ``rows``.
        rows: int32.
        found: int32 [tokens], written.
    """
    mask = np.uint64(len(keys) - 1)
    for i in range(len(tokens)):
        at = mix64(np.uint64(tokens[i])) & mask
        while keys[at] != 0 and keys[at] != tokens[i]:
            at = (at + np.uint64(1)) & mask
        found[i] = rows[at] if keys[at] == tokens[i] else -1


@kernel()
def dampened(count: Scalar) -> Scalar:
    """A count that grows slowly above one."""
    return count if count <= 1.0 else 1.0 + np.log(count)


@kernel((
    _t["i32"], _t["i64"], _t["i64"], _t["i64"], _t["f32"], _t["i64"], _t["i32"], _t["f32"],
    _t["f32"], _t["w_i32"], _t["w_f32"], _t["w_i64"], _t["w_f32"],
))  # fmt: skip
def project(
    found: np.ndarray, token_offsets: np.ndarray, ends: np.ndarray, segment_offsets: np.ndarray,
    factors: np.ndarray, offsets: np.ndarray, targets: np.ndarray, shares: np.ndarray,
    weights: np.ndarray, entries: np.ndarray, values: np.ndarray, entry_offsets: np.ndarray,
    norms: np.ndarray,
) -> int:  # fmt: skip
    """The vector of each document.

    Args:
        found: int32 [tokens], rows of the translation table.
        token_offsets: int64 [documents + 1], into ``found``.
        ends: int64 [segments], where each ends in ``found``.
        segment_offsets: int64 [documents + 1], into ``ends``.
        factors: float32 [segments], how much a segment counts.
        offsets: int64 [rows + 1], into the next two.
        targets: int32, entries.
        shares: float32, how much of the token each gets.
        weights: float32 [entries].
        entries: int32 [room], written; the room is what all tokens' targets need.
        values: float32 [room], written.
        entry_offsets: int64 [documents + 1], written.
        norms: float32 [documents], written.

    Returns:
        How many entries were written.
    """
    counts = np.zeros(len(weights), np.float32)
    size: Scalar = np.int64(0)
    entry_offsets[0] = 0
    for document in range(len(token_offsets) - 1):
        begin = size
        at = token_offsets[document]
        for segment in range(segment_offsets[document], segment_offsets[document + 1]):
            factor = factors[segment]
            while at < ends[segment]:
                row = found[at]
                at += 1
                if row < 0:
                    continue
                for k in range(offsets[row], offsets[row + 1]):
                    entry = targets[k]
                    if counts[entry] == 0:
                        entries[size] = entry
                        size += 1
                    counts[entry] += factor * shares[k] + np.float32(1e-6)
        square = 0.0
        for k in range(begin, size):
            entry = entries[k]
            value = weights[entry] * dampened(counts[entry])
            values[k] = value
            square += value * value
            counts[entry] = 0
        norms[document] = np.sqrt(square)
        entry_offsets[document + 1] = size
    return size


@kernel((_t["i64"], _t["i32"], _t["f32"], _t["f32"], _I64, _F64, _t["w_i64"], _t["w_f32"]))
def heaviest(
    entry_offsets: np.ndarray, entries: np.ndarray, values: np.ndarray, norms: np.ndarray,
    most: int, shrinkage: float, chosen: np.ndarray, scaled: np.ndarray,
) -> None:  # fmt: skip
    """The heaviest entries of each document, by value then by number.

    Args:
        entry_offsets: int64 [documents + 1].
        entries: int32.
        values: float32.
        norms: float32 [documents].
        most: how many of each document.
        shrinkage: added to the norm, in squares: a page of few tokens is near to nothing.
        chosen: int64 [documents * most], written: entries, -1 behind the last.
        scaled: float32 [documents * most], written: value by shrunken norm.
    """
    for document in range(len(norms)):
        count: Scalar = np.int64(0)
        base = document * most
        norm = np.sqrt(norms[document] * norms[document] + shrinkage * shrinkage)
        for k in range(entry_offsets[document], entry_offsets[document + 1]):
            entry, value = np.int64(entries[k]), values[k] / norm
            if value <= 0:
                continue
            if count == most:
                last = base + most - 1
                if value < scaled[last] or (value == scaled[last] and entry > chosen[last]):
                    continue
                count -= 1
            at = base + count
            while at > base and (
                scaled[at - 1] < value or (scaled[at - 1] == value and chosen[at - 1] > entry)
            ):
                scaled[at], chosen[at] = scaled[at - 1], chosen[at - 1]
                at -= 1
            scaled[at], chosen[at] = value, entry
            count += 1
        for at in range(base + count, base + most):
            scaled[at], chosen[at] = 0, -1


@kernel((
    _t["i64"], _t["i64"], _t["i64"], _t["i32"], _t["f32"], _t["f32"], _t["i64"], _t["i32"],
    _t["f32"], _t["f32"], _I64, _F64, _t["w_f32"],
))  # fmt: skip
def cosines(
    lefts: np.ndarray, rights: np.ndarray, left_offsets: np.ndarray, left_entries: np.ndarray,
    left_values: np.ndarray, left_norms: np.ndarray, right_offsets: np.ndarray,
    right_entries: np.ndarray, right_values: np.ndarray, right_norms: np.ndarray, size: int,
    shrinkage: float, result: np.ndarray,
) -> None:  # fmt: skip
    """The cosine of pairs of vectors, with norms shrunken as in ``heaviest``.

    Args:
        lefts: int64 [pairs]; equal right documents one after the other save work.
        rights: int64 [pairs].
        left_offsets: int64 [left documents + 1]; the right side's alike.
        left_entries: int32.
        left_values: float32.
        left_norms: float32 [left documents].
        right_offsets: int64 [right documents + 1].
        right_entries: int32.
        right_values: float32.
        right_norms: float32 [right documents].
        size: how many entries there are.
        shrinkage: of the norms.
        result: float32 [pairs], written.
    """
    dense = np.zeros(size, np.float32)
    held = np.int64(-1)
    more = shrinkage * shrinkage
    for pair in range(len(lefts)):
        left, right = lefts[pair], rights[pair]
        if right != held:
            if held >= 0:
                for k in range(right_offsets[held], right_offsets[held + 1]):
                    dense[right_entries[k]] = 0
            for k in range(right_offsets[right], right_offsets[right + 1]):
                dense[right_entries[k]] = right_values[k]
            held = right
        total = 0.0
        for k in range(left_offsets[left], left_offsets[left + 1]):
            total += left_values[k] * dense[left_entries[k]]
        one = np.sqrt(left_norms[left] * left_norms[left] + more)
        other = np.sqrt(right_norms[right] * right_norms[right] + more)
        result[pair] = total / (one * other)
