"""CSV and TSV: quotes, bad records, and what a plain reader of the library gives."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def test_records_become_documents(read):
    content = b'\xef\xbb\xbfid,text,lang,n\r\n1,"a ""b""\r\nc",en,\r\n\r\n2,d,,5\r\n'
    outcome = read(content, "a.csv")
    assert outcome.texts == ['a "b"\r\nc', "d"]
    assert [row["original_id"] for row in outcome.rows] == ["1", "2"]
    assert [row["declared_lang"] for row in outcome.rows] == ["en", None]
    assert [row["origin"].rsplit("#")[-1] for row in outcome.rows] == ["2", "5"]
    assert [row["meta"] for row in outcome.rows] == ['{"n":""}', '{"n":"5"}']
    assert outcome.counts == {}


def test_tabs_by_name(read):
    outcome = read(gzip.compress(b"text\tn\na,b\t1\n"), "a.tsv.gz")
    assert outcome.texts == ["a,b"]


def test_bad_records_are_counted_and_the_rest_is_read(read):
    content = (
        b"id,text,q\n1,ok,0.5\n2,few\n3,many,1,x\n"
        b'4,"a"b,1\n5,caf\xe9,1\n6,a\0b,1\n7,none,high\n8,empty,\n9,"open,1\n'
    )
    outcome = read(content, "a.csv", columns={"quality": "q"})
    assert outcome.texts == ["ok", "empty"]
    assert [row["quality"] for row in outcome.rows] == [0.5, None]
    assert sorted(outcome.errors) == [
        (3, "wrong field count"),
        (4, "wrong field count"),
        (5, "broken CSV"),
        (6, "not UTF-8"),
        (7, "NUL character"),
        (8, "wrong type"),
        (10, "broken CSV"),
    ]
    by_line = {entry["position"]: entry["raw"] for entry in outcome.entries}
    assert by_line[5] == b'4,"a"b,1\n'


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "empty file"),
        (b"id,text\n", "empty file"),
        (b"id,body\n1,a\n", "missing text"),
        (b'"id"x,text\n1,a\n', "broken CSV"),
    ],
)
def test_a_file_of_the_wrong_shape_is_one_entry(read, content, error):
    assert read(content, "a.csv").errors == [(None, error)]


def test_a_truncated_file_gives_all_whole_records_and_one_entry(read):
    content = b"text\n" + b"".join(b'"line %d\nof two"\n' % k for k in range(2000))
    packed = gzip.compress(content)
    outcome = read(packed[: len(packed) // 2], "a.csv.gz")
    assert outcome.texts == [f"line {k}\nof two" for k in range(len(outcome.texts))]
    assert len(outcome.texts) > 500
    assert [error for _, error in outcome.errors] == ["truncated"]


def test_names_that_come_twice(read):
    [row] = read(b"text,a,a\nx,1,2\n", "a.csv").rows
    assert row["meta"] == '{"a":"1","a.1":"2"}'


cells = st.text(st.sampled_from('a,"\n\ré '), max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1), st.sampled_from([20, 1 << 20]))
def test_what_the_library_writes_is_read_back(read, rows, batch_bytes):
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "x"), *rows])
    outcome = read(sink.getvalue().encode(), "a.csv", batch_bytes=batch_bytes)
    made = [(row["text"], json.loads(row["meta"])["x"]) for row in outcome.rows]
    assert made == rows
