"""Counting listed words against a plain reference."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.dedup.fold_kernels import CLUSTER, DIGIT, MARK, SEPARATOR, SKIPPED
from stages.dedup.folding import fold, fold_table, kind
from stages.toxicity import toxicity_kernels as kernels

exhaustive = settings(deadline=None, max_examples=300)
"""A shared machine may pause for longer than hypothesis' deadline."""


def words_of(text):
    """(word, whether something stands before it) of a text."""
    words, gap, open_run = [], True, False
    for character in text:
        of = kind(character) & ~DIGIT
        if of == SKIPPED:
            continue
        if of == SEPARATOR or (of == MARK and gap):
            gap, open_run = True, False
        elif of == MARK or (of != CLUSTER and open_run):
            words[-1][0] += fold(character)
        else:
            words.append([fold(character), gap])
            gap, open_run = False, of != CLUSTER
    return [tuple(word) for word in words]


def reference(text, entries):
    """(matches, words in matches, words): longest first, none inside another."""
    words = words_of(text)
    wanted = [[(w, g or k == 0) for k, (w, g) in enumerate(words_of(entry))] for entry in entries]
    matches = covered = first = 0
    while first < len(words):
        here = [(words[first][0], True), *words[first + 1 :]]
        size = max((len(e) for e in wanted if e and here[: len(e)] == e), default=0)
        matches, covered = matches + (size > 0), covered + size
        first += max(size, 1)
    return matches, covered, len(words)


def counted(texts, entries, lists=None):
    data, offsets = text_buffers(pa.array(entries, pa.large_string()))
    keys, flags = np.zeros(1024, np.uint64), np.zeros(1024, np.uint8)
    numbers = np.zeros(len(entries), np.int64) if lists is None else np.array(lists)
    kernels.build(data, offsets, numbers, *fold_table(), keys, flags, np.zeros(1024, np.uint64))
    data, offsets = text_buffers(pa.array(texts, pa.large_string()))
    counts = np.zeros((4, len(texts)), np.int64)
    everything = np.ones(len(texts), np.bool_)
    zeros = np.zeros(len(texts), np.int64)
    kernels.count_matches(data, offsets, everything, zeros, *fold_table(), keys, flags, *counts)
    return counts.T.tolist()


ALPHABET = "abAＢé \u0301-中国ก่าข٣ـ\u200d한"


@exhaustive
@given(
    st.lists(st.text(ALPHABET, min_size=1, max_size=5), max_size=5),
    st.lists(st.text(ALPHABET, max_size=24), min_size=1, max_size=4),
)
def test_the_kernel_agrees_with_the_reference(entries, texts):
    for text, counts in zip(texts, counted(texts, entries), strict=True):
        assert counts[:3] == list(reference(text, entries))
        assert counts[3] == len(text)


@pytest.mark.parametrize(
    ("text", "entry", "matches"),
    [
        ("A BAD word, bad!", "bad", 2),
        ("badly embad", "bad", 0),
        ("very-bad  word and very badword", "very bad word", 1),
        ("坏话很多，坏 话", "坏话", 1),
        ("คนเลวมาก", "เลว", 1),
        ("เก่า เก้า", "เก่า", 1),
        ("ＢＡＤ bád", "bad", 1),
        ("ПЛОХО плохой", "плохо", 1),
        ("ab ab ab ab", "ab ab", 2),
    ],
)
def test_whole_words_several_words_and_parts_of_spaceless_text(text, entry, matches):
    assert counted([text], [entry])[0][0] == matches


def test_the_longest_entry_counts_once():
    assert counted(["a b c d"], ["a", "a b c", "b"])[0][:2] == [1, 3]


def test_lists_are_apart():
    assert counted(["bad"], ["bad"], [1])[0][0] == 0
