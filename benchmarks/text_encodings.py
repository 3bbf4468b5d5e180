"""Encodings told from bytes: right, wrong or not read, beside other detectors.

    python benchmarks/text_encodings.py DATA [--seed 7]

``DATA`` is a folder with ``*.jsonl.zst`` (rows with text and lang) and ``dirty/raw_bytes``: files
whose encoding is known. Needs the extra ``web``; uses charset-normalizer and faust-cchardet where
they are installed. Times are CPU seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from formats.readers.charset import Undecodable, decode_page, decode_text

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
    """Labelled files, then cuts of documents."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    encodings(options.data, options.seed)


def encodings(data: Path, seed: int) -> None:
    """Labelled files, then cuts of real documents in the encodings of their languages."""
    tools = decoders()
    labelled(data / "dirty" / "raw_bytes", tools)
    cases = list(encoded_cuts(data, random.Random(seed)))
    total = Counter(len_class for len_class, _, _ in cases)
    print(f"\n{len(cases)} cuts of documents, right / wrong / not read, by characters of text")
    for name, decode in tools.items():
        right, refused = Counter[int](), Counter[int]()
        started = time.process_time()
        for size, text, content in cases:
            found = decode(content)
            right[size] += found == text
            refused[size] += found is None
        seconds = time.process_time() - started
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


if __name__ == "__main__":
    main()
