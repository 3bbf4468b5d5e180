"""Steps of a fastText classifier's forward pass, over UTF-8 bytes.

    bytes -> tokens between separators -> hashes of the token and of its n-grams of characters
          -> row numbers -> sum of the rows     (-> mean -> label: ``fasttext_label_kernels``)

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
which had made the whole three times slower). Every step has one caller, so that inlining all of
them makes no more code.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from stages.language.fasttext_arrays_kernels import (
    BUCKET,
    DIM,
    END_ROW,
    GATHER,
    KEPT_BITS,
    LANES,
    MAX_N,
    MIN_N,
    RECIPROCAL,
    WORDS,
)
from stages.language.row_kernels import (
    add_one,
    count_bits,
    drain,
    fold,
    load_8,
    lowest_bit,
    separator_bits,
)

t = array_types()

SHORT_WORD = 15  # bytes of a word that the cache may hold: the sixteenth counts its rows

_FNV_OFFSET, _FNV_PRIME, _U32 = 2166136261, 16777619, 0xFFFFFFFF  # FNV-1a, 32 bits
_WORD_NGRAM_FACTOR = 116049371  # multiplier of hashed n-grams of words in the reference
_BEGIN, _END = 60, 62  # "<" and ">", put around a word before its n-grams are taken
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)  # odd: a slot
_LINE_END = np.frombuffer(b"</s>", np.uint8)
_LINE_END_KEY = np.uint64(int.from_bytes(b"</s>", "little"))
_LABEL = np.frombuffer(b"__label__", np.uint8)
_ROLLING = 4  # characters of the longest n-grams that are hashed side by side
_COUNT_SHIFT, _NO_WORD = np.uint64(56), 255  # of the key of a cached word


@step(forceinline=True)
def hash_byte(state: Scalar, byte: Scalar) -> Scalar:
    """One step of FNV-1a over a sign-extended byte; the lower 32 bits of the state are the hash."""
    return (state ^ np.uint64(np.int64(np.int8(byte)))) * np.uint64(_FNV_PRIME)


@step(forceinline=True)
def hash_bytes(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """FNV-1a of ``data[start:stop]``, 32 bits."""
    state = np.uint64(_FNV_OFFSET)
    for position in range(start, stop):
        state = hash_byte(state, data[position])
    return state & np.uint64(_U32)


@step(forceinline=True)
def is_separator(byte: Scalar) -> Scalar:
    """What ends a token: space, tab to carriage return, NUL."""
    return byte <= 32 and (byte == 32 or (9 <= byte <= 13) or byte == 0)


@step(forceinline=True)
def is_continuation(byte: Scalar) -> Scalar:
    """The second or a later byte of a character."""
    return (byte & 0xC0) == 0x80


@step(forceinline=True)
def starts_with(data: np.ndarray, start: Scalar, stop: Scalar, prefix: np.ndarray) -> Scalar:
    """Does ``data[start:stop]`` begin with the prefix?"""
    if stop - start < len(prefix):
        return False
    for i in range(len(prefix)):  # noqa: SIM110  Numba has no generators
        if data[start + i] != prefix[i]:
            return False
    return True


@step(forceinline=True)
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


@step(forceinline=True)
def remainder(state: Scalar, bucket: Scalar, reciprocal: Scalar) -> Scalar:
    """``state % bucket`` for numbers below 2^32, by multiplications: a division takes longer.

    The fraction of state / bucket in 64 bits, times bucket (Lemire, Kaser and Kurz 2019, "Faster
    remainder by direct computation"). ``reciprocal`` is 2^64 / bucket, rounded up, modulo 2^64.
    """
    fraction = np.uint64(reciprocal) * np.uint64(state)
    divisor = np.uint64(bucket)
    low = ((fraction & np.uint64(_U32)) * divisor) >> np.uint64(32)
    return ((fraction >> np.uint64(32)) * divisor + low) >> np.uint64(32)


@step(forceinline=True)
def ngram_row(bucket: Scalar, kept: np.ndarray, sizes: np.ndarray) -> tuple[Scalar, Scalar]:
    """The row of an n-gram's bucket, and 1 if the model kept it, else 0."""
    entry = kept[bucket // np.uint64(KEPT_BITS)]
    bit = np.uint64(1) << (bucket % np.uint64(KEPT_BITS))
    before = count_bits(entry & (bit - np.uint64(1)))
    row = sizes[WORDS] + np.int64(entry >> np.uint64(KEPT_BITS)) + np.int64(before)
    return row, np.int64((entry & bit) != 0)


# --- n-grams of characters and of words ----------------------------------------------------------


@step(forceinline=True)
def add_gathered(
    total: np.ndarray, base: Scalar, gathered: np.ndarray, count: Scalar,
    rows: np.ndarray, kept: np.ndarray, sizes: np.ndarray,
) -> Scalar:  # fmt: skip
    """Add the rows of ``gathered[:count]``, hashes of n-grams, to the accumulators, in turn.

    Returns:
        how many of them the model has.
    """
    kept_count = 0
    bucket_count, reciprocal, dim = sizes[BUCKET], sizes[RECIPROCAL], sizes[DIM]
    for i in range(count):
        state = gathered[i] & np.uint64(_U32)
        bucket = remainder(state, bucket_count, reciprocal)
        row, is_kept = ngram_row(bucket, kept, sizes)
        gathered[kept_count] = row
        kept_count += is_kept
    for i in range(kept_count):
        add_one(total, base + (i & (LANES - 1)) * dim, rows, np.int64(gathered[i]), dim)
    return kept_count


@step(forceinline=True)
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


@step()
def gather(
    data: np.ndarray, position: Scalar, stop: Scalar,
    two: Scalar, three: Scalar, four: Scalar, begun: Scalar,
    gathered: np.ndarray, min_n: Scalar, max_n: Scalar,
) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]:  # fmt: skip
    """Gather the hashes of n-grams of at most 4 characters of ``<token>``, by their last one.

    The n-grams that a character may end are hashed side by side, so that each byte is read once.

    Args:
        data: uint8.
        position: of the next character.
        stop: of the token, where ``>`` stands.
        two: state of the n-gram that the next character makes two characters long.
        three: three characters.
        four: four characters.
        begun: how many characters came before, ``<`` among them.
        gathered: written from 0 on; full a little after GATHER.
        min_n: characters of the shortest n-gram.
        max_n: characters of the longest, at most 4.

    Returns:
        how many were gathered; then what to go on with: position (after ``stop``: at its end),
        two, three, four, begun.
    """
    takes_1, takes_2 = np.int64(min_n <= 1), np.int64(min_n <= 2) & np.int64(max_n >= 2)
    takes_3 = np.int64(min_n <= 3) & np.int64(max_n >= 3)
    takes_4 = np.int64(min_n <= 4) & np.int64(max_n >= 4)
    count: Scalar = 0
    while position <= stop and count < GATHER:
        one = np.uint64(_FNV_OFFSET)
        if position < stop:
            more = True
            while more:
                byte = data[position]
                one, two = hash_byte(one, byte), hash_byte(two, byte)
                three, four = hash_byte(three, byte), hash_byte(four, byte)
                position += 1
                more = position < stop and is_continuation(data[position])
            gathered[count] = one
            count += takes_1
        else:
            two, three = hash_byte(two, np.uint8(_END)), hash_byte(three, np.uint8(_END))
            four = hash_byte(four, np.uint8(_END))
            position += 1
        gathered[count] = two
        count += takes_2
        gathered[count] = three
        count += takes_3 & np.int64(begun >= 2)
        gathered[count] = four
        count += takes_4 & np.int64(begun >= 3)
        two, three, four = one, two, three
        begun += 1
    return count, position, two, three, four, begun


@step()
def gather_long(
    data: np.ndarray, start: Scalar, stop: Scalar, opening: Scalar,
    gathered: np.ndarray, min_n: Scalar, max_n: Scalar,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """As ``gather`` for n-grams of any length, by the character that they begin with.

    An n-gram begins at ``<`` or at a character of the token and may end with ``>``; the marks
    alone are none.

    Args:
        data: uint8.
        start: of the characters that n-grams begin with.
        stop: of the token.
        opening: whether to take those that begin with ``<`` first.
        gathered: written from 0 on; full a little after GATHER.
        min_n: characters of the shortest n-gram.
        max_n: characters of the longest.

    Returns:
        how many were gathered, and the character to go on from.
    """
    count = 0
    while opening or (start < stop and count < GATHER):
        state, after = np.uint64(_FNV_OFFSET), start
        if opening:
            state = hash_byte(state, np.uint8(_BEGIN))
        else:
            state, after = hash_character(data, start, stop, state)
            start = after
            if min_n <= 1:
                gathered[count] = state
                count += 1
        opening = False
        for n in range(2, max_n + 1):
            if after < stop:
                state, after = hash_character(data, after, stop, state)
            elif after == stop:
                state = hash_byte(state, np.uint8(_END))
                after += 1
            else:
                break
            gathered[count] = state
            count += n >= min_n
    return count, start


@step()
def add_word_ngrams(
    state: Scalar, seen: Scalar, recent: np.ndarray,
    total: np.ndarray, rows: np.ndarray, kept: np.ndarray, sizes: np.ndarray,
) -> Scalar:  # fmt: skip
    """Add the rows of the n-grams of words that end with this word; return how many.

    Args:
        state: the word's FNV hash.
        seen: how many words came before.
        recent: read, and moved on by one word.
        total: accumulators, written.
        rows: of the model.
        kept: of the model.
        sizes: of the model.
    """
    signed = np.uint64(np.int64(np.int32(np.uint32(state))))  # the reference keeps it in an int32
    longest = len(recent)
    added = np.int64(0)
    for k in range(min(longest, seen) - 1, -1, -1):
        joined = recent[k] * np.uint64(_WORD_NGRAM_FACTOR) + signed
        row, is_kept = ngram_row(joined % np.uint64(sizes[BUCKET]), kept, sizes)
        if is_kept:
            add_one(total, 0, rows, row, sizes[DIM])
            added += 1
        if k + 1 < longest:
            recent[k + 1] = joined
    recent[0] = signed
    return added


# --- tokens and texts ----------------------------------------------------------------------------


@step()
def add_token(
    data: np.ndarray, start: Scalar, stop: Scalar, base: Scalar,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    kept: np.ndarray, sizes: np.ndarray, total: np.ndarray, gathered: np.ndarray,
) -> Scalar:  # fmt: skip
    """Add a token's own row and those of its n-grams of characters.

    Returns:
        rows added; -1 where the token is no word.
    """
    state = hash_bytes(data, start, stop)
    entry = find_entry(words, word_bounds, slots, data, start, stop, state)
    if entry >= sizes[WORDS] or (entry < 0 and starts_with(data, start, stop, _LABEL)):
        return np.int64(-1)
    added: Scalar = 0
    if entry >= 0:
        add_one(total, base, rows, entry, sizes[DIM])
        added = 1
    min_n, max_n = sizes[MIN_N], sizes[MAX_N]
    two = hash_byte(np.uint64(_FNV_OFFSET), np.uint8(_BEGIN))
    three = four = two
    begun: Scalar = 1
    position = start
    while max_n > 0 and position <= stop:
        if max_n <= _ROLLING:
            count, position, two, three, four, begun = gather(
                data, position, stop, two, three, four, begun, gathered, min_n, max_n
            )
        else:
            count, position = gather_long(data, position, stop, begun == 1, gathered, min_n, max_n)
            begun = 2
            position = position if position < stop else stop + 1
        added += add_gathered(total, base, gathered, count, rows, kept, sizes)
    return added


@step(forceinline=True)
def word_end(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """The first separator at or after ``position``, or ``stop``."""
    while position + 16 <= len(data) and position < stop:
        bits = separator_bits(data, position)
        if bits:
            return min(stop, position + lowest_bit(bits))
        position += 16
    while position < stop and not is_separator(data[position]):
        position += 1
    return min(stop, position)


@step(forceinline=True)
def word_key(data: np.ndarray, start: Scalar, length: Scalar) -> tuple[Scalar, Scalar]:
    """A word of at most 15 bytes as two numbers, zeros behind it (no word holds a NUL)."""
    if start + 16 <= len(data):
        low, high = load_8(data, start), load_8(data, start + 8)
        bits = np.uint64(8 * length)
        if length < 8:
            return low & ((np.uint64(1) << bits) - np.uint64(1)), np.uint64(0)
        return low, high & ((np.uint64(1) << (bits - np.uint64(64))) - np.uint64(1))
    low, high = np.uint64(0), np.uint64(0)
    for i in range(length):
        byte, place = np.uint64(data[start + i]), np.uint64(8 * (i & 7))
        if i < 8:
            low |= byte << place
        else:
            high |= byte << place
    return low, high


@step()
def add_text(
    data: np.ndarray, start: Scalar, stop: Scalar, hidden: np.ndarray, at: Scalar,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    kept: np.ndarray, sizes: np.ndarray,
    total: np.ndarray, gathered: np.ndarray, recent: np.ndarray, keys: np.ndarray,
    sums: np.ndarray,
) -> Scalar:  # fmt: skip
    """Sum the rows of all tokens of ``data[start:stop]`` as of one line, and of its end.

    A short word goes through a cache, direct-mapped by the word's bytes. Its rows are summed apart
    whether it was met before or not, so that the result does not depend on what the cache holds.

    Returns:
        how many rows were summed; the sum stands in ``hidden[at:at + dim]``.
    """
    dim = sizes[DIM]
    mask = np.uint64(len(keys) // 2 - 1)
    added, seen = np.int64(0), np.int64(0)
    position = start
    while position < stop:
        if is_separator(data[position]):
            position += 1
            continue
        begin, position = position, word_end(data, position + 1, stop)
        low, high = word_key(data, begin, min(SHORT_WORD, position - begin))
        if low == _LINE_END_KEY and position - begin == len(_LINE_END):
            break
        mixed = (low ^ (high * _MIX_1)) * _MIX_2
        slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & mask)
        known = keys[2 * slot + 1]
        short = position - begin <= SHORT_WORD
        if short and keys[2 * slot] == low and (known << np.uint64(8)) == (high << np.uint64(8)):
            new = np.int64(known >> _COUNT_SHIFT)
            new = new if new != _NO_WORD else np.int64(-1)
        else:
            base = LANES * dim if short else 0
            new = add_token(
                data, begin, position, base,
                rows, words, word_bounds, slots, kept, sizes, total, gathered,
            )  # fmt: skip
            if short:  # 15 bytes have at most 153 n-grams, whatever their length
                count = np.uint64(new if new >= 0 else _NO_WORD)
                keys[2 * slot], keys[2 * slot + 1] = low, high | (count << _COUNT_SHIFT)
                fold(total, base, sums, slot * dim, dim)
        if new >= 0:
            if short:
                add_one(total, 0, sums, slot, dim)
            added += new
            if len(recent) > 0:
                state = hash_bytes(data, begin, position)
                added += add_word_ngrams(state, seen, recent, total, rows, kept, sizes)
            seen += 1
    if sizes[END_ROW] >= 0:
        add_one(total, 0, rows, sizes[END_ROW], dim)
        added += 1
    if len(recent) > 0:
        state = hash_bytes(_LINE_END, 0, len(_LINE_END))
        added += add_word_ngrams(state, seen, recent, total, rows, kept, sizes)
    drain(total, 0, hidden, at, dim)
    return added


_ARRAYS = (t["f32"], t["u8"], t["i64"], t["i32"], t["u64"], t["i64"])
_SCRATCH = (t["w_f32"], t["w_u64"], t["w_u64"], t["w_u64"], t["w_f32"])


@kernel((t["u8"], t["i64"], *_ARRAYS, *_SCRATCH, t["w_f32"], t["w_i64"]))
def sum_rows(
    data: np.ndarray, parts: np.ndarray,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    kept: np.ndarray, sizes: np.ndarray,
    total: np.ndarray, gathered: np.ndarray, recent: np.ndarray, keys: np.ndarray,
    sums: np.ndarray, hidden: np.ndarray, counts: np.ndarray,
) -> None:  # fmt: skip
    """The sum of the rows of each text.

    Args:
        data: uint8, valid UTF-8.
        parts: int64 [2 * texts]: text i is ``data[parts[2 * i]:parts[2 * i + 1]]``.
        rows: of the model, see ``ModelArrays``; so to ``sizes``.
        words: of the model.
        word_bounds: of the model.
        slots: of the model.
        kept: of the model.
        sizes: of the model.
        total: zeros, written and zero again, see ``Scratch``; so to ``sums``.
        gathered: written.
        recent: written.
        keys: written.
        sums: written.
        hidden: float32 [texts * dim], zeros, written.
        counts: int64 [texts], written: how many rows were summed.
    """
    for text in range(len(counts)):
        counts[text] = add_text(
            data, parts[2 * text], parts[2 * text + 1], hidden, text * sizes[DIM],
            rows, words, word_bounds, slots, kept, sizes, total, gathered, recent, keys, sums,
        )  # fmt: skip
