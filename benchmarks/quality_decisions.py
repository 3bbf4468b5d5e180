"""Decisions of ``preset: datatrove`` beside datatrove's: how many are equal, why others are not.

    python benchmarks/quality_decisions.py DATA --peer PYTHON [--megabytes 2]

Documents as in ``quality.py``, in the languages in which both mean the same by a word. Each rule
judges every document alone, with datatrove's thresholds. Printed for each language: the share of
documents kept or dropped alike, by filter; each rule with a difference; and of the documents whose
words differ, how: the pieces of text that the two split in different ways, by what they look like.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from quality import batch_of, run_peer, samples

from stages.quality.datatrove.definitions import split
from stages.quality.judging import Judge
from stages.quality.presets import PRESETS
from stages.quality.rules import FAMILIES, thresholds_of

LANGUAGES = ("en", "fr", "de", "es", "ru")
MOST_WORDS = 20_000
"""Documents with more words are not compared piece by piece."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", metavar="PYTHON", required=True)
    parser.add_argument("--megabytes", type=float, default=2, help="text of each language")
    options = parser.parse_args()
    texts = samples(options.data, LANGUAGES, int(options.megabytes * 1e6))
    theirs = run_peer(options.peer, texts, "--rules")
    names = [rule.name for rule in PRESETS["datatrove"].rules]
    for language, documents in texts.items():
        ours = failures(documents, language)
        peer = np.zeros_like(ours)
        for number, name in enumerate(names):
            peer[number, theirs[language]["failed"][name]] = True
        print_decisions(language, ours, peer)
        print_words(documents, theirs[language]["words"], language, (ours != peer).any(0))


def failures(texts: list[str], language: str) -> np.ndarray:
    """Bool [rules, documents]: what each of our rules rejects."""
    preset = PRESETS["datatrove"]
    everything = np.ones(len(texts), np.bool_)
    codes = np.zeros(len(texts), np.int64)
    column = batch_of(texts, language)["text"]
    signals, _ = preset.measure(column, everything, codes, [language])
    row = thresholds_of(language, rules=preset.rules, built_in=preset.languages)
    thresholds = np.tile(row, (len(texts), 1))
    return Judge(preset.rules, preset.signals).failures(signals, thresholds)


def print_decisions(language: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """How many documents are judged alike: by all rules, by the filters, by each rule."""
    rules = PRESETS["datatrove"].rules
    print(f"\n{language}: {ours.shape[1]:,} documents")
    shares = {"any filter": alike(ours.any(0), theirs.any(0))}
    for family in FAMILIES:
        chosen = [rule.family == family for rule in rules]
        shares[family] = alike(ours[chosen].any(0), theirs[chosen].any(0))
    shares["each single rule"] = float((ours == theirs).mean())
    shares["all 30 rules at once"] = float((ours == theirs).all(0).mean())
    print("  equal: " + ", ".join(f"{name} {share:.2%}" for name, share in shares.items()))
    for number, rule in enumerate(rules):
        more = int((ours[number] & ~theirs[number]).sum())
        less = int((theirs[number] & ~ours[number]).sum())
        if more or less:
            print(f"  {rule.name}: both {int((ours & theirs)[number].sum())}", end="")
            print(f", only ours {more}, only datatrove's {less}")


def alike(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Share of documents with the same decision."""
    return float((ours == theirs).mean())


def print_words(
    texts: list[str], theirs: list[list[str]], language: str, judged_differently: np.ndarray
) -> None:
    """Pieces of text that are split differently, by kind: in all documents, in those concerned."""
    everywhere: Counter[str] = Counter()
    concerned: Counter[str] = Counter()
    differing = words = 0
    for text, peer, different in zip(texts, theirs, judged_differently, strict=True):
        ours = words_of(text, language)
        words += len(peer)
        if ours == peer:
            if different:
                concerned["same words: lines or sentences"] += 1
            continue
        differing += 1
        if max(len(ours), len(peer)) < MOST_WORDS:
            kinds = Counter(kind_of(a, b) for a, b in differences(ours, peer))
            everywhere += kinds
            if different:
                concerned[kinds.most_common(1)[0][0]] += 1
    print(f"  documents with other words: {differing / len(texts):.1%}; pieces per 1,000 words:")
    for kind, count in everywhere.most_common():
        print(f"    {kind}: {count / words * 1000:.2f}", end="")
        print(f", decides {concerned[kind]} documents" if concerned[kind] else "")
    for kind in set(concerned) - set(everywhere):
        print(f"    {kind}: decides {concerned[kind]} documents")


def words_of(text: str, language: str) -> list[str]:
    """Our words as text."""
    _, lengths = split(text, language)
    words = []
    position = 0
    for length in lengths.tolist():
        while text[position].isspace():
            position += 1
        words.append(text[position : position + length])
        position += length
    return words


def differences(ours: list[str], theirs: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Stretches of words that are not the same."""
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind != "equal":
            yield ours[a:b], theirs[c:d]


def kind_of(ours: list[str], theirs: list[str]) -> str:
    """What a stretch looks like where datatrove's words are ``theirs``."""
    text = "".join(theirs)
    if not any(character.isalnum() for character in text):
        return "emoticons and marks kept together"
    if any(len(w) > 1 and w.endswith(".") and any(c.isalpha() for c in w) for w in theirs):
        return "abbreviations with their full stop"
    if any("-" in word and any(c.isalpha() for c in word) for word in theirs):
        return "words with hyphens"
    if any(character.isdigit() for character in text):
        return "numbers and their units, addresses with numbers"
    if len(theirs) > len(ours):
        return "words split by a list"
    return "other"


if __name__ == "__main__":
    main()
