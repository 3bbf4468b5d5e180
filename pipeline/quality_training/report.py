"""The report of a trained quality model: one self-contained page, drawings included."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from formats import storage
from pipeline.report_html import escape, excerpt, figures, fold, page, section, table

if TYPE_CHECKING:
    from pipeline.quality_training.results import Trained, Training
    from pipeline.quality_training.settings import TrainQuality

SIZE = 300
"""Pixels of a reliability plot's sides."""
MARGIN = 42

LINES = {"calibrated": "first", "before": "second"}
"""Kind of point -> the page's colour for it."""


def write_report(path: str, settings: TrainQuality, result: Training) -> None:
    """Draw the measures of all classifiers; the plots stand beside it as SVG files too."""
    folder = path.rsplit("/", 1)[0]
    sections = [_head(settings, result.notes)]
    for one in result.classifiers:
        plot = reliability_plot(
            one.measures["reliability"], one.measures["reliability_uncalibrated"]
        )
        storage.write_text(f"{folder}/reliability-{one.name}.svg", plot)
        sections.append(_classifier(one, settings, plot))
    if result.characters:
        sections.append(_characters(result.characters))
    storage.write_text(path, page("Quality model", sections))


def _head(settings: TrainQuality, notes: list[str]) -> str:
    rows = [
        [source.name, label, source.read, ", ".join(source.paths), source.group_by]
        for label, sources in (("good", settings.positives), ("bad", settings.negatives))
        for source in sources
    ]
    lead = "".join(f'<p class="lead">{escape(note)}</p>' for note in notes)
    columns = ["source", "label", "format", "paths", "left out by"]
    return f"<h1>Quality model</h1>{lead}{table(columns, rows)}"


def _classifier(one: Trained, settings: TrainQuality, plot: str) -> str:
    found = one.measures
    numbers = [
        ("positives", f"{found['positives']:,}"),
        ("negatives", f"{found['negatives']:,}"),
        ("AUC on unseen sources" if found["by_source"] else "AUC on unseen documents",
         f"{found['auc']:.3f}"),
        ("AUC on what it learned from", f"{found['auc_seen']:.3f}"),
    ]  # fmt: skip
    how = (
        "every source was judged by a classifier that had not seen it"
        if found["by_source"]
        else "a label has one source only, so that these figures say nothing about unseen sources"
    )
    lead = f"{found['folds']} folds: {how}. Calibration: {found['calibration']}."
    left = found["positives"] + found["negatives"] - found["learned_from"]
    if left:
        lead += (
            f" {left:,} bad examples in languages without good ones were judged, not learned from."
        )
    prior = "as among the examples" if settings.prior is None else f"{settings.prior:.0%}"
    return section(
        one.name,
        figures(numbers),
        "<h3>What a threshold keeps</h3>",
        f'<p class="lead">Precision where the share of good documents is {escape(prior)}.</p>',
        _kept(found["kept"]),
        "<h3>Is 0.9 nine of ten?</h3>",
        plot,
        _reliability(found["reliability"]),
        "<h3>Sources</h3>",
        _names("source", found["by_group"]),
        "<h3>Languages</h3>",
        _names("language", found["by_language"]),
        "<h3>Judged most wrongly</h3>",
        *(_mistake(row) for row in one.mistakes),
        lead=lead,
    )


def _characters(rows: list[dict[str, Any]]) -> str:
    cells = [
        [row["lang"], f"{row['documents']:,}", f"{row['characters']:,}"]
        + [f"{bits:.2f}" for bits in row["held_out"]]
        for row in rows
    ]
    columns = ["language", "documents", "characters", "1%", "10%", "median", "90%", "99%"]
    lead = (
        "Bits per character of documents that were not counted: `max_bits` above the last column "
        "spares 99 of 100 such documents."
    )
    return section("Models of characters", table(columns, cells), lead=lead)


def share(value: float) -> str:
    """A share in percent; empty where there is none."""
    return "" if math.isnan(value) else f"{value:.1%}"


