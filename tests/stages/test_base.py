"""What stages share: columns on some rows of a batch."""

import numpy as np
import pyarrow as pa

from stages.base import on_rows


def test_values_stand_on_their_rows_and_null_on_the_others() -> None:
    found = on_rows(pa.array(["b", "a"]), np.array([3, 0]), 5)
    assert found.to_pylist() == ["a", None, None, "b", None]
    assert on_rows(pa.array([], pa.string()), np.zeros(0, np.int64), 2).to_pylist() == [None] * 2
