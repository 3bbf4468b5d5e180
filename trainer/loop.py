"""The steps of a run, one after the other: read, learn, write down, evaluate, save.

The host queues a step and then, while the device computes it, writes down what the step before it
found; it waits for the device nowhere else but where a checkpoint is due.
"""

from __future__ import annotations

import dataclasses
import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.checkpoints.checkpoint import State
from trainer.checkpoints.unchanged import ShardsWatch
from trainer.checkpoints.writer import CheckpointWriter
from trainer.config import TrainConfig
from trainer.data import Corpus, micro_batches
from trainer.errors import TrainingError
from trainer.held_out import evaluate_held_out
from trainer.learning.schedule import learning_rate
from trainer.learning.step import Learner, PendingResult, StepResult
from trainer.learning.sums import NATS, figures_by_component, mean_losses
from trainer.machine.device import memory_used, peak_flops
from trainer.machine.interrupts import StopRequest
from trainer.model.size import flops_per_token
from trainer.output import StepLog
from trainer.seeing.progress import Progress
from trainer.seeing.trackers import Tracker, flat
from trainer.timetable import Segment, Timetable


@dataclass(frozen=True)
class Shown:
    """Where figures go; the first process has some, the others none."""

    progress: Progress | None
    log: StepLog | None
    trackers: Sequence[Tracker] = ()
    shards: ShardsWatch | None = None
    """Asked whether the shards are still the same, before a checkpoint gets its name."""


@dataclass(frozen=True)
class _Queued:
    """A step that the device may still be computing."""

    state: State
    """After it."""
    first_row: int
    rate: float
    result: PendingResult


