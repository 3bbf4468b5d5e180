"""Text in: encodings, extraction, accounting of web archives, each beside other tools.

    python benchmarks/text_in.py DATA [--only encodings,extraction,archives] [--seed 7]

``DATA`` is a folder with ``*.jsonl.zst`` (rows with text and lang), ``dirty/raw_bytes`` and
``warc``. Needs the extra ``web``; uses charset-normalizer, faust-cchardet, fastwarc and warcio
where they are installed. Times are CPU seconds of the process and its children.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import zstandard

from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file
from formats.readers.charset import Undecodable, decode_page, decode_text
from formats.readers.html_text import Extractor, ExtractSetting, Page, shared_extractor
from formats.readers.http_body import decode_body, parse_response
from formats.readers.warc_records import BadRecord, Record, read_records

WESTERN = ("cp1252", "cp850", "mac_roman")
CENTRAL = ("cp1250", "iso8859-2", "cp852")
ENCODINGS = {
    **dict.fromkeys(("de", "fr", "es", "pt"), WESTERN),
    **dict.fromkeys(("it", "sv", "da", "nb", "nl", "ca"), ("cp1252",)),
    **dict.fromkeys(("pl", "cs", "hr", "ro"), CENTRAL),
    "ru": ("cp1251", "koi8-r", "iso8859-5", "cp866", "utf-16-le"),
    "uk": ("cp1251", "koi8-u"),
    "zh": ("gb18030", "hz"),
    "zh-Hant": ("big5",),
    "ja": ("cp932", "euc_jp", "iso2022_jp"),
    "ko": ("cp949",),
    "th": ("cp874",),
    "ar": ("cp1256", "iso8859-6"),
    "fa": ("cp1256",),
    "he": ("cp1255",),
    "el": ("cp1253", "iso8859-7"),
    "tr": ("cp1254",),
    "vi": ("cp1258",),
}
NOT_LATIN = {"ru", "uk", "zh", "zh-Hant", "ja", "ko", "th", "ar", "fa", "he", "el"}
SIZES = (100, 400, 1600, 6400)
Decoder = Callable[[bytes], str | None]


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="encodings,extraction,archives")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if "encodings" in options.only:
        encodings(options.data, options.seed)
    if "extraction" in options.only:
        extraction(options.data / "warc")
    if "archives" in options.only:
        archives(options.data / "warc", options.seed)


def cpu_seconds() -> float:
    """CPU time of this process and of the children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


# --- encodings -----------------------------------------------------------------------------------


def encodings(data: Path, seed: int) -> None:
    """Labelled files, then cuts of real documents in the encodings of their languages."""
    tools = decoders()
    labelled(data / "dirty" / "raw_bytes", tools)
    cases = list(encoded_cuts(data, random.Random(seed)))
    total = Counter(len_class for len_class, _, _ in cases)
    print(f"\n{len(cases)} cuts of documents, right / wrong / not read, by characters of text")
    for name, decode in tools.items():
        right, refused = Counter[int](), Counter[int]()
        started = cpu_seconds()
        for size, text, content in cases:
            found = decode(content)
            right[size] += found == text
            refused[size] += found is None
        seconds = cpu_seconds() - started
        row = "  ".join(
            f"{size}: {right[size] / total[size]:.3f} / "
            f"{total[size] - right[size] - refused[size]} / {refused[size]}"
            for size in SIZES
        )
        speed = sum(len(content) for _, _, content in cases) / 1e6 / seconds
        all_right = sum(right.values()) / len(cases)
        print(f"{name:20} {all_right:.3f} | {row} | {speed:.2f} MB/s")


def decoders() -> dict[str, Decoder]:
    """Ours and the others, each from bytes to text; None: it says that it cannot."""
    import chardet
    from resiliparse.parse.encoding import detect_encoding

    def ours(content: bytes) -> str | None:
        try:
            return decode_text(content).text
        except Undecodable:
            return None

    tools: dict[str, Decoder] = {
        "polymill": ours,
        "chardet": _by_name(lambda content: chardet.detect(content)["encoding"]),
        "resiliparse": _by_name(detect_encoding),
    }
    try:
        import charset_normalizer

        def normalizer(content: bytes) -> str | None:
            best = charset_normalizer.from_bytes(content).best()
            return None if best is None else best.encoding

        tools["charset-normalizer"] = _by_name(normalizer)
    except ImportError:
        pass
    try:
        import cchardet

        tools["cchardet"] = _by_name(lambda content: cchardet.detect(content)["encoding"])
    except ImportError:
        pass
    return tools


