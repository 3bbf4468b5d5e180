"""Web archives: WARC, WET and ARC, from stored records to documents.

Each record of an archive is a document, is skipped for a reason that is counted, or is quarantined:
the three add up to the number of records. Positions are the byte offsets that ``warc_records``
describes. HTML pages give their main text; plain text, a WET file's conversions too, is taken as it
is. Only robots.txt is for machines (RFC 9309), however often a crawler stores it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from formats.quarantine import RAW_LIMIT, Quarantine
from formats.readers import SourceFile
from formats.readers.assemble import document_batches
from formats.readers.charset import Undecodable, decode_page
from formats.readers.html_text import PageError, shared_extractor
from formats.readers.http_body import BadBody, Body, Response, decode_body, parse_response
from formats.readers.media_type import HTML_TYPES, PLAIN, family, media_type, plain_type
from formats.readers.warc_heads import MAX_HEAD_BYTES
from formats.readers.warc_records import BadRecord, Record, read_records
from formats.storage import open_input

BATCH_PAGE_BYTES = 4 << 20
"""Decoded pages that are collected before they are taken apart."""


class _Skip(Exception):  # noqa: N818 - a decision, counted
    """The record is no document; the text is the reason."""


@dataclass
class _Draft:
    """A record on its way to a document."""

    position: int
    text: str
    """HTML until it is taken apart."""
    is_html: bool
    raw: bytes
    url: str | None
    original_id: str | None
    declared_lang: str | None
    meta: dict[str, Any] = field(default_factory=dict)


def read_warc(
    file: SourceFile, quarantine: Quarantine, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Read a web archive, plain or compressed, by record or as a whole."""
    if file.columns:
        raise ValueError("columns: a web archive has none")
    limit = max(file.max_record_bytes, MAX_HEAD_BYTES)
    records = 0
    drafts: list[_Draft] = []
    waiting = 0
    with open_input(file.path) as source:
        for record in read_records(source, limit, file.start, file.end):
            records += 1
            draft = _draft(record, file, quarantine)
            if draft is None:
                continue
            drafts.append(draft)
            waiting += len(draft.text)
            if waiting >= min(batch_bytes, BATCH_PAGE_BYTES):
                yield from _documents(drafts, file, quarantine, batch_bytes)
                drafts, waiting = [], 0
    yield from _documents(drafts, file, quarantine, batch_bytes)
    if not records and not file.start:
        quarantine.add(file.source, file.path, None, "empty file: it holds no record")


def _draft(record: Record | BadRecord, file: SourceFile, quarantine: Quarantine) -> _Draft | None:
    """What a record gives; None where it is counted as something else."""
    if isinstance(record, BadRecord):
        quarantine.add(file.source, file.path, record.position, record.error, record.raw)
        return None
    try:
        return _of_record(record, file.max_record_bytes)
    except _Skip as reason:
        quarantine.skip(file.source, str(reason))
    except (BadBody, Undecodable) as error:
        quarantine.add(file.source, file.path, record.position, str(error), record.block)
    return None


def _of_record(record: Record, limit: int) -> _Draft:
    """Decide what a record is, and decode it.

    Raises:
        _Skip: it is no document.
        BadBody, Undecodable: it is one that cannot be read.
    """
    if record.kind in ("response", "arc"):
        response = _response(record)
        if not 200 <= response.status < 300:
            raise _Skip(f"status {response.status}")
    elif record.kind in ("resource", "conversion"):
        response = Response(
            200, {"content-type": record.headers.get("content-type", "")}, record.block
        )
    else:
        raise _Skip(record.kind if record.kind in _OTHER_KINDS else "unknown record type")
    kind = media_type(response.headers.get("content-type"), response.body)
    if kind not in HTML_TYPES and kind != PLAIN:
        raise _Skip(f"not HTML: {family(kind)}")
    if record.length > limit:
        raise BadBody(f"too long: a record of {record.length:,} bytes, more than {limit:,}")
    body = decode_body(response, limit)
    if not body.data.strip():
        raise _Skip("empty body")
    if kind == PLAIN and record.kind != "conversion":
        kind = plain_type(body.data)
        if kind not in (*HTML_TYPES, PLAIN):
            raise _Skip(f"no plain text: {family(kind)}")
    page = kind in HTML_TYPES
    if not page and _ROBOTS.search(record.headers.get("warc-target-uri", "")):
        raise _Skip("robots.txt")
    return _decoded(record, response, body, page)


