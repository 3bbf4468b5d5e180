"""Bilingual pairs: how many, how alike, and some to read side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.pairs import EXCERPT, PairCounts, ShownPair, count_pairs, sample_pairs
from pipeline.report.drawings import mirrored_histogram
from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import escape, excerpt, fold, section, table

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

PAIRS_SHOWN = 24
SAMPLES = 3


def pairs_section(folder: RunFolder, languages: LanguageFilter) -> str:
    """The section; empty where nothing was paired."""
    counts = count_pairs(folder)
    if not counts:
        return ""
    rows = [
        [name, f"{found.kept:,}", f"{sum(found.dropped.values()):,}",
         _listed(found.methods), _listed(found.dropped)]
        for name, found in counts.items()
    ]  # fmt: skip
    columns = ["languages", "pairs kept", "dropped", "found by", "why dropped"]
    classes = [languages.row_of(name) for name in counts]
    shown = sample_pairs(folder, SAMPLES)
    parts = [table(columns, rows, classes)]
    drawn = [_scores(name, found, languages.row_of(name)) for name, found in counts.items()]
    parts.append(f'<div class="grid">{"".join(drawn[:PAIRS_SHOWN])}</div>')
    for number, (name, pairs) in enumerate(list(shown.items())[:PAIRS_SHOWN]):
        sides = (_side_by_side(name, pair) for pair in pairs)
        drawn_fold = fold(f"{name}: samples", *sides, classes=languages.row_of(name))
        parts.append(
            drawn_fold.replace("<details", "<details open", 1) if not number else drawn_fold
        )
    lead = (
        "Documents that translate each other, with the score of each pair from 0 to 1. "
        f"python -m pipeline show {folder.path} --pairs {next(iter(counts))} shows more."
    )
    return section("Bilingual pairs", *parts, lead=lead)


def _listed(counts: dict[str, int]) -> str:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in most)


def _scores(name: str, found: PairCounts, classes: str) -> str:
    dropped = int(found.scores_dropped.sum())
    words = f"{name}: scores of {found.kept:,} pairs kept and {dropped:,} dropped, 0 to 1"
    drawn = mirrored_histogram(found.scores_kept, found.scores_dropped, (), words)
    return (
        f'<figure class="small {classes}"><figcaption>{escape(name)} '
        f"<small>{found.kept:,} / {dropped:,}</small></figcaption>{drawn}"
        '<div class="axis"><span>0</span><b class="quiet">score</b><span>1</span></div></figure>'
    )


def _side_by_side(name: str, pair: ShownPair) -> str:
    left, right = (pair.row[f"{side}_lang"] or "" for side in ("left", "right"))
    about = f"{name}, score {pair.row['score']:.2f}, {pair.row['method']}"
    return (
        f'<div class="beside"><p class="lead">{escape(about)}</p>'
        f"{excerpt(pair.left['origin'], pair.left['text'][:EXCERPT], lang=left)}"
        f"{excerpt(pair.right['origin'], pair.right['text'][:EXCERPT], lang=right)}</div>"
    )
