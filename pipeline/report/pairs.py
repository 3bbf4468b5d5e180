"""Translations: of each language pair what was found, kept, written and mixed, and some to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.pairs import Samples, ShownPair, sample_pairs, sample_sentences
from pipeline.report.drawings import mirrored_histogram
from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import (
    escape,
    excerpt,
    fold,
    heat_map,
    legend,
    percent,
    section,
    spoken,
    table,
)  # fmt: skip
from pipeline.translations import language_pairs, listed, rows_of_pairs

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

PAIRS_LISTED = 24
"""Language pairs in sight; the others open on a click."""
PAIRS_SAMPLED = 40
"""Language pairs with drawings and samples."""
SENTENCES = 10
DOCUMENTS = 2
SENTENCE_CHARACTERS, DOCUMENT_CHARACTERS = 300, 500
KEY = ("kept, upwards", "dropped for any reason, downwards", "least score that is kept")

Summary = dict[str, Any]


def pairs_section(folder: RunFolder, summary: Summary, languages: LanguageFilter) -> str:
    """The section; empty where no language pair was looked for."""
    pairs = language_pairs(summary)
    if not pairs:
        return ""
    parts = [_overview(summary, languages), _drops(pairs, languages)]
    found = {name: pair for name, pair in pairs.items() if pair["found"]}
    if found:
        parts.append(legend(KEY, "hist"))
        names = list(found)[:PAIRS_SAMPLED]
        documents = sample_pairs(folder, names, DOCUMENTS if _aligned(pairs) else SENTENCES)
        sentences = sample_sentences(folder, names, SENTENCES)
        drawn = [
            _pair(name, found[name], sentences[name], documents[name], languages) for name in names
        ]
        parts += _first_open(drawn[:PAIRS_LISTED])
        if drawn[PAIRS_LISTED:]:
            parts.append(fold(f"{len(drawn) - PAIRS_LISTED} more", *drawn[PAIRS_LISTED:]))
    lead = (
        "Documents that translate each other and their sentences, by languages, and the parallel "
        "documents written of them. The share of a phase is that of its rows. "
        f"python -m pipeline show {folder.path} --pairs {next(iter(pairs))} shows more."
    )
    return section("Translations", *parts, lead=lead)


def _aligned(pairs: dict[str, Summary]) -> bool:
    return any(pair["sentences"]["found"] for pair in pairs.values())


def _overview(summary: Summary, languages: LanguageFilter) -> str:
    columns, rows = rows_of_pairs(summary)
    classes = [languages.row_of(row[0]) for row in rows]
    parts = [table(columns, rows[:PAIRS_LISTED], classes[:PAIRS_LISTED])]
    if rows[PAIRS_LISTED:]:
        rest = table(columns, rows[PAIRS_LISTED:], classes[PAIRS_LISTED:])
        parts.append(fold(f"{len(rows) - PAIRS_LISTED} more language pairs", rest))
    return "".join(parts)


def _drops(pairs: dict[str, Summary], languages: LanguageFilter) -> str:
    """Language pairs by rules: the share of what was found that each dropped."""
    total: dict[tuple[str, str], int] = {}
    for pair in pairs.values():
        for what in ("documents", "sentences"):
            for rule, number in _counts(pair, what)["dropped"].items():
                total[what, rule] = total.get((what, rule), 0) + number
    rules = sorted(total, key=lambda key: (key[0], -total[key], key[1]))
    some = [n for n, p in pairs.items() if p["dropped"] or p["sentences"]["dropped"]]
    if not some:
        return ""
    columns = [f"{what}: {rule}" if what == "documents" else rule for what, rule in rules]
    rows = [
        (name, [_share(name, rule, what, _counts(pairs[name], what)) for what, rule in rules])
        for name in some
    ]
    classes = [languages.row_of(name) for name in some]
    drawn = heat_map(columns, rows[:PAIRS_LISTED], row_classes=classes[:PAIRS_LISTED])
    if rows[PAIRS_LISTED:]:
        rest = heat_map(columns, rows[PAIRS_LISTED:], row_classes=classes[PAIRS_LISTED:])
        drawn += fold(f"{len(rows) - PAIRS_LISTED} more language pairs", rest)
    return f"<h3>Dropped by rule: of pairs of documents, then of sentences</h3>{drawn}"


def _counts(pair: Summary, what: str) -> Summary:
    counts: Summary = pair if what == "documents" else pair["sentences"]
    return counts


def _share(name: str, rule: str, what: str, counts: Summary) -> tuple[float, str]:
    number, found = counts["dropped"].get(rule, 0), counts["found"]
    return number / max(found, 1), f"{name}, {rule}: {number:,} of {found:,} pairs of {what}"


def _pair(
    name: str, pair: Summary, sentences: Samples, documents: Sequence[ShownPair],
    languages: LanguageFilter,
) -> str:  # fmt: skip
    """Scores, sentences and documents of two languages."""
    drawings = "".join(
        _scores(what, _counts(pair, what), pair["least"][what])
        for what in ("documents", "sentences")
        if _counts(pair, what)["found"]
    )
    parts = [f'<div class="grid">{drawings}</div>']
    if sentences.kept:
        parts += ["<h3>Sentences kept, by chance</h3>", *map(_sentences, sentences.kept)]
    if sentences.dropped:
        drawn = map(_sentences, sentences.dropped)
        parts.append(fold("sentences dropped, by chance", *drawn))
    drawn = map(_side_by_side, documents)
    title = "Documents" if not sentences.kept else "documents"
    parts.append(fold(f"{title}, {len(documents)} pairs by chance", *drawn) if documents else "")
    share = percent(pair["sentences"]["kept"] / max(pair["sentences"]["found"], 1)) or "none"
    title = f"{name}: {pair['kept']:,} pairs of documents ({listed(pair['methods']) or 'none'})"
    if pair["sentences"]["found"]:
        title += f", {share} of {pair['sentences']['found']:,} pairs of sentences kept"
    return fold(title, *parts, classes=languages.row_of(name))


def _first_open(folds: list[str]) -> list[str]:
    return [folds[0].replace("<details", "<details open", 1), *folds[1:]]


def _scores(title: str, counts: Summary, least: float | None) -> str:
    """All scores, those of what was kept upwards."""
    kept = np.array(counts["scores_kept"])
    dropped = np.array(counts["scores"]) - kept
    words = f"scores of pairs of {title}: {kept.sum():,} kept, {dropped.sum():,} dropped, 0 to 1"
    drawn = mirrored_histogram(kept, dropped, () if least is None else (least,), words)
    named = "score" if least is None else f"≥ {least:g}"
    return (
        f'<figure class="small"><figcaption>{escape(title)} '
        f"<small>{kept.sum():,} / {dropped.sum():,}</small></figcaption>{drawn}"
        f'<div class="axis"><span>0</span><b{_quiet(least)}>{escape(named)}</b>'
        "<span>1</span></div></figure>"
    )


def _quiet(least: float | None) -> str:
    return ' class="quiet"' if least is None else ""


def _sentences(row: Summary) -> str:
    """A pair of sentences beside each other."""
    why = "" if row["kept"] else f"  {row['drop_reason']}"
    sides = "".join(
        f"<p{spoken(row[f'{side}_lang'])}>{escape(row[f'{side}_text'][:SENTENCE_CHARACTERS])}</p>"
        for side in ("left", "right")
    )
    return f'<div class="twin"><small>{row["score"]:.2f}{escape(why)}</small>{sides}</div>'


def _side_by_side(pair: ShownPair) -> str:
    about = f"score {pair.row['score']:.2f}: {pair.row['reason']}"
    sides = ""
    for side, document in (("left", pair.left), ("right", pair.right)):
        lang = pair.row[f"{side}_lang"]
        if document is None:
            sides += excerpt(pair.row[f"{side}_id"], "(the text was thrown away)", lang="en")
        else:
            sides += excerpt(document["origin"], document["text"][:DOCUMENT_CHARACTERS], lang=lang)
    return f'<div class="beside"><p class="lead">{escape(about)}</p>{sides}</div>'