_ROBOTS = re.compile(r"^<?https?://[^/]+/robots\.txt(?:[?#>]|$)", re.IGNORECASE)
_OTHER_KINDS = ("warcinfo", "request", "metadata", "revisit", "continuation", "arc header")


def _response(record: Record) -> Response:
    """The HTTP response of a record."""
    uri = record.headers.get("warc-target-uri", "").lower().strip("<>")
    if uri.startswith(("dns:", "whois:", "ftp:", "ftps:", "gopher:", "urn:")):
        raise _Skip("not HTTP")
    response = parse_response(record.block)
    if response is not None:
        return response
    if record.kind == "response" and "http" in record.headers.get("content-type", "http").lower():
        if not record.block.strip():
            raise _Skip("empty body")
        raise BadBody("broken record: its HTTP response has no status line")
    if record.kind == "response":
        raise _Skip("not HTTP")
    return Response(200, {"content-type": record.headers.get("content-type", "")}, record.block)


def _decoded(record: Record, response: Response, body: Body, is_html: bool) -> _Draft:
    """A draft with its text decoded and everything kept that the record says."""
    headers = record.headers
    decoded = decode_page(body.data, response.headers.get("content-type"))
    languages = headers.get("warc-identified-content-language")
    cut = headers.get("warc-truncated") or body.broken_off
    meta = {
        "date_crawled": headers.get("warc-date"),
        "content_type": response.headers.get("content-type"),
        "encoding": decoded.encoding,
        "encoding_found_by": decoded.found_by,
        "encoding_errors": decoded.errors or None,
        "http_language": response.headers.get("content-language"),
        "identified_languages": languages,
        "truncated": cut,
    }
    declared = _first_language(response.headers.get("content-language") or languages)
    uri = headers.get("warc-target-uri")
    return _Draft(
        position=record.position,
        text=decoded.text,
        is_html=is_html,
        raw=body.data[:RAW_LIMIT],
        url=uri.strip("<>") if uri else None,
        original_id=headers.get("warc-record-id", "").strip("<>") or None,
        declared_lang=declared,
        meta=meta,
    )


def _first_language(tags: str | None) -> str | None:
    """``"pt-BR, en"`` -> ``"pt-BR"``."""
    first = (tags or "").replace(";", ",").partition(",")[0].strip()
    return first[:100] or None


def _documents(
    drafts: list[_Draft], file: SourceFile, quarantine: Quarantine, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Take the pages apart and make batches of what has text."""
    pages = [draft.text for draft in drafts if draft.is_html]
    answers = iter(shared_extractor(file.extract).extract(pages) if pages else [])
    kept = []
    for draft in drafts:
        if draft.is_html:
            page = next(answers)
            if isinstance(page, PageError):
                error = page.error
                quarantine.add(file.source, file.path, draft.position, error, draft.raw)
                continue
            facts = dict(page.facts)
            draft.text = page.text
            language = facts.get("html_lang") or draft.declared_lang
            draft.declared_lang = _first_language(language or facts.get("content_language"))
            draft.meta |= facts
        draft.text = draft.text.replace("\0", "\ufffd")
        if not draft.text.strip():
            quarantine.skip(file.source, "no text" if draft.is_html else "empty body")
            continue
        kept.append(draft)
    positions = np.array([draft.position for draft in kept], np.int64)
    yield from document_batches(file, positions, _columns(kept), batch_bytes)


def _columns(drafts: list[_Draft]) -> dict[str, pa.Array]:
    """Drafts as document columns."""
    import orjson

    texts = [draft.text.encode("utf-8", "replace").decode() for draft in drafts]
    metas = [{k: v for k, v in draft.meta.items() if v is not None} for draft in drafts]
    strings = {
        "original_id": [draft.original_id for draft in drafts],
        "declared_lang": [draft.declared_lang for draft in drafts],
        "url": [draft.url for draft in drafts],
        "meta": [orjson.dumps(meta, option=orjson.OPT_SORT_KEYS).decode() for meta in metas],
    }
    columns = {name: pa.array(values, pa.string()) for name, values in strings.items()}
    return {"text": pa.array(texts, pa.large_string()), **columns}
