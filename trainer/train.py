"""A training run, from shards to the last checkpoint, and on from wherever it was stopped."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from formats.loading.order import RowOrder
from formats.manifest import MANIFEST
from formats.storage import open_input
from formats.units import format_count
from trainer.checkpoint import (
    State,
    latest_checkpoint,
    load_checkpoint,
    read_state,
    save_checkpoint,
)
from trainer.config import TrainConfig, learning_settings
from trainer.curve import draw_curve
from trainer.data import Batch, batches, open_rows, unigram_entropy
from trainer.device import choose_device, device_name, peak_flops
from trainer.errors import OutputError, TrainingError
from trainer.interrupts import stop_requests
from trainer.output import OutputFolder, check_same_run, first_and_last_loss
from trainer.progress import Progress
from trainer.schedule import decay_start, learning_rate
from trainer.step import Learner
from trainer.threads import cpu_threads, default_threads, format_threads


@dataclass(frozen=True)
class Outcome:
    """What a call of ``train`` came to."""

    folder: OutputFolder
    step: int
    """Steps done, those of earlier calls included."""
    steps: int
    """Of the whole run."""
    checkpoint: Path
    unigram_entropy: float
    first_loss: float
    last_loss: float
    did_nothing: bool = False
    """The run was complete before."""


@dataclass(frozen=True)
class Plan:
    """Which rows a run reads in which steps."""

    batch_rows: int
    end_row: int
    """The row after the last one that is read."""
    steps: int
    """The last of them may have fewer rows than the others."""
    decay_start: int

    @classmethod
    def of(cls, config: TrainConfig, rows: RowOrder) -> Plan:
        """All rows once, or as many as ``max_steps`` steps need."""
        batch_rows = config.global_batch_rows
        end_row = min(len(rows), config.max_steps * batch_rows or len(rows))
        steps = -(-end_row // batch_rows)
        begin = decay_start(rows.phase_rows, batch_rows, steps, config.optimizer)
        return cls(batch_rows, end_row, steps, begin)


def train(config: TrainConfig, fresh: bool = False, live: bool | None = None) -> Outcome:
    """Train, or go on where an earlier call was stopped.

    Args:
        config: the run.
        fresh: throw away what ``config.out`` holds of an earlier run.
        live: show a bar instead of log lines; None: where standard error is a terminal.

    Raises:
        ConfigError: the device is not there.
        ShardsError: there are no shards, or they cannot be read.
        OutputError: ``config.out`` holds another run, or is in use.
        CheckpointError: the checkpoint to go on from is damaged.
        TrainingError: the loss is no longer a number.
    """
    rows = open_rows(config.shards)
    device = choose_device(config.device)
    folder = OutputFolder(config.out)
    with folder.locked():
        if fresh:
            folder.clear()
        return _Run(config, rows, device, folder).train(live)


class _Run:
    """A run in its locked folder."""

    def __init__(
        self, config: TrainConfig, rows: RowOrder, device: torch.device, folder: OutputFolder
    ) -> None:
        self.config, self.rows, self.device, self.folder = config, rows, device, folder
        self.plan = Plan.of(config, rows)
        self.settings = learning_settings(config)
        self.shards_sha256 = _sha256_of_manifest(config.shards)

    def train(self, live: bool | None) -> Outcome:
        run = self.folder.read_run()
        state, checkpoint = self._where_it_stands(run)
        if checkpoint is not None and state.step == self.plan.steps:
            if not self.folder.curve_path.exists():
                draw_curve(self.folder)
            return self._outcome(state.step, checkpoint, did_nothing=True)
        threads = self.config.threads or (run or {}).get("threads") or default_threads()
        with (
            cpu_threads(threads),
            Progress(self.plan.steps, state.step, self.config.log_every, live) as progress,
        ):
            learner = Learner(self.config, self.rows.shards.manifest.vocab_size, self.device)
            if checkpoint is not None:
                load_checkpoint(checkpoint, learner.model, learner.optimizer, self.device)
            if run is None:
                run = self._description(learner, threads)
                self.folder.write_run(run)
            self.folder.cut_steps(state.step)
            self._introduce(progress, state, run, threads)
            checkpoint = self._steps(learner, state, progress)
        draw_curve(self.folder)
        return self._outcome(read_state(checkpoint).step, checkpoint)

    def _where_it_stands(self, run: dict[str, Any] | None) -> tuple[State, Path | None]:
        """The last checkpoint's state, or that of a beginning."""
        checkpoint = latest_checkpoint(self.folder.checkpoints_path)
        beginning = State(0, 0, _sha256_of(self.settings), self.shards_sha256)
        if run is not None:
            now = {"settings": self.settings, "shards_sha256": self.shards_sha256}
            check_same_run(self.folder, run, now)
        if checkpoint is None:
            return beginning, None
        state = read_state(checkpoint)
        if run is None or dataclasses.replace(state, step=0, rows_read=0) != beginning:
            raise OutputError(
                f"{checkpoint} is not of the run in {self.folder.run_path}; give another "
                "out=FOLDER, or throw it away with --fresh"
            )
        return state, checkpoint

    def _description(self, learner: Learner, threads: int) -> dict[str, Any]:
        """What ``run.json`` says."""
        manifest = self.rows.shards.manifest
        return {
            "config": self.config.model_dump(),
            "settings": self.settings,
            "shards_sha256": self.shards_sha256,
            "threads": threads,
            "sequence_length": manifest.sequence_length,
            "vocab_size": manifest.vocab_size,
            "tokenizer_sha256": manifest.tokenizer_sha256,
            "special_ids": manifest.special_ids,
            "phases": [{"name": p.name, "rows": p.rows} for p in manifest.phases],
            "steps": self.plan.steps,
            "decay_start": self.plan.decay_start,
            "parameters": sum(p.numel() for p in learner.model.parameters()),
            "flops_per_token": learner.model.flops_per_token(manifest.sequence_length),
            "unigram_entropy": unigram_entropy(self.rows, self.plan.end_row),
        }

    def _introduce(
        self, progress: Progress, state: State, run: dict[str, Any], threads: int
    ) -> None:
        tokens = self.plan.end_row * run["sequence_length"]
        progress.note(
            f"{format_count(run['parameters'])} parameters, {format_count(tokens)} tokens in "
            f"{self.plan.steps} steps on {device_name(self.device, threads)}; "
            f"unigram entropy {run['unigram_entropy']:.3f} nats per token"
        )
        if self.device.type == "cpu" and threads != run.get("threads", threads):
            progress.note(
                f"the run began with {format_threads(run['threads'])}: with {threads} the last "
                "bits of losses will differ from an unbroken run's"
            )
        if state.step:
            progress.note(f"going on after step {state.step}")

    def _steps(self, learner: Learner, state: State, progress: Progress) -> Path:
        """All steps that are left, or until a stop is asked for; the checkpoint of the last one."""
        plan, config = self.plan, self.config
        upcoming = batches(self.rows, state.rows_read, plan.end_row, plan.batch_rows)
        with (
            stop_requests(progress.note) as stop,
            self.folder.step_log() as log,
        ):
            started = time.perf_counter()
            for batch in upcoming:
                metrics = self._step(learner, batch, state)
                speed = self._speed(learner, batch, time.perf_counter() - started)
                log.add(metrics, {"step": metrics["step"]} | speed)
                progress.step(metrics | speed)
                rows_read = state.rows_read + len(batch.input_ids)
                state = dataclasses.replace(state, step=state.step + 1, rows_read=rows_read)
                due = state.step % config.checkpoint_every == 0 or state.step == plan.steps
                if due or stop:
                    log.sync()
                    checkpoint = save_checkpoint(
                        self.folder.checkpoints_path, state, learner.model, learner.optimizer,
                        config.keep_checkpoints,
                    )  # fmt: skip
                if stop:
                    break
                started = time.perf_counter()
        return checkpoint

    def _step(self, learner: Learner, batch: Batch, state: State) -> dict[str, Any]:
        """Learn from a batch; its line of ``metrics.jsonl``."""
        plan = self.plan
        rate = learning_rate(state.step, plan.decay_start, plan.steps, self.config.optimizer)
        end_row = state.rows_read + len(batch.input_ids)
        try:
            result = learner.step(batch, rate)
        except TrainingError as error:
            raise TrainingError(
                f"step {state.step + 1} (rows {state.rows_read} to {end_row - 1}): {error}; try a "
                "smaller optimizer.learning_rate or more optimizer.warmup_steps"
            ) from error
        return {
            "step": state.step + 1,
            "phase": self.rows.phase_of(state.rows_read),
            "loss": result.loss,
            "learning_rate": rate,
            "gradient_norm": result.gradient_norm,
            "tokens": end_row * self.rows.shards.sequence_length,
            "targets": result.targets,
        }

    def _speed(self, learner: Learner, batch: Batch, seconds: float) -> dict[str, float]:
        """How fast the step was, waiting for its rows included, writing checkpoints not.

        MFU takes attention as causal (half of the square) and dense bf16 as the peak.
        """
        length = self.rows.shards.sequence_length
        speed = len(batch.input_ids) * length / seconds
        figures = {"seconds": seconds, "tokens_per_second": speed}
        peak = peak_flops(self.device)
        if peak is not None:
            figures["mfu"] = learner.model.flops_per_token(length) * speed / peak
        return figures

    def _outcome(self, step: int, checkpoint: Path, did_nothing: bool = False) -> Outcome:
        first_loss, last_loss = first_and_last_loss(self.folder.read_metrics())
        return Outcome(
            folder=self.folder,
            step=step,
            steps=self.plan.steps,
            checkpoint=checkpoint,
            unigram_entropy=(self.folder.read_run() or {})["unigram_entropy"],
            first_loss=first_loss,
            last_loss=last_loss,
            did_nothing=did_nothing,
        )


def _sha256_of_manifest(shards: str) -> str:
    with open_input(f"{shards.rstrip('/')}/{MANIFEST}") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def _sha256_of(settings: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
