"""Steps of a fastText classifier's forward pass, over UTF-8 bytes.

    bytes -> tokens between separators -> hashes of the token and of its n-grams of characters
          -> row numbers -> sum of the rows     (-> mean -> label: ``fasttext_label_kernels``)

What it must agree with is the reference implementation's ``predict``, to the last label; its
habits are kept where they show:

* a line ends with the token ``</s>``, which counts in the mean (``best_labels`` adds it) and has
  no n-grams; a text that holds ``</s>`` as a token ends there;
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

from formats.bit_kernels import load_8, lowest_bit
from formats.compile import Scalar, array_types, kernel, step
from stages.language.fasttext_arrays_kernels import DIM, LANES, LONGEST, MAX_N, MIN_N, WORDS
from stages.language.fasttext_ngram_kernels import (
    BEGIN,
    FNV_OFFSET,
    ROLLING,
    add_gathered,
    add_word_ngrams,
    gather,
    gather_long,
    hash_byte,
    hash_bytes,
)
from stages.language.row_kernels import add_one, drain, fold, separator_bits

t = array_types()

SHORT_WORD = 15  # bytes of a word that the cache may hold: the sixteenth counts its rows

_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)  # odd: a slot
_LINE_END = np.frombuffer(b"</s>", np.uint8)
_LINE_END_KEY = np.uint64(int.from_bytes(b"</s>", "little"))
_LABEL = np.frombuffer(b"__label__", np.uint8)
_COUNT_SHIFT, _NO_WORD = np.uint64(56), 255  # of the key of a cached word


@step(forceinline=True)
def is_separator(byte: Scalar) -> Scalar:
    """What ends a token: space, tab to carriage return, NUL."""
    return byte <= 32 and (byte == 32 or (9 <= byte <= 13) or byte == 0)


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


@step(forceinline=True)
def mix_key(low: Scalar, high: Scalar) -> Scalar:
    """A hash of a word's key, int64."""
    mixed = (low ^ (high * _MIX_1)) * _MIX_2
    return np.int64(mixed ^ (mixed >> np.uint64(32)))


@step(forceinline=True)
def entry_slot(data: np.ndarray, start: Scalar, stop: Scalar, mask: Scalar) -> Scalar:
    """Where in the table of entries to look first."""
    if stop - start > SHORT_WORD:
        return np.int64(hash_bytes(data, start, stop)) & mask
    low, high = word_key(data, start, stop - start)
    return mix_key(low, high) & mask


@step(forceinline=True)
def find_entry(
    words: np.ndarray, bounds: np.ndarray, slots: np.ndarray,
    data: np.ndarray, start: Scalar, stop: Scalar,
) -> Scalar:  # fmt: skip
    """The number of the vocabulary entry ``data[start:stop]``, or -1."""
    mask, length = len(slots) - 1, stop - start
    slot = entry_slot(data, start, stop, mask)
    low, high = word_key(data, start, min(length, SHORT_WORD))
    entry = slots[slot]
    while entry >= 0:
        first = bounds[entry]
        if bounds[entry + 1] - first == length:
            own_low, own_high = word_key(words, first, min(length, SHORT_WORD))
            same = own_low == low and own_high == high
            for i in range(SHORT_WORD, length):
                same = same and words[first + i] == data[start + i]
            if same:
                return np.int64(entry)
        slot = (slot + 1) & mask
        entry = slots[slot]
    return np.int64(-1)


