"""Paragraphs and lines found, and which of them are the same."""

import re
import unicodedata

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stages.passages.paragraph_dedup import units
from stages.passages.scopes import scope_hashes

Lines = st.lists(
    st.sampled_from(
        ["", "  ", "***", "One, two", "one TWO", "ｏｎｅ ２", "one 2", "กก ข", "กกข", "x"]
    ),
    max_size=8,
)


def words(text):
    """Folded words: runs of Latin letters and digits, single Thai letters."""
    return re.findall(r"[a-z0-9]+|[ก-ฮ]", unicodedata.normalize("NFKC", text).lower())


def plain_units(text, unit, min_words):
    """(words, begin, end) of each paragraph or line, offsets in bytes."""
    found, at, group = [], 0, []
    for line in [*text.split("\n"), ""]:
        size = len(line.encode())
        if line.strip():
            group.append((at, at + size))
        if group and (unit == "line" or not line.strip()):
            begin, end = group[0][0], group[-1][1]
            said = words(text.encode()[begin:end].decode())
            found += [(tuple(said), begin, end)] if len(said) >= min_words else []
            group = []
        at += size + 1
    return found


@given(
    st.lists(Lines.map("\n".join), min_size=1, max_size=4),
    st.sampled_from(["line", "paragraph"]),
    st.integers(1, 3),
)
def test_units_agree_with_a_split(texts, unit, min_words):
    column = pa.array(["before", *texts], pa.large_string())[1:]
    everything = np.ones(len(texts), np.bool_)
    scopes = np.zeros(len(texts), np.uint64)
    hashes, begins, ends, borders = units(column, everything, scopes, unit, min_words)
    by_words, by_hash = {}, {}
    for row, text in enumerate(texts):
        here = slice(borders[row], borders[row + 1])
        expected = plain_units(text, unit, min_words)
        places = list(zip(begins[here].tolist(), ends[here].tolist(), strict=True))
        assert places == [(begin, end) for _, begin, end in expected]
        for value, (said, _, _) in zip(hashes[here].tolist(), expected, strict=True):
            assert by_words.setdefault(said, value) == value
            assert by_hash.setdefault(value, said) == said


def test_rows_not_wanted_have_no_units_and_scopes_differ():
    column = pa.array(["one two"] * 3, pa.large_string())
    scopes = np.array([1, 2, 1], np.uint64)
    wanted = np.array([True, True, False])
    hashes, _, _, borders = units(column, wanted, scopes, "line", 1)
    assert borders.tolist() == [0, 1, 2, 2]
    assert hashes[0] != hashes[1]


def test_hosts_are_scopes():
    urls = [
        "https://user@WWW.Example.org:8080/a", "example.org/b", "http://www.example.org.",
        "https://shop.example.org", "www.org", "", None,
    ]  # fmt: skip
    batch = pa.record_batch({"url": pa.array(urls, pa.string())})
    hashes, known = scope_hashes(batch, "domain")
    assert len(set(hashes[:3].tolist())) == 1
    assert len(set(hashes.tolist())) == 4
    assert known.tolist() == [True] * 5 + [False] * 2
