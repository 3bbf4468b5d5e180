"""Web archives: every record accounted for, and the main text of pages; beside other tools.

    python benchmarks/web_archives.py DATA [--only archives,extraction] [--seed 7]

``DATA`` is a folder of WARC, WET and ARC files (``*.gz``), with the gold segments of one of them,
``dev_cc-web-pages.gold-segments.json``. Needs the extra ``web``; uses fastwarc and warcio where
they are installed. Times are CPU seconds of the process and its children.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file
from formats.readers.charset import decode_page
from formats.readers.html_text import Extractor, ExtractSetting, Page, shared_extractor
from formats.readers.http_body import decode_body, parse_response
from formats.readers.warc_records import BadRecord, Record, read_records


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="archives,extraction")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if "archives" in options.only:
        archives(options.data, options.seed)
    if "extraction" in options.only:
        extraction(options.data)


def cpu_seconds() -> float:
    """CPU time of this process and of the children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def archives(folder: Path, seed: int) -> None:
    """Every record accounted for; records that readers find in whole and damaged archives."""
    print("\narchive: records = documents + skipped + quarantined")
    for path in sorted(folder.glob("*.gz")):
        account(path)
    print("\nrecords found (whole ones)")
    for path in sorted(folder.glob("*.gz")):
        content = path.read_bytes()
        print(f"{path.name:40} whole     {counts(content)}")
        if len(content) > 1_000_000:
            for kind, damaged in damages(content, random.Random(seed)):
                print(f"{'':40} {kind:9} {counts(damaged)}")


def account(path: Path) -> None:
    """One archive through the reader."""
    quarantine = Quarantine()
    file = SourceFile("crawl", str(path), path.name, "warc")
    documents = sum(batch.num_rows for batch in read_file(file, quarantine))
    once, thrice = reading_seconds(file, 1), reading_seconds(file, 3)
    seconds = max((thrice - once) / 2, 0.001)
    with open(path, "rb") as source:
        found = list(read_records(source, 64 << 20))
    size = sum(0 if isinstance(one, BadRecord) else one.length for one in found) / 1e6
    skipped = sum(quarantine.skipped().values())
    agrees = len(found) == documents + skipped + quarantine.total
    print(
        f"{path.name:40} {len(found)} = {documents} + {skipped} + {quarantine.total} "
        f"{'' if agrees else 'WRONG '}| {size:.1f} MB at {size / seconds:.0f} MB/s "
        f"| {quarantine.skipped()} {quarantine.counts() or ''}"
    )


def reading_seconds(file: SourceFile, times: int) -> float:
    """CPU time of reading a file some times, with the start and the work of the child."""
    started = cpu_seconds()
    for _ in range(times):
        for _ in read_file(file, Quarantine()):
            pass
    shared_extractor(file.extract).finish()
    return cpu_seconds() - started


