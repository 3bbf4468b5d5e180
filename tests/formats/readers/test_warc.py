"""Web archives as documents: every record is one, is skipped, or is quarantined."""

import gzip
import json

import pytest

from formats.quarantine import BadInput, Quarantine
from formats.readers import DEFAULT_BATCH_BYTES, SourceFile, read_file

from .archives import ARC_1, PACKINGS, arc_record, http, packed, record

pytest.importorskip("resiliparse", reason="the extra `web` is not installed")

WORDS = "Die Katze schläft auf dem warmen Ofen und träumt von Mäusen. " * 4
PAGE = f"<html lang=de><title>Katze</title><body><article><p>{WORDS}</p></article></body></html>"


@pytest.fixture
def read_archive(tmp_path):
    def read_it(content, batch_bytes=DEFAULT_BATCH_BYTES, on_error="quarantine", **settings):
        path = tmp_path / "a.warc"
        path.write_bytes(content)
        quarantine = Quarantine(on_error=on_error)
        file = SourceFile("crawl", str(path), "a.warc", "warc", **settings)
        batches = list(read_file(file, quarantine, batch_bytes))
        for batch in batches:
            batch.validate(full=True)
        return [row for batch in batches for row in batch.to_pylist()], quarantine

    return read_it


def test_a_page_becomes_a_document(read_archive):
    body = gzip.compress(PAGE.encode("cp1252"))
    headers = {"Content_Encoding": "gzip", "Content_Language": "en"}
    content = record(
        http(body, "text/html; charset=iso-8859-1", **headers), url="http://a.example/x"
    )
    rows, quarantine = read_archive(content)
    assert quarantine.total == 0
    (row,) = rows
    assert row["text"].split() == WORDS.split()
    assert row["url"] == "http://a.example/x"
    assert row["origin"].endswith("a.warc#0")
    assert row["original_id"] == "urn:uuid:1"
    assert row["declared_lang"] == "de"
    meta = json.loads(row["meta"])
    assert (meta["title"], meta["encoding"], meta["encoding_found_by"]) == (
        "Katze",
        "windows-1252",
        "header",
    )
    assert meta["http_language"] == "en"
    assert meta["date_crawled"] == "2024-01-01T00:00:00Z"


RECORDS = [
    (record(b"software: x", "warcinfo"), "warcinfo"),
    (record(b"GET /", "request"), "request"),
    (record(b"via: x", "metadata"), "metadata"),
    (record(b"", "revisit"), "revisit"),
    (record(b"", "continuation"), "continuation"),
    (record(b"", "mystery"), "unknown record type"),
    (record(http(PAGE.encode(), status=404)), "status 404"),
    (record(http(b"", status=301)), "status 301"),
    (record(http(b"\xff\xd8", "image/jpeg")), "not HTML: image"),
    (record(http(b"x", "application/pdf")), "not HTML: application/pdf"),
    (record(http(b"x", "application/x-javascript")), "not HTML: javascript"),
    (record(http(b"x", None)), "not HTML: no content type"),
    (record(http(b"\x7fELF\x02\x01", "text/plain")), "no plain text: binary"),
    (record(http(b"%PDF-1.4 and so on", "text/plain")), "no plain text: binary"),
    (record(http(b'<?xml version="1.0"?><rss>', "text/plain")), "no plain text: text/xml"),
    (record(http(b" \n", "text/plain")), "empty body"),
    (record(http(b"Disallow: /", "text/plain"), url="http://a.example/robots.txt"), "robots.txt"),
    (record(http(b" \r\n")), "empty body"),
    (record(http(b"<html><body><script>1</script>")), "no text"),
    (record(b"2008 127.0.0.1", url="dns:a.example", Content_Type="text/dns"), "not HTTP"),
    (record(b"", "conversion", Content_Type="text/plain"), "empty body"),
]


def test_what_is_skipped_is_counted(read_archive):
    for how in PACKINGS:
        rows, quarantine = read_archive(packed([one for one, _ in RECORDS], how))
        assert rows == []
        assert quarantine.total == 0
        expected = {}
        for _, reason in RECORDS:
            expected[reason] = expected.get(reason, 0) + 1
        assert quarantine.skipped("crawl") == dict(sorted(expected.items()))


def test_what_is_broken_is_quarantined_with_its_offset(read_archive):
    broken = [
        record(b"no status line"),
        record(http(b"\x1f\x8b\x08\0" + b"\xff" * 60, Content_Encoding="gzip")),
        record(http(gzip.compress(bytes(3 << 20)), Content_Encoding="gzip")),
        record(http(b"<p>" + b"long " * 300_000)),
        record(http(b"<p>\x81\x8d\x90\xff\xfe\x98\x03" * 30)),
        b"rubbish\r\n\r\n",
    ]
    good = record(http(PAGE.encode()))
    records = [one for bad in broken for one in (good, bad)] + [good]
    rows, quarantine = read_archive(b"".join(records), max_record_bytes=1 << 20)
    assert len(rows) == len(broken) + 1
    assert len({row["id"] for row in rows}) == len(rows)
    entries = quarantine.table().to_pylist()
    assert [entry["error"].split(":")[0] for entry in entries] == [
        "broken record",
        "broken body",
        "too long",
        "too long",
        "not UTF-8",
        "broken record",
    ]
    starts = [sum(map(len, records[:k])) for k in range(len(records))]
    assert [entry["position"] for entry in entries] == starts[1::2]
    with pytest.raises(BadInput, match="broken record: its HTTP response has no status line"):
        read_archive(b"".join(records), on_error="fail")