def _by_name(detect: Callable[[bytes], str | None]) -> Decoder:
    """Decode with the name that a detector gives."""

    def decode(content: bytes) -> str | None:
        name = detect(content)
        try:
            return None if name is None else content.decode(name, "replace").removeprefix("\ufeff")
        except LookupError:
            return None

    return decode


def labelled(folder: Path, tools: dict[str, Decoder]) -> None:
    """The files of known encoding: which tool decodes which."""
    labels = [
        label
        for label in json.loads((folder / "LABELS.json").read_text(encoding="utf-8"))
        if label["encoding"]
    ]
    print(f"{len(labels)} labelled files")
    for name, decode in tools.items():
        wrong = []
        for label in labels:
            content = (folder / label["file"]).read_bytes()
            if name == "polymill" and label["file"].endswith(".html"):
                text: str | None = decode_page(content).text
            else:
                text = decode(content)
            digest = hashlib.sha256((text or "").encode("utf-8", "replace")).hexdigest()
            if digest != label["sha256_utf8"]:
                wrong.append(label["file"])
        print(f"{name:20} {len(labels) - len(wrong)} right; wrong: {', '.join(wrong) or '-'}")


def encoded_cuts(data: Path, chance: random.Random) -> Iterator[tuple[int, str, bytes]]:
    """Size, true text and encoded bytes, 10 of each language, encoding and size."""
    texts: dict[str, list[str]] = defaultdict(list)
    for path in sorted(data.glob("*.jsonl.zst")):
        offset = chance.randrange(41)
        with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            for number, line in enumerate(io.TextIOWrapper(stream, encoding="utf-8")):
                if number % 41 == offset:
                    row = json.loads(line)
                    if row.get("lang") in ENCODINGS and len(row["text"]) > 300:
                        texts[row["lang"]].append(row["text"])
                if number > 6000:
                    break
    for language, names in ENCODINGS.items():
        chance.shuffle(texts[language])
        for name in names:
            for size in SIZES:
                cuts = (_cut(text, name, size, chance) for text in texts[language])
                good = [cut for cut in cuts if cut and _says_something(cut, language, name)]
                for cut in good[:10]:
                    yield size, cut, cut.encode(name)


def _cut(text: str, encoding: str, size: int, chance: random.Random) -> str:
    """Characters of a text that an encoding has, or nothing where it lacks too many."""
    start = chance.randrange(max(1, len(text) - size))
    piece = text[start : start + size].replace("\x1b", "").replace("~", "").lstrip("\ufeff")
    kept = "".join(_encodable(character, encoding) for character in piece)
    if kept.encode(encoding).decode(encoding) != kept:
        return ""  # characters that the encoding has twice
    return kept if len(kept) > 0.9 * size else ""


def _encodable(character: str, encoding: str) -> str:
    """The character, or for Vietnamese its letter and its tone, or nothing."""
    for spelling in (character, _tone_apart(character) if encoding == "cp1258" else ""):
        try:
            spelling.encode(encoding)
            return spelling
        except UnicodeEncodeError:
            pass
    return ""


def _tone_apart(character: str) -> str:
    """A Vietnamese letter as windows-1258 writes it: the tone is a character of its own."""
    parts = unicodedata.normalize("NFD", character)
    tones = "\u0300\u0301\u0303\u0309\u0323"
    letter = "".join(part for part in parts if part not in tones)
    return unicodedata.normalize("NFC", letter) + "".join(p for p in parts if p in tones)


def _says_something(text: str, language: str, encoding: str) -> bool:
    """At least six characters beyond ASCII; mostly such where the script is not Latin."""
    foreign = sum(character > "\x7f" for character in text)
    if language in NOT_LATIN and foreign < 0.3 * len(text):
        return False
    try:
        text.encode(encoding).decode()
    except UnicodeDecodeError:
        return foreign >= 6
    return encoding in ("iso2022_jp", "hz", "utf-16-le") and foreign >= 6


# --- extraction ----------------------------------------------------------------------------------


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


# --- archives ------------------------------------------------------------------------------------


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


if __name__ == "__main__":
    main()