def damages(content: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Cut off, with a hole, with flipped bytes."""
    yield "cut", content[: chance.randrange(len(content) // 2, len(content))]
    start = chance.randrange(len(content) // 2)
    yield "hole", content[:start] + content[start + 5000 :]
    flipped = bytearray(content)
    for _ in range(10):
        flipped[chance.randrange(len(content))] ^= 0xFF
    yield "flipped", bytes(flipped)


def counts(content: bytes) -> str:
    """How many records each reader finds, and how fast."""
    size = len(content) / 1e6
    results = []
    started = cpu_seconds()
    found = list(read_records(io.BytesIO(content), 64 << 20))
    seconds = max(cpu_seconds() - started, 0.01)
    bad = sum(isinstance(one, BadRecord) for one in found)
    results.append(
        f"polymill {len(found) - bad} and {bad} set aside ({size / seconds:.0f} MB/s gz)"
    )
    for name, function in (("fastwarc", _fastwarc), ("warcio", _warcio)):
        started = cpu_seconds()
        number, error = 0, ""
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                for number, _ in enumerate(function(content), 1):  # noqa: B007
                    pass
        except ImportError:
            continue
        except Exception as problem:
            error = f" then {type(problem).__name__}"
        seconds = max(cpu_seconds() - started, 0.01)
        results.append(f"{name} {number}{error} ({size / seconds:.0f})")
    return ", ".join(results)


def _fastwarc(content: bytes) -> Iterator[bytes]:
    from fastwarc.warc import ArchiveIterator

    for record in ArchiveIterator(io.BytesIO(content), parse_http=False):
        yield record.reader.read()


def _warcio(content: bytes) -> Iterator[bytes]:
    from warcio.archiveiterator import ArchiveIterator

    for record in ArchiveIterator(io.BytesIO(content), arc2warc=True):
        yield record.raw_stream.read()


def extraction(folder: Path) -> None:
    """Gold segments found and boilerplate kept, by each setting and each library alone."""
    from resiliparse.extract.html2text import extract_plain_text
    from trafilatura import extract

    gold = json.loads((folder / "dev_cc-web-pages.gold-segments.json").read_text(encoding="utf-8"))
    pages = gold_pages(folder / "dev_cc-web-pages.warc.gz", gold)
    print(f"\n{len(pages)} of {len(gold)} pages with gold segments")
    for setting in get_args(ExtractSetting):
        judge(f"extract: {setting}", pages, _by_setting(setting))
    judge(
        "resiliparse alone", pages, lambda html: [_one(extract_plain_text, h, True) for h in html]
    )
    judge("trafilatura alone", pages, lambda html: [extract(h) or "" for h in html])


def _one(function: Callable[..., str], html: str, main_content: bool) -> str:
    return function(html, main_content=main_content)


def _by_setting(setting: str) -> Callable[[list[str]], list[str]]:
    """Our extractor, child process and all."""

    def run(pages: list[str]) -> list[str]:
        extractor = Extractor(setting)
        answers = extractor.extract(pages)
        extractor.finish()
        return [answer.text if isinstance(answer, Page) else "" for answer in answers]

    return run


def gold_pages(archive: Path, gold: dict[str, Any]) -> list[tuple[str, dict[str, list[str]]]]:
    """Decoded pages with their segments; keys and URLs differ in small ways."""
    by_key = {_key(url): entry for url, entry in gold.items()}
    by_file = {entry["file"]: entry for entry in gold.values()}
    found = []
    with open(archive, "rb") as file:
        for record in read_records(file, 64 << 20):
            if not isinstance(record, Record) or record.kind != "response":
                continue
            url = record.headers["warc-target-uri"]
            entry = by_file.get(url.rsplit("/", 1)[-1]) or by_key.get(_key(url))
            response = parse_response(record.block)
            if entry is not None and response is not None:
                body = decode_body(response, 64 << 20).data
                found.append((decode_page(body).text, entry))
    return found


def _key(url: str) -> str:
    """The last parts of a URL without what is written now so, now so."""
    plain = re.sub(r"https?://(www\.)?|/+$", "", url).replace(
        "pinup-fashion.com/de", "pinup-fashion.de"
    )
    return plain.lower()


def judge(
    name: str,
    pages: list[tuple[str, dict[str, list[str]]]],
    extract_all: Callable[[list[str]], list[str]],
) -> None:
    """One line of the table; speed over the pages four times, without the first start."""
    html = [page for page, _ in pages]
    texts = [" ".join(text.split()) for text in extract_all(html)]
    started = cpu_seconds()
    extract_all(html)
    once = cpu_seconds() - started
    started = cpu_seconds()
    extract_all(html * 4)
    seconds = (cpu_seconds() - started - once) / 3
    found = kept = wanted = unwanted = 0
    for text, (_, entry) in zip(texts, pages, strict=True):
        segments = [" ".join(segment.split()) for segment in entry["with"]]
        boilerplate = [" ".join(segment.split()) for segment in entry["without"]]
        found += sum(segment in text for segment in segments)
        kept += sum(segment in text for segment in boilerplate)
        wanted, unwanted = wanted + len(segments), unwanted + len(boilerplate)
    megabytes = sum(len(page.encode()) for page in html) / 1e6
    print(
        f"{name:32} recall {found / wanted:.3f}  precision {found / (found + kept):.3f}  "
        f"with {found}/{wanted}  without {kept}/{unwanted}  {megabytes / seconds:6.1f} MB/s"
    )


if __name__ == "__main__":
    main()
