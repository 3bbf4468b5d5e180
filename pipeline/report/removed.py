"""The report's audit of what was dropped: rules by languages as a heat map, and samples to read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from formats.units import format_bytes
from pipeline.removed import Sample, samples
from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import anchor, escape, excerpt, fold, heat_map, section

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

LANGUAGES_SHOWN = 12
SAMPLES_PER_CELL = 2
SAMPLES_PER_RULE, SAMPLES_PER_PAGE = 24, 600
"""At most: a page of under 5 MB, however many rules and languages."""
SAMPLE_CHARACTERS = 500

Summary = dict[str, Any]
ByRule = dict[str, dict[str, list[Sample]]]
"""Samples of a stage by rule and language."""


def removed_section(folder: RunFolder, summary: Summary, languages: LanguageFilter) -> str:
    """The section; empty where nothing was dropped."""
    if not summary["removed"]:
        return ""
    # What was removed may be thrown away later on, to save room: then there are no samples of it.
    there = set(folder.removed_stages())
    found = {
        stage: _by_rule(samples(folder, stage, SAMPLES_PER_CELL) if stage in there else [], summary)
        for stage in (entry["stage"] for entry in summary["funnel"] if entry["reasons"])
    }
    lead = (
        "Share of the documents read in a language that each rule dropped; a share leads to "
        "samples of them. All of them are in removed/ with their reasons. "
        f"python -m pipeline show {folder.path} --removed RULE --lang CODE shows more."
    )
    drawn = _heat_map(summary, found, languages)
    return section("Why documents went", drawn, *_rules(summary, found, languages), lead=lead)


def _heat_map(summary: Summary, sampled: dict[str, ByRule], languages: LanguageFilter) -> str:
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
    classes = ["", *(languages.row(*langs) for name, langs in groups.items() if name != "all")]
    totals = {name: sum(read[lang] for lang in langs) for name, langs in groups.items()}
    to_read = {
        (stage, rule, lang)
        for stage, rules in sampled.items()
        for rule, by_lang in rules.items()
        for lang in by_lang
    }
    rows, targets, row_classes = [], [], []
    for (stage, rule), counts in sorted(
        dropped.items(), key=lambda item: (order[item[0][0]], -sum(item[1].values()), item[0][1])
    ):
        found = [sum(counts.get(lang, 0) for lang in langs) for langs in groups.values()]
        name = rule if rule == stage else f"{stage} / {rule}"
        cells = [
            (number / max(total, 1), f"{name}, {group}: {number:,} of {total:,} documents")
            for number, (group, total) in zip(found, totals.items(), strict=True)
        ]
        rows.append((name, cells))
        row_classes.append(languages.row(*counts))
        of_rule = anchor("removed", stage, rule)
        targets.append(
            [of_rule if counts else ""]
            + [
                _address(stage, rule, group) if (stage, rule, group) in to_read
                else of_rule if number else ""
                for group, number in list(zip(groups, found, strict=True))[1:]
            ]
        )  # fmt: skip
    return heat_map(list(groups), rows, classes, targets, row_classes)


def _address(stage: str, rule: str, lang: str) -> str:
    return anchor("samples", stage, rule, lang)


def _rules(summary: Summary, sampled: dict[str, ByRule], languages: LanguageFilter) -> list[str]:
    """Per stage its rules, each with samples that open on a click."""
    touched: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in summary["removed"]:
        touched[cell["stage"], cell["rule"]].append(cell["lang"])
    parts = []
    for entry in summary["funnel"]:
        if not entry["reasons"]:
            continue
        stage = entry["stage"]
        parts.append(f"<h3>{escape(stage)}</h3>")
        for rule, total in entry["reasons"].items():
            title = f"{rule}: {total['documents']:,} documents, {format_bytes(total['text_bytes'])}"
            shown = (
                f'<div id="{_address(stage, rule, lang)}" class="samples {languages.row(lang)}">'
                f"{''.join(map(_sample, some))}</div>"
                for lang, some in sampled[stage].get(rule, {}).items()
            )
            classes = languages.row(*touched[stage, rule])
            parts.append(fold(title, *shown, classes=classes, name=anchor("removed", stage, rule)))
    return parts


def _by_rule(sampled: list[Sample], summary: Summary) -> ByRule:
    """By rule and language, those of most text first, no more of a rule than there is room for."""
    order = {lang: number for number, lang in enumerate(summary["read_by_language"])}
    found: ByRule = defaultdict(dict)
    rules = sum(len(entry["reasons"]) for entry in summary["funnel"])
    most = min(SAMPLES_PER_RULE, SAMPLES_PER_PAGE // rules + 1)
    room: dict[str, int] = defaultdict(lambda: most)
    for sample in sorted(sampled, key=lambda one: order.get(one.lang, len(order))):
        rule = sample.reason.rule
        if room[rule]:
            found[rule].setdefault(sample.lang, []).append(sample)
            room[rule] -= 1
    return found


def _sample(sample: Sample) -> str:
    reason, row = sample.reason, sample.row
    decided = f"{reason.rule}: {reason.value}" if reason.value else reason.rule
    if reason.threshold:
        decided += f", threshold {reason.threshold}"
    title = f"{sample.lang}  {decided}  ({row['origin']})"
    if row["duplicate_of"]:
        title += f", kept: {row['duplicate_of']}"
    return excerpt(title, row["text"][:SAMPLE_CHARACTERS], lang=sample.lang)
