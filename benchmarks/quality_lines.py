"""Lines removed as notices and navigation: what goes of pages and what goes of clean texts.

    python benchmarks/quality_lines.py DATA

DATA is the development data: ``dirty/dirty_junk.jsonl.zst`` has pages of news sites and blogs as
text with all that is printed around their articles, ``warc/dev_cc-web-pages.gold-segments.json``
segments of them that belong to the article or do not (marked by hand; the test set of trafilatura).
Then the pages of the sample corpus that were wrapped, against their articles. Then every file:
documents changed, share of bytes removed, MB/s of one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard

from pipeline.sample import SAMPLE_CORPUS, truth
from stages.quality.boilerplate import remove_boilerplate

MOST_BYTES = 8_000_000
"""Of a file."""


def main() -> None:
    """Print the three parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    cleaned(["warm up"])
    print_pages(data)
    print_sample()
    for path in sorted(data.glob("*.jsonl.zst")):
        print_file(path)


def cleaned(texts: list[str]) -> tuple[list[str], np.ndarray]:
    """The texts without notices and navigation, and how many lines went, by kind."""
    column = pa.array(texts, pa.large_string())
    found, counts = remove_boilerplate(column, np.ones(len(texts), np.bool_), True, True)
    return found.to_pylist(), counts.sum(1)


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def print_pages(data: Path) -> None:
    """Segments to keep and to remove that are still there."""
    gold = json.loads((data / "warc" / "dev_cc-web-pages.gold-segments.json").read_text())
    segments = {page["file"]: page for page in gold.values()}
    rows = rows_of(data / "dirty" / "dirty_junk.jsonl.zst")
    pages = {
        Path(row["path"]).name: row["text"]
        for row in rows
        if row["meta"]["kind"] == "html-with-boilerplate"
    }
    texts, counts = cleaned(list(pages.values()))
    print(f"{len(texts)} pages, {counts[0]} notices and {counts[1]} lines of navigation removed")
    for kind in ("with", "without"):
        before = after = 0
        for (name, text), left in zip(pages.items(), texts, strict=True):
            for segment in segments.get(name, {}).get(kind, []):
                before += segment in text
                after += segment in text and segment in left
        print(f"  segments {kind:8} {before} in the text, {after} left")


def print_sample() -> None:
    """Lines of wrapped pages: of the article and lost, around it and left."""
    entries = [entry for entry in truth() if entry["kind"] == "boilerplate"]
    lines = (SAMPLE_CORPUS / "crawl" / "crawl.jsonl").read_bytes().splitlines()
    pages = [json.loads(lines[entry["line"] - 1])["text"] for entry in entries]
    lost = left = around = article = 0
    for entry, page, text in zip(entries, pages, cleaned(pages)[0], strict=True):
        clean = set(entry["clean"].split("\n")) - {""}
        every = set(page.split("\n")) - {""}
        found = set(text.split("\n")) - {""}
        article += len(clean)
        lost += len(clean - found)
        around += len(every - clean)
        left += len((every - clean) & found)
    print(
        f"sample corpus, {len(pages)} wrapped pages: {lost} of {article} lines of articles lost, "
    )
    print(f"  {left} of {around} lines around them left (titles are among those)")


def print_file(path: Path) -> None:
    """What goes of a file of texts."""
    texts: list[str] = []
    size = 0
    for row in rows_of(path):
        texts.append(row["text"])
        size += len(row["text"].encode())
        if size > MOST_BYTES:
            break
    started = time.thread_time()
    left, counts = cleaned(texts)
    seconds = time.thread_time() - started
    changed = sum(a != b for a, b in zip(texts, left, strict=True)) / len(texts)
    gone = 1 - sum(len(text.encode()) for text in left) / size
    print(
        f"{path.name:42}{len(texts):7,} documents, {changed:6.1%} changed, {gone:6.2%} of bytes, "
    )
    print(f"{'':42}{counts[0]:7} notices, {counts[1]} navigation, {size / 1e6 / seconds:.0f} MB/s")


if __name__ == "__main__":
    main()
