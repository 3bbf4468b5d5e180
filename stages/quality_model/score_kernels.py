"""The probability of one label of a fastText classifier, for whole columns of texts.

The forward pass is that of ``stages.language.fasttext_kernels``; what is added here is the way from
the sum of the rows to the label asked for, which need not be the most probable one.
"""

from __future__ import annotations

import math

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from stages.language.fasttext_arrays_kernels import (
    BUCKET,
    DIM,
    GATHER,
    LABELS,
    LANES,
    LONGEST,
    WORD_NGRAMS,
    WORDS,
)
from stages.language.fasttext_kernels import find_entry, is_separator, starts_with
from stages.language.fasttext_label_kernels import dot, log_of, mean_of, right_share
from stages.language.fasttext_ngram_kernels import hash_byte, hash_bytes, ngram_row
from stages.language.row_kernels import add_one, drain

t = array_types()
I64 = t["i64"].dtype


FNV_OFFSET = np.uint64(2166136261)  # of FNV-1a, 32 bits
WORD_NGRAM_FACTOR = np.uint64(116049371)  # multiplier of hashed n-grams of words in the reference
LINE_END = np.frombuffer(b"</s>", np.uint8)
LABEL = np.frombuffer(b"__label__", np.uint8)


# --- models of words alone -----------------------------------------------------------------------
#
# A model without n-grams of characters has one row for a word and one for each n-gram of words: too
# little work per word for the cache of words that ``add_text`` keeps. The numbers of the rows are
# gathered first and the rows summed afterwards, so that many loads are under way at a time.


@step(forceinline=True)
def bucket_of(joined: Scalar, bucket: Scalar) -> Scalar:
    """``joined % bucket``, without a division where the number of buckets is a power of two."""
    if bucket & (bucket - 1) == 0:
        return joined & np.uint64(bucket - 1)
    return joined % np.uint64(bucket)


@step(forceinline=True)
def gather_ngrams(
    state: Scalar, seen: Scalar, count: Scalar, whole: Scalar,
    kept: np.ndarray, sizes: np.ndarray, gathered: np.ndarray, recent: np.ndarray,
) -> Scalar:  # fmt: skip
    """Gather the rows of the n-grams of words that end with the word of this hash.

    Args:
        state: FNV-1a of the word.
        seen: how many words came before.
        count: how many rows are gathered.
        whole: whether the model has a row for every bucket.
        kept: of the model.
        sizes: of the model.
        gathered: written.
        recent: read, and moved on by one word.

    Returns:
        how many rows are gathered now.
    """
    longest = len(recent)
    signed = np.uint64(np.int64(np.int32(np.uint32(state))))  # the reference keeps it in an int32
    for k in range(min(longest, seen) - 1, -1, -1):
        joined = recent[k] * WORD_NGRAM_FACTOR + signed
        bucket = bucket_of(joined, sizes[BUCKET])
        row, is_kept = sizes[WORDS] + np.int64(bucket), np.int64(1)
        if not whole:
            row, is_kept = ngram_row(bucket, kept, sizes)
        gathered[count] = np.uint64(row)
        count += is_kept
        if k + 1 < longest:
            recent[k + 1] = joined
    if longest > 0:
        recent[0] = signed
    return count


@step()
def add_words(
    data: np.ndarray, start: Scalar, stop: Scalar, hidden: np.ndarray, at: Scalar,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    kept: np.ndarray, sizes: np.ndarray,
    total: np.ndarray, gathered: np.ndarray, recent: np.ndarray,
) -> Scalar:  # fmt: skip
    """Sum the rows of a whole line of words, for a model of words alone.

    Returns:
        how many rows were summed (the sum stands in ``hidden[at:at + dim]``).
    """
    dim = sizes[DIM]
    added, count, seen = np.int64(0), np.int64(0), np.int64(0)
    limit = GATHER - sizes[WORD_NGRAMS]
    whole = len(rows) == (sizes[WORDS] + sizes[BUCKET]) * dim
    position, ended = start, False
    while not ended:
        while position < stop and is_separator(data[position]):
            position += 1
        begin, state = position, FNV_OFFSET
        while position < stop and not is_separator(data[position]):
            state = hash_byte(state, data[position])
            position += 1
        length = position - begin
        line_ends = length == len(LINE_END) and starts_with(data, begin, position, LINE_END)
        ended = length == 0 or line_ends
        if ended:
            state = hash_bytes(LINE_END, 0, len(LINE_END))
        else:
            state &= np.uint64(0xFFFFFFFF)
            entry: Scalar = np.int64(-1)
            if length <= sizes[LONGEST]:
                entry = find_entry(words, word_bounds, slots, data, begin, position)
            if entry >= sizes[WORDS] or (entry < 0 and starts_with(data, begin, position, LABEL)):
                continue
            gathered[count] = np.uint64(max(entry, 0))
            count += entry >= 0
        count = gather_ngrams(state, seen, count, whole, kept, sizes, gathered, recent)
        seen += not ended
        if count > limit or ended:
            for i in range(count):
                add_one(total, (i & (LANES - 1)) * dim, rows, np.int64(gathered[i]), dim)
            added, count = added + count, np.int64(0)
    drain(total, 0, hidden, at, dim)
    return added


