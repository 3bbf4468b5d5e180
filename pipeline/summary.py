"""The summary of a run: what came in, where it went and why, what came out, what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from formats import __version__
from formats.documents import PARALLEL_SOURCE
from pipeline import mixed_languages
from pipeline.audit import merged
from pipeline.partitions import count_files

if TYPE_CHECKING:
    from pipeline.ledger import StepStatistics
    from pipeline.plan import Plan

Results = dict[str, list[dict[str, Any]]]


def summarise(
    plan: Plan,
    results: Results,
    statistics: dict[str, StepStatistics],
    step_seconds: dict[str, float],
    seconds: float,
    workers: int,
    notes: list[str],
) -> dict[str, Any]:
    """``summary.json`` as a dict; see the keys below. Sizes are bytes of UTF-8 text."""
    counts = [c for result in results["documents"] for c in result["counts"]]
    read = [c for c in counts if c["source"] != PARALLEL_SOURCE]
    stages = [stage.name for stage in plan.recipe.stages]
    maps = [r for step in plan.steps if step.tasks for r in results.get(step.name, [])]
    summary: dict[str, Any] = {
        "name": plan.recipe.run.name,
        "version": __version__,
        "lineage": plan.lineage,
        "notes": notes,
        "workers": workers,
        "seconds": round(seconds, 2),
        "sources": _sources(plan, results),
        "input": _input(plan, results),
        "funnel": funnel(read, stages, stage_seconds(maps, stages, statistics)),
        "removed": removed(read),
        "kept": total(_kept(read)),
        "kept_by_language": by(_kept(read), "lang"),
        "kept_by_source": by(_kept(read), "source"),
        "parallel": by((c for c in counts if c["source"] == PARALLEL_SOURCE), "lang"),
        "read_by_language": by(read, "lang"),
        "repairs": merged(result["repairs"] for result in [*maps, *results["documents"]]),
        "mixed_languages": mixed_languages.merged(
            result["mixed"] for result in results["documents"]
        ),
        "map_seconds": _map_seconds(maps),
        "steps": {
            name: {
                "tasks": s.tasks,
                "tasks_skipped": s.tasks_skipped,
                "core_seconds": round(s.seconds, 2),
                "wall_seconds": round(s.wall_seconds, 2),
                "peak_memory_bytes": s.peak_memory_bytes,
            }
            for name, s in statistics.items()
        },
        "step_wall_seconds": {name: round(s, 2) for name, s in step_seconds.items()},
        "peak_worker_memory_bytes": max(s.peak_memory_bytes for s in statistics.values()),
    }
    if "tokenizer" in results:
        summary["tokenizer"] = results["tokenizer"][0]
    if "tokens" in results:
        summary["tokens"] = _tokens(results["tokens"])
    if "shards" in results:
        summary["mixture"] = results["shards"][0]
    return summary


def funnel(
    counts: list[dict[str, Any]], stages: list[str], seconds: dict[str, float]
) -> list[dict[str, Any]]:
    """Per stage, in order: documents and bytes in and out, in all and per language, and reasons.

    Args:
        counts: {lang, stage, rule, documents, text_bytes} of all rows, ``stage`` null: kept.
        stages: names in the order of the recipe.
        seconds: one core's time per stage.
    """
    entries = []
    left = counts
    for stage in stages:
        dropped = [c for c in left if c["stage"] == stage]
        stay = [c for c in left if c["stage"] != stage]
        into, out = by(left, "lang"), by(stay, "lang")
        entries.append(
            {
                "stage": stage,
                "in": total(left),
                "out": total(stay),
                "dropped": total(dropped),
                "reasons": by(dropped, "rule"),
                "languages": {
                    lang: {"in": into[lang], "out": out.get(lang, total([]))} for lang in into
                },
                "core_seconds": round(seconds.get(stage, 0.0), 2),
            }
        )
        left = stay
    return entries


def removed(counts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Documents and bytes that each rule of each stage dropped, by language; sorted by these."""
    cells: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for count in counts:
        if count["stage"] is not None:
            cells[count["stage"], count["rule"], count["lang"]].append(count)
    return [
        {"stage": stage, "rule": rule, "lang": lang, **total(cells[stage, rule, lang])}
        for stage, rule, lang in sorted(cells)
    ]


