"""JSON lines: every field as ``json.loads`` reads it, every bad line accounted for."""

import gzip
import io
import json

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.quarantine import BadInput
from formats.readers.jsonl import BadLine, regular_line

GUESSED = {
    "text": ("text", "content", "raw_content"),
    "original_id": ("id",),
    "declared_lang": ("lang", "language"),
    "url": ("url", "link"),
    "pair_key": ("pair_key",),
}


def refuse(name):
    raise ValueError(f"{name} is not JSON")


def reference(line):
    """The fields of one line, slowly; None where it is no document."""
    try:
        record = json.loads(line, parse_constant=refuse)
        json.dumps(record, ensure_ascii=False).encode()  # fails for half a surrogate pair
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    fields = {}
    for ours, names in GUESSED.items():
        present = [name for name in names if name in record]
        chosen = [n for n in present if record[n] is not None][:1] or present[:1]
        fields[ours] = record.pop(chosen[0]) if chosen else None
    if not isinstance(fields["text"], str) or "\0" in fields["text"]:
        return None
    return fields | {"meta": record or None}


def assert_same(row, expected):
    """A row against ``reference``: what is no string stands as its JSON text."""
    for name, value in expected.items():
        if isinstance(value, str) or value is None:
            assert row[name] == value, name
        else:
            assert json.loads(row[name]) == value, name


def assert_outcome(outcome, made):
    """Rows and quarantine entries of a file against its lines."""
    expected = [reference(line) for line in made]
    documents = [fields for fields in expected if fields is not None]
    assert len(outcome.rows) == len(documents)
    for row, fields in zip(outcome.rows, documents, strict=True):
        assert_same(row, fields)
    bad = [k + 1 for k, fields in enumerate(expected) if fields is None]
    assert [entry["position"] for entry in outcome.entries] == bad


def lines(*records):
    return b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records)


def test_a_record_becomes_a_document(read):
    record = {"id": 7, "text": "ภาษา\n“x”", "lang": "th", "url": "u", "score": 1.50, "tags": ["a"]}
    [row] = read(lines(record)).rows
    assert row["text"] == "ภาษา\n“x”"
    assert row["original_id"] == "7"
    assert row["declared_lang"] == "th"
    assert (row["lang"], row["lang_score"]) == (None, None)
    assert row["source"] == "web"
    assert row["origin"].endswith("/part.jsonl#1")
    assert row["meta"] == '{"score": 1.5,"tags": ["a"]}'


def test_raw_slices_keep_the_spelling_of_numbers(read):
    [row] = read(b'{"text":"", "big":123456789012345678901234567890, "id":1.10e2}').rows
    assert row["meta"] == '{"big":123456789012345678901234567890}'
    assert row["original_id"] == "1.10e2"


def test_blank_lines_bom_crlf_and_a_missing_last_line_feed_are_tolerated(read):
    content = b'\xef\xbb\xbf{"text":"a"}\r\n\r\n  \t\n{"text":"b"}\r\n{"text":"c"}'
    outcome = read(content)
    assert outcome.texts == ["a", "b", "c"]
    assert [row["origin"].rsplit("#")[-1] for row in outcome.rows] == ["1", "4", "5"]
    assert outcome.counts == {}


def test_the_first_name_with_a_value_is_taken(read):
    record = {"text": None, "content": "x", "url": None, "lang": "a", "language": "b"}
    [row] = read(lines(record)).rows
    assert row["text"] == "x"
    assert row["declared_lang"] == "a"
    assert json.loads(row["meta"]) == {"text": None, "language": "b"}


def test_columns_rename_ignore_and_add_quality(read):
    records = [
        {"body": "x", "pair_key": "p", "id": "i", "q": 0.25},
        {"body": "y", "q": None, "text": "other"},
        {"body": "z", "q": "good"},
    ]
    columns = {"text": "body", "pair_key": None, "quality": "q"}
    outcome = read(lines(*records), columns=columns)
    assert outcome.texts == ["x", "y"]
    assert [row["quality"] for row in outcome.rows] == [0.25, None]
    assert [row["pair_key"] for row in outcome.rows] == [None, None]
    assert [row["meta"] for row in outcome.rows] == ['{"pair_key": "p"}', '{"text": "other"}']
    assert outcome.entries[0]["error"] == "wrong type: 'q' is a string, not a number"


def test_a_column_name_that_json_must_escape(read):
    [row] = read(b'{"a\\"b":"x", "c":1}', columns={"text": 'a"b'}).rows
    assert (row["text"], row["meta"]) == ("x", '{"c":1}')


