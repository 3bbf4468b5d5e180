"""Where time went: megabytes a second and core of every stage, steps, memory."""

from __future__ import annotations

from typing import Any

from formats.units import format_bytes
from pipeline.report_html import bars, fold, section, table

Summary = dict[str, Any]
SHORTEST = 0.005
"""Core seconds from which a speed is told."""


def timings_section(summary: Summary) -> str:
    """The section."""
    stages, total = [], sum(step["core_seconds"] for step in summary["steps"].values())
    for name, seconds, text_bytes in stage_costs(summary):
        speed = f"{text_bytes / 1e6 / seconds:,.1f} MB/s a core, " if seconds > SHORTEST else ""
        stages.append((name, [seconds], f"{speed}{seconds:,.1f} s"))
    rows = [
        [
            name,
            step["tasks"],
            f"{step['core_seconds']:.1f}",
            f"{step['wall_seconds']:.1f}",
            format_bytes(step["peak_memory_bytes"]),
        ]
        for name, step in summary["steps"].items()
    ]
    inside = [[name, f"{seconds:.2f}"] for name, seconds in summary["map_seconds"].items()]
    columns = ["step", "tasks", "core seconds", "wall seconds", "peak memory of a worker"]
    whole = summary["input"]["text_bytes"] / 1e6 / max(total, 1e-9)
    lead = (
        f"{summary['seconds']:.1f} s with {summary['workers']} workers, {total:,.1f} core seconds: "
        f"{whole:.2f} MB/s a core for the whole way. Core seconds of each stage, and how much of "
        "the text that reached it a core took through it in a second."
    )
    return section(
        "Time and memory",
        bars(stages, ["core seconds"]),
        fold("steps and memory", table(columns, rows)),
        fold("inside the map passes", table(["stage", "core seconds"], inside)),
        lead=lead,
    )


def stage_costs(summary: Summary) -> list[tuple[str, float, int]]:
    """Name, core seconds and bytes of text that came in, of stages and of what follows them."""
    kept = summary["kept"]["text_bytes"]
    kept += sum(total["text_bytes"] for total in summary["parallel"].values())
    found = [
        ("read", summary["map_seconds"].get("read", 0.0), summary["input"]["text_bytes"]),
        *((e["stage"], e["core_seconds"], e["in"]["text_bytes"]) for e in summary["funnel"]),
    ]
    for name, step in summary["steps"].items():
        if name.partition("/")[0] in ("documents", "tokenizer", "tokens", "shards"):
            found.append((name, step["core_seconds"], kept))
    return [entry for entry in found if entry[1] >= 0.01]
