"""Which URLs are one address."""

from itertools import pairwise
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.buffers import text_column
from stages.dedup.url_keys import TRACKING, canonical


def canonical_texts(urls):
    data, offsets = canonical(pa.array(urls, pa.string()))
    return [data[a:b].tobytes().decode() for a, b in pairwise(offsets)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.Example.org:443/a%7Eb/?utm_source=x&b=2&a=1#top", "example.org/a~b?a=1&b=2"),
        ("http://example.org", "example.org"),
        ("  HTTP://EXAMPLE.org:80/ ", "example.org"),
        ("//example.org/Path", "example.org/Path"),
        ("example.org/Path", "example.org/Path"),
        ("http://user:secret@example.org./", "example.org"),
        ("http://example.org:8080/", "example.org:8080"),
        ("http://www.org/", "www.org"),
        ("ftp://Example.org/x", "ftp://example.org/x"),
        ("http://[2001:DB8::1]:80/x", "2001:db8::1/x"),
        ("http://example.org/%e4%b8%ad%2f", "example.org/中%2F"),
        ("http://example.org/100%", "example.org/100%"),
        ("http://example.org/?", "example.org"),
        ("http://example.org/?&&b&a=&", "example.org?a=&b"),
        ("http://example.org/?a=1&amp;b=2", "example.org?a=1&b=2"),
        ("http://example.org/?UTM_x=1&utmx=1&gclid=9&gclids=9", "example.org?gclids=9&utmx=1"),
        ("http://example.org/a?b#!/c", "example.org/a?b#!/c"),
        ("http://example.org/#", "example.org"),
        ("http://BÜCHER.example/ü", "xn--bcher-kva.example/ü"),
        ("http://b%C3%BCcher.example:80/%C3%BC", "xn--bcher-kva.example/ü"),
        ("mailto:a@b.example", "b.example"),
        ("", ""),
        ("http://", ""),
    ],
)
def test_the_rule(url, expected):
    assert canonical_texts([url]) == [expected]


def test_slices_and_nulls():
    urls = pa.array(["http://a.example/", None, "http://www.b.example/", None])[1:]
    data, offsets = canonical(urls)
    assert text_column(data, offsets).to_pylist() == ["", "b.example", ""]


def test_a_long_query_is_left_in_its_order():
    names = [f"p{i:03d}" for i in range(100, 0, -1)]
    assert canonical_texts(["x.example?" + "&".join(names)]) == ["x.example?" + "&".join(names)]
    few = names[:60]
    assert canonical_texts(["x.example?" + "&".join(few)]) == ["x.example?" + "&".join(sorted(few))]


UNRESERVED = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def decoded(part):
    """Percent-encodings in one spelling, one after the other."""
    out, raw, i = b"", part.encode(), 0
    while i < len(raw):
        value = unquote_to_bytes(raw[i : i + 3])
        if raw[i : i + 1] == b"%" and len(value) == 1 and len(raw) >= i + 3:
            byte = value[0]
            out += value if byte in UNRESERVED or byte >= 0x80 else b"%%%02X" % byte
            i += 3
        else:
            out += raw[i : i + 1]
            i += 1
    return out


def is_tracking(parameter):
    name = parameter.split("=")[0].lower()
    return any(name == t or (t[-1] == "*" and name.startswith(t[:-1])) for t in TRACKING)


def reference(path, query, fragment):
    """The rule on the parts of a URL of example.org."""
    parameters = [p.removeprefix("amp;") if len(p) > 4 else p for p in query.split("&")]
    wanted = sorted(decoded(p) for p in parameters if p and not is_tracking(p))
    text = b"example.org" + decoded(path.rstrip("/"))
    text += b"".join((b"&" if i else b"?") + p for i, p in enumerate(wanted))
    return text + (decoded("#" + fragment) if fragment.startswith("!") else b"")


PIECES = st.lists(
    st.sampled_from(
        ["a", "B", "/", "%41", "%2f", "%zz", "%", "é", "%C3%A9", "=", "utm_", "中", "."]
    ),
    max_size=8,
).map("".join)
QUERIES = st.lists(
    st.sampled_from(
        ["a", "b=1", "b=2", "utm_id=3", "amp;c", "amp;", "%61", "%2F", "fbclid", "=", ""]
    ),
    max_size=6,
).map("&".join)


@given(PIECES, QUERIES, st.sampled_from(["", "top", "!page", "!%41"]))
def test_equal_to_the_reference(path, query, fragment):
    url = f"https://www.example.org/{path}?{query}#{fragment}"
    data, offsets = canonical(pa.array([url]))
    assert data[: offsets[1]].tobytes() == reference("/" + path, query, fragment)


@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=8))
def test_any_text_at_all_is_taken(urls):
    """Whatever stands in the column: no error, no byte of a neighbour, and twice is once."""
    alone = [canonical_texts([url])[0] for url in urls]
    assert canonical_texts(urls) == alone