def test_meta_null_reads_no_other_fields(read):
    [row] = read(lines({"text": "x", "a": 1}), columns={"meta": None}).rows
    assert row["meta"] is None


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"not json", "broken JSON: Expecting value at column 1"),
        (b'{"text":"a",}', "broken JSON"),
        (b'{"text":"a"} x', "broken JSON"),
        (b'{"text":"a" "b":1}', "broken JSON"),
        (b'{"text":"a","n":01}', "broken JSON"),
        (b'{"text":"a","n":[1 2]}', "broken JSON"),
        (b'{"text":"a","n":[1,]}', "broken JSON"),
        (b'{"text":"a","n":{"a":1]}', "broken JSON"),
        (b'{"text":"a","n":{"a"}}', "broken JSON"),
        (b'{"text":"a","n":NaN}', "broken JSON: NaN is not JSON"),
        (b'{"text":"a","n":tru}', "broken JSON"),
        (b'{"text":"a\\x"}', "broken JSON"),
        (b'{"text":"a\tb"}', "broken JSON: Invalid control character"),
        (b'{"text":"a\x00b"}', "broken JSON: Invalid control character"),
        (b'{"text":"a\\u00zz"}', "broken JSON"),
        (b'{"text":"a', "broken JSON: Unterminated string"),
        (b'{"text":"a","n":' + b"[" * 300 + b"]" * 300 + b"}", "broken JSON: nested too deeply"),
        (b'{"text":"a","n":' + b"[" * 99999 + b"}", "broken JSON: nested too deeply"),
        (b'["text"]', "not an object: the line is an array"),
        (b'"text"', "not an object: the line is a string"),
        (b"12", "not an object: the line is a number"),
        (b"null", "not an object: the line is null"),
        (b'{"a":1}', "missing text: the record has no 'text' or 'content' or 'raw_content'"),
        (b'{"text":null}', "missing text"),
        (b'{"text":12}', "wrong type: 'text' or 'content' or 'raw_content' is a number"),
        (b'{"text":["a"]}', "wrong type"),
        (b'{"text":true}', "wrong type"),
        (b'{"text":"\\ud800"}', "lone surrogate"),
        (b'{"text":"a","n":"\\udc00"}', "lone surrogate"),
        (b'{"text":"caf\xe9"}', "not UTF-8: byte 0xe9 at offset 12: "),
        (b'{"text":"\xed\xa0\x80"}', "not UTF-8"),
    ],
)
def test_a_bad_line_is_quarantined_and_its_neighbours_are_not(read, line, error):
    outcome = read(b'{"text":"before"}\n' + line + b'\n{"text":"after"}\n')
    assert outcome.texts == ["before", "after"]
    [entry] = outcome.entries
    assert entry["position"] == 2
    assert entry["error"].startswith(error)
    assert entry["raw"] == line[: 64 << 10]
    assert outcome.counts == {error.split(":")[0]: 1}


def test_on_error_fail_names_file_and_line(read):
    with pytest.raises(BadInput, match=r"part\.jsonl:2: broken JSON: Expecting value"):
        read(b'{"text":"a"}\nx\n', on_error="fail")


def test_lines_the_kernels_do_not_vouch_for_are_read_exactly(read):
    content = (
        b'{"text":"a","text":"b","n":1e400,"n":2}\n'
        b'{"te\\u0078t":"c","\\u00e9":"d\\/"}\n'
        b'{"a\\"b":[1.50, -0],"text":"e"}\n'
    )
    outcome = read(content)
    assert outcome.texts == ["b", "c", "e"]
    assert [row["meta"] for row in outcome.rows] == ['{"n":2}', '{"é":"d/"}', '{"a\\"b":[1.50,-0]}']


def test_a_mended_line_without_text_is_quarantined_as_it_was_read(read):
    outcome = read(b'{"a\\u0062": 1}\n')
    assert outcome.entries[0]["raw"] == b'{"a\\u0062": 1}'


def test_escapes(read):
    [row] = read(rb'{"text":"\"\\\/\b\f\n\r\t\u00e9\u0e01\u4E2D\ud83d\ude00\u007f!"}').rows
    assert row["text"] == '"\\/\b\f\n\r\té\u0e01中😀\x7f!'


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_said_to_be_one(read, content):
    assert read(content).errors == [(None, "empty file")]


def test_a_file_in_utf16_is_one_entry(read):
    outcome = read('{"text":"a"}\n'.encode("utf-16"))
    assert outcome.errors == [(None, "not UTF-8")]


def test_a_line_longer_than_allowed_is_passed_over(read):
    long_line = json.dumps({"text": "x" * 5000}).encode()
    content = b'{"text":"a"}\n' + long_line + b'\n{"text":"b"}\n' + long_line
    for batch_bytes in (64, 700, 1 << 20):
        outcome = read(content, batch_bytes=batch_bytes, max_record_bytes=1000)
        assert outcome.texts == ["a", "b"]
        assert outcome.errors == [(2, "too long"), (4, "too long")]
        assert outcome.rows[1]["origin"].endswith("#3")
        assert all(long_line.startswith(entry["raw"]) for entry in outcome.entries)


