"""Running a recipe: from raw text to documents, tokenizer, tokens and shards.

``run`` walks the plan's steps in order. Every step is a list of tasks with records, so a run that
was killed goes on where it stopped, and a run that is complete does nothing.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formats import storage
from formats.documents import PARALLEL_FILES
from formats.precompile import compile_kernels, missing_groups
from formats.run_folder import RunFolder
from formats.units import format_bytes
from pipeline import scale
from pipeline.check import check_plan
from pipeline.documents_pass import DocumentsItem, write_partition
from pipeline.executors import Executor, make_executor, usable_cpus
from pipeline.ledger import RecordedEngine, sweep, sweep_unfinished, write_json
from pipeline.map_pass import MapItem, map_partition
from pipeline.mix import mixture_lineage
from pipeline.partitions import count_files, uncut_files
from pipeline.plan import Plan, map_step, removed_paths
from pipeline.progress import Display
from pipeline.recipe_yaml import RecipeError
from pipeline.summary import summarise
from pipeline.translations import add_translations
from stages.base import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.recipe import Recipe, Segment


@dataclass
class RunOutcome:
    """What a run came to."""

    folder: RunFolder
    summary: dict[str, Any]
    did_nothing: bool = False
    notes: list[str] = field(default_factory=list)


def run(
    recipe: Recipe,
    *,
    engine: str = "ray",
    workers: int | None = None,
    address: str | None = None,
    fresh: bool = False,
    live: bool | None = None,
) -> RunOutcome:
    """Run a recipe to its end, or go on where an earlier run of it stopped.

    Args:
        recipe: from ``pipeline.recipe_file.load_recipe``.
        engine: ``ray`` or ``inline`` (one process, for debugging).
        workers: tasks at a time; None: one per usable CPU.
        address: of a Ray cluster; None: this machine.
        fresh: throw away what is in the run folder first.
        live: bars (True) or log lines (False); None: bars on a terminal.

    Raises:
        formats.quarantine.BadInput: a bad record, with ``on_error: fail``.
        RecipeError: the mixture asks for more than the input can hold; before any work.
        stages.mixture.plan.Infeasible: it asks for more than the filters left.
    """
    plan = Plan(recipe)
    if fresh:
        plan.folder.clear()
    if plan.is_complete():
        return RunOutcome(plan.folder, plan.folder.read_summary(), did_nothing=True)
    if recipe.mixture is not None and not plan.fits_to_supply:
        report = check_plan(plan)
        if not report.feasible:
            raise RecipeError("\n".join(report.messages))

    def start_executor() -> Executor:
        return make_executor(engine, workers, address, recipe.kernel_packages())

    with Display(live) as display:
        runner = Runner(plan, display, start_executor)
        try:
            return runner.run()
        finally:
            runner.close()


class Runner:
    """Walks a plan's steps."""

    def __init__(self, plan: Plan, display: Display, start_executor: Any) -> None:
        """Prepare; nothing is started before the first task."""
        self.plan = plan
        self.folder = plan.folder
        self.display = display
        self.outcome = RunOutcome(plan.folder, {})
        self._executor: Executor | None = None
        self._start_executor = start_executor
        self._seconds: dict[str, float] = {}
        self._results: dict[str, list[dict[str, Any]]] = {}
        self._exported: list[str] = []
        self._facts: dict[str, dict[str, Any]] = {}

    def run(self) -> RunOutcome:
        """All steps, then the summary and the report."""
        started = time.monotonic()
        recipe = self.plan.recipe
        sweep_unfinished(self.folder.path)
        storage.write_text(self.folder.recipe_path, recipe.as_yaml())
        self._start()
        parts, parallel = self._curate()
        documents = self._write_documents(parts, parallel)
        for stage in recipe.stages:
            for note in stage.conclude(self.folder.path):
                self._note(note)
        if recipe.tokenizer is not None:
            fitted = self._fit(documents)
            tokenizer = self._make_tokenizer(fitted, documents)
            if fitted.mixture is not None:
                self._tokenize(fitted, documents, tokenizer)
                self._results["shards"] = [self._mix(fitted, tokenizer)]
        self._sweep_what_the_recipe_lacks()
        self._finish(time.monotonic() - started)
        return self.outcome

    def close(self) -> None:
        """Release the workers."""
        if self._executor is not None:
            self._executor.close()

    def _start(self) -> None:
        recipe = self.plan.recipe
        stored = sum(p.stored_bytes for p in self.plan.partitions)
        files = count_files(self.plan.partitions)
        self._note(
            f"{recipe.run.name}: {files} files, {format_bytes(stored)} as stored, "
            f"{len(self.plan.partitions)} partitions -> {self.folder.path}"
        )
        with self._timed("start"):
            self._compile_kernels()
            with self.display.step("start", 1):
                for stage in recipe.stages:
                    stage.check_settings()
                self._executor = self._start_executor()
        self.engine = RecordedEngine(
            self._executor, self.folder.path, self.folder.records_path, self.display
        )

    def _compile_kernels(self) -> None:
        """So that no worker has to; needed once per machine and version."""
        packages = self.plan.recipe.kernel_packages()
        missing = missing_groups(packages)
        if missing:
            self._note("first start on this machine: compiling the kernels")
            with self.display.step("compile", len(missing)):
                compile_kernels(usable_cpus(), self.display.part_done, packages)

    def _curate(self) -> tuple[list[PartitionOutput], list[str]]:
        """Map passes and barriers; returns each partition's last output, and parallel documents."""
        parts: list[PartitionOutput] = []
        parallel: list[str] = []
        for index, segment in enumerate(self.plan.segments):
            name = map_step(segment, index)
            parts = self._map(segment, index, name, parts)
            for barrier in segment.barriers:
                with self._step(barrier.name) as step:
                    self.engine.lineage = step.lineage
                    folder = f"{self.folder.work_path}/{barrier.name}"
                    given = [part.for_barrier(barrier.name) for part in parts]
                    engine = replace(self.engine, prefix=f"{barrier.name}/")
                    annotations = barrier.run(given, folder, engine)
                    for part, path in zip(parts, annotations, strict=True):
                        part.annotations.append((barrier.name, path))
                    parallel += barrier.new_documents(folder)
                    self._export(barrier.exports(folder))
                    self._facts[barrier.name] = barrier.facts(folder)
                for alarm in self._facts[barrier.name].get("alarms", []):
                    self._note(alarm)
        return parts, parallel

    def _sweep_what_the_recipe_lacks(self) -> None:
        """What an earlier, longer recipe left here must not be taken for this one's."""
        if self.plan.recipe.tokenizer is None:
            sweep(self.folder.tokenizer_path, [])
        if self.plan.recipe.mixture is None:
            sweep(self.folder.tokens_path, [])
            sweep(self.folder.shards_path, [])
        if "bilingual" not in [stage.name for stage in self.plan.recipe.stages]:
            sweep(self.folder.bilingual_documents_path, [])
            sweep(self.folder.bilingual_sentences_path, [])
        if "decontaminate" not in [stage.name for stage in self.plan.recipe.stages]:
            sweep(self.folder.contamination_path, [])
        sweep(self.folder.cut_path, self._exported)

    def _export(self, exports: dict[str, list[str]]) -> None:
        """Copy what a barrier offers to its place in the run folder."""
        for place, paths in exports.items():
            wanted = {f"{self.folder.path}/{place}/{Path(path).name}": path for path in paths}
            for target, path in wanted.items():
                storage.copy(path, target)
            sweep(f"{self.folder.path}/{place}", wanted)
            self._exported += wanted

    def _map(
        self, segment: Segment, number: int, name: str, before: list[PartitionOutput]
    ) -> list[PartitionOutput]:
        step = self.plan.step(name)
        folder = f"{self.folder.work_path}/map-{number}"
        stages = tuple((s.name, s.model_dump(mode="json")) for s in segment.maps)
        barriers = tuple((s.name, s.model_dump(mode="json")) for s in segment.barriers)
        items, outputs = [], []
        for part in self.plan.partitions:
            file = f"part-{part.index:05d}.arrow"
            keys = {b.name: f"{folder}/{b.name}/{file}" for b in segment.barriers}
            documents = f"{folder}/documents/{file}"
            previous = before[part.index] if before else None
            items.append(
                MapItem(
                    stages=stages,
                    barriers=barriers,
                    documents=documents,
                    keys=keys,
                    files=() if previous else part.files,
                    quarantine=f"{self.folder.quarantine_path}/part-{part.index:05d}.parquet",
                    on_error=self.plan.recipe.run.on_error,
                    previous=previous.documents if previous else "",
                    annotations=tuple(previous.annotations) if previous else (),
                )
            )
            outputs.append(PartitionOutput(part.index, documents, keys))
        with self._step(name):
            results = self.engine.map_fingerprinted(name, map_partition, items, step.tasks)
        if not before:
            sweep(self.folder.quarantine_path, [item.quarantine for item in items])
            for note in uncut_files(self.plan.partitions, results):
                self._note(note)
        self._results[name] = results
        for output, result in zip(outputs, results, strict=True):
            output.rows = result["rows"]
        return outputs

    def _write_documents(self, parts: list[PartitionOutput], parallel: list[str]) -> list[str]:
        """The documents pass; returns the files of kept documents, in order."""
        stages = [stage.name for stage in self.plan.recipe.stages]
        items = [
            DocumentsItem(
                partition=part.documents,
                annotations=tuple(part.annotations),
                kept=f"{self.folder.documents_path}/part-{part.index:05d}.parquet",
                removed=removed_paths(self.folder, stages, part.index),
            )
            for part in parts
        ]
        items += [
            DocumentsItem(
                path, (), f"{self.folder.documents_path}/{Path(path).stem}{PARALLEL_FILES}", {}
            )
            for path in parallel
        ]
        with self._step("documents") as step:
            self.engine.lineage = step.lineage
            self._results["documents"] = self.engine.map("documents", write_partition, items)
        kept = [result["kept"] for result in self._results["documents"] if result["kept"]]
        removed = [path for item in items for path in item.removed.values()]
        sweep(self.folder.documents_path, kept)
        sweep(self.folder.removed_root, [p for p in removed if storage.file_size(p) is not None])
        return kept

    def _fit(self, documents: list[str]) -> Recipe:
        """The recipe with its budgets scaled to the supply, where that is wished."""
        if not self.plan.fits_to_supply:
            return self.plan.recipe
        counts = [c for r in self._results["documents"] for c in r["counts"] if c["stage"] is None]
        fitted, note = scale.fit_to_supply(
            self.plan.recipe, sum(count["text_bytes"] for count in counts)
        )
        if note:
            self._note(note)
        return fitted

    def _make_tokenizer(self, recipe: Recipe, documents: list[str]) -> dict[str, Any]:
        from pipeline.tokens_pass import make_tokenizer

        with self._step("tokenizer") as step:
            self.engine.lineage = step.lineage
            result = make_tokenizer(recipe, documents, self.folder, self.engine)
        self._results["tokenizer"] = [result]
        return result

    def _tokenize(self, recipe: Recipe, documents: list[str], tokenizer: dict[str, Any]) -> None:
        from pipeline.tokens_pass import token_items
        from stages.tokens.tokenize import tokenize_partition

        items = token_items(recipe, documents, self.folder, tokenizer)
        with self._step("tokens") as step:
            self.engine.lineage = step.lineage
            results = self.engine.map("tokens", tokenize_partition, items)
        self._results["tokens"] = results
        sweep(self.folder.tokens_path, [path for result in results for path in result["files"]])

    def _mix(self, recipe: Recipe, tokenizer: dict[str, Any]) -> dict[str, Any]:
        from stages.mixture.build import build_mixture

        assert recipe.mixture is not None
        with self._step("shards"):
            # Not the step's: what another mixture leaves as it is need not be made again.
            self.engine.lineage = mixture_lineage(self.folder, self.plan.step("tokens").lineage)
            summary = build_mixture(
                tokens_folder=self.folder.tokens_path,
                shards_folder=self.folder.shards_path,
                work_folder=f"{self.folder.work_path}/mixture",
                options=recipe.mixture,
                shard_options=recipe.shards,
                engine=self.engine,
                seed=recipe.run.seed,
                vocab_size=tokenizer["vocab_size"],
                tokenizer_sha256=tokenizer["sha256"],
                special_ids=tokenizer["special_ids"],
                fit_to_supply=self.plan.fits_to_supply,
            )
        for note in summary["notes"]:
            self._note(note)
        return summary

    def _finish(self, seconds: float) -> None:
        from pipeline.report import write_report

        self.outcome.summary = summarise(
            self.plan, self._results, self.engine.statistics, self._seconds, seconds,
            self.engine.workers, self.outcome.notes,
        )  # fmt: skip
        self.outcome.summary["stages"] = self._facts
        add_translations(self.outcome.summary)
        with self.display.step("report", 1):
            write_report(self.folder, self.outcome.summary)
        # Last of all: a summary with this lineage means that everything before it is whole.
        write_json(self.folder.summary_path, self.outcome.summary, indent=1)

    @contextmanager
    def _step(self, name: str) -> Iterator[Any]:
        step = self.plan.step(name)
        with self._timed(name):
            yield step
        self.plan.mark_done(step)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._seconds[name] = self._seconds.get(name, 0.0) + time.monotonic() - started

    def _note(self, message: str) -> None:
        self.outcome.notes.append(message)
        self.display.note(message)


@dataclass
class PartitionOutput:
    """What the last map pass wrote of a partition, and what barriers said of it since."""

    index: int
    documents: str
    keys: dict[str, str]
    rows: int = 0
    annotations: list[tuple[str, str]] = field(default_factory=list)

    def for_barrier(self, name: str) -> Partition:
        """The partition as the barrier of that name sees it."""
        said = tuple(path for _, path in self.annotations)
        return Partition(self.index, self.rows, self.documents, self.keys.get(name, ""), said)