class Loop:
    """Runs the steps that are left."""

    def __init__(
        self,
        config: TrainConfig,
        corpus: Corpus,
        table: Timetable,
        learner: Learner,
        writer: CheckpointWriter,
        shown: Shown,
        stop: StopRequest,
    ) -> None:
        """Nothing happens yet."""
        self.config, self.corpus, self.table, self.learner = config, corpus, table, learner
        self.writer, self.shown, self.stop = writer, shown, stop
        self.stopped = False
        self._queued: _Queued | None = None
        self._shapes: set[int] = set()
        """Rows of the micro batches that there were: others are compiled for."""
        self._has_evaluated = False
        self._since = time.perf_counter()
        length = corpus.shards.sequence_length
        self._flops = flops_per_token(config.model, learner.model.vocab_size, length)
        peak = peak_flops(learner.device)
        self._peak = peak * learner.ranks.world if peak else None

    def run(self, state: State, evaluated: int) -> State:
        """From ``state`` to the end, or until a stop is asked for.

        Args:
            state: where the run stands.
            evaluated: the step after which the held-out rows were last evaluated.

        Returns:
            Where it stands then; a checkpoint of it is on the disk.

        Raises:
            TrainingError: too many steps in a row were skipped.
        """
        self._since = time.perf_counter()
        if evaluated < state.step:
            self._evaluate_if_due(state)
        for batches, segment in self._steps(state):
            state = self._step(batches, state, segment)
            self.stopped = self.learner.ranks.any(bool(self.stop))
            is_last = state.step == self.table.steps
            if state.step % self.config.checkpoint_every == 0 or is_last or self.stopped:
                self._save(state)
            if not self.stopped:
                self._evaluate_if_due(state)
            if self.stopped:
                break
        self._save(state)
        self.writer.wait()
        return state

    def _steps(self, state: State) -> Iterator[tuple[list[dict[str, Any]], Segment]]:
        ranks = self.learner.ranks
        for segment in self.table.segments:
            start = max(state.rows_read, segment.first_row)
            if start >= segment.end_row or self.stopped:
                continue
            micro = segment.micro_rows(self.config.micro_batch_rows, ranks.world)
            for batches in micro_batches(
                self.corpus.training, micro, segment.global_rows, start, segment.end_row,
                ranks.rank, ranks.world, self.corpus.token_bytes, self.learner.fields,
            ):  # fmt: skip
                yield batches, segment

    def _step(self, batches: list[dict[str, Any]], state: State, segment: Segment) -> State:
        """Queue a step, then write down the one before it."""
        rate = learning_rate(
            state.step, self.table.decay_start, self.table.steps, self.config.optimizer
        )
        first, end = self.table.rows_of(state.step)
        rows = len(batches[0]["input_ids"])
        is_new = rows not in self._shapes
        if is_new and self._shapes and self.learner.compiles:
            self._save(state)
            self.writer.wait()
        with self.stop.all_is_saved(is_new and (self.learner.compiles or not self._shapes)):
            result = self.learner.step(batches, rate)
            if is_new:
                result.wait()
        self._write_down()
        if not self._shapes:
            gc.freeze()  # what is there now stays: the collector need not look through it again
        self._shapes.add(rows)
        state = dataclasses.replace(state, step=state.step + 1, rows_read=end)
        self._queued = _Queued(state, first, rate, result)
        return state

    def _save(self, state: State) -> None:
        """Submit a checkpoint of the state, unless it was the last one."""
        self._write_down()
        self.writer.submit(state, self.learner.pieces, lambda: self._before_naming(state))
        self._since = time.perf_counter()

    def _before_naming(self, state: State) -> None:
        """What has to be so before a checkpoint counts; in the thread that writes it."""
        if self.shown.shards is not None:
            self.shown.shards.check(state.rows_read)
        if self.shown.log is not None:
            self.shown.log.sync()

    def _evaluate_if_due(self, state: State) -> None:
        every, step = self.config.evaluate_every, state.step
        due = step == self.table.steps or (every and step % every == 0)
        if self.corpus.held_out is None or not due or not step:
            return
        self._write_down()
        compiles = self.learner.compiles and not self._has_evaluated
        if compiles:
            self._save(state)
            self.writer.wait()
        with self.stop.all_is_saved(compiles):
            found = evaluate_held_out(
                self.learner, self.corpus, self.config, lambda: bool(self.stop)
            )
        self._has_evaluated = True
        if found is None:
            self.stopped = True
        elif self.shown.log is not None:
            self.shown.log.add_held_out({"step": step} | found)
            self._note(f"held-out rows after step {step}: {_as_text(found)}")
            for tracker in self.shown.trackers:
                tracker.add(flat(found, "held_out/"), step)
        self._since = time.perf_counter()

    def _write_down(self) -> None:
        """What the queued step found, once it is there."""
        if self._queued is None:
            return
        queued, self._queued = self._queued, None
        result = queued.result.wait()
        seconds = queued.result.finished - self._since
        self._since = queued.result.finished
        if self.shown.log is not None and self.shown.progress is not None:
            metrics = self._metrics(queued, result)
            speed = self._speed(queued, seconds)
            self.shown.log.add(metrics, {"step": queued.state.step} | speed)
            self.shown.progress.step(metrics | speed)
            for tracker in self.shown.trackers:
                tracker.add(flat(metrics | speed), queued.state.step)
        if result.skipped_in_a_row >= self.config.optimizer.most_skips:
            raise TrainingError(self._why_it_ends(queued, result))

    def _metrics(self, queued: _Queued, result: StepResult) -> dict[str, Any]:
        """A line of ``metrics.jsonl``."""
        order = self.corpus.training
        totals = [sum(column) for column in zip(*result.components, strict=True)]
        means = mean_losses(totals[NATS], *totals[NATS + 1 : NATS + 3])
        return {
            "step": queued.state.step,
            "phase": order.phase_of(queued.first_row),
            "loss": result.loss,
            **{name: value for name, value in means.items() if name != "loss"},
            "learning_rate": queued.rate,
            "gradient_norm": result.gradient_norm,
            "was_skipped": result.was_skipped,
            "skipped": result.skipped,
            "tokens": queued.state.rows_read * order.shards.sequence_length,
            "targets": result.targets,
            "components": figures_by_component(result.components, order.components),
        }

    def _speed(self, queued: _Queued, seconds: float) -> dict[str, float]:
        """How fast the step was, waiting for its rows included, writing checkpoints not.

        MFU takes attention as causal (half of the square) and dense bf16 as the peak.
        """
        rows = queued.state.rows_read - queued.first_row
        speed = rows * self.corpus.shards.sequence_length / seconds
        figures = {
            "seconds": seconds,
            "tokens_per_second": speed,
            "memory_bytes": memory_used(self.learner.device),
        }
        if self._peak is not None:
            figures["mfu"] = self._flops * speed / self._peak
        return figures

    def _why_it_ends(self, queued: _Queued, result: StepResult) -> str:
        from trainer.seeing.trace import describe_trace, trace_step

        step, config = queued.state.step, self.config
        read = "\n".join(describe_trace(trace_step(config, step), config.shards))
        return (
            f"step {step} (rows {queued.first_row} to {queued.state.rows_read - 1}): the last "
            f"{result.skipped_in_a_row} steps were skipped; loss is {result.loss}, gradient norm "
            f"{result.gradient_norm}. The weights are as before them. Try a smaller "
            f"optimizer.learning_rate or more optimizer.warmup_steps, or look at what was read:\n"
            f"{read}"
        )

    def _note(self, message: str) -> None:
        if self.shown.progress is not None:
            self.shown.progress.note(message)


def _as_text(found: dict[str, Any]) -> str:
    parts = [f"loss {found['loss']:.3f}"] if "loss" in found else []
    if "bits_per_byte" in found:
        parts.append(f"{found['bits_per_byte']:.3f} bits per byte")
    return ", ".join(parts)
