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
LEAST_PIVOT = 0.1
"""Of the documents of the largest language: with fewer, English is no hub."""


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


def hub_of(pairs: Sequence[tuple[str, str]], counts: dict[str, int]) -> str | None:
    """The language through which pairs that hang together are found, None where none helps.

    It is the one with most pairs, so that no pair is looked for that nobody asked for; of several
    English, unless another has ten times its documents; then the one with most documents.
    """
    degrees = Counter(member for pair in pairs for member in pair)
    most = max(degrees.values())
    best = sorted(member for member, degree in degrees.items() if degree == most)
    largest = max(best, key=lambda member: counts.get(member, 0))
    english = PIVOT in best and counts.get(PIVOT, 0) >= LEAST_PIVOT * counts.get(largest, 0)
    hub = PIVOT if english else largest
    around = {member for pair in pairs if hub in pair for member in pair}
    return hub if any(hub not in pair and set(pair) <= around for pair in pairs) else None


def routes(
    pairs: Sequence[tuple[str, str]], counts: dict[str, int]
) -> list[tuple[int, int] | None]:
    """For each pair the numbers of the two that lead there through a hub; None: there is no way.

    Args:
        pairs: of languages.
        counts: documents by language.

    >>> routes([("en", "th"), ("en", "zh"), ("th", "zh"), ("fr", "th")], {})
    [None, None, (0, 1), None]
    """
    number = {frozenset(pair): i for i, pair in enumerate(pairs)}
    result: list[tuple[int, int] | None] = [None] * len(pairs)
    for group in _connected(pairs):
        hub = hub_of(group, counts)
        for pair in group:
            if hub is None or hub in pair:
                continue
            legs = tuple(number.get(frozenset((hub, member)), -1) for member in pair)
            if min(legs) >= 0:
                result[number[frozenset(pair)]] = (legs[0], legs[1])
    return result


def _connected(pairs: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The pairs by group: those of one share no language with those of another."""
    groups: list[list[tuple[str, str]]] = []
    for pair in pairs:
        touching = [group for group in groups if any(set(pair) & set(other) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([*(other for group in touching for other in group), pair])
    return groups
