"""Repeated n-grams and lines: parity with datatrove's figures, and a plain reference."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.compile import array_types, kernel
from stages.quality.hashing_kernels import count_duplicates
from stages.quality.repetition_kernels import repeated_characters

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""
_t = array_types()


def kernel_result(words, stretch=1, joiner=1, fewest=1):
    numbers = {word: i for i, word in enumerate(dict.fromkeys(words))}
    mixer = np.uint64(0x9E3779B97F4A7C15)
    hashes = np.array([numbers[w] + 1 for w in words], np.uint64) * mixer
    lengths = np.array([len(w) for w in words], np.int64)
    result = np.zeros(9, np.int64)
    numbers_given = (np.array([x]) for x in (stretch, joiner, fewest))
    repeated_characters(hashes, lengths, *numbers_given, result)
    return result.tolist()


def reference(words, stretch=1, joiner=1, fewest=1):
    """datatrove's definitions over words: top n-gram for n = 2..4, duplicates for n = 5..10."""
    result = [0] * 9
    for level in range(9):
        order = (level + 2) * stretch
        grams = [tuple(words[i : i + order]) for i in range(len(words) - order + 1)]
        if not grams:
            break
        if level < 3:
            gram, count = Counter(grams).most_common(1)[0]
            if count >= fewest:
                result[level] = (sum(map(len, gram)) + joiner * (order - 1)) * count
            continue
        seen = set()
        position = 0
        while position < len(grams):
            if grams[position] in seen:
                result[level] += sum(map(len, grams[position]))
                position += order
            else:
                seen.add(grams[position])
                position += 1
    return result


PARITY = [
    ("a b c d e f\na b c d e f\n\nx y z\n", str.split, [0.1935, 0.3226, 0.4516, 0.1613]),
    (
        "the cat sat on the mat . the cat sat on the mat .",
        str.split,
        [0.2857, 0.4490, 0.5714, 0.2857],
    ),
    ("กา กา กา กา กา กา", str.split, [1.4706, 1.8824, 1.9412, 0.5882]),
    ("我" * 10, list, [2.7, 4.0, 4.9, 0.5]),
    ("one two three", str.split, [0.5385, 1.0, 0.0, 0.0]),
]
"""Figures of datatrove's helper functions on words split before (top 2, 3, 4; duplicate 5)."""


@pytest.mark.parametrize(("text", "split", "expected"), PARITY)
def test_fractions_are_those_of_datatrove(text, split, expected):
    found = kernel_result(split(text))
    assert [round(x / len(text), 4) for x in found[:4]] == expected


def test_a_top_ngram_counts_from_its_third_time_on():
    assert kernel_result(["one", "two", "three"], fewest=3) == [0] * 9
    assert kernel_result(["one", "two"] * 2, fewest=3) == [0] * 9
    assert kernel_result(["one", "two"] * 3, fewest=3)[0] == 7 * 3


words = st.lists(st.sampled_from(["a", "bb", "ccc", "dddd"]), max_size=80)


@exhaustive
@given(words, st.sampled_from([1, 2]), st.sampled_from([0, 1]), st.sampled_from([1, 2, 3]))
def test_the_kernel_agrees_with_the_reference(given_words, stretch, joiner, fewest):
    expected = reference(given_words, stretch, joiner, fewest)
    assert kernel_result(given_words, stretch, joiner, fewest) == expected


@exhaustive
@given(st.lists(st.integers(0, 10**6).map(str), max_size=300), st.integers(1, 3))
def test_long_documents_of_rare_words_agree_too(given_words, copies):
    given_words = given_words * copies
    assert kernel_result(given_words) == reference(given_words)


@kernel((_t["u64"], _t["i64"], _t["w_u64"], _t["w_i64"]))
def duplicates_of(hashes, lengths, keys, result):
    found = count_duplicates(hashes, lengths, np.int64(len(hashes)), keys)
    result[0] = found[0]
    result[1] = found[1]


@exhaustive
@given(st.lists(st.integers(0, 9), max_size=50))
def test_duplicates_are_all_copies_but_the_first(items):
    hashes = np.array(items, np.uint64)
    lengths = np.array(items, np.int64) + 1
    result = np.zeros(2, np.int64)
    duplicates_of(hashes, lengths, np.zeros(256, np.uint64), result)
    extra = Counter(items)
    extra.subtract(set(items))
    assert result.tolist() == [extra.total(), sum((i + 1) * n for i, n in extra.items())]
