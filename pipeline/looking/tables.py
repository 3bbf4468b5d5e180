"""The counts of ``summary.json`` as Arrow tables."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

Summary = dict[str, Any]
NOTHING = {"documents": 0, "text_bytes": 0}


def funnel(summary: Summary) -> pa.Table:
    """What each stage let through: stage, documents, text_bytes, dropped."""
    read = summary["input"]
    rows = [{"stage": "read", "documents": read["documents"], "text_bytes": read["text_bytes"],
             "dropped": 0}]  # fmt: skip
    for entry in summary["funnel"]:
        dropped = entry["dropped"]["documents"]
        rows.append({"stage": entry["stage"], **entry["out"], "dropped": dropped})
    return pa.Table.from_pylist(rows)


def languages(summary: Summary) -> pa.Table:
    """Before and after: lang, documents_read, documents_kept, bytes_read, bytes_kept."""
    read, kept = summary["read_by_language"], summary["kept_by_language"]
    rows = []
    for lang in dict.fromkeys([*read, *kept]):
        before, after = read.get(lang, NOTHING), kept.get(lang, NOTHING)
        rows.append(
            {
                "lang": lang,
                "documents_read": before["documents"],
                "documents_kept": after["documents"],
                "bytes_read": before["text_bytes"],
                "bytes_kept": after["text_bytes"],
            }
        )
    return pa.Table.from_pylist(rows).sort_by([("bytes_read", "descending")])


def reasons(summary: Summary) -> pa.Table:
    """Why documents went: stage, rule, lang, documents, text_bytes."""
    names = ["stage", "rule", "lang", "documents", "text_bytes"]
    kinds = [pa.string(), pa.string(), pa.string(), pa.int64(), pa.int64()]
    found = pa.Table.from_pylist(
        summary["removed"], pa.schema(list(zip(names, kinds, strict=True)))
    )
    return found.sort_by([("documents", "descending"), ("rule", "ascending")])


def mixture(summary: Summary) -> pa.Table:
    """Wanted and realised: phase, component, wanted, got, rows, tokens, epochs, supply_tokens.

    Raises:
        ValueError: the run made no mixture.
    """
    if "mixture" not in summary:
        raise ValueError(f"{summary['name']} has no mixture: its recipe says none")
    rows = []
    for phase in summary["mixture"]["phases"]:
        for part in phase["components"]:
            rows.append(
                {
                    "phase": phase["name"],
                    "component": part["name"],
                    "wanted": part["share_wanted"],
                    "got": part["rows"] / max(phase["rows"], 1),
                    "rows": part["rows"],
                    "tokens": part["tokens"],
                    "documents": part["documents"],
                    "epochs": part["epochs"],
                    "supply_tokens": part["supply_tokens"],
                }
            )
    return pa.Table.from_pylist(rows)


def tokens(summary: Summary) -> pa.Table:
    """Of each component: component, documents, text_bytes, tokens, bytes_per_token.

    Raises:
        ValueError: the run made no tokens.
    """
    if "tokens" not in summary:
        raise ValueError(f"{summary['name']} has no tokens: its recipe names no tokenizer")
    rows = [
        {
            "component": name,
            "documents": found["documents"],
            "text_bytes": found["text_bytes"],
            "tokens": found["tokens"],
            "bytes_per_token": found["text_bytes"] / max(found["tokens"], 1),
        }
        for name, found in summary["tokens"]["components"].items()
    ]
    return pa.Table.from_pylist(rows).sort_by([("tokens", "descending")])


def timings(summary: Summary) -> pa.Table:
    """Where time went: step, core_seconds, wall_seconds, megabytes_per_core_second, tasks."""
    megabytes = summary["input"]["text_bytes"] / 1e6
    rows = [
        {
            "step": name,
            "core_seconds": step["core_seconds"],
            "wall_seconds": step["wall_seconds"],
            "megabytes_per_core_second": megabytes / max(step["core_seconds"], 1e-9),
            "tasks": step["tasks"],
        }
        for name, step in summary["steps"].items()
    ]
    return pa.Table.from_pylist(rows)
