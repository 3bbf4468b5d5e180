"""Sentence pairs that are there twice, and sentences with many translations."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.bilingual.repeats import repeated


def rows(pairs):
    """Both sides of pairs (left, right), one row of one part each."""
    numbers = np.arange(len(pairs))
    left, right = (np.array([pair[s] for pair in pairs], np.uint64) for s in (0, 1))
    return pa.table({
        "pair": pa.array(np.zeros(2 * len(pairs)), pa.int32()),
        "side": pa.array(np.repeat([0, 1], len(pairs)), pa.int8()),
        "own": pa.array(np.concatenate([left, right])),
        "other": pa.array(np.concatenate([right, left])),
        "part": pa.array(np.zeros(2 * len(pairs)), pa.int64()),
        "row": pa.array(np.tile(numbers, 2)),
    })  # fmt: skip


def found(pairs, most=2):
    table = repeated(rows(pairs), np.array([most]))
    return set(zip(table["row"].to_pylist(), table["reason"].to_pylist(), strict=True))


def test_the_second_of_two_equal_pairs_goes():
    assert found([(1, 10), (2, 20), (1, 10), (1, 10)]) == {
        (2, "duplicate: 2 vs 1"), (3, "duplicate: 3 vs 1")
    }  # fmt: skip


def test_a_sentence_with_many_translations_goes_with_all_of_them():
    assert found([(1, 10), (1, 11), (1, 12), (2, 10)]) == {
        (row, "many_partners: 3 vs 2") for row in range(3)
    }
    gone = {(row, "many_partners: 3 vs 2") for row in range(3)}
    assert found([(10, 1), (11, 1), (12, 1)]) == gone
    assert found([(1, 10), (1, 11)]) == set()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=20), st.integers(1, 3))
def test_it_equals_plain_python(pairs, most):
    partners = [defaultdict(set), defaultdict(set)]
    for left, right in pairs:
        partners[0][left].add(right)
        partners[1][right].add(left)
    gone, seen = set(), set()
    for row, (left, right) in enumerate(pairs):
        if len(partners[0][left]) > most or len(partners[1][right]) > most or (left, right) in seen:
            gone.add(row)
        seen.add((left, right))
    assert {row for row, _ in found(pairs, most)} == gone
