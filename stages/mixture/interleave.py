"""Which component each row of a phase belongs to, so that every prefix holds the mixture.

In every prefix of a phase each component's row count is within one of its integrated share. This
is the chairman assignment problem (R. Tijdeman, The chairman assignment problem, Discrete
Mathematics 32, 1980): always solvable, also for shares that change over time, by giving each row
to the component with the earliest deadline among those still under quota. For k components the
distance stays below 1 - 1/(2k - 2).

Shares are piecewise linear in the position within the phase (0 to 1): ``[(0, 0.3)]`` is constant,
``[(0, 0.3), (1, 0.6)]`` rises, ``[(0, 0.3), (0.5, 0.3), (0.5, 0.6)]`` jumps: a position that
stands twice has the share before it and the share from it on. The whole state is one count per
component: ``Schedule.assign`` continues from the counts before any row and gives what a run from
the beginning gives.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Share = Sequence[tuple[float, float]]
"""(position, share) points, positions from 0 to 1, never falling; one point is a constant share."""

TOLERANCE = 1e-6
"""By how much shares may miss a sum of one before they are taken to be a mistake."""


def share_at(share: Share, positions: np.ndarray, from_left: bool = False) -> np.ndarray:
    """The share at each position: float64 [positions].

    At a jump it is the share from there on, or with ``from_left`` the share up to there.
    """
    points = np.array(share, np.float64)
    places, values = points[:, 0], points[:, 1]
    after = np.searchsorted(places, positions, "left" if from_left else "right")
    before = (after - 1).clip(0)
    after = after.clip(max=len(places) - 1)
    widths = places[after] - places[before]
    parts = (positions - places[before]) / np.where(widths > 0, widths, np.inf)
    found: np.ndarray = values[before] + parts.clip(0, 1) * (values[after] - values[before])
    return found


def on_common_positions(shares: Sequence[Share]) -> tuple[np.ndarray, np.ndarray]:
    """All shares at every position that any of them names, and at 0 and 1.

    Returns:
        float64 [m]: positions; one at which any share jumps stands twice.
        float64 [k, m]: the shares there.
    """
    named = [position for share in shares for position, _ in share]
    jumps = [a for share in shares for (a, _), (b, _) in itertools.pairwise(share) if a == b]
    single = np.unique([0.0, 1.0, *named])
    positions = np.sort(np.concatenate([single, np.unique(np.array(jumps, np.float64))]))
    first = np.append(positions[1:] == positions[:-1], False)
    table = [
        np.where(first, share_at(share, positions, True), share_at(share, positions))
        for share in shares
    ]
    return positions, np.array(table)


def average_share(share: Share) -> float:
    """The integral of a share over the phase."""
    points = np.array([*share, (1.0, share[-1][1])], np.float64)
    widths = np.diff(points[:, 0])
    return float((widths * (points[1:, 1] + points[:-1, 1]) / 2).sum())


@dataclass(frozen=True)
class Schedule:
    """The shares of all components on common knots, ready for the kernel."""

    rows: int
    knots: np.ndarray
    """float64 [m], in rows: from 0 to ``rows``."""
    shares: np.ndarray
    """float64 [k, m], each column sums to one."""
    integrals: np.ndarray
    """float64 [k, m]: rows each component is entitled to up to the knot."""
    slack: float

    def assign(self, first: int, counts: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Assign rows ``first`` to ``first + rows - 1``, given the counts before them.

        Args:
            first: number of the first row.
            counts: int64 [k]: rows each component has before it; they sum to ``first``.
            rows: how many rows.

        Returns:
            uint16 [rows]: index of each row's component.
            int64 [k]: the counts after these rows.
        """
        from stages.mixture.interleave_kernels import assign_rows

        counts = np.array(counts, np.int64)
        if int(counts.sum()) != first:
            raise ValueError(f"the counts before row {first} sum to {counts.sum()}")
        out = np.empty(min(rows, self.rows - first), np.uint16)
        assign_rows(
            self.knots, self.shares.ravel(), self.integrals.ravel(), self.slack, first, counts, out
        )
        return out, counts

    def stray(
        self, first: int, counts: np.ndarray, component: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How far prefixes stray from the mixture, whoever assigned their rows.

        Args:
            first: number of the first row.
            counts: int64 [k]: rows each component has before it.
            component: uint16 [rows], what the rows ``first`` and following hold, each below k.

        Returns:
            float64 [k, 2]: of every component the least and the largest of count minus integrated
            share, over all prefixes of ``first`` to ``first + rows`` rows (0 where it keeps to
            one side).
            int64 [k]: the counts after these rows.
        """
        from stages.mixture.interleave_kernels import follow_prefixes

        counts = np.array(counts, np.int64)
        extremes = np.zeros((len(counts), 2))
        follow_prefixes(
            self.knots, self.shares.ravel(), self.integrals.ravel(), first,
            np.ascontiguousarray(component, np.uint16), counts, extremes.reshape(-1),
        )  # fmt: skip
        return extremes, counts

    def entitled(self, rows: int) -> np.ndarray:
        """The integrated share of every component over the first ``rows`` rows: float64 [k]."""
        part = int(np.searchsorted(self.knots[1:-1], rows, "right"))
        width = self.knots[part + 1] - self.knots[part]
        beyond = rows - self.knots[part]
        slopes = (self.shares[:, part + 1] - self.shares[:, part]) / width
        found: np.ndarray = self.integrals[:, part] + beyond * (
            self.shares[:, part] + slopes * beyond / 2
        )
        return found


def entitled_rows(shares: Sequence[Share], total: int, rows: int) -> np.ndarray:
    """Each component's integrated share over ``rows`` rows of ``total``: float64 [k]."""
    return make_schedule(total, shares).entitled(rows)


def make_schedule(rows: int, shares: Sequence[Share]) -> Schedule:
    """Bring the components' shares onto common knots.

    Args:
        rows: rows of the phase, at least 1.
        shares: one share per component; they sum to one everywhere.

    Raises:
        ValueError: when positions fall, leave 0..1 or jump at an end, a share is negative, or the
            shares do not sum to one somewhere.
    """
    for share in shares:
        _check(share)
    positions, table = on_common_positions(shares)
    sums = table.sum(axis=0)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > TOLERANCE:
        raise ValueError(
            f"the shares sum to {sums[worst]:.9g}, not 1, at position {positions[worst]:g}"
        )
    table /= sums
    knots = positions * rows
    steps = (table[:, 1:] + table[:, :-1]) / 2 * np.diff(knots)
    integrals = np.concatenate([np.zeros((len(table), 1)), np.cumsum(steps, axis=1)], axis=1)
    active = int((table.max(axis=1) > 0).sum())
    slack = 0.5 if active == 1 else 1 / (2 * active - 2)  # one component takes every row
    return Schedule(rows, knots, table, integrals, slack)


def _check(share: Share) -> None:
    positions = [position for position, _ in share]
    rising = all(b >= a for a, b in itertools.pairwise(positions))
    if not positions or not rising or positions[0] < 0 or positions[-1] > 1:
        raise ValueError(f"positions must rise within 0..1, they are {positions}")
    jumps = [a for a, b in itertools.pairwise(positions) if a == b]
    if len(set(jumps)) < len(jumps) or {0.0, 1.0} & set(jumps):
        raise ValueError(f"a position may stand twice, but not 0 or 1; they are {positions}")
    values = [value for _, value in share]
    if not all(0 <= value <= 1 + TOLERANCE for value in values):
        raise ValueError(f"shares must lie within 0..1, they are {values}")


def component_counts_before(schedule: Schedule, rows_per_file: int) -> np.ndarray:
    """How many rows of each component stand before each file of a phase.

    Args:
        schedule: the phase's schedule.
        rows_per_file: rows of every file but the last.

    Returns:
        int64 [files + 1, k]: the last line holds the rows of each component in the whole phase.
    """
    counts = np.zeros(len(schedule.shares), np.int64)
    before = [counts]
    for first in range(0, schedule.rows, rows_per_file):
        _, counts = schedule.assign(first, counts, rows_per_file)
        before.append(counts)
    return np.array(before)
