"""The probability of one label of a fastText classifier, for whole columns of texts.

The forward pass is that of ``stages.language.fasttext_kernels``; what is added here is the way from
the mean of the rows to the label asked for, which need not be the most probable one.
"""

from __future__ import annotations

import math

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.language.fasttext_arrays_kernels import GATHER, LANES, ModelArrays, ModelSizes, Scratch
from stages.language.fasttext_kernels import (
    MODEL_ARRAYS,
    MODEL_SIZES,
    SCRATCH,
    add_line_end,
    add_one,
    add_text,
    find_entry,
    fold,
    hash_byte,
    hash_bytes,
    is_separator,
    ngram_row,
    starts_with,
)
from stages.language.fasttext_label_kernels import dot, log_of

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


@kernel(forceinline=True)
def bucket_of(joined: Scalar, bucket: Scalar) -> Scalar:
    """``joined % bucket``, without a division where the number of buckets is a power of two."""
    if bucket & (bucket - 1) == 0:
        return joined & np.uint64(bucket - 1)
    return joined % np.uint64(bucket)


@kernel(forceinline=True)
def gather_ngrams(
    state: Scalar, seen: Scalar, count: Scalar,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> Scalar:  # fmt: skip
    """Gather the rows of the n-grams of words that end with the word of this hash.

    Args:
        state: FNV-1a of the word.
        seen: how many words came before.
        count: how many rows are gathered.
        arrays: the model.
        sizes: the model.
        scratch: ``recent`` is read and moved on by one word; ``gathered`` is written.

    Returns:
        how many rows are gathered now.
    """
    recent, longest = scratch.recent, len(scratch.recent)
    signed = np.uint64(np.int64(np.int32(np.uint32(state))))  # the reference keeps it in an int32
    for k in range(min(longest, seen) - 1, -1, -1):
        joined = recent[k] * WORD_NGRAM_FACTOR + signed
        row, kept = ngram_row(bucket_of(joined, sizes.bucket), arrays, sizes)
        scratch.gathered[count] = np.uint64(row)
        count += kept
        if k + 1 < longest:
            recent[k + 1] = joined
    if longest > 0:
        recent[0] = signed
    return count


@kernel(forceinline=True)
def add_gathered_rows(
    count: Scalar, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> None:
    """Add the gathered rows to the accumulators, in turn."""
    for i in range(count):
        lane = (i & (LANES - 1)) * sizes.dim
        add_one(scratch.total, lane, arrays.rows, np.int64(scratch.gathered[i]), sizes.dim)


@kernel()
def add_words(
    data: np.ndarray, start: Scalar, stop: Scalar,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Sum the rows of a whole line of words and of its end, for a model of words alone.

    Returns:
        how many rows were summed, how many words there were.
    """
    added, count, seen = 0, 0, 0
    limit = GATHER - sizes.word_ngrams
    position = start
    while position < stop:
        if is_separator(data[position]):
            position += 1
            continue
        begin, state = position, FNV_OFFSET
        while position < stop and not is_separator(data[position]):
            state = hash_byte(state, data[position])
            position += 1
        length = position - begin
        if length == len(LINE_END) and starts_with(data, begin, position, LINE_END):
            break
        entry = find_entry(
            arrays.words, arrays.word_bounds, arrays.slots, data, begin, position, state
        )
        if entry >= sizes.words or (entry < 0 and starts_with(data, begin, position, LABEL)):
            continue
        scratch.gathered[count] = np.uint64(max(entry, 0))
        count += entry >= 0
        count = gather_ngrams(state, seen, count, arrays, sizes, scratch)
        seen += 1
        if count > limit:
            add_gathered_rows(count, arrays, sizes, scratch)
            added, count = added + count, 0
    if sizes.end_row >= 0:
        scratch.gathered[count] = np.uint64(sizes.end_row)
        count += 1
    state = hash_bytes(LINE_END, 0, len(LINE_END))
    count = gather_ngrams(state, seen, count, arrays, sizes, scratch)
    add_gathered_rows(count, arrays, sizes, scratch)
    return added + count, seen


# --- from the mean of the rows to a label --------------------------------------------------------


@kernel()
def softmax_probability(
    label: Scalar, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> Scalar:
    """The log-probability of a label among all, in float32 as the reference computes it."""
    logits = scratch.scores
    highest = np.float32(-np.inf)
    for other in range(sizes.labels):
        logits[other] = dot(scratch.hidden, arrays.output, other, sizes.dim)
        highest = max(highest, logits[other])
    total = np.float32(0.0)
    for other in range(sizes.labels):
        total += np.float32(math.exp(logits[other] - highest))
    return log_of(np.float32(math.exp(logits[label] - highest)) / total)


@kernel()
def path_probability(
    path: np.ndarray, arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch
) -> Scalar:
    """The log-probability of a label of a Huffman tree: the product along the way to it.

    Args:
        path: int32, from the root: the inner node's number among inner nodes, doubled, plus 1
            where the way goes to the right.
        arrays: the model.
        sizes: the model.
        scratch: ``hidden`` is read.
    """
    score = np.float32(0.0)
    for step in path:
        product = dot(scratch.hidden, arrays.output, np.int64(step) >> 1, sizes.dim)
        share = np.float32(1.0 / np.float64(np.float32(1.0) + np.float32(math.exp(-product))))
        if step & 1 == 0:
            share = np.float32(1.0 - np.float64(share))
        score += log_of(share)
    return score


@kernel()
def score_text(
    data: np.ndarray, start: Scalar, stop: Scalar, label: Scalar, path: np.ndarray,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch,
) -> Scalar:  # fmt: skip
    """The probability of the label for one text; NaN where there is no word in it."""
    for d in range(len(scratch.total)):
        scratch.total[d] = np.float32(0.0)
    if sizes.max_n == 0:
        added, seen = add_words(data, start, stop, arrays, sizes, scratch)
    else:
        added, seen, ended = add_text(data, start, stop, 0, arrays, sizes, scratch)
        if not ended:
            added += add_line_end(seen, arrays, sizes, scratch)
    if added == 0 or seen == 0:
        return np.float32(np.nan)
    fold(scratch.total, 0, scratch.hidden, 0, sizes.dim)
    for d in range(sizes.dim):
        scratch.hidden[d] *= np.float32(1.0 / added)
    if len(path) > 0:
        score = path_probability(path, arrays, sizes, scratch)
    else:
        score = softmax_probability(label, arrays, sizes, scratch)
    return min(np.float32(1.0), np.float32(math.exp(score)))


@kernel((t["u8"], t["i64"], t["b1"], I64, t["i32"], MODEL_ARRAYS, MODEL_SIZES, SCRATCH, t["w_f32"]))
def score_column(
    data: np.ndarray, offsets: np.ndarray, wanted: np.ndarray, label: Scalar, path: np.ndarray,
    arrays: ModelArrays, sizes: ModelSizes, scratch: Scratch, scores: np.ndarray,
) -> None:  # fmt: skip
    """The probability of one label for each text.

    Args:
        data: uint8, words between separators.
        offsets: int64 [rows + 1].
        wanted: bool [rows]; the scores of the others stay as they are.
        label: number of the label.
        path: int32, the way to it in a Huffman tree (``path_probability``); empty for softmax.
        arrays: the model.
        sizes: the model.
        scratch: written.
        scores: float32 [rows], written; NaN where a text has no word.
    """
    for row in range(len(scores)):
        if wanted[row]:
            scores[row] = score_text(
                data, offsets[row], offsets[row + 1], label, path, arrays, sizes, scratch
            )
