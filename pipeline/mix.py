"""Mixing a finished run anew: other weights, budgets or phases over the tokens that are there.

No document is read and nothing is tokenized. Packing plans, schedules and shard files that would
be what they are already stay.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from formats import storage
from formats.listing import NoFiles
from formats.manifest import MANIFEST
from formats.precompile import compile_kernels, missing_groups
from formats.run_folder import NotARunFolder, RunFolder
from pipeline import scale
from pipeline.counted import fitted_recipe
from pipeline.executors import make_executor, usable_cpus
from pipeline.fingerprints import fingerprint
from pipeline.ledger import RecordedEngine, StepStatistics, read_json, sweep_unfinished, write_json
from pipeline.plan import SHARDS_VERSION, Plan
from pipeline.progress import Display
from pipeline.recipe_file import load_recipe
from pipeline.recipe_yaml import RecipeError, read_yaml
from pipeline.translations import add_translations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.recipe import Recipe

KERNELS = {"formats", "stages", "stages.mixture"}
STEPS = {
    "mixture-count": "document counts",
    "mixture-pack": "packing plans",
    "mixture-schedule": "schedules",
    "mixture-shards": "shard files",
}


@dataclass
class MixOutcome:
    """What mixing anew came to."""

    folder: RunFolder
    shards_path: str
    mixture: dict[str, Any]
    """As ``summary.json`` has it."""
    statistics: dict[str, StepStatistics] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What was done again and what was not."""
        lines = ["as they were: documents, tokenizer, tokens"]
        for step, counted in self.statistics.items():
            done = counted.tasks - counted.tasks_skipped
            name = STEPS.get(step, step)
            lines.append(f"{name}: {done} made, {counted.tasks_skipped} as they were")
        return lines


def mix(
    run_folder: str,
    overrides: Sequence[str] = (),
    *,
    mixture_file: str | None = None,
    to: str | None = None,
    engine: str = "ray",
    workers: int | None = None,
    address: str | None = None,
    live: bool | None = None,
) -> MixOutcome:
    """Write the shards of another mixture from the tokens of a run.

    Args:
        run_folder: of a run that has tokens.
        overrides: as of ``load_recipe``; of ``mixture`` and ``shards`` alone.
        mixture_file: a YAML file whose ``mixture`` (and ``shards``) stand in for the run's.
        to: a name for the new shards' folder in the run, beside ``shards``; None: in its place.
        engine: ``ray`` or ``inline``.
        workers: tasks at a time; None: one per usable CPU.
        address: of a Ray cluster.
        live: bars (True) or log lines (False); None: bars on a terminal.

    Raises:
        NotARunFolder: there are no tokens.
        RecipeError: it is no mixture, or asks for what only ``run`` can do.
        stages.mixture.plan.Infeasible: it asks for more than there is.
    """
    from stages.mixture.build import build_mixture

    folder = RunFolder(run_folder)
    summary = folder.read_summary()
    if "tokens" not in summary or not folder.components():
        raise NotARunFolder(f"{folder.path} has no tokens: its recipe has no mixture to change")
    recipe = _changed_recipe(folder, overrides, mixture_file)
    fits = scale.fits_to_supply(recipe)
    fitted = fitted_recipe(recipe, folder.summary_path, fits)
    assert fitted.mixture is not None
    shards, work = _places(folder, to)
    tokenizer = summary["tokenizer"]
    with Display(live) as display:
        missing = missing_groups(KERNELS)
        if missing:
            with display.step("compile", len(missing)):
                compile_kernels(usable_cpus(), display.part_done, KERNELS)
        sweep_unfinished(work)
        executor = make_executor(engine, workers, address, KERNELS)
        records = f"{work}/records" if to else folder.records_path
        recorded = RecordedEngine(executor, folder.path, records, display, mixture_lineage(folder))
        try:
            with _marked(folder, shards, recipe, summary):
                mixture = build_mixture(
                    tokens_folder=folder.tokens_path,
                    shards_folder=shards,
                    work_folder=work,
                    options=fitted.mixture,
                    shard_options=fitted.shards,
                    engine=recorded,
                    seed=fitted.run.seed,
                    vocab_size=tokenizer["vocab_size"],
                    tokenizer_sha256=tokenizer["sha256"],
                    special_ids=tokenizer["special_ids"],
                    fit_to_supply=fits,
                )
        finally:
            executor.close()
        for note in mixture["notes"]:
            display.note(note)
    if to is None:
        _update_run(folder, recipe, summary, mixture)
    return MixOutcome(folder, shards, mixture, recorded.statistics)


