"""Test items planted in documents and found again, clean documents left alone, MB/s of one core.

    python benchmarks/decontaminate.py DATA [--items FILE ...]

DATA is a folder of JSONL.zst files (``text``, ``lang``), with sentences in ``lid_dev.jsonl.zst``:
those long enough play the test items of their languages. Each is planted in a document of another
file as it stands, spaced otherwise, in other letters, and with one word (or letter) changed. Then
all other files are searched for all items: whatever is found there is shown, for a person to judge.
``--items``: more test sets, for the search through clean documents.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard

from stages.decontaminate.decontaminate import Decontaminate, find_items, item_names
from stages.decontaminate.index import Limits, part_sizes

LANGUAGES = ("fa", "fr", "id", "ja", "ko", "th", "vi", "zh")
SPACELESS = ("ja", "th", "zh")
PER_LANGUAGE = 150
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
LONG_ENOUGH = {False: 13, True: 34}
"""Words, or letters, from which the stage says to find an item with one of them changed."""
BATCH = 2000
SHOWN = 12


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def sentences(data: Path) -> dict[str, list[str]]:
    """Sentences that are long enough, by language."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows_of(data / "lid_dev.jsonl.zst"):
        if row["lang"] in LANGUAGES and row["text"] not in found[row["lang"]]:
            found[row["lang"]].append(row["text"])
    for lang, texts in found.items():
        kinds, tokens = part_sizes(pa.array(texts, pa.large_string()), Limits((5, 10), (1, 1), 1.0))
        enough = tokens >= np.where(kinds == 1, LONG_ENOUGH[True], LONG_ENOUGH[False])
        found[lang] = [text for text, use in zip(texts, enough, strict=True) if use][:PER_LANGUAGE]
    return found


def respaced(text: str, lang: str, _: random.Random) -> str:
    """Spaces around all ideographs and kana, or line breaks and double spaces between words."""
    if lang in ("ja", "zh"):
        return re.sub(r"([\u3041-\u30ff\u4e00-\u9fff])", r" \1 ", text)
    return re.sub(r"\s+", "  \n", text)


def recased(text: str, lang: str, _: random.Random) -> str:
    """Upper case, and full width in East Asian text."""
    return text.upper().translate(FULL_WIDTH) if lang in ("ja", "ko", "zh") else text.upper()


def changed(text: str, lang: str, draw: random.Random) -> str:
    """One word of the sentence, or one letter, replaced."""
    if lang in SPACELESS:
        at = draw.choice([i for i, c in enumerate(text) if c.isalpha()])
        return text[:at] + {"ja": "鬱", "zh": "鬱", "th": "ฌ"}[lang] + text[at + 1 :]
    words = text.split(" ")
    words[draw.randrange(len(words))] = "zyzzyva"
    return " ".join(words)


WAYS: dict[str, Callable[[str, str, random.Random], str]] = {
    "verbatim": lambda text, lang, draw: text,
    "re-spaced": respaced,
    "re-cased": recased,
    "one word changed": changed,
}


def search(stage: Decontaminate, texts: list[str]) -> list[list[str]]:
    """The items found in each text."""
    index = stage.index()
    column = pa.array(texts, pa.large_string())
    rows, items, _ = find_items(column, np.ones(len(texts), np.bool_), index)
    found: list[list[str]] = [[] for _ in texts]
    for row, name in zip(rows.tolist(), item_names(index, items).to_pylist(), strict=True):
        found[row].append(name)
    return found


def report_planted(data: Path, items: dict[str, list[str]], stage: Decontaminate) -> None:
    """Found of planted, by language and way; what else was found in the same documents."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for path in sorted(data.glob("bilingual_*.jsonl.zst")):
        for row in rows_of(path):
            if len(hosts[row["lang"]]) < PER_LANGUAGE and len(row["text"]) > 2000:
                hosts[row["lang"]].append(row["text"])
    print("language  items  " + "  ".join(WAYS) + "  found in the same documents without them")
    for lang, texts in sorted(items.items()):
        pages = [hosts[lang][number % len(hosts[lang])] for number in range(len(texts))]
        line = [lang, str(len(texts))]
        for way in WAYS.values():
            planted = []
            for number, (text, page) in enumerate(zip(texts, pages, strict=True)):
                place = page.find("\n", len(page) // 2)
                altered = way(text, lang, random.Random(number))
                planted.append(f"{page[:place]}\n{altered}\n{page[place:]}")
            found = search(stage, planted)
            hits = sum(f"{lang}:{n}" in here for n, here in enumerate(found))
            line.append(f"{hits / len(texts):.3f}")
        line.append(str(sum(map(len, search(stage, list(dict.fromkeys(pages)))))))
        print("  ".join(line))


def report_clean(data: Path, stage: Decontaminate) -> None:
    """What is found in documents into which nothing was planted, and how fast."""
    seconds, size, documents = 0.0, 0, 0
    found: Counter[str] = Counter()
    shown = []
    index = stage.index()
    for path in sorted(data.glob("[bm]*.jsonl.zst")):
        texts = [row["text"] for row in rows_of(path)]
        for begin in range(0, len(texts), BATCH):
            column = pa.array(texts[begin : begin + BATCH], pa.large_string())
            started = time.process_time()
            rows, items, shares = find_items(column, np.ones(len(column), np.bool_), index)
            seconds += time.process_time() - started
            size += column.nbytes
            documents += len(column)
            names = item_names(index, items).to_pylist()
            for row, name, share in zip(rows.tolist(), names, shares, strict=True):
                found[name.split(":")[0]] += 1
                shown.append(f"  {share:.2f} {name} in {path.name} line {begin + row + 1}")
    print(f"\nclean documents: {documents:,}, {size / 1e6:.0f} MB, {size / 1e6 / seconds:.0f} MB/s")
    print(f"items in the index: {len(index.item_names):,}; found: {dict(found)}")
    print("\n".join(shown[:SHOWN]))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", nargs="*", default=[], help="more test sets")
    arguments = parser.parse_args()
    items = sentences(arguments.data)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for lang, texts in items.items():
            paths.append(f"{folder}/{lang}.jsonl")
            lines = [json.dumps({"id": str(n), "sentence": text}) for n, text in enumerate(texts)]
            Path(paths[-1]).write_text("\n".join(lines))
        stage = Decontaminate.model_validate({"against": paths})
        report_planted(arguments.data, items, stage)
        stage = Decontaminate.model_validate({"against": [*paths, *arguments.items]})
        report_clean(arguments.data, stage)


if __name__ == "__main__":
    main()
