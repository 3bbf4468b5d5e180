"""Sentence alignment: speed, growth with the length of documents, and a book; beside galechurch.

    python benchmarks/alignment_speed.py DATA [--language fr] [--peer PEER_PYTHON]
    python benchmarks/alignment_speed.py DATA [--language fr] --growth

The pages of ``alignment_truth.py`` with noise, joined to ever longer documents: 1, 4, 16 and 64
pages each, then one book of all, from whose middle a tenth is missing on one side. Seconds are CPU
seconds of one core, without cutting into sentences; memory is the process's peak.

``--growth`` does all that pairs of documents go through (cut into sentences, aligned, described and
judged) on 1, 4 and 16 times as many different documents, each time in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from alignment import bead_lists, given, peer_beads, score
from alignment_truth import Lines, Side, corpus_pairs, noisy

from stages.bilingual.alignment.aligner import align
from stages.bilingual.alignment.units import units_of


def joined(pages: list[Lines], size: int) -> list[Lines]:
    """Every so many pages as one."""
    groups = [pages[first : first + size] for first in range(0, len(pages), size)]
    return [[pair for page in group for pair in page] for group in groups]


def without_a_tenth(side: Side) -> Side:
    """The segments without those of the middle."""
    first, last = len(side.texts) * 45 // 100, len(side.texts) * 55 // 100
    return Side(side.texts[:first] + side.texts[last:], side.lines[:first] + side.lines[last:])


def report(name: str, lefts: list[Side], rights: list[Side], peer: str | None) -> None:
    """One line an aligner: strict F1, CPU seconds, MB of both sides' text a second."""
    size = sum(len(text.encode()) for side in lefts + rights for text in side.texts) / 1e6
    segments = max(len(side.texts) for side in lefts)
    every = np.arange(len(lefts))
    for passes in (1, 3):
        started = time.process_time()
        units = units_of(given(lefts)), units_of(given(rights))
        beads = align(*units, every, every, passes=passes)
        seconds = time.process_time() - started
        right = score(lefts, rights, bead_lists(beads)).strict()[2]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        what = f"{name} {len(lefts)} of up to {segments} segments, {passes} passes"
        print(f"{what:64} {right:.3f} {seconds:8.2f} s {size / seconds:7.2f} MB/s {memory:.0f} MB")
    if peer:
        beads_of_peer, seconds = peer_beads(lefts, rights, peer)
        right = score(lefts, rights, beads_of_peer).strict()[2]
        print(f"{name + ' galechurch':64} {right:.3f} {seconds:8.2f} s {size / seconds:7.2f} MB/s")


def grow(pages: list[Lines], language: str) -> None:
    """One line: text of both sides, pairs of sentences, MB a CPU second, peak memory."""
    from stages.bilingual.scoring.rules import SentenceLimits
    from stages.bilingual.sentence_pairs import sentence_pairs

    languages = ("en", language)
    limits = SentenceLimits.model_validate({})
    few = pa.array(["One two three.", "Eins zwei drei."], pa.large_string())
    sentence_pairs(few, np.zeros(1, np.int64), np.ones(1, np.int64), languages, limits)
    sides = [noisy(page, f"growth:{number}") for number, page in enumerate(pages)]
    texts = pa.array(["\n".join(side.texts) for pair in sides for side in pair], pa.large_string())
    rows = 2 * np.arange(len(pages))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    started = time.process_time()
    found = sentence_pairs(texts, rows, rows + 1, languages, limits)
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    size = texts.nbytes / 1e6
    print(
        f"{len(pages):6} documents {size:8.2f} MB {found.table.num_rows:8} pairs {seconds:7.2f} s "
        f"{size / seconds:6.2f} MB/s  {before:.0f} -> {memory:.0f} MB", flush=True,
    )  # fmt: skip


def growth(pages: list[Lines], language: str) -> None:
    """The table, each line made by a child of this process."""
    print("what is done from texts to judged pairs of sentences; memory before and at its peak")
    for times in (1, 4, 16):
        child = multiprocessing.get_context("spawn").Process(
            target=grow, args=(pages[: len(pages) * times // 16], language)
        )
        child.start()
        child.join()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--language", default="fr")
    parser.add_argument("--peer")
    parser.add_argument("--pages", type=int, default=512)
    parser.add_argument("--growth", action="store_true")
    arguments = parser.parse_args()
    pages = list(islice(corpus_pairs(arguments.data, arguments.language), arguments.pages))
    if arguments.growth:
        growth(pages, arguments.language)
        return
    first = noisy(pages[0], "warm")
    align(units_of(given([first[0]])), units_of(given([first[1]])), np.arange(1), np.arange(1))
    print("what, strict F1, CPU seconds, text of both sides a second, peak memory")
    for size in (1, 4, 16, 64, len(pages)):
        sides = [noisy(page, f"{size}:{n}") for n, page in enumerate(joined(pages, size))]
        lefts, rights = [a for a, _ in sides], [b for _, b in sides]
        name = f"{size} pages" if size < len(pages) else "a book"
        report(name, lefts, rights, arguments.peer)
        if size == len(pages):
            cut = [without_a_tenth(side) for side in rights]
            report("a book, a tenth missing", lefts, cut, arguments.peer)


if __name__ == "__main__":
    main()
