"""Documents in more than one language: which, and how much of the text is in each.

A document is cut into segments: lines, long ones at spaces, short ones together. Each segment gets
a language; where they differ, the most probable sequence of languages is found by Viterbi's
algorithm over the model's log-probabilities, with a cost for each change of language, so that a
name or a command inside a paragraph changes nothing.

The sum of a document's segments is the sum of the document, so that all this costs no second pass
over the text; and a segment that is more likely than not in the document's language needs no look
at the others.
"""

from __future__ import annotations

import math

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from stages.language.fasttext_arrays_kernels import DIM, LABELS
from stages.language.fasttext_kernels import is_separator
from stages.language.fasttext_label_kernels import (
    best_leaf,
    best_of_softmax,
    dot,
    log_of,
    mean_of,
    right_share,
)

t = array_types()
from numba import types  # noqa: E402  after the cache directory is set

I64, F32 = t["i64"].dtype, t["f32"].dtype

LEAST_LETTERS = 30
"""A line with fewer letters is joined with what follows."""
MOST_LETTERS = 150
"""A line with more is cut at the next space."""
CANDIDATES = 6
"""Languages that a document is searched for."""
LANGUAGES = 4
"""Languages that are reported."""

_HALF = np.float32(math.log(0.5))


@step(forceinline=True)
def begins_letter(byte: Scalar) -> Scalar:
    """Is it an ASCII letter, or the first byte of a character beyond ASCII?"""
    return 97 <= (byte | 32) <= 122 if byte < 0x80 else byte >= 0xC0


@kernel((t["u8"], t["i64"], t["i64"], types.boolean, t["w_i64"], t["w_i64"], t["w_i64"]))
def split_lines(
    data: np.ndarray, windows: np.ndarray, first_window: np.ndarray, cutting: Scalar,
    parts: np.ndarray, first: np.ndarray, letters: np.ndarray,
) -> None:  # fmt: skip
    """Cut the windows of each document into segments.

    Args:
        data: uint8, valid UTF-8.
        windows: int64 [2 * windows]: first byte and the one after the last.
        first_window: int64 [documents + 1]: document i has the windows ``first_window[i]`` to
            ``first_window[i + 1]``.
        cutting: False where a model looks at words together: each window is one segment.
        parts: int64 [2 * segments], written as ``windows``; a segment has LEAST_LETTERS bytes or
            is the only one of its window.
        first: int64 [documents + 1], written as ``first_window``.
        letters: int64 [segments], written: letters of each, as ``begins_letter`` counts.
    """
    part = 0
    for document in range(len(first) - 1):
        first[document] = part
        for window in range(first_window[document], first_window[document + 1]):
            begin, stop = windows[2 * window], windows[2 * window + 1]
            alone, count = True, 0
            for position in range(begin, stop):
                byte = data[position]
                count += begins_letter(byte)
                line_ends = byte == 10 and count >= LEAST_LETTERS
                too_long = count >= MOST_LETTERS and is_separator(byte)
                if cutting and (line_ends or too_long):
                    parts[2 * part], parts[2 * part + 1] = begin, position + 1
                    letters[part] = count
                    begin, count, alone = position + 1, 0, False
                    part += 1
            if count >= LEAST_LETTERS or alone:
                parts[2 * part], parts[2 * part + 1] = begin, stop
                letters[part] = count
                part += 1
            else:
                parts[2 * part - 1] = stop
                letters[part - 1] += count
    first[len(first) - 1] = part


@step()
def label_log(
    mean: np.ndarray, output: np.ndarray, right: np.ndarray, parents: np.ndarray,
    label_count: Scalar, dim: Scalar, logits: np.ndarray, label: Scalar,
) -> Scalar:  # fmt: skip
    """The log-probability of a label; of a softmax, from the logits that are there already."""
    log = np.float32(0.0)
    if len(parents) == 0:
        highest, total = np.float32(-np.inf), np.float32(0.0)
        for other in range(label_count):
            highest = max(highest, logits[other])
        for other in range(label_count):
            total += np.float32(math.exp(logits[other] - highest))
        return logits[label] - highest - np.float32(math.log(total))
    node, parent = label, parents[label]
    while parent >= 0:
        share = right_share(dot(mean, output, parent - label_count, dim))
        log += log_of(share if right[parent] == node else np.float32(1.0) - share)
        node, parent = parent, parents[parent]
    return log


@step(forceinline=True)
def pick_candidates(
    found: np.ndarray, weights: np.ndarray, count: Scalar, mass: np.ndarray, candidates: np.ndarray
) -> Scalar:
    """Write the languages with most letters, the most first; return how many there are.

    Args:
        found: int64 [count], each segment's own language.
        weights: int64 [count], its letters.
        count: segments.
        mass: int64 [labels], zeros, and zero again.
        candidates: int64 [CANDIDATES], written.
    """
    for segment in range(count):
        mass[found[segment]] += weights[segment]
    picked = 0
    while picked < CANDIDATES:
        best, most = -1, 0
        for segment in range(count):
            if mass[found[segment]] > most:
                best, most = found[segment], mass[found[segment]]
        if best < 0:
            break
        candidates[picked] = best
        mass[best] = 0
        picked += 1
    for segment in range(count):
        mass[found[segment]] = 0
    return picked


