"""Pieces of text to tokens, through tables of pieces seen before.

Words repeat: nine in ten pieces of most languages stand in a table, with their tokens, and need no
merging. A row holds the whole piece, so a find is a proof, not a hash's guess. Two tables, so that
the common one stays small: pieces of up to 16 bytes in rows of 32, of up to 32 bytes in rows of 64,
one cache line. The first begins with the tokens of the vocabulary and has two rows for a hash; only
the second is given to what comes by. A row of one byte over and over (blanks, dashes) has its place
in the other table, whatever its length.
"""

from __future__ import annotations

import numpy as np

from formats.bit_kernels import load_8
from formats.compile import Scalar, array_types, kernel
from stages.tokens.merge_kernels import SHORT, first_symbols, merge_long, merge_short

SMALL_BYTES, SMALL_TOKENS, SMALL_ROW = 16, 3, 4
"""Of a row of the first table: the longest piece, most tokens, uint64."""
LARGE_BYTES, LARGE_TOKENS, LARGE_ROW = 32, 7, 8
"""The same of the second."""

_ZERO, _ONE, _TWO, _THREE = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
_4, _5, _6, _7, _8 = np.uint64(4), np.uint64(5), np.uint64(6), np.uint64(7), np.uint64(8)
_16, _24, _32 = np.uint64(16), np.uint64(24), np.uint64(32)
_OTHER, _SMALL, _LARGE = 0, 1, 2
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_BYTE = np.uint64(0xFF)
_LENGTH = np.uint64(0xFFFFFF)
_EVERY = np.uint64(0x0101010101010101)
_K1 = np.uint64(0x9E3779B97F4A7C15)
_K2 = np.uint64(0xC2B2AE3D27D4EB4F)

t = array_types()
I64 = t["i64"].dtype
U64 = t["u64"].dtype


@kernel()
def _mixed(a: Scalar, b: Scalar) -> Scalar:
    """A hash of two uint64 whose upper bits are good."""
    mixed = (a * _K1) ^ (b * _K2)
    return (mixed ^ (mixed >> _32)) * _K1


@kernel(forceinline=True)
def _first_16(low: Scalar, high: Scalar, count: Scalar) -> tuple[Scalar, Scalar]:
    """The first ``count`` of 16 bytes, 1 to 16, as two words; the others are 0.

    Without branches, which every fourth word would send the wrong way.
    """
    lacking = _32 - (min(count, _8) << _TWO)
    beyond = _32 - ((max(count, _8) - _8) << _TWO)
    return low & (_ONES >> lacking >> lacking), high & (_ONES >> beyond >> beyond)


@kernel()
def _is_run(data: np.ndarray, start: Scalar, end: Scalar) -> Scalar:
    """Whether a piece of 8 to 2^24 bytes is one byte over and over: a row of blanks, a rule."""
    first = load_8(data, start)
    if first != (first & _BYTE) * _EVERY or end - start > np.int64(_LENGTH):
        return False
    position = start
    while position < end - 8:
        position = min(position + 8, end - 8)
        if load_8(data, position) != first:
            return False
    return True


@kernel(forceinline=True)
def _differs(small: np.ndarray, row: Scalar, low: Scalar, high: Scalar, length: Scalar) -> Scalar:
    """0 where a row holds the piece."""
    of_length = (small[row + _TWO] & _LENGTH) ^ length
    return (small[row] ^ low) | (small[row + _ONE] ^ high) | of_length


@kernel()
def _two_tokens(tokens: np.ndarray, first: Scalar) -> Scalar:
    """Two int32 as one uint64."""
    return np.uint64(np.uint32(tokens[first])) | np.uint64(np.uint32(tokens[first + _ONE])) << _32


@kernel()
def _read_two(tokens: np.ndarray, first: Scalar, both: Scalar) -> None:
    """The way back."""
    tokens[first] = np.int32(both)
    tokens[first + _ONE] = np.int32(both >> _32)


@kernel()
def _write_small(
    small: np.ndarray,
    row: Scalar,
    low: Scalar,
    high: Scalar,
    length: Scalar,
    tokens: np.ndarray,
    first: Scalar,
    count: Scalar,
) -> None:
    """A row: the piece, its length, the number of its tokens, the tokens."""
    small[row] = low
    small[row + _ONE] = high
    small[row + _TWO] = np.uint64(length) | count << _24 | _two_tokens(tokens, first) << _32
    small[row + _THREE] = _two_tokens(tokens, first + _ONE)