def test_the_sum_is_the_number_of_records(read_archive):
    records = [one for one, _ in RECORDS] * 3 + [record(http(PAGE.encode()))] * 20
    records += [record(b"no status line")] * 4
    content = packed(records, "gzip each")
    for size in (len(content), len(content) - 30, len(content) // 2):
        for batch_bytes in (1, 500, DEFAULT_BATCH_BYTES):
            rows, quarantine = read_archive(content[:size], batch_bytes)
            counted = len(rows) + sum(quarantine.skipped().values()) + quarantine.total
            if size > len(content) - 100:
                assert counted == len(records)


def test_plain_text_is_a_document_as_it_is(read_archive):
    bodies = [WORDS.encode("cp1252"), f"  <b>1</b>\r\n{WORDS}".encode(), "Кот\n".encode("koi8-r")]
    types = ["text/plain; charset=iso-8859-1", "Text/Plain", "text/plain;charset=koi8-r"]
    records = [
        record(http(gzip.compress(body), kind, Content_Encoding="gzip", Content_Language="de"))
        for body, kind in zip(bodies, types, strict=True)
    ]
    records.append(record(WORDS.encode(), "resource", Content_Type="text/plain"))
    records.append(arc_record(http(WORDS.encode(), "text/plain")))
    rows, quarantine = read_archive(b"".join(records[:4]))
    assert quarantine.total == 0 and quarantine.skipped() == {}
    assert [row["text"] for row in rows] == [WORDS, f"  <b>1</b>\r\n{WORDS}", "Кот\n", WORDS]
    assert [row["declared_lang"] for row in rows] == ["de", "de", "de", None]
    assert json.loads(rows[2]["meta"])["encoding"] == "koi8-r"
    rows, _ = read_archive(arc_record(ARC_1, "filedesc://a.arc", "text/plain") + records[4])
    assert [row["text"] for row in rows] == [WORDS]


def test_a_page_that_is_called_plain_text_is_taken_apart(read_archive):
    rows, _ = read_archive(record(http(PAGE.encode(), "text/plain")))
    assert rows[0]["text"].split() == WORDS.split()
    assert json.loads(rows[0]["meta"])["title"] == "Katze"


def test_plain_text_in_no_encoding_is_quarantined(read_archive):
    body = bytes(128 + k * k * 37 % 127 for k in range(300))
    rows, quarantine = read_archive(record(http(body, "text/plain")))
    assert rows == [] and quarantine.counts() == {"not UTF-8": 1}


def test_wet(read_archive):
    headers = {"Content_Type": "text/plain", "WARC_Identified_Content_Language": "deu,eng"}
    rows, _ = read_archive(record(WORDS.encode(), "conversion", **headers))
    assert rows[0]["text"] == WORDS
    assert rows[0]["declared_lang"] == "deu"
    assert json.loads(rows[0]["meta"])["identified_languages"] == "deu,eng"


def test_arc(read_archive):
    content = b"".join(
        [
            arc_record(ARC_1, "filedesc://a.arc", "text/plain"),
            arc_record(b"2008 127.0.0.1", "dns:a.example", "text/dns"),
            arc_record(http(PAGE.encode()), "http://a.example/ä b"),
        ]
    )
    rows, quarantine = read_archive(content)
    assert quarantine.skipped() == {"arc header": 1, "not HTTP": 1}
    assert [row["url"] for row in rows] == ["http://a.example/ä b"]
    assert rows[0]["text"].split() == WORDS.split()


def test_pages_of_a_resource_and_without_a_type(read_archive):
    rows, _ = read_archive(
        record(PAGE.encode(), "resource", Content_Type="text/html; charset=utf-8")
        + record(http(PAGE.encode(), None))
        + record(http(PAGE.encode(), "text/html"), WARC_Truncated="length")
    )
    assert len(rows) == 3
    assert json.loads(rows[2]["meta"])["truncated"] == "length"


def test_an_empty_archive(read_archive):
    assert read_archive(b"")[1].counts() == {"empty file": 1}
    with pytest.raises(ValueError, match="a web archive has none"):
        read_archive(b"", columns={"text": "a"})


def test_real_archives_are_accounted_for(development_data):
    """The numbers of records are those that two other readers count."""
    records = {
        "dev_cc-web-pages.warc.gz": 59,
        "dev_debian-handbook_26lang.warc.gz": 573,
        "dev_libreoffice-help_12lang.warc.gz": 841,
        "real_IAH-20080430-blackbook.warc.gz": 822,
        "real_clipped-truncated.warc.gz": 1,
        "real_commoncrawl-whirlwind.warc.gz": 4,
        "real_commoncrawl-whirlwind.warc.wet.gz": 2,
        "real_ipwb-sample-1.warc.gz": 231,
        "real_resiliparse-warcfile.warc.gz": 50,
    }
    skipped = {}
    for name, count in records.items():
        quarantine = Quarantine()
        file = SourceFile("crawl", str(development_data / "warc" / name), name, "warc")
        rows = sum(batch.num_rows for batch in read_file(file, quarantine))
        assert rows + sum(quarantine.skipped().values()) + quarantine.total == count, name
        assert quarantine.total == (1 if "truncated" in name else 0), quarantine.table().to_pylist()
        skipped[name] = quarantine.skipped()
    robots = [found.get("robots.txt", 0) for found in skipped.values()]
    assert sum(robots) == skipped["real_IAH-20080430-blackbook.warc.gz"]["robots.txt"] == 32
