"""Writing placeholders into a column."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii.kinds import groups_of_kinds
from stages.pii.pii import Findings, counts, replaced

exhaustive = settings(deadline=None)
PLACEHOLDERS = ["<E>", "<PHONE>", "", "<КАРТА>", "<I>", "<N>"]


@exhaustive
@given(st.data())
def test_the_column_is_that_of_slicing(data):
    texts = data.draw(st.lists(st.text("ab1é中", max_size=12), max_size=5))
    skipped = data.draw(st.integers(0, len(texts)))
    column = pa.array(texts, pa.large_string())[skipped:]
    rows, begins, stops, kinds, expected = [], [], [], [], []
    place = sum(len(text.encode()) for text in texts[:skipped])
    for row, text in enumerate(texts[skipped:]):
        cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=4)))
        made, last = "", 0
        for first, end in zip(cuts[::2], cuts[1::2], strict=False):
            kind = data.draw(st.integers(0, 6))
            rows.append(row)
            begins.append(place + len(text[:first].encode()))
            stops.append(place + len(text[:end].encode()))
            kinds.append(kind)
            made += text[last:first] + PLACEHOLDERS[groups_of_kinds()[kind]]
            last = end
        expected.append(made + text[last:])
        place += len(text.encode())
    found = Findings(*(np.array(values, np.int64) for values in (rows, begins, stops, kinds)))
    result = replaced(column, found, PLACEHOLDERS)
    result.validate(full=True)
    assert result.to_pylist() == expected
    assert counts(found, len(column)).sum() == len(rows)
