"""What the body of a web record is."""

import pytest

from formats.readers.media_type import family, is_binary, is_html, media_type, plain_type


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Text/HTML; charset=x", "text/html"),
        ("text/plain,text/html", "text/plain"),
        ("text/plain", "text/plain"),
        (None, ""),
        ("", ""),
        ("html", ""),
        ("unknown/unknown", ""),
    ],
)
def test_a_header_says_what_it_is(header, kind):
    assert media_type(header, b"some words") == kind


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><p>x",
        b"\xef\xbb\xbf\r\n <HTML lang=de>",
        b"<head><title>x</title>",
        b'<?xml version="1.0"?>\n<!-- saved -->\n<html xmlns="x">',
    ],
)
def test_a_page_is_known_by_its_beginning(body):
    assert is_html(body)
    assert media_type(None, body) == "text/html"
    assert media_type("text/plain", body) == "text/plain"


@pytest.mark.parametrize(
    "body", [b"", b"html", b"<header>", b"Write <html> first.", b"<!-- never closed <html>"]
)
def test_text_about_pages_is_no_page(body):
    assert not is_html(body)


@pytest.mark.parametrize(
    "body",
    [b"GIF89a\x01\0", b"\x7fELF\x02", b"%PDF-1.4\n", b"%!PS-Adobe-3.0", b"a\0b", b"\x1f\x8b\x08"],
)
def test_bytes_that_no_text_holds(body):
    assert is_binary(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"tab\tform\x0cfeed\r\n",
        "こんにちは".encode("iso2022_jp"),  # has escapes
        "Текст".encode("cp1251"),
        "\ufeffText".encode("utf-16-le"),
        b"a" * 2000 + b"\0",
        b"about %PDF-1.4",
    ],
)
def test_bytes_that_text_may_hold(body):
    assert not is_binary(body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"# notes", "text/plain"),
        (b"<p>part of a page</p>", "text/plain"),
        (b"<!doctype html>", "text/html"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><playlist/>', "text/xml"),
        (b"PK\x03\x04", "binary"),
    ],
)
def test_what_is_called_plain_text(body, kind):
    assert plain_type(body) == kind


def test_reasons_are_few():
    kinds = ["image/png", "image/x-new", "text/css", "text/x-c", "application/x-y", "odd", ""]
    assert [family(kind) for kind in kinds] == [
        "image", "image", "text/css", "other text", "other application", "other", "no content type",
    ]  # fmt: skip
    assert family("application/x-javascript") == "javascript"
    assert family("application/rss+xml") == "xml"
