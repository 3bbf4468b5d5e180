"""The report of a run: its sections in order."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from formats import storage
from formats.units import format_bytes, format_count
from pipeline.report.against import against_section
from pipeline.report.duplicates import duplicates_section
from pipeline.report.flow import flow_section
from pipeline.report.language_filter import LanguageFilter
from pipeline.report.mixed import mixed_section
from pipeline.report.mixture import mixture_section
from pipeline.report.pairs import pairs_section
from pipeline.report.removed import removed_section
from pipeline.report.sampling import sample_rows
from pipeline.report.signals import Marks, confidence_section, signals_section, thresholds
from pipeline.report.timings import timings_section
from pipeline.report.tokenizer import tokenizer_section
from pipeline.report_html import (
    bars,
    contents,
    escape,
    excerpt,
    figures,
    fold,
    page,
    section,
    table,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from formats.run_folder import RunFolder

logger = logging.getLogger(__name__)

LANGUAGES_SHOWN = 60
SAMPLE_CHARACTERS = 600

Summary = dict[str, Any]


def write_report(
    folder: RunFolder, summary: Summary, against: RunFolder | None = None, path: str | None = None
) -> str:
    """Draw the summary, with samples and distributions, and return where.

    Args:
        folder: of the run.
        summary: its counts.
        against: another run, to say first what is different.
        path: of the page; None: ``report.html`` in the run's folder.

    Raises:
        NotARunFolder: ``against`` is no finished run.
    """
    languages = LanguageFilter(list(summary["read_by_language"]))
    sampled = sample_rows(folder)
    marks = _thresholds(folder, sampled.languages())
    sections = [
        "" if against is None else against_section(folder, summary, against, languages),
        flow_section(summary, languages),
        _languages(summary, languages),
        confidence_section(sampled, marks, languages),
        mixed_section(summary, languages),
        removed_section(folder, summary, languages),
        signals_section(sampled, marks, languages),
        _repairs(summary, languages),
        _quarantine(folder, summary),
        duplicates_section(folder, summary, languages),
        pairs_section(folder, summary, languages),
        tokenizer_section(folder, summary, languages),
        mixture_section(folder, summary, languages),
        timings_section(summary),
    ]
    sections = [part for part in sections if part]
    top = _head(summary) + contents(sections) + languages.control()
    text = page(f"{summary['name']}: report", [top, *sections], _style() + languages.style())
    path = path or folder.report_path
    storage.write_text(path, text)
    return path


def redraw(folder: RunFolder, against: RunFolder | None = None, path: str | None = None) -> str:
    """Draw the report of a finished run anew; arguments as of ``write_report``.

    Raises:
        NotARunFolder: there is no finished run.
    """
    return write_report(folder, folder.read_summary(), against, path)


def _style() -> str:
    from importlib.resources import files

    return files("pipeline").joinpath("report", "report.css").read_text(encoding="utf-8")


def _thresholds(folder: RunFolder, langs: Sequence[str]) -> Marks:
    """Those of the recipe as run; none where it can no longer be read, which is told in the log."""
    from pipeline.recipe_file import load_recipe
    from pipeline.recipe_yaml import RecipeError

    try:
        return thresholds(load_recipe(folder.recipe_path), langs)
    except RecipeError as error:
        logger.warning("report: no thresholds are drawn: %s", error)
        return {}


def _head(summary: Summary) -> str:
    read, kept = summary["input"], summary["kept"]
    numbers = [
        ("documents read", format_count(read["documents"])),
        ("text read", format_bytes(read["text_bytes"])),
        ("documents kept", format_count(kept["documents"])),
        ("text kept", format_bytes(kept["text_bytes"])),
        ("languages kept", str(len(summary["kept_by_language"]))),
    ]
    if "tokenizer" in summary:
        numbers.append(("vocabulary", f"{summary['tokenizer']['vocab_size']:,}"))
    if "mixture" in summary:
        tokens = sum(phase["tokens"] for phase in summary["mixture"]["phases"])
        numbers.append(("training tokens", format_count(tokens)))
    notes = "".join(f'<p class="lead">{escape(note)}</p>' for note in summary["notes"])
    return f"<h1>{escape(summary['name'])}</h1>{notes}{figures(numbers)}{_sources(summary)}"


def _sources(summary: Summary) -> str:
    """What became of every record of each source."""
    columns = ["source", "format", "files", "as stored", "records", "documents", "skipped",
               "quarantined", "licence"]  # fmt: skip
    rows = []
    for source in summary["sources"]:
        found = source["records"]
        lost = [f"{sum(found[what].values()):,}" for what in ("skipped", "quarantined")]
        rows.append(
            [source["name"], source["read"], source["files"], format_bytes(source["stored_bytes"]),
             f"{found['read']:,}", f"{found['documents']:,}", *lost, source["license"] or ""]
        )  # fmt: skip
    skipped = [[reason, f"{n:,}"] for reason, n in summary["input"]["skipped"].items()]
    why = fold("records skipped, by reason", table(["reason", "records"], skipped))
    return table(columns, rows) + (why if skipped else "")


def _languages(summary: Summary, languages: LanguageFilter) -> str:
    kept = summary["kept_by_language"]
    nothing = {"documents": 0, "text_bytes": 0}
    rows, classes = [], []
    for lang, read in list(summary["read_by_language"].items())[:LANGUAGES_SHOWN]:
        left = kept.get(lang, nothing)
        text = (
            f"{read['documents']:,} -> {left['documents']:,} documents, "
            f"{left['text_bytes'] / max(read['text_bytes'], 1):.0%} of the text"
        )
        rows.append((lang, [float(read["text_bytes"]), float(left["text_bytes"])], text))
        classes.append(languages.row(lang))
    lead = "Text read and kept per language found; 'und' is text whose language was not identified."
    drawn = bars(rows, ["read", "kept"], classes)
    return section("Languages before and after", drawn, lead=lead)


def _repairs(summary: Summary, languages: LanguageFilter) -> str:
    parts = []
    for entry in summary["repairs"]:
        documents = sum(found["documents"] for found in entry["languages"].values())
        most = sorted(entry["languages"].items(), key=lambda item: -item[1]["documents"])
        rows = [[lang, f"{n['documents']:,}", f"{n['times']:,}"] for lang, n in most]
        classes = [languages.row(lang) for lang, _ in most]
        samples = (_before_and_after(sample) for sample in entry["samples"])
        title = f"{entry['stage']}, {entry['kind']}: {documents:,} documents"
        counts = table(["language", "documents", "times"], rows, classes)
        parts.append(fold(title, counts, *samples, classes=languages.row(*entry["languages"])))
    lead = "What stages changed inside texts, per kind and language, with samples."
    return section("Repairs", *parts, lead=lead) if parts else ""


def _before_and_after(sample: dict[str, Any]) -> str:
    before = sample["before"]
    shown = "" if before is None else excerpt(f"before  ({sample['origin']})", before)
    after = excerpt(f"after  ({sample['origin']})", sample["after"])
    return f'<div class="beside">{shown}{after}</div>'


def _quarantine(folder: RunFolder, summary: Summary) -> str:
    counted = summary["input"]["quarantined"]
    if not counted:
        return ""
    rows = [[error, f"{number:,}"] for error, number in counted.items()]
    samples = [
        excerpt(
            f"{row['path']}{'' if row['position'] is None else '#' + str(row['position'])}: "
            f"{row['error']}",
            row["raw"][:SAMPLE_CHARACTERS].decode("utf-8", "replace"),
        )
        for row in folder.quarantined(limit=10)
    ]
    lead = "What could not be read, with file and position, is in quarantine/."
    return section(
        "Quarantine", table(["error", "records"], rows), fold("samples", *samples), lead=lead
    )
