"""Steps of a fastText classifier's forward pass, over UTF-8 bytes.

    bytes -> tokens between separators -> hashes of the token and of its n-grams of characters
          -> row numbers -> mean of the rows -> label

What it must agree with is the reference implementation's ``predict``, to the last label; its
habits are kept where they show:

* FNV-1a is taken over sign-extended bytes (a byte above 127 flips the hash's upper 24 bits too);
* a line ends with the token ``</s>``, which counts in the mean and has no n-grams; a text that
  holds ``</s>`` as a token ends there;
* tokens that begin with ``__label__`` are not words;
* separators are space, tab, newline, vertical tab, form feed, carriage return and NUL, nothing
  else; a newline inside a text is read as a space;
* logarithms are taken of p + 1e-5 (``fasttext_label_kernels``).

What makes it fast: hashes are gathered first and rows summed afterwards, so that the processor has
many loads in flight; rows are added as vectors, in turn to four accumulators; the sum of a short
word's rows is kept in a small cache.

No step allocates: scratch memory comes from the caller (``_nrt=False``: no references are counted,
which had made the whole three times slower).
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.language.fasttext_arrays_kernels import GATHER, LANES, ModelArrays, ModelSizes, Scratch
from stages.language.row_kernels import add_one, count_bits, fold

_t = array_types()

from numba import types  # noqa: E402  after the cache directory is set

SHORT_WORD = 16  # bytes of a word that the cache may hold

_FNV_OFFSET, _FNV_PRIME, _U32 = 2166136261, 16777619, 0xFFFFFFFF  # FNV-1a, 32 bits
_WORD_NGRAM_FACTOR = 116049371  # multiplier of hashed n-grams of words in the reference
_BEGIN, _END = 60, 62  # "<" and ">", put around a word before its n-grams are taken
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)  # odd: a slot
_LINE_END = np.frombuffer(b"</s>", np.uint8)
_LABEL = np.frombuffer(b"__label__", np.uint8)

MODEL_ARRAYS = types.NamedTuple(
    [_t[name] for name in ("f32", "f32", "i32", "i32", "u8", "i64", "i32", "u64", "i32")],
    ModelArrays,
)
MODEL_SIZES = types.NamedUniTuple(types.int64, len(ModelSizes._fields), ModelSizes)
SCRATCH = types.NamedTuple(
    [_t["w_" + name] for name in ("f32", "f32", "u64", "u64", "i32", "f32", "u64", "i32", "f32")],
    Scratch,
)


@kernel(forceinline=True)
def hash_byte(state: Scalar, byte: Scalar) -> Scalar:
    """One step of FNV-1a, 32 bits, over a sign-extended byte; the state is a uint64 below 2^32."""
    extended = np.uint64(byte) | (np.uint64(0xFFFFFF00) if byte > 127 else np.uint64(0))
    return ((state ^ extended) * np.uint64(_FNV_PRIME)) & np.uint64(_U32)


@kernel(forceinline=True)
def hash_bytes(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """FNV-1a of ``data[start:stop]``."""
    state = np.uint64(_FNV_OFFSET)
    for position in range(start, stop):
        state = hash_byte(state, data[position])
    return state


@kernel(forceinline=True)
def is_separator(byte: Scalar) -> Scalar:
    """What ends a token: space, tab to carriage return, NUL."""
    return byte == 32 or (9 <= byte <= 13) or byte == 0


@kernel(forceinline=True)
def is_continuation(byte: Scalar) -> Scalar:
    """The second or a later byte of a character."""
    return (byte & 0xC0) == 0x80


@kernel(forceinline=True)
def starts_with(data: np.ndarray, start: Scalar, stop: Scalar, prefix: np.ndarray) -> Scalar:
    """Does ``data[start:stop]`` begin with the prefix?"""
    if stop - start < len(prefix):
        return False
    for i in range(len(prefix)):  # noqa: SIM110  Numba has no generators
        if data[start + i] != prefix[i]:
            return False
    return True


@kernel(forceinline=True)
def find_entry(
    words: np.ndarray, bounds: np.ndarray, slots: np.ndarray,
    data: np.ndarray, start: Scalar, stop: Scalar, state: Scalar,
) -> Scalar:  # fmt: skip
    """The number of the vocabulary entry ``data[start:stop]`` with FNV hash ``state``, or -1."""
    mask = len(slots) - 1
    slot = np.int64(state) & mask
    while True:
        entry = slots[slot]
        if entry < 0:
            return np.int64(-1)
        first = bounds[entry]
        if bounds[entry + 1] - first == stop - start:
            same = True
            for i in range(stop - start):
                if words[first + i] != data[start + i]:
                    same = False
                    break
            if same:
                return np.int64(entry)
        slot = (slot + 1) & mask


@kernel(forceinline=True)
def remainder(state: Scalar, bucket: Scalar, reciprocal: Scalar) -> Scalar:
    """``state % bucket`` for numbers below 2^32, by multiplications: a division takes longer.

    The fraction of state / bucket in 64 bits, times bucket (Lemire, Kaser and Kurz 2019, "Faster
    remainder by direct computation"). ``reciprocal`` is 2^64 / bucket, rounded up, modulo 2^64.
    """
    fraction = np.uint64(reciprocal) * np.uint64(state)
    divisor = np.uint64(bucket)
    low = ((fraction & np.uint64(_U32)) * divisor) >> np.uint64(32)
    return ((fraction >> np.uint64(32)) * divisor + low) >> np.uint64(32)


@kernel(forceinline=True)
def ngram_row(bucket: Scalar, arrays: ModelArrays, sizes: ModelSizes) -> tuple[Scalar, Scalar]:
    """The row of an n-gram's bucket, and 1 if the model kept it, else 0."""
    if sizes.pruned == 0:
        return sizes.words + np.int64(bucket), 1
    word = arrays.bits[bucket >> np.uint64(6)]
    place = bucket & np.uint64(63)
    before = count_bits(word & ((np.uint64(1) << place) - np.uint64(1)))
    row = sizes.words + arrays.ranks[bucket >> np.uint64(6)] + np.int64(before)
    return row, np.int64((word >> place) & np.uint64(1))


# --- n-grams of characters and of words ----------------------------------------------------------


@kernel(forceinline=True)
def add_gathered(
    base: Scalar, count: Scalar, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> Scalar:
    """Add the rows of ``gathered[:count]``, hashes of n-grams, to the accumulators, in turn.

    Returns:
        how many of them the model has.
    """
    gathered, dim = scratch.gathered, sizes.dim
    kept_count = 0
    for i in range(count):
        bucket = remainder(gathered[i], sizes.bucket, sizes.reciprocal)
        row, kept = ngram_row(bucket, arrays, sizes)
        gathered[kept_count] = row
        kept_count += kept
    for i in range(kept_count):
        lane = base + (i & (LANES - 1)) * dim
        add_one(scratch.total, lane, arrays.rows, np.int64(gathered[i]), dim)
    return kept_count


@kernel(forceinline=True)
def hash_character(
    data: np.ndarray, position: Scalar, stop: Scalar, state: Scalar
) -> tuple[Scalar, Scalar]:
    """Hash the character at ``position``; return the state and the next position."""
    state = hash_byte(state, data[position])
    position += 1
    while position < stop and is_continuation(data[position]):
        state = hash_byte(state, data[position])
        position += 1
    return state, position


@kernel(forceinline=True)
def gather_from(
    data: np.ndarray, position: Scalar, stop: Scalar, state: Scalar,
    gathered: np.ndarray, count: Scalar, sizes: ModelSizes,
) -> Scalar:  # fmt: skip
    """Gather the n-grams of 2 and more characters that begin with the one hashed to ``state``.

    Returns:
        how many are gathered now.
    """
    for n in range(2, sizes.max_n + 1):
        if position < stop:
            state, position = hash_character(data, position, stop, state)
        elif position == stop:
            state = hash_byte(state, np.uint8(_END))
            position += 1
        else:
            break
        gathered[count] = state
        count += n >= sizes.min_n
    return count


@kernel(forceinline=True)
def add_ngrams(
    data: np.ndarray, start: Scalar, stop: Scalar, base: Scalar,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> Scalar:  # fmt: skip
    """Add the rows of the n-grams of characters of ``<token>``; return how many.

    An n-gram begins at ``<`` or at a character of the token and may end with ``>``; the marks
    alone are none.
    """
    gathered = scratch.gathered
    opening = hash_byte(np.uint64(_FNV_OFFSET), np.uint8(_BEGIN))
    count = gather_from(data, start, stop, opening, gathered, 0, sizes)
    added = 0
    while start < stop:
        state, start = hash_character(data, start, stop, np.uint64(_FNV_OFFSET))
        if sizes.min_n <= 1:
            gathered[count] = state
            count += 1
        count = gather_from(data, start, stop, state, gathered, count, sizes)
        if count > GATHER:
            added += add_gathered(base, count, arrays, sizes, scratch)
            count = 0
    return added + add_gathered(base, count, arrays, sizes, scratch)


@kernel(forceinline=True)
def add_word_ngrams(
    state: Scalar, seen: Scalar, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> Scalar:
    """Add the rows of the n-grams of words that end with this word; return how many.

    Args:
        state: the word's FNV hash.
        seen: how many words came before.
        arrays: the model.
        sizes: the model.
        scratch: ``recent`` is read and moved on by one word.
    """
    recent = scratch.recent
    signed = np.uint64(np.int64(np.int32(np.uint32(state))))  # the reference keeps it in an int32
    longest = len(recent)
    added = 0
    for k in range(min(longest, seen) - 1, -1, -1):
        joined = recent[k] * np.uint64(_WORD_NGRAM_FACTOR) + signed
        row, kept = ngram_row(joined % np.uint64(sizes.bucket), arrays, sizes)
        if kept:
            add_one(scratch.total, 0, arrays.rows, row, sizes.dim)
            added += 1
        if k + 1 < longest:
            recent[k + 1] = joined
    recent[0] = signed
    return added


# --- tokens and texts ----------------------------------------------------------------------------


@kernel(forceinline=True)
def add_token(
    data: np.ndarray, start: Scalar, stop: Scalar, base: Scalar,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> Scalar:  # fmt: skip
    """Add a token's own row and those of its n-grams of characters.

    Returns:
        rows added; -1 where the token is no word.
    """
    state = hash_bytes(data, start, stop)
    entry = find_entry(arrays.words, arrays.word_bounds, arrays.slots, data, start, stop, state)
    if entry >= sizes.words or (entry < 0 and starts_with(data, start, stop, _LABEL)):
        return np.int64(-1)
    added = 0
    if entry >= 0:
        add_one(scratch.total, base, arrays.rows, entry, sizes.dim)
        added = 1
    if sizes.max_n > 0:
        added += add_ngrams(data, start, stop, base, arrays, sizes, scratch)
    return np.int64(added)


@kernel(forceinline=True)
def word_key(data: np.ndarray, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """A word of at most 16 bytes as two numbers, zeros behind it (no word holds a NUL)."""
    low, high = np.uint64(0), np.uint64(0)
    for i in range(min(8, stop - start)):
        low |= np.uint64(data[start + i]) << np.uint64(8 * i)
    for i in range(8, stop - start):
        high |= np.uint64(data[start + i]) << np.uint64(8 * (i - 8))
    return low, high


@kernel(forceinline=True)
def add_short_word(
    data: np.ndarray, start: Scalar, stop: Scalar,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> Scalar:  # fmt: skip
    """``add_token`` through a cache, direct-mapped by the word's bytes.

    The word's rows are summed apart whether it was met before or not, so that the result does not
    depend on what the cache holds.
    """
    dim = sizes.dim
    keys, counts, total = scratch.keys, scratch.counts, scratch.total
    low, high = word_key(data, start, stop)
    mixed = (low ^ (high * _MIX_1)) * _MIX_2
    slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(len(counts) - 1))
    if keys[2 * slot] != low or keys[2 * slot + 1] != high:
        apart = LANES * dim
        for d in range(apart, 2 * apart):
            total[d] = np.float32(0.0)
        counts[slot] = add_token(data, start, stop, apart, arrays, sizes, scratch)
        keys[2 * slot], keys[2 * slot + 1] = low, high
        fold(total, apart, scratch.sums, slot * dim, dim)
    if counts[slot] > 0:
        add_one(total, 0, scratch.sums, slot, dim)
    return np.int64(counts[slot])


@kernel(forceinline=True)
def add_line_end(seen: Scalar, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch) -> Scalar:
    """Add what the end of a line counts for: its row, no n-grams of characters."""
    added = 0
    if sizes.end_row >= 0:
        add_one(scratch.total, 0, arrays.rows, sizes.end_row, sizes.dim)
        added = 1
    if len(scratch.recent) > 0:
        state = hash_bytes(_LINE_END, 0, len(_LINE_END))
        added += add_word_ngrams(state, seen, arrays, sizes, scratch)
    return added


@kernel(forceinline=True)
def add_text(
    data: np.ndarray, start: Scalar, stop: Scalar, seen: Scalar,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> tuple[Scalar, Scalar, Scalar]:  # fmt: skip
    """Sum the rows of all tokens of ``data[start:stop]``.

    Returns:
        how many rows were summed, words seen so far, whether the line ended inside.
    """
    added = 0
    position = start
    while position < stop:
        if is_separator(data[position]):
            position += 1
            continue
        begin = position
        while position < stop and not is_separator(data[position]):
            position += 1
        length = position - begin
        if length == len(_LINE_END) and starts_with(data, begin, position, _LINE_END):
            return added + add_line_end(seen, arrays, sizes, scratch), seen, True
        if length <= SHORT_WORD:
            new = add_short_word(data, begin, position, arrays, sizes, scratch)
        else:
            new = add_token(data, begin, position, 0, arrays, sizes, scratch)
        if new < 0:
            continue
        added += new
        if len(scratch.recent) > 0:
            state = hash_bytes(data, begin, position)
            added += add_word_ngrams(state, seen, arrays, sizes, scratch)
        seen += 1
    return added, seen, False
