"""A training run, from shards to the last checkpoint, and on from wherever it was stopped."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from formats.units import format_count
from trainer.branch import branch_point, check_branch, load_branch, with_branch_shape
from trainer.checkpoints.checkpoint import (
    State,
    last_sound_checkpoint,
    latest_checkpoint,
    open_checkpoint,
    read_state,
)
from trainer.checkpoints.unchanged import ShardsWatch, sha256_of_manifest
from trainer.checkpoints.writer import CheckpointWriter
from trainer.checks import check_run
from trainer.config import TrainConfig, learning_settings
from trainer.data import Corpus, open_corpus, unigram_entropy
from trainer.errors import OutputError
from trainer.hf.initial import check_initial, initial_folder, load_initial, with_initial_shape
from trainer.learning.step import Learner
from trainer.loop import Loop, Shown
from trainer.machine.deterministic import deterministic_kernels
from trainer.machine.device import choose_device, device_name, peak_flops
from trainer.machine.distributed import Ranks, check_batches, joined_ranks
from trainer.machine.interrupts import Leave, StopRequest, stop_requests
from trainer.machine.threads import cpu_threads, default_threads, format_threads
from trainer.model.size import FLOPS_FORMULA, flops_per_token, parameters
from trainer.output import OutputFolder, check_same_run, first_and_last_loss
from trainer.seeing.curve import draw_curve
from trainer.seeing.page import write_page
from trainer.seeing.progress import Progress
from trainer.seeing.trackers import check_trackers, open_trackers
from trainer.timetable import Timetable

log = logging.getLogger("trainer")


@dataclass(frozen=True)
class Outcome:
    """What a call of ``train`` came to."""

    folder: OutputFolder
    step: int
    """Steps done, those of earlier calls included."""
    steps: int
    """Of the whole run."""
    checkpoint: Path | None
    """None: stopped before there was one."""
    unigram_entropy: float = float("nan")
    first_loss: float = float("nan")
    last_loss: float = float("nan")
    did_nothing: bool = False
    """The run was complete before."""
    is_first: bool = True
    """Of the processes of the run, the one that speaks."""


def train(
    config: TrainConfig, fresh: bool = False, live: bool | None = None, may_exit: bool = False
) -> Outcome:
    """Train, or go on where an earlier call was stopped.

    Args:
        config: the run.
        fresh: throw away what ``config.out`` holds of an earlier run.
        live: show a bar instead of log lines; None: where standard error is a terminal.
        may_exit: the process is the run's own: one that does not hear a signal is ended.

    Raises:
        ConfigError: the device is not there, or the settings do not fit the shards or processes.
        ShardsError: there are no shards, or they cannot be read.
        OutputError: ``config.out`` holds another run, or is in use.
        CheckpointError: a checkpoint cannot be written.
        TrainingError: too many steps in a row were skipped.
    """
    check_trackers(config.trackers)
    config = with_branch_shape(with_initial_shape(config))
    corpus = open_corpus(config.shards, config.held_out, config.phases)
    device = choose_device(config.device, int(os.environ.get("LOCAL_RANK", "0")))
    folder = OutputFolder(config.out)
    with ExitStack() as stack:
        stack.enter_context(deterministic_kernels(config.deterministic, device))
        ranks = stack.enter_context(joined_ranks(device.type))
        run = _Run(config, corpus, device, folder, ranks)
        if ranks.is_first:
            stack.enter_context(folder.locked())
        stop = stack.enter_context(stop_requests(run.note, config.time_limit * 60, may_exit))
        try:
            return run.train(fresh, live, stop)
        except Leave:
            run.note("stopped: all that was learnt is in the last checkpoint")
            return run.outcome()


class _Run:
    """A run in its locked folder."""

    def __init__(
        self,
        config: TrainConfig,
        corpus: Corpus,
        device: torch.device,
        folder: OutputFolder,
        ranks: Ranks,
    ) -> None:
        self.config, self.corpus, self.device = config, corpus, device
        self.folder, self.ranks = folder, ranks
        manifest = corpus.shards.manifest
        self.length, self.vocab_size = manifest.sequence_length, manifest.vocab_size
        self.table = Timetable.of(config, corpus.training.phase_rows, self.length)
        self.settings = learning_settings(config)
        self.shards_sha256 = sha256_of_manifest(config.shards)
        self.progress: Progress | None = None
        self._check()

    def note(self, message: str) -> None:
        """A line that stays, from one process."""
        if self.progress is not None:
            self.progress.note(message)
        elif self.ranks.is_first:
            log.info("%s", message)

    def train(self, fresh: bool, live: bool | None, stop: StopRequest) -> Outcome:
        with ExitStack() as stack:
            with stop.all_is_saved():
                run = self.ranks.from_first(lambda: self._begun(fresh))
                state, checkpoint = self._where_it_stands(run)
                evaluated = self._last_evaluation()
                if state.step == self.table.steps and evaluated == state.step:
                    self._draw(again=False)
                    return self.outcome(did_nothing=True)
                threads = self.config.threads or (run or {}).get("threads") or default_threads()
                stack.enter_context(cpu_threads(threads))
                loop, run = self._prepared(stack, state, checkpoint, run, threads, live, stop)
            loop.run(state, evaluated)
        self._draw()
        return self.outcome()

    def outcome(self, did_nothing: bool = False) -> Outcome:
        """What the folder shows."""
        checkpoint = latest_checkpoint(self.folder.checkpoints_path)
        step = read_state(checkpoint).step if checkpoint else 0
        metrics = self.folder.read_metrics() if self.ranks.is_first else []
        entropy = (self.folder.read_run() or {}).get("unigram_entropy", float("nan"))
        losses = first_and_last_loss(metrics) if metrics else (float("nan"), float("nan"))
        return Outcome(
            self.folder, step, self.table.steps, checkpoint, entropy, *losses,
            did_nothing=did_nothing, is_first=self.ranks.is_first,
        )  # fmt: skip

    def _check(self) -> None:
        """What would go wrong later."""
        check_batches([segment.global_rows for segment in self.table.segments], self.ranks.world)
        manifest = self.corpus.shards.manifest
        check_run(self.config, manifest, self.device, self.ranks.world)
        self.notes = check_initial(self.config, manifest) + check_branch(self.config, self.corpus)

    def _begun(self, fresh: bool) -> dict[str, Any] | None:
        """``run.json`` of an earlier call, which is of the same run; None: this is the first."""
        if fresh:
            self.folder.clear()
        run = self.folder.read_run()
        if run is not None:
            check_same_run(self.folder, run, self._identity())
        return run

    def _where_it_stands(self, run: dict[str, Any] | None) -> tuple[State, Path | None]:
        """The last sound checkpoint's state, or that of a beginning."""
        beginning = State(
            0, 0, _sha256_of(self.settings), self.shards_sha256, world=self.ranks.world
        )
        checkpoint = last_sound_checkpoint(self.folder.checkpoints_path, self.ranks)
        if checkpoint is None:
            return beginning, None
        state = dataclasses.replace(read_state(checkpoint), world=self.ranks.world)
        if run is None or dataclasses.replace(state, step=0, rows_read=0) != beginning:
            raise OutputError(
                f"{checkpoint} is not of the run in {self.folder.run_path}; give another "
                "out=FOLDER, or throw it away with --fresh"
            )
        return state, checkpoint

    def _last_evaluation(self) -> int:
        """The step after which held-out rows were last evaluated; the last if there are none."""
        if self.corpus.held_out is None:
            return self.table.steps
        lines = self.ranks.from_first(self.folder.read_held_out)
        return int(lines[-1]["step"]) if lines else -1

    def _prepared(
        self,
        stack: ExitStack,
        state: State,
        checkpoint: Path | None,
        run: dict[str, Any] | None,
        threads: int,
        live: bool | None,
        stop: StopRequest,
    ) -> tuple[Loop, dict[str, Any]]:
        """Model, optimizer and all that figures go to, where the run stands."""
        config, ranks = self.config, self.ranks
        components = len(self.corpus.training.components)
        learner = Learner(config, self.vocab_size, components, self.device, ranks)
        if checkpoint is not None:
            with open_checkpoint(checkpoint) as saved:
                learner.load(saved)
        elif initial_folder(config) is not None:
            load_initial(learner, config)
        elif branch_point(config) is not None:
            load_branch(learner, config)
        shown = Shown(None, None)
        if run is None:
            run = ranks.from_first(lambda: self._describe(threads))
        if ranks.is_first:
            self.folder.cut_steps(state.step)
            steps, every = self.table.steps, config.log_every
            self.progress = stack.enter_context(Progress(steps, state.step, every, live))
            step_log = stack.enter_context(self.folder.step_log())
            trackers = open_trackers(config.trackers, self.folder.path, state.step, self.settings)
            watch = ShardsWatch(
                config.shards, self.corpus.training, self.shards_sha256, state.rows_read,
                self.corpus.held_out,
            )  # fmt: skip
            shown = Shown(self.progress, step_log, stack.enter_context(trackers), watch)
            self._introduce(state, run, threads)
        # Last, so that it ends first: a checkpoint gets its name when the log is on the disk.
        keep, every = config.keep_checkpoints, config.keep_every
        writer = stack.enter_context(
            CheckpointWriter(self.folder.checkpoints_path, ranks, keep, every)
        )
        writer.last_step = state.step if checkpoint is not None else -1
        return Loop(config, self.corpus, self.table, learner, writer, shown, stop), run

    def _identity(self) -> dict[str, Any]:
        """What a run may only be gone on with the same of."""
        manifest, order = self.corpus.shards.manifest, self.corpus.training
        rows = zip(order.phases, order.phase_rows, strict=True)
        return {
            "settings": self.settings,
            "shards_sha256": self.shards_sha256,
            "sequence_length": self.length,
            "vocab_size": self.vocab_size,
            "tokenizer_sha256": manifest.tokenizer_sha256,
            "phases": [{"name": name, "rows": count} for name, count in rows],
        }

    def _describe(self, threads: int) -> dict[str, Any]:
        """Write ``run.json``."""
        manifest = self.corpus.shards.manifest
        model, order = self.config.model, self.corpus.training
        run = {
            "config": self.config.model_dump(),
            **self._identity(),
            "threads": threads,
            "processes": self.ranks.world,
            "device": device_name(self.device, threads),
            "peak_flops": peak_flops(self.device),
            "flops_formula": FLOPS_FORMULA,
            "flops_per_token": flops_per_token(model, self.vocab_size, self.length),
            "special_ids": manifest.special_ids,
            "components": order.components,
            "steps": self.table.steps,
            "decay_start": self.table.decay_start,
            "parameters": parameters(model, self.vocab_size),
            "unigram_entropy": unigram_entropy(order, self.table.end_row),
        }
        self.folder.write_run(run)
        return run

    def _introduce(self, state: State, run: dict[str, Any], threads: int) -> None:
        tokens = self.table.end_row * self.length
        world = self.ranks.world
        self.note(
            f"{format_count(run['parameters'])} parameters, {format_count(tokens)} tokens in "
            f"{self.table.steps} steps on {f'{world} x ' if world > 1 else ''}"
            f"{device_name(self.device, threads)}; "
            f"unigram entropy {run['unigram_entropy']:.3f} nats per token"
        )
        if self.device.type == "cpu" and threads != run.get("threads", threads):
            self.note(
                f"the run began with {format_threads(run['threads'])}: with {threads} the last "
                "bits of losses will differ from an unbroken run's"
            )
        for note in self.notes:
            self.note(note)
        if state.step:
            self.note(f"going on after step {state.step}")

    def _draw(self, again: bool = True) -> None:
        """The pictures of the run; ``again``: also where they are there."""
        wanted = again or not self.folder.curve_path.exists()
        if self.ranks.is_first and wanted and self.folder.read_metrics():
            draw_curve(self.folder)
            write_page(self.folder)


def _sha256_of(settings: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
