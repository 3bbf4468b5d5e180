"""Who stays of a cluster: an order without ties; dates from columns and from other fields."""

import numpy as np
import pyarrow as pa
import pytest

from stages.dedup.ranking import UNKNOWN_DATE, dates, survivor_order

KNOWN = pa.table(
    {
        "quality": pa.chunked_array([pa.array([None, 0.5, 0.5, 0.5, -0.0, 0.0], pa.float32())]),
        "length": pa.array([9, 1, 2, 2, 3, 3]),
        "date": pa.array([-1, 2, -1, 3, 3, 1]),
        "id": pa.array(["a", "b", "d", "c", "f", "e"]),
    }
)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("best_quality", "cdbefa"),
        ("longest", "aefcdb"),
        ("newest", "fcbead"),
        ("first", "abcdef"),
        ("source_order", "efcdba"),
    ],
)
def test_the_orders(keep, expected):
    order = survivor_order(
        KNOWN, np.arange(6)[::-1].copy() if keep == "source_order" else np.arange(6), keep
    )
    names = KNOWN.column("id").take(pa.array(order)).to_pylist()
    assert "".join(names) == expected


def test_two_documents_of_one_id_are_told_apart_by_where_they_stand():
    twice = KNOWN.take(pa.array([3, 3]))
    assert survivor_order(twice, np.array([8, 7]), "best_quality").tolist() == [1, 0]


def test_dates():
    batch = pa.record_batch(
        {
            "date": pa.array(["2024-05-01", None, None, None, "yesterday", None]),
            "meta": pa.array(
                [
                    '{"date": "1999-01-01"}',
                    '{"a": 1, "date": "2023-04-05T06:07:08+09:00"}',
                    '{"crawled":"20230405060708"}',
                    None,
                    "{}",
                    '{"update": "2020-01-01"}',
                ]
            ),
        }
    )
    assert dates(batch, ("date", "crawled")).to_pylist() == [
        20240501000000, 20230405060708, 20230405060708, UNKNOWN_DATE, UNKNOWN_DATE, UNKNOWN_DATE,
    ]  # fmt: skip
    assert dates(batch.select([]).slice(0, 0), ("date",)).to_pylist() == []
