"""Bodies of HTTP responses: what servers and crawlers make of them, and what attackers do."""

import gzip
import random
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.readers.http_body import (
    BadBody,
    Body,
    Response,
    decode_body,
    join_chunks,
    parse_response,
)

from .archives import http

LIMIT = 1 << 20
PAGE = b"<html><p>" + b"some words, " * 99


def deflated(data, window_bits):
    packer = zlib.compressobj(wbits=window_bits)
    return packer.compress(data) + packer.flush()


def brotlied(data):
    return pytest.importorskip("brotli").compress(data)


CODINGS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": lambda data: deflated(data, 15),
    "Deflate": lambda data: deflated(data, -15),
    "zstd": zstandard.ZstdCompressor().compress,
    "br": brotlied,
    "identity": bytes,
}


def body_of(data, coding, limit=LIMIT, **headers):
    response = Response(200, {"content-encoding": coding} | headers, data)
    return decode_body(response, limit)


def test_status_and_headers():
    response = parse_response(http(b"x\r\n\r\ny", status=404, Content_Language="de"))
    assert (response.status, response.body) == (404, b"x\r\n\r\ny")
    assert response.headers["content-language"] == "de"
    assert parse_response(b"HTTP/1.0 200\nA: 1\n  2\nA: 3\n\nbody").headers == {"a": "1 2"}
    assert parse_response(b"HTTP/1.1 200 OK\r\nA: b").body == b""
    assert parse_response(b"<html>") is None


@pytest.mark.parametrize("coding", CODINGS)
def test_codings(coding):
    packed = CODINGS[coding](PAGE)
    assert body_of(packed, coding) == Body(PAGE, None)
    assert body_of(PAGE, coding) == Body(PAGE, None)  # the crawler decoded it, the header stayed
    assert body_of(gzip.compress(packed), f"{coding}, gzip") == Body(PAGE, None)
    assert body_of(b"", coding) == Body(b"", None)


@pytest.mark.parametrize("coding", [coding for coding in CODINGS if coding != "identity"])
def test_a_coding_that_breaks_off_keeps_what_came_before(coding):
    data = random.Random(1).randbytes(600_000)
    packed = CODINGS[coding](data)
    body = body_of(packed[:-9], coding)
    assert body.broken_off == coding.lower().removeprefix("x-")
    assert len(body.data) > 200_000
    assert data.startswith(body.data)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate", "zstd", "br"])
def test_bombs_stop_at_the_limit(coding):
    bomb = CODINGS[coding](bytes(50 << 20))
    with pytest.raises(BadBody, match="too long: a body that decompresses to more than 1,048,576"):
        body_of(bomb, coding)
    with pytest.raises(BadBody, match="too long"):
        body_of(gzip.compress(bomb), f"{coding}, gzip")


def test_codings_nobody_knows():
    with pytest.raises(BadBody, match="content coding 'exi' is not known"):
        body_of(b"x", "exi")
    with pytest.raises(BadBody, match="5 content codings on top"):
        body_of(b"x", ", ".join(["gzip"] * 5))
    with pytest.raises(BadBody, match="broken body: gzip"):
        body_of(b"\x1f\x8b\x08\x00" + b"\xff" * 40, "gzip")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=50)), st.booleans(), st.binary(max_size=9))
def test_chunks_come_back_joined(pieces, upper, trailer):
    chunks = [b"%X" % len(p) if upper else b"%x;a=b" % len(p) for p in pieces]
    content = b"".join(
        size + b"\r\n" + piece + b"\r\n" for size, piece in zip(chunks, pieces, strict=True)
    )
    whole = b"".join(pieces)
    assert join_chunks(content + b"0\r\n" + trailer + b"\r\n") == (whole, True)
    if pieces:
        assert join_chunks(content) == (whole, False)
        cut, is_whole = join_chunks(content[:-3])
        assert whole.startswith(cut)
        assert not is_whole


def test_bodies_that_are_not_chunked_after_all():
    for text in (b"<html>", b"beef is meat", b"3\nabcdef"):
        assert join_chunks(text) == (text, True)
    assert body_of(b"4\r\nabcd\r\n2\r\ne", "", **{"transfer-encoding": "chunked"}) == Body(
        b"abcde", "chunked"
    )


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(list(CODINGS)))
def test_any_bytes_end_well(data, coding):
    try:
        assert len(body_of(data, coding, limit=1000).data) <= 1000
    except BadBody as error:
        assert str(error).startswith(("broken body: ", "too long: "))