def mixture_lineage(folder: RunFolder, tokens_lineage: str | None = None) -> str:
    """What packing, scheduling and writing depend on beside their items: the tokens."""
    if tokens_lineage is None:
        marker = f"{folder.records_path}/tokens/done.json"
        try:
            tokens_lineage = read_json(marker)["lineage"]
        except (FileNotFoundError, ValueError, KeyError):  # work/ may be deleted
            tokens_lineage = ""
    return fingerprint(tokens_lineage, SHARDS_VERSION)


def _changed_recipe(
    folder: RunFolder, overrides: Sequence[str], mixture_file: str | None
) -> Recipe:
    """The run's recipe with another mixture.

    Raises:
        RecipeError: something else would change, too.
    """
    before = load_recipe(folder.recipe_path)
    given = []
    if mixture_file is not None:
        data, complaints = read_yaml(mixture_file)
        complaints.raise_if_any()
        sections = {"mixture": data} if "phases" in data else data
        if "mixture" not in sections:
            raise RecipeError(f"{mixture_file}:1: no `mixture:` with its `phases:`")
        given = [
            f"{name}={json.dumps(sections[name])}"
            for name in ("mixture", "shards")
            if name in sections
        ]
    try:
        after = load_recipe(folder.recipe_path, [*given, *overrides])
    except RecipeError as error:
        if mixture_file is None:
            raise
        raise RecipeError(f"{mixture_file}: {error}") from error
    ours = before.model_dump(exclude={"mixture", "shards"})
    theirs = after.model_dump(exclude={"mixture", "shards"})
    changed = [name for name in ours if ours[name] != theirs[name]]
    assert before.mixture is not None
    if after.mixture is None or after.mixture.components != before.mixture.components:
        changed.append("mixture.components")
    if changed:
        raise RecipeError(
            f"{', '.join(changed)}: mixing anew changes phases, not what the tokens are; "
            "`python -m pipeline run RECIPE` does what has to be done again, and no more"
        )
    return after


def _places(folder: RunFolder, to: str | None) -> tuple[str, str]:
    """The folders of the shards and of the work."""
    if to is None:
        return folder.shards_path, f"{folder.work_path}/mixture"
    if not re.fullmatch(r"[\w-][\w.-]*", to):
        raise RecipeError(f"--to {to}: give the name of a folder in the run, such as shards-even")
    files, inner = storage.filesystem(f"{folder.path}/{to}")
    if files.exists(inner) and not files.exists(f"{inner}/recipe.yaml"):
        raise RecipeError(f"--to {to}: {folder.path}/{to} is there, and is no mixture made anew")
    return f"{folder.path}/{to}", f"{folder.work_path}/mixture-{to}"


@contextmanager
def _marked(
    folder: RunFolder, shards: str, recipe: Recipe, summary: dict[str, Any]
) -> Iterator[None]:
    """Say what the shards will be, before they are: whoever is killed then can tell.

    What fails before the shards are touched leaves the run as it was.
    """
    if shards != folder.shards_path:
        storage.write_text(f"{shards}/recipe.yaml", recipe.as_yaml())
        yield
        return
    with storage.open_input(folder.recipe_path) as stream:
        before = stream.read().decode()
    write_json(folder.summary_path, summary | {"lineage": ""}, indent=1)
    storage.write_text(folder.recipe_path, recipe.as_yaml())
    try:
        yield
    except Exception:
        if storage.file_size(f"{shards}/{MANIFEST}") is not None:
            storage.write_text(folder.recipe_path, before)
            write_json(folder.summary_path, summary, indent=1)
        raise


def _update_run(
    folder: RunFolder, recipe: Recipe, summary: dict[str, Any], mixture: dict[str, Any]
) -> None:
    """Let summary and report tell of the new shards; a run of the new recipe has nothing to do."""
    from pipeline.report import write_report

    earlier = set((summary.get("mixture") or {}).get("notes", []))
    notes = [note for note in summary["notes"] if note not in earlier] + mixture["notes"]
    summary = summary | {"mixture": mixture, "notes": notes, "lineage": ""}
    add_translations(summary)
    try:
        plan = Plan(recipe)
    except (FileNotFoundError, NoFiles):  # the input is elsewhere by now
        pass
    else:
        plan.mark_done(plan.step("shards"))
        summary["lineage"] = plan.lineage
    write_report(folder, summary)
    write_json(folder.summary_path, summary, indent=1)