@kernel()
def _merge(
    data: np.ndarray,
    start: Scalar,
    end: Scalar,
    byte_tokens: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    pairs: np.ndarray,
    filter_: np.ndarray,
    shift: Scalar,
    merged: np.ndarray,
    symbols: np.ndarray,
    scratch: np.ndarray,
    heap: np.ndarray,
    tokens: np.ndarray,
    filled: Scalar,
) -> Scalar:
    """Merge a piece and write its tokens behind the ``filled`` ones; returns how many there are."""
    count = first_symbols(data, start, end, byte_tokens, index, blocks, symbols)
    if count <= SHORT:
        count = merge_short(symbols, scratch, count, pairs, filter_, shift, merged)
    else:
        count = merge_long(symbols, scratch, heap, count, pairs, filter_, shift, merged)
    for i in range(count):
        tokens[filled + np.uint64(i)] = symbols[np.uint64(i)]
    return filled + np.uint64(count)


_TABLES = (t["u32"], t["u16"], t["u32"], t["u64"], t["u64"], U64, t["u32"])
_SCRATCH = (t["w_u32"], t["w_u32"], t["w_u64"])


@kernel((t["u8"], t["i64"], *_TABLES, *_SCRATCH, t["w_u64"], U64, t["w_i32"]))
def fill_small(
    data: np.ndarray,
    offsets: np.ndarray,
    byte_tokens: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    pairs: np.ndarray,
    filter_: np.ndarray,
    shift: Scalar,
    merged: np.ndarray,
    symbols: np.ndarray,
    scratch: np.ndarray,
    heap: np.ndarray,
    small: np.ndarray,
    small_shift: Scalar,
    tokens: np.ndarray,
) -> int:
    """Enter pieces of up to 16 bytes with their tokens into the empty table of small pieces.

    ``tokens``: int32 [longest piece + 4], overwritten. ``data`` has 16 bytes behind the last piece,
    and no piece is empty.
    Returns how many pieces of any length are not one token.
    """
    split = 0
    for piece in range(len(offsets) - 1):
        start, end = offsets[piece], offsets[piece + 1]
        length = end - start
        count = _merge(
            data, start, end, byte_tokens, index, blocks, pairs, filter_, shift, merged,
            symbols, scratch, heap, tokens, _ZERO,
        )  # fmt: skip
        split += count != _ONE
        if length > SMALL_BYTES or count > np.uint64(SMALL_TOKENS):
            continue
        low, high = _first_16(load_8(data, start), load_8(data, start + 8), np.uint64(length))
        row = _mixed(low, high) >> small_shift << _THREE
        if small[row + _TWO] != _ZERO:
            row += np.uint64(SMALL_ROW)
            if small[row + _TWO] != _ZERO:
                continue
        _write_small(small, row, low, high, length, tokens, _ZERO, count)
    return split


