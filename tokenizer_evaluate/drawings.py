"""Plots as inline SVG: no script, nothing loaded, colours from the page's own style."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.report_html import escape

WIDTH = 960
LABEL_WIDTH = 110
RIGHT_MARGIN = 24
ROW_HEIGHT = 19
AXIS_HEIGHT = 34
COLOURS = 8
"""Series with a colour of their own in ``report.css``; further ones begin again."""

Row = tuple[str, Sequence[float | None]]
"""A label, and a value for each series."""


def legend(names: Sequence[str]) -> str:
    """The colour of each series."""
    cells = (
        f'<span><i class="key c{number % COLOURS}"></i>{escape(name)}</span>'
        for number, name in enumerate(names)
    )
    return f'<div class="legend">{"".join(cells)}</div>'


def dot_plot(
    rows: Sequence[Row], series: Sequence[str], unit: str, reference: float | None = None
) -> str:
    """A line a row, with a dot for each series; the first series is drawn largest and on top.

    Args:
        rows: labels and values, None where there is none.
        series: names.
        unit: of the axis.
        reference: a value with a line of its own.
    """
    values = [v for _, row in rows for v in row if v is not None]
    if not values:
        return ""
    ticks = nice_ticks(min([*values, *([] if reference is None else [reference])]), max(values))
    low, high = ticks[0], ticks[-1]
    bottom = len(rows) * ROW_HEIGHT + 6
    span = WIDTH - LABEL_WIDTH - RIGHT_MARGIN

    def across(value: float) -> float:
        return LABEL_WIDTH + (value - low) / (high - low) * span

    parts = [
        f'<line class="grid" x1="{across(tick):.1f}" x2="{across(tick):.1f}" y1="0" y2="{bottom}"/>'
        f'<text class="tick" x="{across(tick):.1f}" y="{bottom + 14}">{_number(tick)}</text>'
        for tick in ticks
    ]
    if reference is not None:
        x = across(reference)
        parts.append(f'<line class="reference" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}"/>')
    for number, (label, row) in enumerate(rows):
        y = number * ROW_HEIGHT + ROW_HEIGHT / 2 + 3
        present = [across(v) for v in row if v is not None]
        if present:
            parts.append(
                f'<line class="range" x1="{min(present):.1f}" x2="{max(present):.1f}" '
                f'y1="{y:.1f}" y2="{y:.1f}"/>'
            )
        parts.append(f'<text class="label" x="{LABEL_WIDTH - 10}" y="{y + 4:.1f}">'
                     f"{escape(label)}</text>")  # fmt: skip
        for place in reversed(range(len(row))):
            value = row[place]
            if value is not None:
                parts.append(
                    f'<circle class="c{place % COLOURS}" cx="{across(value):.1f}" cy="{y:.1f}" '
                    f'r="{5.5 if place == 0 else 4}"><title>{escape(label)}, '
                    f"{escape(series[place])}: {value:.3g}</title></circle>"
                )
    parts.append(_unit(unit, bottom))
    return legend(series) + _svg(bottom + AXIS_HEIGHT, parts, unit)


def stacked_bars(
    rows: Sequence[tuple[str, Sequence[float]]], kinds: Sequence[str], unit: str
) -> str:
    """A bar a row, made of parts.

    Args:
        rows: labels, and the size of each part.
        kinds: names of the parts.
        unit: of the sizes.
    """
    largest = max((sum(sizes) for _, sizes in rows), default=0) or 1
    height, parts = 30, []
    span = WIDTH - LABEL_WIDTH - RIGHT_MARGIN - 60
    for number, (label, sizes) in enumerate(rows):
        y, x = number * height + 4, float(LABEL_WIDTH)
        parts.append(f'<text class="label" x="{LABEL_WIDTH - 10}" y="{y + 16}">'
                     f"{escape(label)}</text>")  # fmt: skip
        for place, size in enumerate(sizes):
            width = size / largest * span
            if size:
                parts.append(
                    f'<rect class="k{place % 16}" x="{x:.2f}" y="{y}" width="{width:.2f}" '
                    f'height="{height - 8}"><title>{escape(label)}, {escape(kinds[place])}: '
                    f"{size:,.0f} {escape(unit)}</title></rect>"
                )
            x += width
        parts.append(f'<text class="end" x="{x + 6:.1f}" y="{y + 16}">{sum(sizes):,.0f}</text>')
    cells = (
        f'<span><i class="key k{number % 16}"></i>{escape(kind)}</span>'
        for number, kind in enumerate(kinds)
    )
    return f'<div class="legend">{"".join(cells)}</div>' + _svg(len(rows) * height + 4, parts, unit)


def rank_plot(series: Sequence[tuple[str, Sequence[tuple[int, int]]]], x: str, y: str) -> str:
    """Curves on two logarithmic axes.

    Args:
        series: name, and points of positive numbers.
        x: what is on the axis to the right.
        y: what is on the axis upwards.
    """
    points = [point for _, curve in series for point in curve]
    if not points:
        return ""
    decades = math.ceil(math.log10(max(p[0] for p in points) + 1)) or 1
    upward = math.ceil(math.log10(max(p[1] for p in points) + 1)) or 1
    height, left = 300, 70
    span = WIDTH - left - RIGHT_MARGIN

    def place(point: tuple[int, int]) -> str:
        across = left + math.log10(point[0]) / decades * span
        return f"{across:.1f},{height - math.log10(point[1]) / upward * (height - 10):.1f}"

    parts = []
    for power in range(decades + 1):
        at = left + power / decades * span
        parts.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="10" y2="{height}"/>'
            f'<text class="tick" x="{at:.1f}" y="{height + 14}">{10**power:,}</text>'
        )
    for power in range(upward + 1):
        at = height - power / upward * (height - 10)
        parts.append(
            f'<line class="grid" x1="{left}" x2="{WIDTH - RIGHT_MARGIN}" '
            f'y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text class="label" x="{left - 8}" y="{at + 4:.1f}">{_power(power)}</text>'
        )
    for number, (name, curve) in reversed(list(enumerate(series))):
        parts.append(
            f'<polyline class="s{number % COLOURS}" points="'
            f'{" ".join(map(place, curve))}"><title>{escape(name)}</title></polyline>'
        )
    parts.append(_unit(f"{x}; upwards: {y}", height))
    return legend([name for name, _ in series]) + _svg(height + AXIS_HEIGHT, parts, y)


def nice_ticks(low: float, high: float, wanted: int = 8) -> list[float]:
    """Round numbers from at most ``low`` to at least ``high``, about so many.

    >>> nice_ticks(0.9, 2.6, 4)
    [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    """
    distance = max(high - low, abs(high) * 1e-3, 1e-9) / wanted
    power = 10.0 ** math.floor(math.log10(distance))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= distance)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 10) for n in range(first, max(last, first + 1) + 1)]


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _unit(unit: str, bottom: float) -> str:
    middle = (LABEL_WIDTH + WIDTH - RIGHT_MARGIN) / 2
    return f'<text class="tick" x="{middle:.0f}" y="{bottom + 30:.0f}">{escape(unit)}</text>'


def _number(value: float) -> str:
    return f"{value:g}"


def _power(power: int) -> str:
    return (
        ("1", "10", "100", "1 k", "10 k", "100 k", "1 M", "10 M", "100 M", "1 G")[power]
        if power < 10
        else f"1e{power}"
    )
