"""Shapes as inline SVG: stretched to the room there is, in colours of the page.

A shape holds no text: labels stand beside it in HTML, in the page's own size, since text in a
drawing of a desktop's width is not legible on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.report_html import escape

BINS = 48
SIDE = 34
"""Height of one side of a mirrored histogram."""
SPREAD = 40.0
"""Last percentile over the middle one from which an axis is logarithmic."""


def flow_step(into: float, out: float, words: str) -> str:
    """A band that narrows from one stage to the next, and what leaves it, bending away.

    Args:
        into: width above, 0 to 1.
        out: width below.
        words: for who cannot see it.
    """
    top, bottom = 100 * into, 100 * out
    lost = ""
    if into > out:
        edge = min(bottom, top - 0.4)  # a document in a million is still seen
        lost = (
            f'<path class="lost" d="M{edge:.2f} 0H{top:.2f}C{top:.2f} 14 {edge + 9:.2f} 22 100 '
            f'28V{28 + (top - edge) / 4:.2f}C{edge + 5:.2f} 30 {edge:.2f} 26 {edge:.2f} 0Z"/>'
        )
    return (
        f'<svg class="flow" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words)}">{lost}<path class="kept" d="M0 0H{top:.2f}'
        f'C{top:.2f} 20 {bottom:.2f} 20 {bottom:.2f} 40H0Z"/></svg>'
    )


class Axis:
    """Where values of one kind stand: from 0 to 1, evenly or by logarithm."""

    def __init__(self, values: np.ndarray, marks: Sequence[float] = ()) -> None:
        """Fit to values, float [n] without NaN, and to those marks that are not far from them."""
        low, middle, high = (
            np.percentile(values, [0.5, 50, 99.5]).tolist() if len(values) else (0.0, 0.0, 1.0)
        )
        near = [mark for mark in marks if mark <= max(high * 2, 1.0)]
        low, high = min([low, *near]), max([high, *(mark * 1.2 for mark in near)])
        self.logarithmic = low >= 0 and high > 10 and high > SPREAD * max(middle, 0.5)
        if low >= 0 and not len(values[values > 1]):  # a share
            high = 1.0 if high > 0.5 else high
        if 0 <= low < high / 2:
            low = 0.0
        self.low, self.high = low, high if high > low else low + 1

    def place(self, values: np.ndarray) -> np.ndarray:
        """Float [n] from 0 to 1; what lies beyond the ends is at them."""
        scaled = np.clip(values, self.low, self.high) - self.low
        span = self.high - self.low
        found: np.ndarray = (
            np.log1p(scaled) / math.log1p(span) if self.logarithmic else scaled / span
        )
        return found

    def counts(self, values: np.ndarray) -> np.ndarray:
        """Int [BINS]."""
        places = np.minimum((self.place(values) * BINS).astype(np.int64), BINS - 1)
        return np.bincount(places, minlength=BINS)

    def holds(self, mark: float) -> bool:
        """Whether a mark is within its ends."""
        return self.low <= mark <= self.high

    def labels(self) -> tuple[str, str]:
        """Its ends, in few digits."""
        return short_number(self.low), short_number(self.high)


def mirrored_histogram(up: np.ndarray, down: np.ndarray, marks: Sequence[float], words: str) -> str:
    """Two distributions, one standing and one hanging, each as high as there is room.

    Heights are square roots of counts: most signals are 0 in nearly all documents, and what is
    looked for is in the few others.

    Args:
        up: counts, int [bins].
        down: the same.
        marks: places from 0 to 1 that get a line.
        words: for who cannot see it.
    """
    bins = len(up)
    lines = "".join(f'<path class="mark" d="M{mark * bins:.2f} 0V{2 * SIDE + 2}"/>'
                    for mark in sorted(set(marks)))  # fmt: skip
    return (
        f'<svg class="histogram" viewBox="0 0 {bins} {2 * SIDE + 2}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(words)}">{_side(up, SIDE, -SIDE, "up")}'
        f"{_side(down, SIDE + 2, SIDE, 'down')}{lines}</svg>"
    )


def _side(counts: np.ndarray, base: int, height: int, name: str) -> str:
    most = int(counts.max(initial=0))
    if not most:
        return ""
    steps, at = [], 0.0
    for count in counts.tolist():
        level = round(height * math.sqrt(count / most), 1)
        if level != at:
            steps.append(f"v{level - at:.1f}")
            at = level
        steps.append("h1")
    joined = "".join(steps).replace(".0h", "h").replace(".0v", "v")
    return f'<path class="{name}" d="M0 {base}{joined}V{base}Z"/>'


def shares_along(positions: Sequence[float], shares: Sequence[Sequence[float]], words: str) -> str:
    """Shares one on the other along a phase, together the whole height.

    Args:
        positions: 0 to 1, ascending, [n].
        shares: of each part [n].
        words: for who cannot see it.
    """
    parts, below = [], [0.0] * len(positions)
    for number, share in enumerate(shares):
        above = [low + one for low, one in zip(below, share, strict=True)]
        forth = " ".join(f"{400 * x:.1f},{100 - 100 * y:.2f}"
                         for x, y in zip(positions, above, strict=True))  # fmt: skip
        back = " ".join(f"{400 * x:.1f},{100 - 100 * y:.2f}"
                        for x, y in reversed(list(zip(positions, below, strict=True))))  # fmt: skip
        parts.append(f'<polygon class="part{number}" points="{forth} {back}"/>')
        below = above
    return (
        '<svg class="along" viewBox="0 0 400 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )


def short_number(value: float) -> str:
    """Few digits that still say what is meant.

    >>> [short_number(x) for x in (0.30000001, 12.5, 50.0, 1234.0, 100000.0, 2.5e6)]
    ['0.3', '12.5', '50', '1,234', '100k', '2.5M']
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (size if letter != 'k' else 1e3):.3g}{letter}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