def total(counts: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Documents and bytes of some counts."""
    added = {"documents": 0, "text_bytes": 0}
    for count in counts:
        added["documents"] += count["documents"]
        added["text_bytes"] += count["text_bytes"]
    return added


def by(counts: Iterable[dict[str, Any]], key: str) -> dict[str, dict[str, int]]:
    """Documents and bytes per value of ``key``, the most bytes first."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for count in counts:
        groups[count[key] or "?"].append(count)
    totals = {name: total(group) for name, group in groups.items()}
    return dict(sorted(totals.items(), key=lambda item: (-item[1]["text_bytes"], item[0])))


def stage_seconds(
    maps: list[dict[str, Any]], stages: list[str], statistics: dict[str, StepStatistics]
) -> dict[str, float]:
    """One core's seconds per stage: its share of the map passes and its own steps."""
    seconds: dict[str, float] = defaultdict(float)
    for result in maps:
        for name, spent in result["seconds"].items():
            seconds[name] += spent
    for step, counted in statistics.items():
        stage = step.split("/")[0]
        if "/" in step and stage in stages:
            seconds[stage] += counted.seconds
    return dict(seconds)


def _kept(counts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [c for c in counts if c["stage"] is None]


def _sources(plan: Plan, results: Results) -> list[dict[str, Any]]:
    first = results[plan.steps[0].name]
    return [
        {
            "name": source.name,
            "read": source.read,
            "license": source.license,
            "paths": source.paths,
            "files": count_files(p for p in plan.partitions if p.source == source.name),
            "stored_bytes": sum(p.stored_bytes for p in plan.partitions if p.source == source.name),
            "records": records([result for result in first if result["source"] == source.name]),
        }
        for source in plan.recipe.sources
    ]


def records(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What became of every record: read = documents + skipped + quarantined, these by reason."""
    results = list(results)
    documents = sum(result["rows"] for result in results)
    skipped = _added(result["skipped"] for result in results)
    quarantined = _added(result["quarantined"] for result in results)
    return {
        "read": documents + sum(skipped.values()) + sum(quarantined.values()),
        "documents": documents,
        "skipped": skipped,
        "quarantined": quarantined,
    }


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sums per key, sorted by key."""
    sums: dict[str, int] = defaultdict(int)
    for count in counts:
        for key, number in count.items():
            sums[key] += number
    return dict(sorted(sums.items()))


def _input(plan: Plan, results: Results) -> dict[str, Any]:
    first = results[plan.steps[0].name]
    return {
        "partitions": len(plan.partitions),
        "documents": sum(result["rows"] for result in first),
        "text_bytes": sum(result["text_bytes"] for result in first),
        "skipped": _added(result["skipped"] for result in first),
        "quarantined": _added(result["quarantined"] for result in first),
    }


def _map_seconds(maps: list[dict[str, Any]]) -> dict[str, float]:
    seconds: dict[str, float] = defaultdict(float)
    for result in maps:
        for name, spent in result["seconds"].items():
            seconds[name] += spent
    return {name: round(spent, 2) for name, spent in seconds.items()}


def _tokens(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Tokens per component, what no component took, which encoder was used, and ``parallel``.

    That has the counts of parallel documents by component, language pair and form.
    """
    components: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    unassigned: dict[str, int] = defaultdict(int)
    parallel: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    keys = ("component", "lang", "form")
    for result in results:
        for name, counted in result["components"].items():
            for key in ("documents", "tokens", "text_bytes"):
                components[name][key] += counted[key]
        for key, number in result["unassigned"].items():
            unassigned[key] += number
        for group in result["groups"]:
            counts = parallel[tuple(group[key] for key in keys)]
            counts[0] += group["documents"]
            counts[1] += group["tokens"]
    return {
        "components": {name: dict(counted) for name, counted in sorted(components.items())},
        "unassigned": dict(unassigned),
        "parallel": [
            dict(zip((*keys, "documents", "tokens"), (*group, *counts), strict=True))
            for group, counts in sorted(parallel.items())
        ],
        "backends": sorted({result["backend"] for result in results}),
        "reasons": sorted({result["reason"] for result in results if result["reason"]}),
    }