@kernel(
    (
        t["u8"], t["i64"], t["f32"], t["u8"], t["i64"], t["i32"], t["u64"], t["u64"], t["i64"],
        t["w_f32"], t["w_u64"], t["w_u64"], t["w_f32"], t["w_i64"],
    )
)  # fmt: skip
def sum_words(
    data: np.ndarray, parts: np.ndarray,
    rows: np.ndarray, words: np.ndarray, word_bounds: np.ndarray, slots: np.ndarray,
    bits: np.ndarray, kept: np.ndarray, sizes: np.ndarray,
    total: np.ndarray, gathered: np.ndarray, recent: np.ndarray,
    hidden: np.ndarray, counts: np.ndarray,
) -> None:  # fmt: skip
    """The sum of the rows of each text, for a model of words alone: see ``sum_rows``.

    Args:
        data: uint8, words between separators.
        parts: int64 [2 * texts]: text i is ``data[parts[2 * i]:parts[2 * i + 1]]``.
        rows: of the model, see ``ModelArrays``; so to ``sizes``.
        words: of the model.
        word_bounds: of the model.
        slots: of the model.
        bits: of the model, not read.
        kept: of the model.
        sizes: of the model.
        total: zeros, written and zero again, see ``Scratch``; so to ``recent``.
        gathered: written.
        recent: written.
        hidden: float32 [texts * dim], zeros, written.
        counts: int64 [texts], written: how many rows were summed.
    """
    for text in range(len(counts)):
        counts[text] = add_words(
            data, parts[2 * text], parts[2 * text + 1], hidden, text * sizes[DIM],
            rows, words, word_bounds, slots, kept, sizes, total, gathered, recent,
        )  # fmt: skip


# --- from the mean of the rows to a label --------------------------------------------------------


@step(forceinline=True)
def softmax_probability(
    mean: np.ndarray, output: np.ndarray, label: Scalar, dim: Scalar, logits: np.ndarray
) -> Scalar:
    """The log-probability of a label among all, in float32 as the reference computes it."""
    highest = np.float32(-np.inf)
    for other in range(len(logits)):
        logits[other] = dot(mean, output, other, dim)
        highest = max(highest, logits[other])
    total = np.float32(0.0)
    for other in range(len(logits)):
        total += np.float32(math.exp(logits[other] - highest))
    return log_of(np.float32(math.exp(logits[label] - highest)) / total)


@step(forceinline=True)
def path_probability(mean: np.ndarray, output: np.ndarray, path: np.ndarray, dim: Scalar) -> Scalar:
    """The log-probability of a label of a Huffman tree: the product along the way to it.

    Args:
        mean: float32 [dim], of the text's rows.
        output: of the model.
        path: int32, from the root: the inner node's number among inner nodes, doubled, plus 1
            where the way goes to the right.
        dim: of the model.
    """
    log = np.float32(0.0)
    for turn in path:
        share = right_share(dot(mean, output, np.int64(turn) >> 1, dim))
        if turn & 1 == 0:
            share = np.float32(1.0 - np.float64(share))
        log += log_of(share)
    return log


@step(forceinline=True)
def has_word(data: np.ndarray, start: Scalar, stop: Scalar) -> Scalar:
    """Is there a word on the line, known or not?"""
    position = start
    while position < stop:
        begin = position
        while position < stop and not is_separator(data[position]):
            position += 1
        if position > begin:
            length = position - begin
            if length == len(LINE_END) and starts_with(data, begin, position, LINE_END):
                return False
            if not starts_with(data, begin, position, LABEL):
                return True
        position += 1
    return False


@kernel(
    (
        t["u8"], t["i64"], t["f32"], t["i64"], I64, t["i32"], t["f32"], t["f32"], t["i64"],
        t["w_f32"],
    )
)  # fmt: skip
def label_scores(
    data: np.ndarray, parts: np.ndarray, hidden: np.ndarray, counts: np.ndarray,
    label: Scalar, path: np.ndarray,
    rows: np.ndarray, output: np.ndarray, sizes: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    """The probability of one label for each text.

    Args:
        data: uint8, words between separators.
        parts: int64 [2 * texts], as for ``sum_words``.
        hidden: float32 [texts * dim], sums of rows.
        counts: int64 [texts], of how many.
        label: number of the label.
        path: int32, the way to it in a Huffman tree (``path_probability``); empty for softmax.
        rows: of the model, see ``ModelArrays``.
        output: of the model, see ``LabelArrays``.
        sizes: of the model.
        scores: float32 [texts], written; NaN where a text has no word.
    """
    dim = sizes[DIM]
    mean, logits = np.empty(dim, np.float32), np.empty(sizes[LABELS], np.float32)
    for text in range(len(scores)):
        scores[text] = np.nan
        added = mean_of(hidden, counts, text, text + 1, rows, sizes, mean)
        if added > 0 and has_word(data, parts[2 * text], parts[2 * text + 1]):
            if len(path) > 0:
                log = path_probability(mean, output, path, dim)
            else:
                log = softmax_probability(mean, output, label, dim, logits)
            scores[text] = min(np.float32(1.0), np.float32(math.exp(log)))