@step(forceinline=True)
def best_sequence(
    logs: np.ndarray, count: Scalar, picked: Scalar, cost: Scalar,
    score: np.ndarray, back: np.ndarray, path: np.ndarray,
) -> None:  # fmt: skip
    """Viterbi's algorithm: the candidate of each segment.

    Args:
        logs: float32 [count * CANDIDATES], log-probability of each candidate in each segment.
        count: segments.
        picked: candidates.
        cost: of a change of language.
        score: float32 [2 * CANDIDATES], scratch memory.
        back: int64 [count * CANDIDATES], scratch memory.
        path: int64 [count], written.
    """
    for candidate in range(picked):
        score[candidate] = logs[candidate]
    for segment in range(1, count):
        leader = 0
        for candidate in range(picked):
            if score[candidate] > score[leader]:
                leader = candidate
        for candidate in range(picked):
            come = leader if score[leader] - cost > score[candidate] else candidate
            back[segment * CANDIDATES + candidate] = come
            paid = cost if come != candidate else np.float32(0.0)
            log = logs[segment * CANDIDATES + candidate]
            score[CANDIDATES + candidate] = score[come] - paid + log
        for candidate in range(picked):
            score[candidate] = score[CANDIDATES + candidate]
    last = 0
    for candidate in range(picked):
        if score[candidate] > score[last]:
            last = candidate
    for segment in range(count - 1, -1, -1):
        path[segment] = last
        last = back[segment * CANDIDATES + last] if segment > 0 else last


@kernel(
    (
        t["f32"], t["i64"], t["i64"], t["i64"], t["i32"],
        t["f32"], t["f32"], t["i32"], t["i32"], t["i32"], t["i64"], F32, F32, I64,
        t["w_i32"], t["w_f32"],
    )
)  # fmt: skip
def find_mixed(
    hidden: np.ndarray, counts: np.ndarray, letters: np.ndarray, first: np.ndarray,
    labels: np.ndarray,
    rows: np.ndarray, output: np.ndarray, left: np.ndarray, right: np.ndarray,
    parents: np.ndarray, sizes: np.ndarray, cost: Scalar, least_share: Scalar,
    least_letters: Scalar, mixed: np.ndarray, shares: np.ndarray,
) -> None:  # fmt: skip
    """The languages of each document that is in more than one.

    Args:
        hidden: float32 [segments * dim], sums of rows (``sum_rows``).
        counts: int64 [segments], of how many.
        letters: int64 [segments] (``split_lines``).
        first: int64 [documents + 1]: document i has the segments ``first[i]`` to ``first[i + 1]``.
        labels: int32 [documents]: its language, below 0 for none.
        rows: of the model, see ``ModelArrays``.
        output: of the model, see ``LabelArrays``.
        left: of the model.
        right: of the model.
        parents: of the model.
        sizes: of the model.
        cost: of a change of language between two segments, in natural logarithms.
        least_share: of the letters that a language must have to be counted.
        least_letters: that it must have too.
        mixed: int32 [documents * LANGUAGES], written: labels, the most letters first; -1 where
            there is no other, and everywhere in a document of one language.
        shares: float32 [documents * LANGUAGES], written: of the letters.
    """
    dim, label_count = sizes[DIM], sizes[LABELS]
    longest = np.int64(1)
    for document in range(len(labels)):
        longest = max(longest, first[document + 1] - first[document])
    mean = np.empty(dim, np.float32)
    pending, nodes = np.empty(2 * label_count, np.int32), np.empty(2 * label_count, np.float32)
    found, path = np.empty(longest, np.int64), np.empty(longest, np.int64)
    logs = np.empty(longest * CANDIDATES, np.float32)
    back = np.empty(longest * CANDIDATES, np.int64)
    mass = np.zeros(label_count, np.int64)
    candidates = np.empty(CANDIDATES, np.int64)
    score = np.empty(2 * CANDIDATES, np.float32)
    weights = np.empty(CANDIDATES, np.int64)
    mixed[:] = -1
    shares[:] = 0
    for document in range(len(labels)):
        start, count = first[document], first[document + 1] - first[document]
        if labels[document] < 0 or count < 2:
            continue
        total, other = np.int64(0), np.int64(0)
        for segment in range(count):
            part = start + segment
            mean_of(hidden, counts, part, part + 1, rows, sizes, mean)
            label = np.int64(labels[document])
            if len(left) == 0:
                label, _ = best_of_softmax(mean, output, label_count, dim, nodes)
            elif label_log(mean, output, right, parents, label_count, dim, nodes, label) < _HALF:
                label, _ = best_leaf(
                    mean, output, left, right, label_count, dim, pending, nodes
                )  # fmt: skip
            found[segment] = label
            total += letters[part]
            other += letters[part] if label != labels[document] else 0
        if other < least_share * np.float32(0.5) * total:
            continue
        picked = pick_candidates(found, letters[start : start + count], count, mass, candidates)
        for segment in range(count):
            part = start + segment
            mean_of(hidden, counts, part, part + 1, rows, sizes, mean)
            if len(left) == 0:
                best_of_softmax(mean, output, label_count, dim, nodes)
            for candidate in range(picked):
                logs[segment * CANDIDATES + candidate] = label_log(
                    mean, output, right, parents, label_count, dim, nodes, candidates[candidate]
                )
        best_sequence(logs, count, picked, cost, score, back, path)
        weights[:] = 0
        for segment in range(count):
            weights[path[segment]] += letters[start + segment]
        kept = 0
        at = document * LANGUAGES
        while kept < LANGUAGES:
            most = 0
            for candidate in range(picked):
                if weights[candidate] > weights[most]:
                    most = candidate
            if weights[most] < max(np.float32(least_letters), least_share * total):
                break
            mixed[at + kept] = candidates[most]
            shares[at + kept] = weights[most] / total
            weights[most] = 0
            kept += 1
        if kept < 2:
            mixed[at], shares[at] = -1, np.float32(0.0)
