"""Plain text: a document is a file, a paragraph or a line."""

import gzip
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def positions(outcome):
    return [int(row["origin"].rsplit("#")[-1]) for row in outcome.rows]


def test_a_file(read):
    outcome = read(b"\xef\xbb\xbfone\r\n\r\ntwo\n", "a.txt")
    assert outcome.texts == ["one\r\n\r\ntwo\n"]
    assert positions(outcome) == [0]


def test_lines(read):
    outcome = read("one\r\n\r\n \t\nzwölf\nlast".encode(), "a.txt", split="line")
    assert outcome.texts == ["one", "zwölf", "last"]
    assert positions(outcome) == [1, 4, 5]


def test_paragraphs(read):
    content = b"\n\na\r\nb\r\n\r\n \nc\nd\n"
    for batch_bytes in (4, 1 << 20):
        outcome = read(content, "a.txt", split="paragraph", batch_bytes=batch_bytes)
        assert outcome.texts == ["a\r\nb", "c\nd"]
        assert positions(outcome) == [3, 7]


@pytest.mark.parametrize("split", ["file", "paragraph", "line"])
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "empty file"),
        (b" \n\n", "empty file"),
        (b"caf\xe9", "not UTF-8"),
        (b"text \xff\xfe\x81 text", "not UTF-8"),
        (b"a\0b", "NUL character"),
        (b"x" * 101, "too long"),
        (gzip.compress(b"some words")[:-9], "truncated"),
    ],
)
def test_bad_files(read, split, content, error):
    outcome = read(content, "a.txt", split=split, max_record_bytes=100)
    assert [kind for _, kind in outcome.errors] == [error]
    assert outcome.rows == []


def test_a_bad_line_among_good_ones(read):
    content = b"good\nb\xffd\n\x00\n" + b"x" * 60 + b"\nend"
    outcome = read(content, "a.txt", split="line", max_record_bytes=50)
    assert outcome.texts == ["good", "end"]
    assert sorted(outcome.errors) == [(2, "not UTF-8"), (3, "NUL character"), (4, "too long")]


def test_a_paragraph_longer_than_allowed(read):
    content = b"good\n\n" + b"0123456\n" * 20 + b"\nend\n"
    for batch_bytes in (16, 40, 1 << 20):
        outcome = read(
            content, "a.txt", split="paragraph", max_record_bytes=50, batch_bytes=batch_bytes
        )
        assert outcome.texts == ["good", "end"]
        assert outcome.errors == [(3, "too long")]


def test_a_truncated_file_keeps_whole_paragraphs(read):
    packed = gzip.compress(b"".join(b"%d\n%d\n\n" % (k, k) for k in range(9000)))
    outcome = read(packed[: len(packed) // 2], "a.txt", split="paragraph")
    assert outcome.texts == [f"{k}\n{k}" for k in range(len(outcome.texts))]
    assert len(outcome.texts) > 1000
    assert [kind for _, kind in outcome.errors] == ["truncated"]


def test_columns_make_no_sense(read):
    with pytest.raises(ValueError, match="a text file has none"):
        read(b"x", "a.txt", columns={"text": "a"})


RUSSIAN = "Все счастливые семьи похожи друг на друга,\r\nкаждая несчастлива по-своему.\n\nКонец.\n"


NOTED = {
    "cp1251": "windows-1251",
    "koi8-r": "koi8-r",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-32": "utf-32-le",
}


@pytest.mark.parametrize("encoding", NOTED)
def test_other_encodings_are_found(read, encoding):
    text = RUSSIAN * 3
    content = text.encode(encoding)
    outcome = read(content, "a.txt")
    assert outcome.texts == [text]
    assert json.loads(outcome.rows[0]["meta"])["encoding"] == NOTED[encoding]
    outcome = read(gzip.compress(content), "a.txt.gz", split="line")
    assert outcome.texts == [line for line in text.splitlines() if line]
    assert positions(outcome)[:4] == [1, 2, 4, 5]
    outcome = read(content, "a.txt", split="paragraph")
    assert len(outcome.texts) == 4
    assert outcome.errors == []


def test_a_named_encoding(read):
    content = "Größe 5 €\n".encode("cp1252")
    assert read(content, "a.txt", encoding="iso-8859-1").texts == ["Größe 5 €\n"]
    assert read(content, "a.txt", encoding="latin1", split="line").texts == ["Größe 5 €"]
    assert read(content, "a.txt", encoding="utf-8").errors == [(None, "not UTF-8")]
    assert read("x".encode("utf-16-be"), "a.txt", encoding="utf-16be").texts == ["x"]
    with pytest.raises(ValueError, match="'klingon' is not known"):
        read(content, "a.txt", encoding="klingon", split="line")
    with pytest.raises(ValueError, match="'klingon' is not known"):
        read(content, "a.txt", encoding="klingon")


def test_bytes_that_do_not_fit_a_named_encoding(read):
    content = "漢字\n".encode("cp932") + b"\x81\x01\n" + "かな\n".encode("cp932")
    outcome = read(content, "a.txt", encoding="shift_jis", split="line")
    assert outcome.texts == ["漢字", "かな"]
    assert outcome.errors == [(2, "not shift_jis")]
    assert outcome.entries[0]["error"] == "not shift_jis: 1 place does not fit"
    assert read(content, "a.txt", encoding="shift_jis").errors == [(None, "not shift_jis")]


@pytest.mark.parametrize("split", ["line", "paragraph"])
def test_what_does_not_fit_is_told_by_the_encoding_that_was_tried(read, split):
    """The first lines are Japanese; later ones, out of another file, are not."""
    japanese = "吾輩は猫である。名前はまだ無い。\n\n" * (1 << 15)
    western = "Größe, Übung, Straße; déjà vu\n\n"
    content = japanese.encode("cp932") + western.encode("cp1252") + "終わり\n".encode("cp932")
    outcome = read(content, "a.txt", split=split)
    assert outcome.texts[-2:] == ["吾輩は猫である。名前はまだ無い。", "終わり"]
    assert outcome.errors == [(2 * (1 << 15) + 1, "not shift_jis")]
    error = outcome.entries[0]["error"]
    assert error.endswith(" not fit (told by the beginning of the file)")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["a", "é", "\n", "\r\n", " ", "\n\n"])), st.integers(1, 20))
def test_every_split_against_plain_python(read, pieces, batch_bytes):
    content = "".join(pieces)
    lines = [line.removesuffix("\r") for line in content.split("\n")]
    outcome = read(content.encode(), "a.txt", split="line", batch_bytes=batch_bytes)
    assert outcome.texts == [line for line in lines if line.strip()]
    paragraphs = re.split(r"\n(?:[ \t\r]*\n)+", re.sub(r"\A(?:[ \t\r]*\n)*", "", content))
    paragraphs = [re.sub(r"(?:\r?\n[ \t\r]*)*\Z", "", p).removesuffix("\r") for p in paragraphs]
    outcome = read(content.encode(), "a.txt", split="paragraph", batch_bytes=batch_bytes)
    assert outcome.texts == [p for p in paragraphs if p.strip()]
