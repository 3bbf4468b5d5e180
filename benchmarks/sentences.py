"""Sentence segmentation: how fast, and where it agrees with sentencex.

    python benchmarks/sentences.py DATA --peer PEER_PYTHON [--show 5]

DATA is a folder of JSONL.zst files (``text``); PEER_PYTHON the Python of an environment with
sentencex. An end is a character that is the last of a sentence, blanks left out. Only ends inside
a line are compared: sentencex joins lines but at a blank one, we part them. ``--show`` prints
places where only one of both ends a sentence.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from itertools import islice
from pathlib import Path

import pyarrow as pa
import zstandard

from stages.bilingual.sentences.segmenting import Sentences, segment

PEER = Path(__file__).with_name("peer_sentences.py")
FILES = [
    ("en", "mono_en_digitalgov"), ("en", "mono_en_classic-books"), ("de", "mono_de_gesetze"),
    ("fr", "mono_fr_code-civil"), ("ru", "mono_ru_literature"), ("zh", "mono_zh_wiki-paragraphs"),
    ("ja", "mono_ja_wiki-paragraphs"), ("th", "mono_th_wiki-articles"),
    ("ar", "mono_ar_wiki-paragraphs"), ("id", "mono_id_reviews-news"),
]  # fmt: skip


def dense_ends(parts: list[str]) -> set[int]:
    """Ends of sentences, in characters that are no blanks."""
    ends, position = set(), 0
    for part in parts:
        position += len("".join(part.split()))
        ends.add(position)
    return ends


def line_ends(text: str) -> set[int]:
    """The same of lines."""
    return dense_ends(text.split("\n"))


def ours_by_document(found: Sentences, rows: int) -> list[list[str]]:
    """The sentences of each document."""
    return [
        [found.text(n) for n in range(*found.document_offsets[row : row + 2])]
        for row in range(rows)
    ]


def place(text: str, end: int) -> str:
    """What stands around an end."""
    dense = 0
    for at, character in enumerate(text):
        dense += not character.isspace()
        if dense == end:
            around = f"{text[max(at - 40, 0) : at + 1]}|{text[at + 1 : at + 30]}"
            return around.replace("\n", " ")
    return ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--show", type=int, default=0)
    arguments = parser.parse_args()
    segment(pa.array(["x"], pa.large_string()), ["en"])
    print("text, MB, our MB/s, sentencex MB/s; ends of both, only ours, only sentencex's")
    for language, name in FILES:
        with zstandard.open(arguments.data / f"{name}.jsonl.zst", "rt", encoding="utf-8") as rows:
            texts = [json.loads(row)["text"] for row in islice(rows, arguments.documents)]
        column = pa.array(texts, pa.large_string())
        size = sum(len(text.encode()) for text in texts) / 1e6
        started = time.process_time()
        found = segment(column, [language] * len(texts))
        seconds = time.process_time() - started
        run = subprocess.run(
            [arguments.peer, str(PEER)], input=json.dumps([[language, text] for text in texts]),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        peer = json.loads(run.stdout)
        counts = [0, 0, 0]
        shown: tuple[list[str], list[str]] = ([], [])
        documents = ours_by_document(found, len(texts))
        for text, mine, other in zip(texts, documents, peer["sentences"], strict=True):
            lines = line_ends(text)
            ends, theirs = dense_ends(mine) - lines, dense_ends(other) - lines
            for n, group in enumerate((ends & theirs, ends - theirs, theirs - ends)):
                counts[n] += len(group)
                if n:
                    shown[n - 1].extend(place(text, end) for end in sorted(group)[:2])
        speeds = f"{size / seconds:7.1f} {size / peer['seconds']:7.2f}"
        print(name.ljust(26), f"{size:6.2f} {speeds}", *counts, flush=True)
        for title, places in zip(("ours", "sentencex"), shown, strict=True):
            step = max(len(places) // max(arguments.show, 1), 1)
            for example in places[::step][: arguments.show]:
                print(f"    only {title}: {example}")


if __name__ == "__main__":
    main()
