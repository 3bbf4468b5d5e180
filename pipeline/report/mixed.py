"""The report's section on documents in several languages: shares by language, samples to read."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import bars, excerpt, fold, section

LANGUAGES_SHOWN = 20
OTHERS_SHOWN = 4
SAMPLED_LANGUAGES = 12

Summary = dict[str, Any]


def mixed_section(summary: Summary, languages: LanguageFilter) -> str:
    """The section; empty where no document has several."""
    mixed = summary["mixed_languages"]
    if not mixed["languages"]:
        return ""
    rows, classes = [], []
    for lang, found in list(mixed["languages"].items())[:LANGUAGES_SHOWN]:
        kept = summary["kept_by_language"].get(lang, {"documents": 0})["documents"]
        share = found["kept"] / max(kept, 1)
        others = [f"{other} {n:,}" for other, n in found["with"].items()]
        text = f"{share:.1%}: {found['kept']:,} of {kept:,} kept documents"
        text += f", beside {', '.join(others[:OTHERS_SHOWN])}" if others else ""
        classes.append(languages.row(lang))
        rows.append((lang, [share], text + (" …" if len(others) > OTHERS_SHOWN else "")))
    by_language: dict[str, list[str]] = defaultdict(list)
    for sample in mixed["samples"]:
        title = f"{_shares(sample['mix'])}  ({sample['origin']})"
        by_language[sample["lang"]].append(excerpt(title, sample["text"]))
    shown = list(by_language.items())[:SAMPLED_LANGUAGES]
    samples = [
        fold(f"{lang}: samples", *drawn, classes=languages.row(lang)) for lang, drawn in shown
    ]
    lead = (
        "Share of the documents kept in a language that are in others too, by segments; the column "
        "lang_mix has the languages with their shares of the letters that were read. Nothing is "
        "dropped for it."
    )
    return section(
        "Documents in several languages", bars(rows, ["share"], classes), *samples, lead=lead
    )


def _shares(mix: str) -> str:
    """``en 62%, th 38%`` of ``en:0.62,th:0.38``."""
    parts = [part.partition(":") for part in mix.split(",")]
    return ", ".join(f"{lang} {float(share):.0%}" for lang, _, share in parts)
