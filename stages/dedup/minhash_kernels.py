"""One pass over the UTF-8 bytes: tokens, shingles and the bins of a one-permutation signature.

No string, no token list and no shingle list exists at any time. A token is hashed as it is read,
eight folded bytes at a time; the hash of ``ngram`` consecutive tokens rolls on with each of them;
each shingle's hash falls into one bin and stays there if it is the smallest. ASCII words of up to
seven letters (most of English) are found, folded and hashed as one 64-bit integer.

Hashes are 64-bit: ``mix`` multiplies by an odd constant (the golden ratio, Knuth, TAOCP 6.4) and
folds the high half in; shingles are polynomials over token hashes, so that order counts, finished
by the mixer of SplitMix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.dedup.fold_kernels import (
    CLUSTER,
    HIGHS,
    MARK,
    SEPARATOR,
    SKIPPED,
    U0,
    U1,
    ascii_words,
    before_first,
    character,
    load8,
)

t = array_types()
I64 = t["i64"].dtype

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd
BASE = np.uint64(0xD1342543DE82EF95)  # multiplier of the polynomial (Steele & Vigna 2021, table 5)
SPLITMIX_1 = np.uint64(0xBF58476D1CE4E5B9)
SPLITMIX_2 = np.uint64(0x94D049BB133111EB)
START = np.uint64(0x2545F4914F6CDD1D)
EMPTY = np.uint16(0)
"""A bin that no shingle fell into; a value whose 16 bits happen to be 0 is stored as 1."""

SHORT_BINS = 4
"""Texts with fewer filled bins are compared by the hash of all their tokens: one bin holds 16 bits,
too few to tell a billion short texts apart."""

MAX_NGRAM = 64
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@kernel(forceinline=True)
def mix(value: Scalar) -> Scalar:
    """One round: a bijection of 64 bits."""
    value = value * GOLDEN
    return value ^ value >> np.uint64(32)


@kernel(forceinline=True)
def splitmix(value: Scalar) -> Scalar:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    value = (value ^ value >> np.uint64(30)) * SPLITMIX_1
    value = (value ^ value >> np.uint64(27)) * SPLITMIX_2
    return value ^ value >> np.uint64(31)


@kernel(forceinline=True)
def next_token(
    data: np.ndarray,
    at: Scalar,
    stop: Scalar,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
) -> tuple[Scalar, Scalar]:
    """Read one token, whatever its script, from a byte that begins a character.

    Returns:
        The token's hash (0 where the text ended before one began) and the byte to go on from.
    """
    state, chunk, filled, inside = START, U0, U0, SEPARATOR
    while at < stop:
        size, of_character, spelling, length = character(data, at, stop, pages, kinds, folded)
        of_character &= 7
        if of_character == SKIPPED or (of_character == MARK and inside == SEPARATOR):
            at += size
            continue
        if of_character == SEPARATOR:
            at += size
            if inside != SEPARATOR:
                break
            continue
        if of_character != MARK:
            if inside != SEPARATOR and (inside == CLUSTER or of_character == CLUSTER):
                break
            inside = of_character
        at += size
        bits = np.uint64(8 * length)
        chunk |= spelling << filled
        filled += bits
        if filled >= np.uint64(64):
            state = mix(state ^ chunk)
            filled -= np.uint64(64)
            chunk = spelling >> (bits - filled)
    if inside == SEPARATOR:
        return U0, at
    if filled > U0:
        state = mix(state ^ chunk)
    return state | U1, at


@kernel(forceinline=True)
def token_at(
    data: np.ndarray,
    at: Scalar,
    stop: Scalar,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
) -> tuple[Scalar, Scalar]:
    """As ``next_token``, fast for ASCII; hash 0 also after a stretch without a token."""
    if at + 8 <= stop:
        words, lower = ascii_words(load8(data, at))
        mask, length = before_first(HIGHS & ~words)
        if U0 < length < np.uint64(8):
            if data[at + np.int64(length)] < 0x80:
                return mix(START ^ (lower & mask)) | U1, at + np.int64(length) + 1
        elif length == U0 and data[at] < 0x80:
            _, gap = before_first(words | (lower & HIGHS))
            return U0, at + np.int64(gap)
    return next_token(data, at, stop, pages, kinds, folded)


@kernel(forceinline=True)
def sign_text(
    data: np.ndarray,
    at: Scalar,
    stop: Scalar,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    ngram: Scalar,
    drop_out: Scalar,
    bin_shift: Scalar,
    last: np.ndarray,
    smallest: np.ndarray,
) -> tuple[Scalar, Scalar]:
    """Fill the bins of one text.

    Args:
        data: uint8 [bytes] of all texts.
        at: where the text begins.
        stop: where it ends.
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        ngram: tokens in a shingle.
        drop_out: ``BASE ** ngram``: what a token weighs when it leaves the shingle.
        bin_shift: 64 - log2(bins).
        last: uint64 [ngram], all 0: the hashes of the tokens in the shingle.
        smallest: uint64 [bins], all 2^64 - 1: written.

    Returns:
        The number of tokens; a hash of the whole stream of tokens.
    """
    keep = (U1 << bin_shift) - U1
    rolling, stream = U0, START
    tokens = slot = 0
    while at < stop:
        token, at = token_at(data, at, stop, pages, kinds, folded)
        if token == U0:
            continue
        stream = mix(stream ^ token)
        rolling = rolling * BASE + token - last[slot] * drop_out
        last[slot] = token
        slot = slot + 1 if slot + 1 < ngram else 0
        tokens += 1
        if tokens >= ngram:
            shingle = splitmix(rolling)
            smallest[shingle >> bin_shift] = min(smallest[shingle >> bin_shift], shingle & keep)
    if 0 < tokens < ngram:
        shingle = splitmix(rolling)
        smallest[shingle >> bin_shift] = shingle & keep
    return tokens, splitmix(stream)


@kernel(forceinline=True)
def _bin_shift(bins: Scalar) -> Scalar:
    """64 - log2(bins): what brings the top bits of a hash down to a bin's number."""
    shift = np.uint64(64)
    while bins > 1:
        shift -= U1
        bins >>= 1
    return shift


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["u16"], t["u8"], t["u32"], I64, I64,
        t["w_u16"], t["w_i64"], t["w_u64"],
    )
)  # fmt: skip
def sign_texts(
    data: np.ndarray,
    offsets: np.ndarray,
    wanted: np.ndarray,
    pages: np.ndarray,
    kinds: np.ndarray,
    folded: np.ndarray,
    ngram: Scalar,
    bins: Scalar,
    out_bins: np.ndarray,
    out_tokens: np.ndarray,
    out_hashes: np.ndarray,
) -> None:
    """Signatures of all texts; those not wanted get empty bins, no tokens and hash 0.

    Args:
        data: uint8 [bytes].
        offsets: int64 [texts + 1].
        wanted: bool [texts].
        pages: of the ``FoldTable``.
        kinds: of the ``FoldTable``.
        folded: of the ``FoldTable``.
        ngram: tokens in a shingle, 1 to ``MAX_NGRAM``.
        bins: a power of two.
        out_bins: uint16 [texts * bins], written: the low 16 bits of each bin's smallest hash.
        out_tokens: int64 [texts], written: tokens.
        out_hashes: uint64 [texts], written: a hash of the whole stream of tokens.
    """
    bin_shift = _bin_shift(bins)
    drop_out = U1
    for _ in range(ngram):
        drop_out *= BASE
    last = np.empty(MAX_NGRAM, np.uint64)
    smallest = np.empty(bins, np.uint64)
    for text in range(len(offsets) - 1):
        row = out_bins[text * bins : (text + 1) * bins]
        row[:] = EMPTY
        out_tokens[text] = 0
        out_hashes[text] = 0
        if not wanted[text]:
            continue
        last[:] = 0
        smallest[:] = ALL
        out_tokens[text], out_hashes[text] = sign_text(
            data, offsets[text], offsets[text + 1], pages, kinds, folded,
            ngram, drop_out, bin_shift, last, smallest,
        )  # fmt: skip
        for i in range(bins):
            if smallest[i] != ALL:
                row[i] = max(np.uint16(smallest[i] & np.uint64(0xFFFF)), np.uint16(1))


