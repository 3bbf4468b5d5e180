"""Parquet and Arrow files: columns to fields, the rest to meta, bad rows and files aside."""

import datetime
import decimal
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.readers.json_columns import json_objects


def parquet(table, **options):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def arrow_file(table, batch_rows=2):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, batch_rows)
    return sink.getvalue().to_pybytes()


def arrow_stream(table, batch_rows=2):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, batch_rows)
    return sink.getvalue().to_pybytes()


FORMATS = [("a.parquet", parquet), ("a.arrow", arrow_file), ("a.arrow", arrow_stream)]
TABLE = pa.table(
    {
        "id": [1, 2, 3],
        "content": ["a", "é\n", ""],
        "language": pa.array(["en", "fr", None]).dictionary_encode(),
        "n": [1, None, 3],
        "tags": [["x"], [], None],
    }
)


@pytest.mark.parametrize(("name", "write"), FORMATS)
def test_rows_become_documents(read, name, write):
    outcome = read(write(TABLE), name)
    assert outcome.texts == ["a", "é\n", ""]
    assert [row["original_id"] for row in outcome.rows] == ["1", "2", "3"]
    assert [row["declared_lang"] for row in outcome.rows] == ["en", "fr", None]
    assert [row["origin"].rsplit("#")[-1] for row in outcome.rows] == ["0", "1", "2"]
    assert [row["meta"] for row in outcome.rows] == [
        '{"n":1,"tags":["x"]}',
        '{"n":null,"tags":[]}',
        '{"n":3,"tags":null}',
    ]
    assert outcome.counts == {}


@pytest.mark.parametrize(("name", "write"), FORMATS)
def test_bad_rows_are_quarantined_with_their_row(read, name, write):
    texts = pa.array([b"ok", None, b"caf\xe9", b"a\0b", b"x" * 99, b"last"], pa.binary())
    outcome = read(write(pa.table({"text": texts})), name, max_record_bytes=50)
    assert outcome.texts == ["ok", "last"]
    assert outcome.errors == [
        (1, "missing text"),
        (2, "not UTF-8"),
        (3, "NUL character"),
        (4, "too long"),
    ]
    assert [row["origin"].rsplit("#")[-1] for row in outcome.rows] == ["0", "5"]
    assert outcome.entries[1]["raw"] == b"caf\xe9"


@pytest.mark.parametrize(("name", "write"), FORMATS)
@pytest.mark.parametrize(
    ("table", "settings", "error"),
    [
        (pa.table({"a": [1]}), {}, "missing text: no column 'text' or 'content' or 'raw_content'"),
        (pa.table({"text": [1]}), {}, "wrong type: column 'text' is int64, not text"),
        (pa.table({"text": ["a"]}), {"columns": {"url": "u"}}, "missing column: no column 'u'"),
        (pa.table({"text": ["a"]}).slice(1), {}, "empty file: it holds no row"),
        (
            pa.table({"text": ["a"], "q": [True]}),
            {"columns": {"quality": "q"}},
            "wrong type: column 'q' is bool, not a number",
        ),
    ],
)
def test_a_file_of_the_wrong_shape_is_one_entry(read, name, write, table, settings, error):
    outcome = read(write(table), name, **settings)
    [entry] = outcome.entries
    assert entry["position"] is None
    assert entry["error"].startswith(error)


@pytest.mark.parametrize(("name", "write"), FORMATS)
def test_damaged_files(read, name, write):
    table = pa.table({"text": [f"{k:090}" for k in range(1000)]})
    whole = write(table)
    assert read(whole[: len(whole) // 2], name).entries[0]["error"].startswith("damaged: ")
    assert read(b"garbage" * 20, name).errors == [(None, "damaged")]
    assert read(b"", name).errors == [(None, "empty file")]


def test_a_cut_arrow_stream_gives_the_batches_before(read):
    table = pa.table({"text": [f"{k:090}" for k in range(1000)]})
    whole = arrow_stream(table, 100)
    outcome = read(whole[: len(whole) // 2], "a.arrow")
    assert outcome.texts == table["text"].to_pylist()[: len(outcome.texts)]
    assert len(outcome.texts) in (400, 500)
    assert outcome.entries[0]["error"].endswith(f"(after {len(outcome.texts)} rows)")


def test_a_damaged_page_stops_the_file_with_one_entry(read):
    table = pa.table({"text": [f"{k:090}" for k in range(1000)]})
    whole = bytearray(
        parquet(table, row_group_size=100, compression="snappy", use_dictionary=False)
    )
    middle = len(whole) // 2
    whole[middle : middle + 500] = b"\xff" * 500
    outcome = read(bytes(whole), "a.parquet")
    assert outcome.texts == table["text"].to_pylist()[: len(outcome.texts)]
    assert outcome.errors == [(None, "damaged")]


def test_quality_and_batches(read):
    table = pa.table({"text": ["x" * 100] * 50, "q": np.linspace(0, 1, 50)})
    outcome = read(parquet(table), "a.parquet", columns={"quality": "q"}, batch_bytes=1000)
    assert all(batch.num_rows <= 10 for batch in outcome.batches)
    assert outcome.rows[-1]["quality"] == 1.0
    assert outcome.rows[0]["meta"] is None


def test_meta_null_decodes_only_the_mapped_columns(read):
    outcome = read(parquet(TABLE), "a.parquet", columns={"meta": None})
    assert [row["meta"] for row in outcome.rows] == [None] * 3


def test_invalid_text_in_another_column_keeps_the_row_out(read):
    bad = pa.array([b"ok", b"\xff"]).cast(pa.binary()).view(pa.string())
    outcome = read(parquet(pa.table({"text": ["a", "b"], "url": bad})), "a.parquet")
    assert outcome.texts == ["a"]
    assert outcome.entries[0]["error"].endswith("(column 'url')")


def test_kinds_of_value_in_meta():
    columns = {
        "bool": pa.array([True, None]),
        "float": pa.array([math.nan, 1.5]),
        "time": pa.array([datetime.datetime(2024, 1, 2, 3), None]),
        "date": pa.array([datetime.date(2024, 1, 2), None]),
        "decimal": pa.array([decimal.Decimal("1.20"), None]),
        "bytes": pa.array([b"\xff", None]),
        "struct": pa.array([{"a": [b"\xff"]}, None]),
    }
    first, second = map(json.loads, json_objects(columns).to_pylist())
    assert first == {
        "bool": True,
        "float": None,
        "time": "2024-01-02T03:00:00",
        "date": "2024-01-02",
        "decimal": "1.20",
        "bytes": "/w==",
        "struct": {"a": ["/w=="]},
    }
    assert second == dict.fromkeys(first) | {"float": 1.5}


scalars = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | scalars,
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.lists(scalars),
        ),
        min_size=1,
    )
)
def test_meta_is_what_json_would_write(rows):
    kinds = [pa.large_string(), pa.int64(), pa.float64(), pa.list_(pa.string())]
    names = ["s", "i", 'f"', "l\n"]
    columns = [pa.array(c, t) for c, t in zip(zip(*rows, strict=True), kinds, strict=True)]
    made = json_objects(dict(zip(names, columns, strict=True)))
    expected = [dict(zip(names, row, strict=True)) for row in rows]
    assert [json.loads(text) for text in made.to_pylist()] == expected
