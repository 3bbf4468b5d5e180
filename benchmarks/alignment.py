"""Sentence alignment: how right, beside galechurch and our own passes without a lexicon.

    python benchmarks/alignment.py DATA [--languages zh,th] [--po FOLDER] [--peer PEER_PYTHON]
        [--book PAGES]

DATA is a folder of ``bilingual_*.jsonl.zst`` files (``text``, ``lang``, ``pair_key``); FOLDER holds
gettext catalogues (any unpacked package that has some), whose messages are taken as lines. What is
true is told by lines that correspond (``alignment_truth.py``). Three inputs:

* segments: each line is given as one segment, so that all aligners see the same;
* text: the lines as a text that we cut into sentences ourselves;
* running: the same without line ends, of lines that are one sentence in English, and end like one
  on the other side (but in Thai, which has no full stop).

``--book``: so many pages as one document that has no others to learn from, and nothing else.

PEER_PYTHON is the Python of an environment with galechurch.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
from alignment_truth import (
    LEAST_LINES,
    Bead,
    Lines,
    Score,
    Side,
    clean,
    corpus_pairs,
    noisy,
    po_pairs,
    true_beads,
)

from stages.bilingual.alignment import splitting
from stages.bilingual.alignment.aligner import align
from stages.bilingual.alignment.documents import Beads
from stages.bilingual.alignment.units import Units, units_of
from stages.bilingual.sentences.segmenting import Sentences, segment

LANGUAGES = "zh,th,ar,fr,ja,ru,de,ko,vi,es,pt,hi"
PEER = Path(__file__).with_name("peer_alignment.py")


def given(sides: list[Side]) -> Sentences:
    """Segments as sentences, nothing known of their lines."""
    texts = [text.encode() for side in sides for text in side.texts]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    counts = np.cumsum([0] + [len(side.texts) for side in sides], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    data = np.frombuffer(b"".join(texts), np.uint8)
    return Sentences(data, counts, starts, ends, np.zeros(len(texts), np.uint8))


def cut(sides: list[Side], language: str, between: str) -> tuple[Sentences, list[Side]]:
    """The sides as texts cut by us, and the lines of each sentence found."""
    column = pa.array([between.join(side.texts) for side in sides], pa.large_string())
    sentences = segment(column, [language] * len(sides))
    found = []
    begin = 0
    for number, side in enumerate(sides):
        sizes = [len(text.encode()) for text in side.texts]
        ends = begin + np.cumsum(sizes) + len(between) * np.arange(len(sizes))
        one = Side()
        for at in range(*sentences.document_offsets[number : number + 2]):
            first = int(np.searchsorted(ends, sentences.starts[at], side="right"))
            last = int(np.searchsorted(ends, sentences.ends[at] - 1, side="right"))
            one.lines.append(tuple(line for part in side.lines[first : last + 1] for line in part))
        found.append(one)
        begin = int(ends[-1])
    return sentences, found


def bead_lists(beads: Beads) -> Iterator[list[Bead]]:
    """Beads by pair, as sets."""
    columns = (beads.left_starts, beads.left_ends, beads.right_starts, beads.right_ends)
    rows = np.stack(columns, axis=1).tolist()
    for first, last in zip(beads.pair_offsets[:-1], beads.pair_offsets[1:], strict=True):
        yield [as_bead(row) for row in rows[first:last]]


def as_bead(row: list[int]) -> Bead:
    """Four numbers as two sets."""
    return frozenset(range(row[0], row[1])), frozenset(range(row[2], row[3]))


def score(lefts: list[Side], rights: list[Side], found: Iterator[list[Bead]]) -> Score:
    """Count over all pages."""
    total = Score()
    for left, right, beads in zip(lefts, rights, found, strict=True):
        total.add(beads, true_beads(left, right))
    return total


def peer_beads(
    lefts: list[Side], rights: list[Side], peer: str
) -> tuple[Iterator[list[Bead]], float]:
    """What galechurch finds, and its seconds."""
    pairs = [[left.texts, right.texts] for left, right in zip(lefts, rights, strict=True)]
    run = subprocess.run(
        [peer, str(PEER)], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    answer = json.loads(run.stdout)
    return ([as_bead(row) for row in rows] for rows in answer["beads"]), answer["seconds"]


def report(name: str, language: str, pages: list[Lines], peer: str | None) -> None:
    """One language: clean and noisy, every input and aligner."""
    for noise in ("clean", "noisy"):
        start = f"{name} en-{language} {len(pages)} pages {noise}"
        lefts, rights = make(pages, noise, language)
        every = np.arange(len(lefts))
        if peer:
            beads, _ = peer_beads(lefts, rights, peer)
            line(f"{start} segments galechurch", score(lefts, rights, beads))
        units = units_of(given(lefts)), units_of(given(rights))
        bare = lengths_only(units[0]), lengths_only(units[1])
        for sides, passes, what in (
            (bare, 1, "lengths"), (units, 1, "first pass"), (units, 3, "all passes"),
        ):  # fmt: skip
            found = align(*sides, every, every, passes=passes)
            line(f"{start} segments {what}", score(lefts, rights, bead_lists(found)))
        report_text(f"{start} text", lefts, rights, language, "\n")
        sentences = [only_sentences(lines, language) for lines in pages]
        sentences = [lines for lines in sentences if len(lines) >= LEAST_LINES]
        lefts, rights = make(sentences, noise, language)
        report_text(f"{start} running", lefts, rights, language, " ")


def report_book(language: str, pages: list[Lines]) -> None:
    """One language: pages as a single document, learning from its own parts or from nothing."""
    book = [line for page in pages for line in page]
    lefts, rights = make([book], "noisy", language)
    units = units_of(given(lefts)), units_of(given(rights))
    one = np.zeros(1, np.int64)
    for what, passes, least in (
        ("first pass", 1, splitting.LEAST_PARTS),
        ("without parts", 3, len(book)),
        ("with parts", 3, splitting.LEAST_PARTS),
    ):
        with mock.patch.object(splitting, "LEAST_PARTS", least):
            found = align(*units, one, one, passes=passes)
        line(f"a book en-{language} {len(pages)} pages noisy {what}",
             score(lefts, rights, bead_lists(found)))  # fmt: skip


def lengths_only(units: Units) -> Units:
    """The same sentences without any units."""
    return replace(units, offsets=np.zeros_like(units.offsets), units=units.units[:0])


def make(pages: list[Lines], noise: str, language: str) -> tuple[list[Side], list[Side]]:
    """Both sides of all pages."""
    sides = [
        clean(lines) if noise == "clean" else noisy(lines, f"{language}:{number}")
        for number, lines in enumerate(pages)
    ]
    return [a for a, _ in sides], [b for _, b in sides]


def only_sentences(lines: Lines, language: str) -> Lines:
    """The lines that end where a sentence does."""
    return [
        (one, other)
        for one, other in lines
        if one[-1] in ".!?"
        and not re.search(r"[.!?][\s\")*_]", one[:-1])
        and (language in ("th", "lo") or other[-1] in ".!?。！？।؟۔")
    ]


def report_text(
    name: str, lefts: list[Side], rights: list[Side], language: str, between: str
) -> None:
    """Texts that we cut and align."""
    left, left_sides = cut(lefts, "en", between)
    right, right_sides = cut(rights, language, between)
    every = np.arange(len(lefts))
    found = align(units_of(left), units_of(right), every, every)
    line(f"{name} all passes", score(left_sides, right_sides, bead_lists(found)))


def line(name: str, total: Score) -> None:
    """Precision, recall, F1: strict, lenient, by line."""
    values = [*total.strict(), *total.lax(), *total.by_line()]
    print(name.ljust(58), total.truth, *(f"{value:.3f}" for value in values), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--languages", default=LANGUAGES)
    parser.add_argument("--po", type=Path)
    parser.add_argument("--peer")
    parser.add_argument("--book", type=int, default=0, metavar="PAGES")
    parser.add_argument("--pages", type=int, default=400, help="at most, of each language")
    arguments = parser.parse_args()
    print("what, true beads; precision, recall, F1: strict | overlapping | by line")
    for language in arguments.languages.split(","):
        pages = list(islice(corpus_pairs(arguments.data, language), arguments.pages))
        if arguments.book:
            report_book(language, pages[: arguments.book])
            continue
        report("corpus", language, pages, arguments.peer)
        catalogues = list(po_pairs(arguments.po, language)) if arguments.po else []
        if catalogues:
            report("po", language, catalogues, arguments.peer)


if __name__ == "__main__":
    main()
