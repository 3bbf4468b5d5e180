"""The way of the text: documents and bytes through each stage, of all and of each language."""

from __future__ import annotations

from typing import Any

from formats.units import format_bytes, format_count
from pipeline.report.drawings import flow_step
from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import escape, percent, section

LANGUAGES_DRAWN = 40
MEASURES = ("documents", "text_bytes")

Summary = dict[str, Any]
Total = dict[str, int]
Step = tuple[str, Total, Total]
"""Name of a stage, what came in and what went out."""


def flow_section(summary: Summary, languages: LanguageFilter) -> str:
    """The section."""
    drawn = list(summary["read_by_language"])[:LANGUAGES_DRAWN]
    parts = [_flow(_steps(summary), languages.drawing_of_all(drawn))]
    if len(summary["read_by_language"]) > 1:
        parts += [_flow(_steps(summary, lang), languages.drawing(lang), lang) for lang in drawn]
    made = sum(total["documents"] for total in summary["parallel"].values())
    if made:
        count = len(summary["parallel"])
        pairs = "one language pair" if count == 1 else f"{count} language pairs"
        parts.append(f'<p class="lead">Beside them {made:,} parallel documents of {pairs} were '
                     'made: see <a href="#translations">Translations</a>.</p>')  # fmt: skip
    lead = (
        "Documents and text left after each stage, in the recipe's order; what bends away was "
        "dropped."
    )
    return section("Funnel", *parts, lead=lead)


def _steps(summary: Summary, lang: str | None = None) -> list[Step]:
    nothing = dict.fromkeys(MEASURES, 0)
    if lang is None:
        return [(entry["stage"], entry["in"], entry["out"]) for entry in summary["funnel"]]
    found = [(e["stage"], e["languages"].get(lang)) for e in summary["funnel"]]
    return [(stage, *((e["in"], e["out"]) if e else (nothing, nothing))) for stage, e in found]


def _flow(steps: list[Step], classes: str, lang: str | None = None) -> str:
    """A row a stage: its name, and a band for each measure."""
    if not steps:
        return ""
    first = steps[0][1]
    name = "all languages" if lang is None else lang
    rows = [
        '<div class="flow-head"><div></div><div>documents</div><div>text</div></div>',
        _row("read", f"{escape(name)}", [(_shown(first, key), "", "") for key in MEASURES]),
    ]
    for stage, into, out in steps:
        cells = []
        for key in MEASURES:
            whole, lost = max(first[key], 1), into[key] - out[key]
            words = f"{stage}: {_shown(out, key)} left of {_shown(into, key)}"
            share = percent(lost / max(into[key], 1))
            gone = f"−{_amount(lost, key)} ({share})" if lost else ""
            band = flow_step(into[key] / whole, out[key] / whole, words)
            cells.append((_shown(out, key), gone, band))
        rows.append(_row(stage, "", cells))
    return f'<div class="flows {classes}">{"".join(rows)}</div>'


def _row(stage: str, note: str, cells: list[tuple[str, str, str]]) -> str:
    drawn = "".join(
        f'<div class="step">{band}<span class="left">{escape(left)}</span>'
        f'<span class="gone">{escape(gone)}</span></div>'
        for left, gone, band in cells
    )
    below = f"<small>{note}</small>" if note else ""
    return f'<div class="flow-row"><div class="stage">{escape(stage)}{below}</div>{drawn}</div>'


def _shown(total: Total, key: str) -> str:
    return f"{total[key]:,}" if key == "documents" else format_bytes(total[key])


def _amount(number: int, key: str) -> str:
    return format_count(number) if key == "documents" else format_bytes(number)
