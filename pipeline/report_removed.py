"""The report's audit of what was dropped: rules by languages as a heat map, and samples to read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from formats.units import format_bytes
from pipeline.removed import Sample, samples
from pipeline.report_html import escape, excerpt, fold, heat_map, section

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

LANGUAGES_SHOWN = 12
SAMPLES_PER_CELL = 2
SAMPLES_PER_RULE = 12
SAMPLE_CHARACTERS = 600

Summary = dict[str, Any]


def removed_section(folder: RunFolder, summary: Summary) -> str:
    """The section; empty where nothing was dropped."""
    if not summary["removed"]:
        return ""
    lead = (
        "Share of the documents read in a language that each rule dropped; all of them are in "
        "removed/ with their reasons. "
        f"python -m pipeline show {folder.path} --removed RULE --lang CODE shows more."
    )
    return section("Why documents went", _heat_map(summary), *_rules(folder, summary), lead=lead)


def _heat_map(summary: Summary) -> str:
    """Rules by languages: those of most documents; the rest together in the last column."""
    read = {lang: total["documents"] for lang, total in summary["read_by_language"].items()}
    dropped: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for cell in summary["removed"]:
        dropped[cell["stage"], cell["rule"]][cell["lang"]] = cell["documents"]
    order = {entry["stage"]: place for place, entry in enumerate(summary["funnel"])}
    by_size = sorted(read, key=lambda lang: (-read[lang], lang))
    shown, rest = by_size[:LANGUAGES_SHOWN], by_size[LANGUAGES_SHOWN:]
    groups = {lang: [lang] for lang in shown} | ({f"{len(rest)} others": rest} if rest else {})
    groups = {"all": by_size} | groups
    totals = {name: sum(read[lang] for lang in langs) for name, langs in groups.items()}
    rows = []
    for (stage, rule), counts in sorted(
        dropped.items(), key=lambda item: (order[item[0][0]], -sum(item[1].values()), item[0][1])
    ):
        found = [sum(counts.get(lang, 0) for lang in langs) for langs in groups.values()]
        cells = [
            (number / max(total, 1), f"{number:,} of {total:,} documents")
            for number, total in zip(found, totals.values(), strict=True)
        ]
        rows.append((rule if rule == stage else f"{stage} / {rule}", cells))
    return heat_map(list(groups), rows)


def _rules(folder: RunFolder, summary: Summary) -> list[str]:
    """Per stage its rules, each with samples that open on a click."""
    parts = []
    for entry in summary["funnel"]:
        if not entry["reasons"]:
            continue
        by_rule: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples(folder, entry["stage"], SAMPLES_PER_CELL):
            by_rule[sample.reason.rule].append(sample)
        parts.append(f"<h3>{escape(entry['stage'])}</h3>")
        for rule, total in entry["reasons"].items():
            title = f"{rule}: {total['documents']:,} documents, {format_bytes(total['text_bytes'])}"
            shown = by_rule[rule][:SAMPLES_PER_RULE]
            parts.append(fold(title, *(_sample(sample) for sample in shown)))
    return parts


def _sample(sample: Sample) -> str:
    reason, row = sample.reason, sample.row
    decided = f"{reason.rule}: {reason.value}" if reason.value else reason.rule
    if reason.threshold:
        decided += f", threshold {reason.threshold}"
    title = f"{sample.lang}  {decided}  ({row['origin']})"
    if row["duplicate_of"]:
        title += f", kept: {row['duplicate_of']}"
    return excerpt(title, row["text"][:SAMPLE_CHARACTERS])
