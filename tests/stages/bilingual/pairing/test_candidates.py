"""Which documents meet, against plain Python."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.bilingual.pairing import candidates
from stages.bilingual.pairing.candidates import SUMMED, columns_of, joined, shortlists, summed


def reference(postings, products, right_most, left_most):
    """All sums of products; the best of each right and of each left document."""
    by_entry = defaultdict(lambda: ([], []))
    for pair, entry, right, node, value in postings:
        by_entry[pair, entry][right].append((-value, node))
    sums = defaultdict(float)
    side = int(products**0.5)
    for (pair, _), (lefts, rights) in by_entry.items():
        most = [max(side, products // max(len(other), 1)) for other in (rights, lefts)]
        for one, left in sorted(lefts)[: most[0]]:
            for other, right in sorted(rights)[: most[1]]:
                sums[pair, left, right] += one * other
    named = set()
    for place, limit in ((2, right_most), (1, left_most)):
        groups = defaultdict(list)
        for key, value in sums.items():
            groups[key[0], key[place]].append((-value, key[3 - place], key))
        for group in groups.values():
            named |= {key for _, _, key in sorted(group)[:limit]}
    return {key: sums[key] for key in named}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 3), st.booleans(), st.integers(0, 9)),
        max_size=40, unique=True,
    ),
    st.sampled_from([4, 9, 1000]),
    st.integers(1, 4),
)  # fmt: skip
def test_the_best_of_both_sides_meet(postings, products, most):
    rows = [(*row, 1.0 + (7 * row[3] + 3 * row[1]) % 5) for row in postings]
    columns = [[row[i] for row in rows] for i in range(5)]
    kinds = (np.int32, np.int64, np.bool_, np.int64, np.float32)
    arrays = [np.array(c, kind) for c, kind in zip(columns, kinds, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "MOST_PRODUCTS", products)
        patch.setattr(candidates, "SHORTLIST", most)
        patch.setattr(candidates, "LEFT_SHORTLIST", most + 1)
        table = shortlists(*arrays)
    found = {(r["pair"], r["left"], r["right"]): r["value"] for r in table.to_pylist()}
    assert table.num_rows == len(found)
    assert found == pytest.approx(reference(rows, products, most, most + 1))


def table(*rows):
    columns = [[row[i] for row in rows] for i in range(4)]
    return pa.table(dict(zip(SUMMED.names, columns, strict=True)), SUMMED)


def test_what_several_buckets_say_of_a_pair_is_added_up():
    rows = table((0, 5, 2, 1.5), (0, 4, 2, 1.0), (0, 5, 2, 2.0), (1, 5, 2, 4.0))
    assert [c.tolist() for c in columns_of(summed(rows))] == [
        [0, 0, 1], [4, 5, 5], [2, 2, 2], [1.0, 3.5, 4.0]
    ]  # fmt: skip


def test_a_pair_that_both_sides_name_is_compared_once():
    best, nearest = table((0, 4, 2, 1.0), (0, 5, 2, 3.0)), table((0, 5, 2, 3.0), (0, 9, 2, 0.5))
    assert joined(best, nearest).to_pylist() == [
        {"pair": 0, "left": 4, "right": 2, "nearest": False},
        {"pair": 0, "left": 5, "right": 2, "nearest": True},
        {"pair": 0, "left": 9, "right": 2, "nearest": True},
    ]


def test_nothing_meets_without_postings():
    none = [np.zeros(0, kind) for kind in (np.int32, np.int64, np.bool_, np.int64, np.float32)]
    assert shortlists(*none).num_rows == 0
