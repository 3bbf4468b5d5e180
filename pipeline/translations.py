"""What became of each language pair: found, kept, written, tokens, and its share of the mixture.

Pairing counts pairs of documents and of sentences (``stages.bilingual.pairs`` of the summary); what
comes after it, the tokens of the parallel documents and the phases that take them, is added here.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from formats.units import format_bytes, format_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

Summary = dict[str, Any]
MOST_LINES = 8
MOST_ROWS = 24
"""Language pairs that are told of one by one."""


class UnknownPair(ValueError):  # noqa: N818 - the name a user reads
    """No documents of these languages were looked for."""


def add_translations(summary: Summary) -> None:
    """Add to the counts of each language pair what was made of it.

    ``text_bytes`` of its parallel documents, and where there are tokens: ``tokens``; ``forms``, by
    form ``documents`` and ``tokens``; ``phases``, by phase the share of its rows. Of a component
    that holds more than one pair each has the share that it has of the component's tokens.
    """
    groups = summary.get("tokens", {}).get("parallel", [])
    for name, pair in language_pairs(summary).items():
        pair["text_bytes"] = summary["parallel"].get(name, {"text_bytes": 0})["text_bytes"]
        if "tokens" not in summary:
            continue
        mine = [group for group in groups if group["lang"] == name]
        pair["tokens"] = _sum(mine, "tokens")
        pair["forms"] = {
            form: {what: _sum((g for g in mine if g["form"] == form), what)
                   for what in ("documents", "tokens")}
            for form in sorted({group["form"] for group in mine})
        }  # fmt: skip
        if "mixture" in summary:
            components = summary["tokens"]["components"]
            pair["phases"] = {
                phase["name"]: round(_share(phase, components, mine), 6)
                for phase in summary["mixture"]["phases"]
            }


def language_pairs(summary: Summary) -> dict[str, Summary]:
    """The language pairs of a run, those with most kept sentences first; none without pairing."""
    found: dict[str, Summary] = summary.get("stages", {}).get("bilingual", {}).get("pairs", {})
    size = {name: (pair["sentences"]["kept"], pair["kept"]) for name, pair in found.items()}
    return dict(sorted(found.items(), key=lambda item: (*(-n for n in size[item[0]]), item[0])))


def known_pair(summary: Summary, name: str) -> str:
    """A language pair as the recipe names it, ``en-th`` for ``th-en``.

    Raises:
        UnknownPair: the run has none of that name; it lists those it has.
    """
    pairs = language_pairs(summary)
    for known in (name, "-".join(languages_of(name)[::-1])):
        if known in pairs:
            return known
    near = difflib.get_close_matches(name, list(pairs), 1, 0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    there = ", ".join(sorted(pairs)) or "none"
    raise UnknownPair(f"no documents were paired as {name!r} ({hint}pairs of the run: {there})")


def languages_of(name: str) -> tuple[str, str]:
    """The two languages of a pair.

    >>> languages_of("zh-Hant-pt-BR"), languages_of("en-th")
    (('zh-Hant', 'pt-BR'), ('en', 'th'))
    """
    found = re.fullmatch(r"(\w*(?:-[A-Z0-9]\w*)*)-?(.*)", name, re.DOTALL)
    return (found[1], found[2]) if found else (name, "")


def translation_lines(summary: Summary) -> list[str]:
    """What a run says of its translations when it ends, the pairs with most sentences first."""
    written = {n: p for n, p in language_pairs(summary).items() if p["documents"]}
    if not written:
        return []
    documents = sum(pair["documents"] for pair in written.values())
    lines = [
        f"  and {documents:,} parallel documents of {len(written)} language "
        f"pair{'s' if len(written) > 1 else ''} made of them{_made(list(written.values()))}"
    ]
    rows = [_line(name, pair) for name, pair in list(written.items())[:MOST_LINES]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += [
        "    "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    if len(written) > MOST_LINES:
        lines.append(f"    and {len(written) - MOST_LINES} more")
    return lines


def _line(name: str, pair: Summary) -> list[str]:
    sentences = pair["sentences"]
    return [
        f"{name}:",
        f"{pair['kept']:,} pairs ({listed(pair['methods'])})",
        f"{sentences['kept']:,} of {sentences['found']:,} sentences",
        _made([pair]).removeprefix(": "),
    ]


def _made(pairs: Sequence[Summary]) -> str:
    """``: 1.2 MB, 310k tokens, 0.8% of pretrain``."""
    from stages.mixture.options import HELD_OUT

    parts = [format_bytes(sum(pair.get("text_bytes", 0) for pair in pairs))]
    if "tokens" in pairs[0]:
        parts.append(f"{format_count(sum(pair['tokens'] for pair in pairs))} tokens")
    for phase in pairs[0].get("phases", {}):
        if phase != HELD_OUT:
            share = sum(pair["phases"][phase] for pair in pairs)
            parts.append(f"{share_in_words(share)} of {phase}")
    return ": " + ", ".join(parts)


def share_in_words(share: float) -> str:
    """Parallel text is often a few parts in a thousand: two digits there.

    >>> [share_in_words(share) for share in (0, 0.00004, 0.0016, 0.0476)]
    ['0%', '<0.01%', '0.16%', '4.8%']
    """
    if share == 0:
        return "0%"
    if share < 0.0001:
        return "<0.01%"
    return f"{share:.2%}" if share < 0.01 else f"{share:.1%}"


COLUMNS = ["languages", "documents", "found by", "kept", "sentences", "kept", "written", "text"]


def rows_of_pairs(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """Columns and a row of texts for each language pair."""
    pairs = language_pairs(summary)
    first: Summary = next(iter(pairs.values()), {})
    phases = list(first.get("phases", {}))
    columns = [*COLUMNS, *(["tokens"] if "tokens" in first else []), *phases]
    rows = []
    for name, pair in pairs.items():
        sentences = pair["sentences"]
        row = [
            name, f"{pair['found']:,}", listed(pair["methods"]), f"{pair['kept']:,}",
            f"{sentences['found']:,}", f"{sentences['kept']:,}", f"{pair['documents']:,}",
            format_bytes(pair.get("text_bytes", 0)),
        ]  # fmt: skip
        if "tokens" in first:
            row.append(format_count(pair["tokens"]))
        rows.append(row + [share_in_words(pair["phases"][phase]) for phase in phases])
    return columns, rows


def show_translations(console: Console, summary: Summary) -> None:
    """A table of the language pairs; nothing without pairing."""
    from pipeline.terminal import print_table

    columns, rows = rows_of_pairs(summary)
    if not rows:
        return
    title = "translations: pairs of documents and of sentences, the documents written of them"
    if "phases" in next(iter(language_pairs(summary).values())):
        title += ", their share of each phase"
    print_table(console, title, columns, rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        console.print(f"and {len(rows) - MOST_ROWS} language pairs more, in report.html")


def listed(counts: Mapping[str, int]) -> str:
    """``292 content, 28 url``: the most first."""
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} {name}" for name, number in most)


def _share(phase: Summary, components: Summary, groups: Sequence[Summary]) -> float:
    rows = 0.0
    for part in phase["components"]:
        mine = _sum((group for group in groups if group["component"] == part["name"]), "tokens")
        if mine:
            rows += part["rows"] * mine / components[part["name"]]["tokens"]
    return rows / max(phase["rows"], 1)


def _sum(groups: Iterable[Summary], counted: str) -> int:
    return sum(group[counted] for group in groups)
