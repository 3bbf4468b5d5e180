"""Small web archives, made byte by byte."""

import gzip

import zstandard


def http(body, content_type="text/html", status=200, **headers):
    """An HTTP response; ``Content_Encoding="gzip"`` and the like become headers."""
    lines = [f"HTTP/1.1 {status} OK"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def record(block, kind="response", url="http://a.example/", length=None, **headers):
    """A WARC record."""
    named = {
        "WARC-Type": kind,
        "WARC-Target-URI": url,
        "WARC-Record-ID": "<urn:uuid:1>",
        "WARC-Date": "2024-01-01T00:00:00Z",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": len(block) if length is None else length,
    }
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
    return "\r\n".join(["WARC/1.0", *lines, "", ""]).encode() + block + b"\r\n\r\n"


def arc_record(block, url="http://a.example/", kind="text/html", extra=""):
    """A record of an ARC; ``extra`` are the five fields that version 2 has more."""
    line = f"{url} 1.2.3.4 20080430204825 {kind}{extra} {len(block)}\n"
    return line.encode() + block + b"\n"


ARC_1 = b"1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n"
ARC_2 = (
    b"2 0 InternetArchive\nURL IP-address Archive-date Content-type Result-code Checksum "
    b"Location Offset Filename Archive-length\n"
)


def packed(records, how):
    """Records as a file: plain, or compressed one by one or as a whole."""
    if how == "gzip each":
        return b"".join(gzip.compress(one, mtime=0) for one in records)
    if how == "gzip whole":
        return gzip.compress(b"".join(records), mtime=0)
    if how == "gzip blocks":  # members that know nothing of records
        data = b"".join(records)
        return b"".join(gzip.compress(data[k : k + 700]) for k in range(0, len(data), 700))
    if how == "zstd each":
        compressor = zstandard.ZstdCompressor()
        return b"".join(compressor.compress(one) for one in records)
    if how == "zstd whole":
        return zstandard.ZstdCompressor().compress(b"".join(records))
    if how == "zstd dictionary":
        content = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: " * 20
        dictionary = zstandard.ZstdCompressionDict(content)
        compressor = zstandard.ZstdCompressor(dict_data=dictionary)
        frame = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
        return frame + b"".join(compressor.compress(one) for one in records)
    return b"".join(records)


PACKINGS = (
    "plain",
    "gzip each",
    "gzip whole",
    "gzip blocks",
    "zstd each",
    "zstd whole",
    "zstd dictionary",
)
