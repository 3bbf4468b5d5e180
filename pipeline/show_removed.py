"""``show RUN --removed NAME``: what a stage or a rule dropped, to read on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formats.units import format_bytes
from pipeline.removed import Sample, Selection, UnknownRemoval, samples, select
from pipeline.terminal import console_of_output, print_table

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

CHARACTERS = 900
"""Of a text, shown."""
WIDTH = 100
LANGUAGES_SHOWN = 30


def show_removed(folder: RunFolder, name: str, lang: str | None, count: int) -> None:
    """Counts by rule and language, then samples with the value and the threshold that decided.

    Args:
        folder: the run.
        name: a stage, a rule, or the beginning of several rules.
        lang: only documents found to be in this language.
        count: how many samples.

    Raises:
        UnknownRemoval: nothing was dropped under this name, or nothing in this language.
    """
    summary = folder.read_summary()
    chosen = select(summary, name)
    cells = _cells(summary, chosen)
    if lang is not None:
        found = sorted({cell["lang"] for cell in cells})
        cells = [cell for cell in cells if cell["lang"] == lang]
        if not cells:
            raise UnknownRemoval(
                f"{name!r} dropped nothing in language {lang!r}; it did in: {', '.join(found)}"
            )
    console = console_of_output()
    rows = [
        [c["stage"], c["rule"], c["lang"], f"{c['documents']:,}", format_bytes(c["text_bytes"])]
        for c in cells[:LANGUAGES_SHOWN]
    ]
    columns = ["stage", "rule", "language", "documents", "text"]
    print_table(console, f"removed: {name}", columns, rows)
    if len(cells) > LANGUAGES_SHOWN:
        console.print(f"… and {len(cells) - LANGUAGES_SHOWN} smaller ones")
    for sample in _samples(folder, chosen, lang, count):
        console.print(heading(sample), style="bold", markup=False)
        for line in body(sample.row["text"]):
            console.print(line, markup=False)
        console.print()


def _cells(summary: dict[str, Any], chosen: Selection) -> list[dict[str, Any]]:
    """The counts by stage, rule and language of a selection, the largest first."""
    cells = [
        cell
        for cell in summary["removed"]
        if cell["stage"] in chosen.stages and (not chosen.rules or cell["rule"] in chosen.rules)
    ]
    return sorted(cells, key=lambda c: (-c["documents"], c["stage"], c["rule"], c["lang"]))


def _samples(folder: RunFolder, chosen: Selection, lang: str | None, count: int) -> list[Sample]:
    """Samples in turn of each rule and language, so that the most frequent does not fill all."""
    cells: dict[tuple[str, str, str], list[Sample]] = {}
    for stage in chosen.stages:
        for sample in samples(folder, stage, count, chosen.rules, lang):
            cells.setdefault((stage, sample.reason.rule, sample.lang), []).append(sample)
    turns = [
        (turn, place) for place, cell in enumerate(cells.values()) for turn in range(len(cell))
    ]
    listed = list(cells.values())
    return [listed[place][turn] for turn, place in sorted(turns)[:count]]


def heading(sample: Sample) -> str:
    """Rule, value and threshold; language and place."""
    reason = sample.reason
    decided = f": {reason.value}" if reason.value else ""
    decided += f", threshold {reason.threshold}" if reason.threshold else ""
    row = sample.row
    where = row["url"] or row["origin"]
    kept = f", kept: {row['duplicate_of']}" if row["duplicate_of"] else ""
    line = f"{sample.stage} / {reason.rule}{decided}  ({sample.lang}, {where}{kept})"
    return harmless(line).replace("\n", " ")


def body(text: str) -> list[str]:
    """The text's beginning in lines of a readable width, each after a bar."""
    from rich.console import Console
    from rich.text import Text

    measure = Console(width=WIDTH)  # knows which characters are two columns wide
    lines = Text(harmless(text[:CHARACTERS])).wrap(measure, WIDTH)
    shown = [line.plain.rstrip() for line in lines]
    if len(text) > CHARACTERS:
        shown.append(f"… {len(text) - CHARACTERS:,} more characters")
    return [f"  │ {line}" for line in shown]


def harmless(text: str) -> str:
    """Without characters that would command a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