def _kept(rows: list[dict[str, float]]) -> str:
    cells = [
        [
            f"≥ {row['threshold']:g}",
            *(share(row[key]) for key in ("positives_kept", "negatives_kept", "precision")),
        ]
        for row in rows
    ]
    return table(["threshold", "good kept", "bad kept", "precision"], cells)


def _reliability(rows: list[dict[str, float]]) -> str:
    cells = [[f"{row['said']:.3f}", f"{row['true']:.3f}", f"{row['documents']:,}"] for row in rows]
    return fold("the points as numbers", table(["said", "true", "documents"], cells))


def _names(what: str, rows: list[dict[str, Any]]) -> str:
    cells = []
    for row in rows:
        shares = [row["positives_kept"], row["negatives_kept"]]
        kept = [f"{share[at]:.0%}" if share else "" for share in shares for at in (0, 1)]
        score = "" if math.isnan(row["auc"]) else f"{row['auc']:.3f}"
        cells.append([row["name"], f"{row['positives']:,}", f"{row['negatives']:,}", score, *kept])
    columns = [what, "good", "bad", "AUC", "good ≥ 0.5", "good ≥ 0.9", "bad ≥ 0.5", "bad ≥ 0.9"]
    return table(columns, cells)


def _mistake(row: dict[str, Any]) -> str:
    label = "good" if row["positive"] else "bad"
    title = f"{row['score']:.3f}, but {label}  ({row['lang']}, {row['group']}, {row['origin']})"
    return excerpt(title, row["excerpt"])


def reliability_plot(calibrated: list[dict[str, float]], before: list[dict[str, float]]) -> str:
    """What was said against what was true, as an SVG drawing; a point's area is its share."""
    parts = [_axes()]
    for kind, rows in (("before", before), ("calibrated", calibrated)):
        colour = f"var(--{LINES[kind]}, {'#2f6fb0' if kind == 'calibrated' else '#e0953a'})"
        points = " ".join(f"{_x(row['said']):.1f},{_y(row['true']):.1f}" for row in rows)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        for row in rows:
            radius = 2 + 12 * math.sqrt(row["share"])
            parts.append(
                f'<circle cx="{_x(row["said"]):.1f}" cy="{_y(row["true"]):.1f}" r="{radius:.1f}" '
                f'fill="{colour}" fill-opacity="0.55"/>'
            )
        y = MARGIN / 2 + (0 if kind == "calibrated" else 16)
        parts.append(
            f'<circle cx="{MARGIN + 14}" cy="{y + MARGIN / 2}" r="5" fill="{colour}"/>'
            f'<text x="{MARGIN + 24}" y="{y + MARGIN / 2 + 4}">{escape(kind)}</text>'
        )
    side = SIZE + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side}" '
        f'height="{side}" font-family="sans-serif" font-size="12" fill="currentColor" '
        f'role="img" aria-label="reliability plot">{"".join(parts)}</svg>\n'
    )


def _x(value: float) -> float:
    return MARGIN + SIZE * value


def _y(value: float) -> float:
    return MARGIN + SIZE * (1 - value)


def _axes() -> str:
    parts = []
    for tenths in range(0, 11, 2):
        at = tenths / 10
        parts.append(
            f'<path d="M{_x(0)} {_y(at)}H{_x(1)}M{_x(at)} {_y(0)}V{_y(1)}" stroke="currentColor" '
            f'stroke-opacity="0.15" fill="none"/>'
            f'<text x="{_x(at)}" y="{_y(0) + 16}" text-anchor="middle">{at:g}</text>'
            f'<text x="{_x(0) - 6}" y="{_y(at) + 4}" text-anchor="end">{at:g}</text>'
        )
    parts.append(
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="currentColor" stroke-opacity="0.4" '
        f'stroke-dasharray="4 4"/>'
        f'<text x="{_x(0.5)}" y="{_y(0) + 34}" text-anchor="middle">probability said</text>'
        f'<text transform="translate({MARGIN - 30} {_y(0.5)}) rotate(-90)" '
        f'text-anchor="middle">share truly good</text>'
    )
    return "".join(parts)
