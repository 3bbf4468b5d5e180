"""Which pairs of languages a recipe means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pyarrow.compute as pc

from stages.barrier_files import live_rows, task_plan
from stages.shuffle import open_ipc

ENGLISH, ALL = "english", "all"
PIVOT = "en"


def two_languages_once(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs, if each is of two languages and there once.

    Raises:
        ValueError: it names the pair.
    """
    if not pairs:
        raise ValueError("an empty list: give pairs of languages, or english, or all")
    for left, right in pairs:
        if left == right or left.startswith(f"{right}-") or right.startswith(f"{left}-"):
            raise ValueError(f"[{left}, {right}]: a pair needs two languages")
    repeated = [p for p, n in Counter(tuple(sorted(p)) for p in pairs).items() if n > 1]
    if repeated:
        raise ValueError(f"[{', '.join(repeated[0])}] is there twice")
    return pairs


def language_counts(item: dict[str, Any]) -> dict[str, Any]:
    """The languages of one partition's live rows, scripts and regions left out."""
    plan, index = task_plan(item)
    table = open_ipc(plan.partitions[index].keys, ["lang"]).read_all()
    languages = table.filter(live_rows(plan.partitions[index])).column("lang").drop_null()
    found: Counter[str] = Counter()
    for entry in pc.value_counts(languages).to_pylist():
        found[entry["values"].partition("-")[0]] += entry["counts"]
    return {"languages": dict(sorted(found.items()))}


def language_pairs(counted: Sequence[dict[str, int]], every: bool) -> list[tuple[str, str]]:
    """English with every language, by name; with ``every`` then all other two languages.

    >>> language_pairs([{"th": 3, "en": 9}, {"fr": 2}], every=True)
    [('en', 'fr'), ('en', 'th'), ('fr', 'th')]
    """
    languages = sorted({lang for counts in counted for lang in counts} - {PIVOT, "und"})
    there = any(PIVOT in counts for counts in counted)
    pairs = [(PIVOT, language) for language in languages] if there else []
    return pairs + (list(combinations(languages, 2)) if every else [])