@step(forceinline=True)
def add_token(
    data: np.ndarray, start: Scalar, stop: Scalar, base: Scalar,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    bits: np.ndarray, kept: np.ndarray, sizes: np.ndarray, total: np.ndarray,
    gathered: np.ndarray,
) -> Scalar:  # fmt: skip
    """Add a token's own row and those of its n-grams of characters.

    Returns:
        rows added; -1 where the token is no word.
    """
    entry = np.int64(-1)
    if stop - start <= sizes[LONGEST]:
        entry = find_entry(words, word_bounds, slots, data, start, stop)
    if entry >= sizes[WORDS] or (entry < 0 and starts_with(data, start, stop, _LABEL)):
        return np.int64(-1)
    added: Scalar = 0
    if entry >= 0:
        add_one(total, base, rows, entry, sizes[DIM])
        added = 1
    min_n, max_n = sizes[MIN_N], sizes[MAX_N]
    two = hash_byte(np.uint64(FNV_OFFSET), np.uint8(BEGIN))
    three = four = two
    begun: Scalar = 1
    position = start
    while max_n > 0 and position <= stop:
        if max_n <= ROLLING:
            count, position, two, three, four, begun = gather(
                data, position, stop, two, three, four, begun, gathered, min_n, max_n
            )
        else:
            count, position = gather_long(data, position, stop, begun == 1, gathered, min_n, max_n)
            begun = 2
            position = position if position < stop else stop + 1
        added += add_gathered(total, base, gathered, count, rows, bits, kept, sizes)
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


@step()
def add_text(
    data: np.ndarray, start: Scalar, stop: Scalar, hidden: np.ndarray, at: Scalar,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    bits: np.ndarray, kept: np.ndarray, sizes: np.ndarray,
    total: np.ndarray, gathered: np.ndarray, recent: np.ndarray, keys: np.ndarray,
    sums: np.ndarray,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Sum the rows of all tokens of ``data[start:stop]`` as of one line.

    A short word goes through a cache, direct-mapped by the word's bytes. Its rows are summed apart
    whether it was met before or not, so that the result does not depend on what the cache holds.

    Returns:
        how many rows were summed (the sum stands in ``hidden[at:at + dim]``), and whether the
        line ended inside.
    """
    dim = sizes[DIM]
    mask = len(keys) // 2 - 1
    added, seen = np.int64(0), np.int64(0)
    position, ended = start, False
    while position < stop:
        if is_separator(data[position]):
            position += 1
            continue
        begin, position = position, word_end(data, position + 1, stop)
        low, high = word_key(data, begin, min(SHORT_WORD, position - begin))
        if low == _LINE_END_KEY and position - begin == len(_LINE_END):
            ended = True
            break
        slot = mix_key(low, high) & mask
        known = keys[2 * slot + 1]
        short = position - begin <= SHORT_WORD
        if short and keys[2 * slot] == low and (known << np.uint64(8)) == (high << np.uint64(8)):
            new = np.int64(known >> _COUNT_SHIFT)
            new = new if new != _NO_WORD else np.int64(-1)
        else:
            base = LANES * dim if short else 0
            new = add_token(
                data, begin, position, base,
                rows, words, word_bounds, slots, bits, kept, sizes, total, gathered,
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
    if len(recent) > 0:
        state = hash_bytes(_LINE_END, 0, len(_LINE_END))
        added += add_word_ngrams(state, seen, recent, total, rows, kept, sizes)
    drain(total, 0, hidden, at, dim)
    return added, ended


_ARRAYS = (t["f32"], t["u8"], t["i64"], t["i32"], t["u64"], t["u64"], t["i64"])
_SCRATCH = (t["w_f32"], t["w_u64"], t["w_u64"], t["w_u64"], t["w_f32"])


@kernel((t["u8"], t["i64"], *_ARRAYS, *_SCRATCH, t["w_f32"], t["w_i64"]))
def sum_rows(
    data: np.ndarray, parts: np.ndarray,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    bits: np.ndarray, kept: np.ndarray, sizes: np.ndarray,
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
        bits: of the model.
        kept: of the model.
        sizes: of the model.
        total: zeros, written and zero again, see ``Scratch``; so to ``sums``.
        gathered: written.
        recent: written.
        keys: written.
        sums: written.
        hidden: float32 [texts * dim], zeros, written.
        counts: int64 [texts], written: how many rows were summed; -1 - that many where the text
            says ``</s>``, after which nothing of its document counts.
    """
    for text in range(len(counts)):
        count, ended = add_text(
            data, parts[2 * text], parts[2 * text + 1], hidden, text * sizes[DIM],
            rows, words, word_bounds, slots, bits, kept, sizes, total, gathered, recent, keys, sums,
        )  # fmt: skip
        counts[text] = -1 - count if ended else count
