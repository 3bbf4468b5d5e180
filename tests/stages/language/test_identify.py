"""Which parts of which rows are read: rows chosen, rows put in the place of others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.language.identify import Reading

DATA = np.zeros(0, np.uint8)

rows_of_parts = st.lists(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=3), max_size=6
)
"""For each row the bounds of its parts."""


def reading(rows):
    parts = np.array([part for row in rows for part in row], np.int64)
    first = np.cumsum([0, *map(len, rows)])
    return Reading(DATA, parts.ravel(), first)


def as_rows(found):
    pairs = [tuple(pair) for pair in found.parts.reshape(-1, 2).tolist()]
    return [pairs[a:b] for a, b in zip(found.first[:-1], found.first[1:], strict=True)]


@given(rows_of_parts, st.data())
def test_rows_are_replaced_in_their_places(rows, data):
    wanted = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    others = data.draw(st.lists(rows_of_parts.map(lambda r: r[0] if r else []),
                                min_size=sum(wanted), max_size=sum(wanted)))  # fmt: skip
    waiting = iter(others)
    expected = [next(waiting) if chosen else row for chosen, row in zip(wanted, rows, strict=True)]
    mask = np.array(wanted, np.bool_)
    found = reading(rows).replaced(mask, reading(others))
    assert as_rows(found) == expected
    assert as_rows(found.of(mask)) == others
