"""Hosts, their parents and the words of URLs against plain references."""

import re
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.urls.lists import Table
from stages.urls.url_filter import match_domains, match_words
from stages.urls.url_kernels import build_domains, build_words, host

exhaustive = settings(deadline=None, max_examples=300)
"""A shared machine may pause for longer than hypothesis' deadline."""
LABELS = ["a", "b", "example", "co", "uk", "org", "xn--p1ai"]
HOSTS = st.lists(st.sampled_from(LABELS), min_size=1, max_size=5).map(".".join)


def table_of(entries, build):
    data = "".join(entries).encode()
    sizes = [len(entry.encode()) for entry in entries]
    offsets = np.cumsum([0, *sizes]).astype(np.int64)
    keys, places = np.zeros(64, np.uint64), np.full(64, -1, np.int64)
    texts = np.frombuffer(data or b" ", np.uint8)[: len(data)]
    build(texts, offsets, keys, places)
    return Table(texts, offsets, np.zeros(len(entries), np.int64), keys, places)


def host_of(url):
    data = np.frombuffer(url.encode(), np.uint8)
    begin, end, plain = host(data, 0, len(data))
    return data[begin:end].tobytes().decode(), plain


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.Example.org/a?b#c", "www.Example.org"),
        ("http://user:pass@example.org:8080/x", "example.org"),
        ("//example.org/x", "example.org"),
        ("example.org/x//y", "example.org"),
        ("example.org", "example.org"),
        ("https://example.org.", "example.org"),
        ("https://example.org?q=http://other.example/", "example.org"),
        ("http://[2001:db8::1]:80/x", "2001:db8::1"),
        ("https://example.org\\@evil.example/", "example.org"),
        ("mailto:me@example.org", "example.org"),
        ("", ""),
        ("https://", ""),
    ],
)
def test_the_host_of_a_url(url, expected):
    assert host_of(url) == (expected, True)


def test_a_host_in_another_script_is_not_plain():
    assert host_of("https://bücher.example/") == ("bücher.example", False)
    assert host_of("https://b%C3%BCcher.example/") == ("b%C3%BCcher.example", False)
    assert host_of("https://example.org/bücher") == ("example.org", True)


@exhaustive
@given(
    st.lists(HOSTS, max_size=6, unique=True),
    st.lists(
        st.tuples(HOSTS, st.sampled_from(["https://{}/x", "{}", "HTTP://u@{}:80", "//{}."])),
        max_size=6,
    ),
    st.booleans(),
)
def test_parents_are_found_as_by_splitting(blocked, urls, upper):
    spelled = [frame.format(name.upper() if upper else name) for name, frame in urls]
    table = table_of(blocked, build_domains)
    hits, allowed = match_domains(
        pa.array(spelled, pa.string()), np.ones(len(urls), np.bool_), table, 0
    )
    for (name, _), hit in zip(urls, hits.tolist(), strict=True):
        labels = name.split(".")
        parents = [".".join(labels[k:]) for k in range(len(labels))]
        expected = next((blocked.index(parent) for parent in parents if parent in blocked), -1)
        assert hit == expected
    assert not allowed.any()


@exhaustive
@given(
    st.lists(st.text("abc9é", min_size=1, max_size=3), max_size=5, unique=True),
    st.lists(st.text("abcABC9é/-._?=%41", max_size=16), max_size=6),
)
def test_words_are_those_of_a_regular_expression(words, urls):
    hits = match_words(
        pa.array(urls, pa.string()), np.ones(len(urls), np.bool_), table_of(words, build_words)
    )
    for url, hit in zip(urls, hits.tolist(), strict=True):
        decoded = unquote_to_bytes(url).lower()
        found = re.findall(rb"[a-z0-9\x80-\xff]+", decoded)
        encoded = [word.encode() for word in words]
        assert hit == next((encoded.index(word) for word in found if word in encoded), -1)
