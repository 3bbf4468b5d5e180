"""The plan: which steps a recipe means, what each depends on, and what is already done.

A step's lineage is the fingerprint of everything that can change its output, so changing one
stage's settings re-runs it and what follows, and nothing before. Planning reads file names and
sizes, never their contents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from formats import __version__
from formats.run_folder import RunFolder
from pipeline import scale
from pipeline.fingerprints import file_hash, fingerprint, keys_fingerprint, stage_fingerprint
from pipeline.ledger import read_json, read_record, write_json
from pipeline.partitions import InputPartition, input_partitions
from pipeline.recipe import Recipe, Segment
from pipeline.recipe_yaml import RecipeError
from stages.mixture.options import ALWAYS_KEPT

MAP_VERSION = 1
DOCUMENTS_VERSION = 2
TOKENS_VERSION = 2
SHARDS_VERSION = 2
"""Raise one whenever that step of the runner would write other bytes for the same lineage."""


@dataclass(frozen=True)
class PlannedStep:
    """One step: its name in records and progress, and what it depends on."""

    name: str
    lineage: str
    tasks: tuple[str, ...] = ()
    """Fingerprints of the tasks, where they are known before any work."""


class Plan:
    """The steps of a recipe over its input, in order."""

    def __init__(self, recipe: Recipe) -> None:
        """List the input and derive every step's lineage."""
        self.recipe = recipe
        self.folder = RunFolder(recipe.run.out)
        self.partitions: list[InputPartition] = input_partitions(recipe)
        self.segments: list[Segment] = recipe.segments()
        self.steps: list[PlannedStep] = []
        self._plan_curation()
        self._plan_training_data()

    @property
    def lineage(self) -> str:
        """Of the whole run."""
        return fingerprint([step.lineage for step in self.steps], __version__)

    @property
    def fits_to_supply(self) -> bool:
        """True where budgets are scaled down to what there is."""
        return scale.fits_to_supply(self.recipe)

    def step(self, name: str) -> PlannedStep:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)

    def is_complete(self) -> bool:
        """True where the run folder holds this very run, finished."""
        try:
            summary = read_json(self.folder.summary_path)
        except (FileNotFoundError, ValueError):
            return False
        return bool(summary.get("lineage") == self.lineage)

    def done_tasks(self, step: PlannedStep) -> int:
        """How many of a step's known tasks have a matching record."""
        folder = f"{self.folder.records_path}/{step.name}"
        return sum(
            read_record(f"{folder}/{index:05d}.json", print_, self.folder.path) is not None
            for index, print_ in enumerate(step.tasks)
        )

    def is_done(self, step: PlannedStep) -> bool:
        """True where the step was finished with the same lineage."""
        try:
            marker = read_json(self._marker(step))
        except (FileNotFoundError, ValueError):
            return False
        return bool(marker.get("lineage") == step.lineage)

    def mark_done(self, step: PlannedStep) -> None:
        """Note that the step is finished."""
        write_json(self._marker(step), {"lineage": step.lineage})

    def _marker(self, step: PlannedStep) -> str:
        return f"{self.folder.records_path}/{step.name}/done.json"

    def _plan_curation(self) -> None:
        lineage = ""
        for index, segment in enumerate(self.segments):
            settings = [stage_fingerprint(stage) for stage in segment.maps]
            settings += [keys_fingerprint(barrier) for barrier in segment.barriers]
            shared = (MAP_VERSION, settings, self.recipe.run.on_error, lineage)
            tasks = tuple(fingerprint(shared, p.fingerprint) for p in self.partitions)
            lineage = fingerprint(tasks)
            self.steps.append(PlannedStep(map_step(segment, index), lineage, tasks))
            for barrier in segment.barriers:
                lineage = fingerprint(lineage, stage_fingerprint(barrier))
                self.steps.append(PlannedStep(barrier.name, lineage))
        self._add("documents", DOCUMENTS_VERSION, lineage)

    def _plan_training_data(self) -> None:
        recipe = self.recipe
        documents = self.steps[-1].lineage
        if recipe.tokenizer is None:
            return
        files = self._files_of_the_tokenizer()
        fits = self.fits_to_supply
        self._add("tokenizer", documents, recipe.tokenizer, files, recipe.run.seed, fits)
        if recipe.mixture is None:
            return
        columns = sorted({*recipe.mixture.selector_columns(), *ALWAYS_KEPT})
        self._add("tokens", TOKENS_VERSION, self.steps[-1].lineage, recipe.mixture.components,
                  columns, recipe.run.seed)  # fmt: skip
        self._add("shards", SHARDS_VERSION, self.steps[-1].lineage, recipe.mixture, recipe.shards,
                  recipe.run.seed, fits)  # fmt: skip

    def _files_of_the_tokenizer(self) -> list[Any]:
        """What it depends on beside the documents.

        Raises:
            RecipeError: files of its parallel text are not there.
        """
        tokenizer = self.recipe.tokenizer
        assert tokenizer is not None
        if tokenizer.path:
            return [file_hash(f"{tokenizer.path}/tokenizer.json")]
        if tokenizer.train is None or tokenizer.train.parity is None:
            return []
        from tokenizer_train.documents import input_documents

        parity = tokenizer.train.parity
        try:
            files = input_documents(parity.parallel, parity.columns)
        except (OSError, ValueError) as error:
            raise RecipeError(f"tokenizer.train.parity.parallel: {error}") from error
        return [file.as_item() for file in files]

    def _add(self, name: str, *depends_on: object) -> None:
        self.steps.append(PlannedStep(name, fingerprint(name, *depends_on)))


def map_step(segment: Segment, index: int) -> str:
    """Name of a map pass: its stages, joined; ``read`` where it only reads.

    ``keys+...`` where it only makes the keys of barriers, after another barrier that cut texts.
    """
    names = [stage.name for stage in segment.maps]
    if index > 0 and not names:
        names = ["keys", *(barrier.name for barrier in segment.barriers)]
    return "+".join(["read", *names] if index == 0 else names)


def removed_paths(folder: RunFolder, stages: Sequence[str], index: int) -> dict[str, str]:
    """Where a partition's dropped rows go, by the stage that dropped them."""
    return {stage: f"{folder.removed_path(stage)}/part-{index:05d}.parquet" for stage in stages}