@kernel(forceinline=True)
def densify(raw: np.ndarray, bin_shift: Scalar, dense: np.ndarray) -> None:
    """Fill every empty bin with the value of another, chosen by hashing (Shrivastava 2017).

    The bins tried for bin ``i`` are the same in all documents, so two documents that share the
    bin they end at share the value.

    Args:
        raw: uint16 [bins], not all empty.
        bin_shift: 64 - log2(bins).
        dense: uint16 [bins], written.
    """
    for i in range(len(raw)):
        source, attempt = np.uint64(i), START + np.uint64(i) * BASE
        while raw[source] == EMPTY:
            attempt += GOLDEN
            source = splitmix(attempt) >> bin_shift
        dense[i] = raw[source]


@kernel(forceinline=True)
def band_key(dense: np.ndarray, band: Scalar, rows: Scalar) -> Scalar:
    """The hash of one band of a text's dense bins."""
    key = mix(START + np.uint64(band))
    for value in dense[band * rows : (band + 1) * rows]:
        key = mix(key ^ np.uint64(value))
    return splitmix(key)


@kernel((t["u16"], t["u64"], t["b1"], I64, I64, I64, t["w_u64"], t["w_i64"]))
def band_keys(
    all_bins: np.ndarray,
    hashes: np.ndarray,
    wanted: np.ndarray,
    bins: Scalar,
    bands: Scalar,
    rows: Scalar,
    keys: np.ndarray,
    counts: np.ndarray,
) -> None:
    """The keys under which each text looks for its likes.

    A text with fewer than ``SHORT_BINS`` filled bins has one key, made of all its tokens; a text
    without tokens, or not wanted, has none.

    Args:
        all_bins: uint16 [texts * bins], raw.
        hashes: uint64 [texts]: the hashes of the token streams.
        wanted: bool [texts].
        bins: a power of two.
        bands: keys of a text.
        rows: bins in a band; ``bands * rows <= bins``.
        keys: uint64 [texts * bands], written: the first ``counts[i]`` of a text's ``bands``.
        counts: int64 [texts], written.
    """
    bin_shift = _bin_shift(bins)
    dense = np.empty(bins, np.uint16)
    for text in range(len(hashes)):
        counts[text] = 0
        raw = all_bins[text * bins : (text + 1) * bins]
        filled = 0
        for value in raw:
            filled += value != EMPTY
        if not wanted[text] or filled == 0:
            continue
        if filled < SHORT_BINS:
            keys[text * bands] = splitmix(hashes[text] ^ BASE)
            counts[text] = 1
            continue
        densify(raw, bin_shift, dense)
        for band in range(bands):
            keys[text * bands + band] = band_key(dense, band, rows)
        counts[text] = bands


@kernel((t["u16"], I64, t["w_u16"]))
def dense_bins(all_bins: np.ndarray, bins: Scalar, out: np.ndarray) -> None:
    """The bins that bands are made of: uint16 [texts * bins] -> the same, none empty, written.

    A text without tokens stays empty.
    """
    bin_shift = _bin_shift(bins)
    for text in range(len(all_bins) // bins):
        raw = all_bins[text * bins : (text + 1) * bins]
        out[text * bins : (text + 1) * bins] = EMPTY
        for value in raw:
            if value != EMPTY:
                densify(raw, bin_shift, out[text * bins : (text + 1) * bins])
                break


@kernel((t["u16"], I64, I64, I64, t["w_u64"]))
def dense_band_keys(
    dense: np.ndarray, bins: Scalar, bands: Scalar, rows: Scalar, keys: np.ndarray
) -> None:
    """As ``band_keys``, of dense bins: uint16 [texts * bins] -> uint64 [texts * bands], written."""
    for text in range(len(dense) // bins):
        own = dense[text * bins : (text + 1) * bins]
        for band in range(bands):
            keys[text * bands + band] = band_key(own, band, rows)
