"""Truth for sentence alignment: translated pages that have the same lines, and noise by script.

A page counts where both languages have the same lines in kind (heading, list item, blank). Lines of
code, lines without letters and lines that were never translated are left out: those would be easy.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

LEAST_LINES = 8
DISCLAIMER_LINES = 8
"""Lines that a translation may have behind the original's end (a note on how it was made)."""


@dataclass
class Side:
    """The segments of one side, each with the numbers of the lines that it is made of."""

    texts: list[str] = field(default_factory=list)
    lines: list[tuple[int, ...]] = field(default_factory=list)


Lines = list[tuple[str, str]]


def corpus_pairs(folder: Path, language: str) -> Iterator[Lines]:
    """The lines of all pages of ``bilingual_*.jsonl.zst`` in English and another language."""
    for path in sorted(folder.glob("bilingual_*.jsonl.zst")):
        pages: dict[str, dict[str, str]] = defaultdict(dict)
        with zstandard.open(path, "rt", encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                pages[row["pair_key"]][row["lang"]] = row["text"]
        for _, page in sorted(pages.items()):
            if "en" in page and language in page:
                lines = same_lines(page["en"], page[language])
                if len(lines) >= LEAST_LINES:
                    yield lines


def po_pairs(folder: Path, language: str, size: int = 40) -> Iterator[Lines]:
    """Runs of messages of gettext catalogues below a folder, as pages."""
    names = {"zh": "zh_Hans", "pt": "pt_BR"}
    for path in sorted(folder.rglob(f"{names.get(language, language)}/LC_MESSAGES/*.po")):
        pairs = [(a, b) for a, b in messages(path) if worth(a, b)]
        for first in range(0, len(pairs) - LEAST_LINES + 1, size):
            yield pairs[first : first + size]


def messages(path: Path) -> Iterator[tuple[str, str]]:
    """The translated messages of a catalogue, without plurals and doubtful ones."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        if "fuzzy" in block or "msgid_plural" in block:
            continue
        parts: dict[str, str] = defaultdict(str)
        name = ""
        for line in block.splitlines():
            if line.startswith(("msgid ", "msgstr ")):
                name, line = line.split(" ", 1)
            if line.startswith('"') and name:
                parts[name] += json.loads(line.replace("\\'", "'"))
        yield " ".join(parts["msgid"].split()), " ".join(parts["msgstr"].split())


def same_lines(left: str, right: str) -> Lines:
    """The lines of both texts where they correspond one to one, else none."""
    lefts, rights = left.rstrip().split("\n"), right.rstrip().split("\n")
    if len(lefts) <= len(rights) <= len(lefts) + DISCLAIMER_LINES:
        rights = rights[: len(lefts)]
    if [kind(line) for line in lefts] != [kind(line) for line in rights]:
        return []
    pairs = []
    in_code = False
    for one, other in zip(lefts, rights, strict=True):
        in_code ^= one.lstrip().startswith("```")
        if not in_code and worth(one, other):
            pairs.append((one.strip(), other.strip()))
    return pairs


def kind(line: str) -> str:
    """Blank, heading, list item, code fence, table row or text."""
    line = line.strip()
    for start in ("```", "|", "#", "- ", "* ", "> ", "!["):
        if line.startswith(start):
            return start
    return "text" if line else ""


def worth(one: str, other: str) -> bool:
    """Was this translated, and is there anything to translate?"""
    return one.strip() != other.strip() and min(letters(one), letters(other)) >= 2


def letters(text: str) -> int:
    """How many letters there are."""
    return sum(map(str.isalpha, text))


def clean(lines: Lines) -> tuple[Side, Side]:
    """Each line a segment."""
    numbers = [(n,) for n in range(len(lines))]
    return Side([a for a, _ in lines], list(numbers)), Side([b for _, b in lines], list(numbers))


def noisy(lines: Lines, seed: str) -> tuple[Side, Side]:
    """The same page with lines dropped, swapped, merged and cut.

    10% of the lines are dropped (half on either side), 10% stand in swapped neighbours, and on
    either side 5% are merged with the next and 5% are cut in two.
    """
    chance = random.Random(seed)
    sides = []
    for side in range(2):
        items = [(pair[side], (number,)) for number, pair in enumerate(lines)]
        items = [item for item in items if chance.random() >= 0.05]
        if side == 1:
            at = 0
            while at + 1 < len(items):
                if chance.random() < 0.05:
                    items[at], items[at + 1] = items[at + 1], items[at]
                    at += 1
                at += 1
        sides.append(_merged_and_cut(items, chance))
    return sides[0], sides[1]


def _merged_and_cut(items: list[tuple[str, tuple[int, ...]]], chance: random.Random) -> Side:
    side = Side()
    at = 0
    while at < len(items):
        text, numbers = items[at]
        draw = chance.random()
        if draw < 0.05 and at + 1 < len(items):
            at += 1
            text, numbers = f"{text} {items[at][0]}", numbers + items[at][1]
        cut = cutting_point(text) if 0.05 <= draw < 0.1 else 0
        for part in (text[:cut], text[cut:]):
            if part.strip():
                side.texts.append(part.strip())
                side.lines.append(numbers)
        at += 1
    return side


def cutting_point(text: str) -> int:
    """A place to cut near the middle: behind a sentence or clause, else at a space; 0: none."""
    middle = len(text) // 2
    for marks in ("。！？.!?।", "，、,;；", " "):
        places = [n + 1 for n, c in enumerate(text) if c in marks and 5 <= n < len(text) - 5]
        near = [p for p in places if abs(p - middle) <= len(text) // 4]
        if near:
            return min(near, key=lambda place: abs(place - middle))
    return 0


Bead = tuple[frozenset[int], frozenset[int]]


def true_beads(left: Side, right: Side) -> list[Bead]:
    """Segments that share lines, directly or through others; those with both sides only."""
    owner: dict[int, int] = {}

    def root(line: int) -> int:
        while owner.setdefault(line, line) != line:
            line = owner[line]
        return line

    for numbers in left.lines + right.lines:
        for line in numbers[1:]:
            owner[root(line)] = root(numbers[0])
    groups: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for side, numbered in enumerate((left.lines, right.lines)):
        for segment, numbers in enumerate(numbered):
            groups[root(numbers[0])][side].add(segment)
    return [(frozenset(a), frozenset(b)) for a, b in groups.values() if a and b]


@dataclass
class Score:
    """Counts of beads: found, right, and there to be found."""

    found: int = 0
    right: int = 0
    lenient: int = 0
    inside: int = 0
    truth: int = 0
    reached: int = 0
    tiled: int = 0

    def add(self, found: list[Bead], truth: list[Bead]) -> None:
        """Count one page. A null bead is neither found nor true."""
        found = [bead for bead in found if bead[0] and bead[1]]
        owner: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for number, bead in enumerate(truth):
            for side in range(2):
                owner[side].update(dict.fromkeys(bead[side], number))
        touched: dict[int, set[int]] = defaultdict(set)
        linked, broken = set(), set()
        lenient_truth = set()
        for bead in found:
            lefts = {owner[0].get(segment, -1) for segment in bead[0]}
            rights = {owner[1].get(segment, -2) for segment in bead[1]}
            both = lefts & rights
            self.lenient += bool(both)
            lenient_truth |= both
            if len(lefts | rights) == 1:
                self.inside += 1
                linked |= both
                for segment in bead[0] | {-s - 1 for s in bead[1]}:
                    touched[next(iter(both))].add(segment)
            else:
                broken |= lefts | rights
        self.found += len(found)
        self.right += len(set(found) & set(truth))
        self.truth += len(truth)
        self.reached += len(lenient_truth)
        self.tiled += sum(
            number in linked and number not in broken
            and len(touched[number]) == len(bead[0]) + len(bead[1])
            for number, bead in enumerate(truth)
        )  # fmt: skip

    def strict(self) -> tuple[float, float, float]:
        """Precision, recall and F1 of beads that are exactly right."""
        return _three(self.right, self.found, self.right, self.truth)

    def lax(self) -> tuple[float, float, float]:
        """The same where a bead need only overlap a true one on both sides."""
        return _three(self.lenient, self.found, self.reached, self.truth)

    def by_line(self) -> tuple[float, float, float]:
        """Beads within one true bead; true beads that beads fill without leaving them."""
        return _three(self.inside, self.found, self.tiled, self.truth)


def _three(right: int, found: int, reached: int, truth: int) -> tuple[float, float, float]:
    precision, recall = right / max(found, 1), reached / max(truth, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)
