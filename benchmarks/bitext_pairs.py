"""Sentence pairs that are translations, and wrong ones made of them, for ``bitext_filters``.

Good pairs are lines that correspond (``alignment_truth``) and were translated: of what is left
without code, tags and addresses most is in the other language's script, or most words are others.
(Of these pages some are half English.) A wrong pair is a good one with another right side.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zstandard
from alignment_truth import LEAST_LINES, Lines, letters, same_lines

from stages.bilingual.alignment.aligner import FOLDS, Alignment, learn_alignment
from stages.bilingual.alignment.beads_kernels import RATIO
from stages.bilingual.alignment.lexicon import identity_lexicon
from stages.bilingual.alignment.units import Units, units_of
from stages.bilingual.scoring.describing import Described, Known, Side, count, describe
from stages.bilingual.scoring.habits import learned_habits
from stages.bilingual.sentences.segmenting import Sentences

FAMILIES = (
    ("shuffled",), ("neighbour",), ("same_length",), ("copied",), ("half", "first_half"),
    ("cut", "first_cut", "left_cut"), ("language",), ("numbers",),
)  # fmt: skip
KINDS = tuple(kind for family in FAMILIES for kind in family)
"""The right side: a line of another page; the next line; the line nearest in length of 200 of other
pages; the left side; its second half left untranslated, or the first; its second half missing, or
the first; (left_cut: the left side's second half missing); the same line in a third language; a
digit of a number changed that both sides have."""
SHARE_GOOD = 0.85
"""Of pairs in the sample: what an aligner gives is mostly right. The rest is shared evenly by the
families of wrong pairs."""
OTHER_LANGUAGE = {"zh": "ja", "ja": "zh", "ru": "uk", "fr": "es", "es": "pt", "pt": "es"}
LEAST_TO_HALVE, LEAST_LOST = 20, 8
"""Letters of a sentence, and those of either half that are no code, tags or addresses: a half that
is all code is neither untranslated nor missed."""
LATIN = {"fr", "de", "es", "pt", "it", "vi", "id", "tr", "pl", "nl"}
NOT_PROSE = re.compile(r"`[^`]*`|<[^>]*>|\{[^}]*\}|\]\([^)]*\)|\S*://\S*|\S*[_.@/=]\S+")
ADDRESS = re.compile(r"<[^>]*>|\{[^}]*\}|\]\([^)]*\)|\S*://\S*")
ITEM_NUMBER = re.compile(r"^\W*\d{1,3}[.)] ")
MISPLACED = {"libreoffice-help"}
"""Sources whose translations have the same number of lines, but not in the same order."""


def translated(left: str, right: str, language: str) -> bool:
    """Whether most of what could be translated was."""
    left, right = NOT_PROSE.sub(" ", left), NOT_PROSE.sub(" ", right)
    if min(letters(left), letters(right)) < 4:
        return False
    if language in LATIN:
        words = re.findall(r"\w{3,}", right.lower())
        known = set(re.findall(r"\w{3,}", left.lower()))
        return len(words) > 0 and sum(word in known for word in words) <= len(words) / 2
    found = [char for char in right if char.isalpha()]
    latin = sum(unicodedata.name(char, "").startswith("LATIN") for char in found)
    return latin <= len(found) / 2


@dataclass
class Corpus:
    """The pages of one source in two languages."""

    source: str
    language: str
    pages: list[Lines]
    third: list[dict[str, str]]
    """By page: an English line -> the same line in a third language."""


@dataclass
class Planted:
    """Pairs of sentences, and of what kind each is (``good`` or one of ``KINDS``)."""

    pages: list[int] = field(default_factory=list)
    lefts: list[str] = field(default_factory=list)
    rights: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(self, page: int, left: str, right: str, kind: str) -> None:
        """One more pair."""
        self.pages.append(page)
        self.lefts.append(left)
        self.rights.append(right)
        self.kinds.append(kind)


def read_corpus(path: Path, language: str, most_pages: int) -> Corpus:
    """The pages of a file that have the same lines in English and another language."""
    pages: dict[str, dict[str, str]] = defaultdict(dict)
    with zstandard.open(path, "rt", encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            pages[row["pair_key"]][row["lang"]] = row["text"]
    languages = sorted({lang for page in pages.values() for lang in page})
    third = OTHER_LANGUAGE.get(language, "")
    if third not in languages:
        third = next((lang for lang in languages if lang not in ("en", language)), "")
    source = path.name.removeprefix("bilingual_").removesuffix(".jsonl.zst")
    corpus = Corpus(source, language, [], [])
    for _, page in sorted(pages.items()):
        lines = same_lines(page["en"], page[language]) if {"en", language} <= page.keys() else []
        if len(lines) >= LEAST_LINES and len(corpus.pages) < most_pages:
            corpus.pages.append(lines)
            corpus.third.append(dict(same_lines(page["en"], page.get(third, ""))))
    return corpus


def plant(corpus: Corpus, most: int) -> Planted:
    """Some good pairs of a corpus and as many wrong ones of every kind as can be made of them."""
    chance = random.Random(f"{corpus.source}:{corpus.language}")
    places = [(p, i) for p, lines in enumerate(corpus.pages) for i in range(len(lines))]
    chosen = chance.sample(places, min(most, len(places)))
    planted = Planted()
    for page, at in chosen:
        left, right = corpus.pages[page][at]
        if not translated(left, right, corpus.language):
            continue
        planted.add(page, left, right, "good")
        for kind in KINDS:
            wrong = _wrong(corpus, page, at, kind, places, chance)
            if kind == "left_cut" and wrong:
                planted.add(page, wrong, right, kind)
            elif wrong and wrong != right:
                planted.add(page, left, wrong, kind)
    return planted


def _wrong(
    corpus: Corpus, page: int, at: int, kind: str, places: list[tuple[int, int]],
    chance: random.Random,
) -> str:  # fmt: skip
    """The other side of a wrong pair; empty where none can be made."""
    lines = corpus.pages[page]
    left, right = lines[at]
    if kind in ("shuffled", "same_length"):
        others = [place for place in chance.sample(places, min(200, len(places)))
                  if place[0] != page]  # fmt: skip
        texts = [corpus.pages[p][i][1] for p, i in others if corpus.pages[p][i][0] != left]
        if kind == "shuffled" or not texts:
            return texts[0] if texts else ""
        return min(texts, key=lambda text: abs(len(text) - len(right)))
    if kind == "neighbour":
        return lines[at + 1][1] if at + 1 < len(lines) and lines[at + 1][0] != left else ""
    if kind == "copied":
        return left if letters(left) >= LEAST_TO_HALVE else ""
    if kind == "language":
        third = corpus.third[page].get(left, "")
        return third if letters(third) >= LEAST_TO_HALVE // 2 and third != left else ""
    if kind == "numbers":
        return _with_other_number(left, right, chance)
    if min(letters(left), letters(right)) < LEAST_TO_HALVE:
        return ""
    if min(letters(half) for text in (left, right) for half in _halves(text)) < LEAST_LOST:
        return ""
    lefts = left[: len(left) // 2], left[len(left) // 2 :]
    rights = right[: len(right) // 2], right[len(right) // 2 :]
    made = {
        "half": f"{rights[0]} {lefts[1]}", "first_half": f"{lefts[0]} {rights[1]}",
        "cut": rights[0], "first_cut": rights[1], "left_cut": lefts[0],
    }  # fmt: skip
    return made[kind]


def _halves(text: str) -> tuple[str, str]:
    """The first and the second half, what is not prose as spaces."""
    text = NOT_PROSE.sub(_spaces, text)
    return text[: len(text) // 2], text[len(text) // 2 :]


def _with_other_number(left: str, right: str, chance: random.Random) -> str:
    """Another digit in a number of the text; no list is counted anew, no address changed."""
    text = ITEM_NUMBER.sub(_spaces, ADDRESS.sub(_spaces, right))
    places = [n for n, c in enumerate(text) if c in "0123456789" and c in left]
    if not places:
        return ""
    place = chance.choice(places)
    digit = chance.choice([d for d in "123456789" if d != right[place]])
    return right[:place] + digit + right[place + 1 :]


def _spaces(found: re.Match[str]) -> str:
    return " " * len(found[0])


def shares(kinds: np.ndarray) -> np.ndarray:
    """The weight of each pair of one source and language, by its kind: float64 [pairs]."""
    share = np.zeros(len(kinds))
    good = kinds == "good"
    share[good] = SHARE_GOOD / max(good.sum(), 1)
    families = [[kind for kind in family if (kinds == kind).any()] for family in FAMILIES]
    families = [family for family in families if family]
    for family in families:
        for kind in family:
            mine = kinds == kind
            share[mine] = (1 - SHARE_GOOD) / len(families) / len(family) / mine.sum()
    return share


def given(texts: list[list[str]]) -> Sentences:
    """Documents whose sentences are known."""
    data = [text.encode() for document in texts for text in document]
    ends = np.cumsum([len(text) for text in data], dtype=np.int64)
    counts = np.cumsum([0] + [len(document) for document in texts], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]]) if len(ends) else ends
    whole = np.frombuffer(b"".join(data), np.uint8)
    return Sentences(whole, counts, starts, ends, np.zeros(len(data), np.uint8))


def learn(corpus: Corpus) -> Alignment:
    """Align all pages of a corpus, each by what others teach."""
    sides = [units_of(given([[line[s] for line in page] for page in corpus.pages])) for s in (0, 1)]
    every = np.arange(len(corpus.pages))
    return learn_alignment(sides[0], sides[1], every, every, every % FOLDS)


def described(corpus: Corpus, alignment: Alignment, planted: Planted, lexicon: bool) -> Described:
    """Describe the pairs, each by a lexicon that has not seen its page, or by none."""
    pages = np.array(planted.pages, np.int64)
    owners = np.repeat(np.arange(len(corpus.pages)), np.diff(alignment.beads.pair_offsets))
    lexicons = [
        (np.flatnonzero(np.isin(pages, owners[beads])), learned)
        for beads, learned in alignment.lexicons
    ]
    if not lexicon:
        lexicons = [(np.arange(len(pages)), identity_lexicon(alignment.vocabulary))]
    lines = [pair for page in corpus.pages for pair in page]
    counts, _, _ = count(*_sides(lines, corpus.language, alignment))
    habits = learned_habits(counts, float(alignment.models.parameters[RATIO]))
    known = Known(alignment.vocabulary, alignment.models, lexicons, habits)
    pairs = list(zip(planted.lefts, planted.rights, strict=True))
    return describe(*_sides(pairs, corpus.language, alignment), known)


def _sides(pairs: list[tuple[str, str]], language: str, alignment: Alignment) -> list[Side]:
    return [
        _side([pair[side] for pair in pairs], name, alignment)
        for side, name in enumerate(("en", language))
    ]


def _side(texts: list[str], language: str, alignment: Alignment) -> Side:
    sentences = given([texts])
    units = units_of(sentences)
    offsets, places, numbers = _numbered(units, alignment.vocabulary.units)
    rows = np.arange(len(texts))
    return Side(
        sentences.data, sentences.starts, sentences.ends, rows, rows + 1, offsets, places, numbers,
        language,
    )  # fmt: skip


def _numbered(units: Units, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The units by number; those that no page has are left out, as they say nothing."""
    order = np.argsort(known)
    at = np.minimum(np.searchsorted(known, units.units, sorter=order), len(known) - 1)
    found = known[order[at]] == units.units
    offsets = np.concatenate([[0], np.cumsum(found)])[units.offsets]
    return offsets.astype(np.int64), units.places[found], order[at][found].astype(np.int32)