def test_a_line_longer_than_a_batch_is_read(read):
    content = lines({"text": "x" * 5000}, {"text": "y"})
    outcome = read(content, batch_bytes=64)
    assert [len(text) for text in outcome.texts] == [5000, 1]
    assert [batch.num_rows for batch in outcome.batches] == [1, 1]


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_truncated_file_gives_all_whole_records_and_one_entry(read, suffix):
    content = lines(*({"text": f"{k} " + "é" * (k % 50)} for k in range(3000)))
    packed = (
        gzip.compress(content) if suffix == "gz" else zstandard.ZstdCompressor().compress(content)
    )
    for cut in (len(packed) - 1, len(packed) // 2, 40):
        if suffix == "gz":
            whole = gzip.GzipFile(fileobj=io.BytesIO(packed[:cut]))
            prefix = b""
            try:
                while piece := whole.read1(100):
                    prefix += piece
            except EOFError:
                pass
        else:
            reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed[:cut]))
            prefix = reader.read()
        expected = [json.loads(line)["text"] for line in prefix.split(b"\n")[:-1]]
        outcome = read(packed[:cut], f"part.jsonl.{suffix}")
        assert outcome.texts == expected
        assert outcome.errors == [(len(expected) + 1, "truncated")]
        assert f"{len(expected):,} lines were whole" in outcome.entries[0]["error"]


def test_batches_hold_no_more_than_asked(read):
    outcome = read(lines(*({"text": "x" * 100} for _ in range(50))), batch_bytes=1000)
    assert all(batch.num_rows <= 10 for batch in outcome.batches)
    assert len(outcome.rows) == 50


def test_a_line_of_many_members(read):
    record = {"text": "x"} | {f"k{k}": k for k in range(5000)}
    outcome = read(lines(record, record))
    assert [len(json.loads(row["meta"])) for row in outcome.rows] == [5000, 5000]


nested_keys = st.text('aé"\\\n', max_size=3)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(nested_keys, inner),
    max_leaves=6,
)
keys = st.sampled_from([*(n for names in GUESSED.values() for n in names), "a", "é", 'q"', ""])
records = st.dictionaries(keys, json_values, max_size=8)


@st.composite
def spelled_lines(draw):
    """Records as lines, in several spellings."""
    made = []
    for record in draw(st.lists(records, max_size=6)):
        ensure_ascii = draw(st.booleans())
        separators = draw(st.sampled_from([(",", ":"), (" , ", "\t: "), None]))
        text = json.dumps(record, ensure_ascii=ensure_ascii, separators=separators)
        made.append(text.encode())
    return made


@settings(max_examples=150, deadline=None)
@given(spelled_lines(), st.sampled_from([32, 200, 1 << 20]), st.sampled_from([b"\n", b"\r\n"]))
def test_every_field_is_as_json_reads_it(read, made, batch_bytes, line_end):
    made.append(b'{"text":"sound"}')
    assert_outcome(read(line_end.join(made), batch_bytes=batch_bytes), made)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_a_damaged_line_is_read_only_where_json_reads_it(read, data):
    """Whatever single byte changes: our verdict is that of the standard library."""
    line = bytearray(json.dumps(data.draw(records) | {"text": "x\n\u0e01"}).encode())
    position = data.draw(st.integers(0, len(line) - 1))
    change = data.draw(st.sampled_from(b'{}[]":,\\ue0-.+ \tx\x01'))
    if data.draw(st.booleans()):
        line[position] = change
    else:
        line.insert(position, change)
    made = [b'{"text":"sound"}', bytes(line)]
    assert_outcome(read(b"\n".join(made)), made)


@settings(max_examples=100, deadline=None)
@given(records)
def test_regular_lines_are_never_longer(record):
    for ensure_ascii in (True, False):
        raw = json.dumps(record, ensure_ascii=ensure_ascii, separators=(",", ":")).encode()
        regular = regular_line(raw)
        assert len(regular) <= len(raw)
        assert json.loads(regular) == record


def test_a_regular_line_refuses_what_is_no_object():
    with pytest.raises(BadLine, match="not an object: the line is an array"):
        regular_line(b"[1]")


def test_development_files_read_as_json_reads_them(development_data, read):
    """The first 300 lines of every file, field by field."""
    paths = sorted(development_data.rglob("*.jsonl.zst"))
    assert paths
    for path in paths:
        with open(path, "rb") as packed:
            stream = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
            head = io.BufferedReader(stream)
            sample = [line for _, line in zip(range(300), head, strict=False)]
        assert_outcome(read(b"".join(sample)), sample)


def test_the_malformed_development_file(development_data, read):
    outcome = read(development_data / "dirty" / "raw_bytes" / "malformed.jsonl")
    assert outcome.texts == ["fine", "b"]  # of a key that comes twice the last counts
    assert outcome.errors == [
        (2, "missing text"),
        (3, "missing text"),
        (4, "wrong type"),
        (5, "lone surrogate"),
        (6, "broken JSON"),
        (9, "not an object"),
        (10, "not UTF-8"),
        (11, "broken JSON"),
    ]


def test_an_escaped_control_character_is_text(read):
    """Whether it stays is a matter of ``normalize``, not of reading."""
    assert read(b'{"text":"a\\u0000b"}\n').texts == ["a\0b"]
