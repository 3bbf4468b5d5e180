"""Which rows a run reads in which step: arithmetic on what the configuration says.

A run reads every row of its phases once, in order, so that where it stands is one integer. A step
has ``global_batch_rows`` rows; a ramp changes that from some row on, or from the first step after
it, since steps are not cut.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.config import TrainConfig
from trainer.learning.schedule import decay_start


@dataclass(frozen=True)
class Segment:
    """Steps of one size."""

    first_row: int
    end_row: int
    global_rows: int
    first_step: int
    """Steps before it."""

    @property
    def steps(self) -> int:
        """The last of a run may have fewer rows than the others."""
        return -(-(self.end_row - self.first_row) // self.global_rows)

    def micro_rows(self, most: int, world: int) -> int:
        """Rows of a forward pass: as many as may be, so that they divide a process's share."""
        return math.gcd(self.global_rows // world, most) if most < self.global_rows // world else (
            self.global_rows // world
        )  # fmt: skip


@dataclass(frozen=True)
class Timetable:
    """The steps of a run."""

    segments: tuple[Segment, ...]
    decay_start: int
    """The step, from 0, with which a decay begins."""

    @classmethod
    def of(cls, config: TrainConfig, phase_rows: Sequence[int], sequence_length: int) -> Timetable:
        """All rows once, or as many as ``max_steps`` steps need.

        Args:
            config: batch sizes and steps.
            phase_rows: rows of each phase that is trained on, in order.
            sequence_length: tokens of a row.
        """
        ramp = [(step.first_row(sequence_length), step.rows) for step in config.batch_ramp]
        last_row, most_steps = sum(phase_rows), config.max_steps or math.inf
        segments: list[Segment] = []
        row, step, rows = 0, 0, config.global_batch_rows
        for border, following in [*sorted(ramp), (last_row, 0)]:
            steps = min(-(-(min(border, last_row) - row) // rows), most_steps - step)
            if steps > 0:
                end = min(row + int(steps) * rows, last_row)
                segments.append(Segment(row, end, rows, step))
                row, step = end, step + int(steps)
            rows = following
        steps_made = cls(tuple(segments), 0)
        begin = decay_start(
            steps_made.step_of(sum(phase_rows[:-1])), len(phase_rows), step, config.optimizer
        )
        return cls(tuple(segments), begin)

    @property
    def steps(self) -> int:
        """How many there are."""
        last = self.segments[-1]
        return last.first_step + last.steps

    @property
    def end_row(self) -> int:
        """The row after the last one that is read."""
        return self.segments[-1].end_row

    def rows_of(self, step: int) -> tuple[int, int]:
        """First row of a step, counted from 0, and the row after its last."""
        firsts = [segment.first_step for segment in self.segments]
        segment = self.segments[bisect_right(firsts, step) - 1]
        first = segment.first_row + (step - segment.first_step) * segment.global_rows
        return first, min(first + segment.global_rows, segment.end_row)

    def step_of(self, row: int) -> int:
        """The step that reads a row; one after the last where none does."""
        for segment in self.segments:
            if row < segment.end_row:
                return segment.first_step + (row - segment.first_row) // segment.global_rows
        return self.steps
