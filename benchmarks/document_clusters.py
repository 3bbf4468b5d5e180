"""Translations among many languages by content alone: clusters through a hub, and every two.

    python benchmarks/document_clusters.py DATA [--languages en zh th ...] [--seed 0]
        [--prose] [--ways clusters every] [--json OUT]

DATA is what ``document_pairing.py`` takes: ``bilingual_*`` and ``mono_<lang>_*``. The pages of all
languages go through the stage ``bilingual`` with ``find: [content]`` once, languages identified by
``langid`` and nothing else known; before that 15 % of the pages of each language are taken away, so
that clusters have gaps and sister pages stay behind, and pages without any translation are added.

Twice, in one process: ``clusters`` is the stage as it is (``pairs: all``), ``every`` compares every
two languages by itself, the pairs of two languages a run of their own. What is told, of the pairs
of all languages, of those with English, and of those whose English page was taken away: recall and
precision at the stage's threshold, and CPU seconds. A page of which more than half the long lines
are English is no translation: a pair of such a page counts as wrong (``untranslated``), whatever
its key says.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

from document_pairing import REMOVED, UNTRANSLATED, chance, identified, run_stage
from pairing_pages import documents, only_prose

from stages.bilingual.bilingual import Bilingual

LANGUAGES = ("en", "zh", "th", "ar", "ja", "de", "ru")


def left_over(rows: list[dict[str, Any]], languages: list[str], seed: int) -> list[dict[str, Any]]:
    """The documents in one of the languages, less those taken away."""
    return [
        row for row in rows
        if row["found"] in languages
        and (row["key"] is None or chance(seed, row["lang"], row["id"]) >= REMOVED)
    ]  # fmt: skip


def clusters_of(rows: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Each id to its set and key, of pages that are translated and in their language."""
    return {
        row["id"]: (row["set"], row["key"]) for row in rows
        if row["key"] is not None and row["lang"] == row["found"]
        and (row["lang"] == "en" or row["copied"] <= UNTRANSLATED)
    }  # fmt: skip


def true_pairs(rows: list[dict[str, Any]], languages: list[str]) -> dict[tuple[str, str], bool]:
    """Sorted ids of every two translations; True: there is an English page of it too."""
    known = clusters_of(rows)
    members: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        if row["id"] in known:
            members.setdefault(known[row["id"]], {})[row["lang"]] = row["id"]
    return {
        tuple(sorted(pair)): "en" in found
        for found in members.values() for pair in combinations(found.values(), 2)
    }  # type: ignore[misc]  # fmt: skip


def judged(
    pairs: list[tuple[str, str]], truth: dict[tuple[str, str], bool], page: dict[str, Any]
) -> dict[str, float]:
    """Recall and precision of pairs of ids, and how many of the wrong are of one page, or not."""
    right = sum(pair in truth for pair in pairs)
    wrong = [pair for pair in pairs if pair not in truth]
    same = sum(page[a] == page[b] for a, b in wrong)
    return {"mates": len(truth), "recall": right / max(len(truth), 1),
            "precision": right / max(len(pairs), 1), "untranslated": same,
            "other pages": len(wrong) - same}  # fmt: skip


def views(
    found: list[dict[str, Any]], truth: dict[tuple[str, str], bool], rows: list[dict[str, Any]]
) -> dict[str, dict[str, float]]:
    """The figures of all pairs and of kinds of them."""
    lang = {row["id"]: row["found"] for row in rows}
    page = {row["id"]: (row["set"], row["key"] or row["id"]) for row in rows}
    english = {page[i] for i in clusters_of(rows) if lang[i] == "en"}

    def kind(pair: tuple[str, str]) -> str:
        if "en" in (lang[pair[0]], lang[pair[1]]):
            return "with English"
        return "others, English there" if page[pair[0]] in english else "others, no English"

    pairs = [tuple(sorted((pair["left_id"], pair["right_id"]))) for pair in found]
    kinds: dict[str, Any] = {"all": lambda pair: True}
    for name in ("with English", "others, English there", "others, no English"):
        kinds[name] = lambda pair, name=name: kind(pair) == name
    for two in combinations(sorted(set(lang.values())), 2):
        kinds["-".join(two)] = lambda pair, two=two: {lang[i] for i in pair} == set(two)
    return {
        name: judged(
            [pair for pair in pairs if test(pair)],
            {pair: there for pair, there in truth.items() if test(pair)}, page,
        )
        for name, test in kinds.items()
    }  # fmt: skip


def find(
    rows: list[dict[str, Any]], pairs: Any, **settings: Any
) -> tuple[list[dict[str, Any]], float, dict[str, float]]:
    """The pairs kept, CPU seconds, and those of each step."""
    stage = Bilingual(pairs=pairs, find=["content"], align=False, **settings)
    with tempfile.TemporaryDirectory() as folder:
        found, seconds, steps = run_stage(stage, rows, Path(folder))
    return [pair for pair in found if pair["kept"]], seconds, steps


def every_two(
    rows: list[dict[str, Any]], languages: list[str]
) -> tuple[list[dict[str, Any]], float, dict[str, float]]:
    """The same with a search for every two languages."""
    found, seconds, steps = [], 0.0, Counter[str]()
    for two in combinations(languages, 2):
        mine = [row for row in rows if row["found"] in two]
        more, took, of_steps = find(mine, [two])
        found, seconds = found + more, seconds + took
        steps.update(of_steps)
    return found, seconds, dict(steps)


WAYS = {"clusters": lambda rows, languages: find(rows, "all"), "every": every_two}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--languages", nargs="*", default=LANGUAGES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prose", action="store_true")
    parser.add_argument("--ways", nargs="*", default=["clusters", "every"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    languages = list(options.languages)
    rows = documents(options.data, languages)
    rows = only_prose(rows) if options.prose else rows
    for row, found in zip(rows, identified(rows), strict=True):
        row["found"] = found
    rows = left_over(rows, languages, options.seed)
    truth = true_pairs(rows, languages)
    size = sum(len(row["text"].encode()) for row in rows) / 1e6
    print(f"{len(rows)} documents, {size:.1f} MB, {len(truth)} pairs of translations")
    results: dict[str, Any] = {}
    for way in options.ways:
        found, seconds, steps = WAYS[way](rows, languages)
        results[way] = {"seconds": seconds, "steps": steps, "pairs": views(found, truth, rows)}
        print(f"{way}: {seconds:.1f} CPU s, {len(found)} pairs found", flush=True)
        print(f"{'':24} mates  recall  precision  untranslated  other pages")
        for name, of in results[way]["pairs"].items():
            print(
                f"  {name:22} {of['mates']:5}   {of['recall']:.3f}      {of['precision']:.3f}"
                f"  {of['untranslated']:12}  {of['other pages']:11}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