@kernel(
    (
        t["u8"], I64, t["i64"], t["i64"], *_TABLES, *_SCRATCH,
        t["w_u64"], U64, t["w_u64"], U64, I64, t["w_i32"], t["w_i64"], I64,
    )
)  # fmt: skip
def encode_pieces(
    data: np.ndarray,
    begin: Scalar,
    ends: np.ndarray,
    text_ends: np.ndarray,
    byte_tokens: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    pairs: np.ndarray,
    filter_: np.ndarray,
    shift: Scalar,
    merged: np.ndarray,
    symbols: np.ndarray,
    scratch: np.ndarray,
    heap: np.ndarray,
    small: np.ndarray,
    small_shift: Scalar,
    large: np.ndarray,
    large_shift: Scalar,
    end_token: Scalar,
    tokens: np.ndarray,
    token_ends: np.ndarray,
    filled_before: Scalar,
) -> Scalar:
    """Encode texts that are cut into pieces.

    Args:
        data: uint8 [bytes], valid UTF-8.
        begin: where the first text begins.
        ends: int64 [pieces], where each piece ends; a text's last one ends where the text does.
        text_ends: int64 [texts].
        byte_tokens: uint32 [256], the token of each byte.
        index: uint16, with
        blocks: uint32, the token of a character, or ``NONE`` where merging starts from its bytes.
        pairs: of ``merge_kernels``, with
        filter_: and
        shift: of the same, and
        merged: uint32 [merges], the token that each makes, by rank.
        symbols: uint32 [longest piece], overwritten, like
        scratch: uint32 [3 * longest piece, at least 64] and
        heap: uint64 [3 * longest piece].
        small: uint64 [8 * hashes], pieces of up to 16 bytes seen before; changed.
        small_shift: 64 less the bits of their hash.
        large: uint64 [8 * hashes], pieces of up to 32 bytes; changed.
        large_shift: the same of theirs.
        end_token: ends each text.
        tokens: int32, written from ``filled_before`` on; room for a token per byte, one per text
            and 8.
        token_ends: int64 [texts], written: where each text's tokens end.
        filled_before: tokens that stand there.

    Returns:
        How many tokens stand there now.
    """
    filled = np.uint64(filled_before)
    start = begin
    piece = _ZERO
    safe = len(data) - LARGE_BYTES
    row, about, low, high, third, fourth = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    for text in range(len(text_ends)):
        text_end = text_ends[text]
        while start < text_end:
            end = ends[piece]
            piece += _ONE
            length = np.uint64(end - start)
            kind = _OTHER
            if start <= safe:
                low, high = load_8(data, start), load_8(data, start + 8)
                if length <= np.uint64(SMALL_BYTES):
                    kind = _SMALL
                    low, high = _first_16(low, high, length)
                    row = _mixed(low, high) >> small_shift << _THREE
                    if _differs(small, row, low, high, length) != _ZERO:
                        row += np.uint64(SMALL_ROW)
                    if _differs(small, row, low, high, length) == _ZERO:
                        about = small[row + _TWO]
                        # Three are written whatever their number: the next overwrite the rest.
                        tokens[filled] = np.int32(about >> _32)
                        _read_two(tokens, filled + _ONE, small[row + _THREE])
                        filled += about >> _24 & _BYTE
                        start = end
                        continue
                elif length <= np.uint64(LARGE_BYTES):
                    kind = _LARGE
                    third, fourth = _first_16(
                        load_8(data, start + 16), load_8(data, start + 24), length - _16
                    )
                elif _is_run(data, start, end):
                    kind = _LARGE
                    high, third, fourth = _ONES, _ONES, _ONES  # no text has such bytes
                if kind == _LARGE:
                    row = _mixed(_mixed(low, high), (third ^ fourth * _K2) + length)
                    row = row >> large_shift << _THREE
                    about = large[row + _4]
                    if (
                        large[row] == low
                        and large[row + _ONE] == high
                        and large[row + _TWO] == third
                        and large[row + _THREE] == fourth
                        and about & _LENGTH == length
                    ):
                        tokens[filled] = np.int32(about >> _32)
                        _read_two(tokens, filled + _ONE, large[row + _5])
                        _read_two(tokens, filled + _THREE, large[row + _6])
                        _read_two(tokens, filled + _5, large[row + _7])
                        filled += about >> _24 & _BYTE
                        start = end
                        continue
            first = filled
            filled = _merge(
                data, start, end, byte_tokens, index, blocks, pairs, filter_, shift, merged,
                symbols, scratch, heap, tokens, filled,
            )  # fmt: skip
            count = filled - first
            if kind == _SMALL and count <= np.uint64(SMALL_TOKENS):
                _write_small(small, row, low, high, length, tokens, first, count)
            elif kind == _LARGE and count <= np.uint64(LARGE_TOKENS):
                large[row] = low
                large[row + _ONE] = high
                large[row + _TWO] = third
                large[row + _THREE] = fourth
                large[row + _4] = length | count << _24 | _two_tokens(tokens, first) << _32
                large[row + _5] = _two_tokens(tokens, first + _ONE)
                large[row + _6] = _two_tokens(tokens, first + _THREE)
                large[row + _7] = _two_tokens(tokens, first + _5)
            start = end
        tokens[filled] = end_token
        filled += _ONE
        token_ends[text] = filled
    return filled
