"""Going on from another run's checkpoint, with other shards or another of their phases.

``init: run:FOLDER`` (or ``run:FOLDER@STEP``) takes the weights and the optimizer's moments of a
checkpoint and begins a run of its own: an annealing of any checkpoint, or two of one, to be
compared. That no row is read twice follows from the shards: a phase that ``continues`` the one the
checkpoint stands in begins, in every component, where that one was left. It is checked.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formats.loading.continuation import continuation, order_of
from trainer.checkpoints.checkpoint import checkpoints, open_checkpoint, read_state
from trainer.config import ModelConfig, TrainConfig
from trainer.errors import ConfigError
from trainer.output import OutputFolder

if TYPE_CHECKING:
    from formats.shards import TokenShards
    from trainer.data import Corpus
    from trainer.learning.step import Learner

PREFIX = "run:"


def branch_point(config: TrainConfig) -> Path | None:
    """The checkpoint that a run begins with; None: it begins otherwise.

    Raises:
        ConfigError: there is no such run, or no such checkpoint of it.
    """
    if not config.init.startswith(PREFIX):
        return None
    folder, step = _folder_and_step(config.init)
    there = checkpoints(OutputFolder(folder).checkpoints_path)
    if not there:
        raise ConfigError(f"init: {folder} has no checkpoint of a training run")
    if step is None:
        return there[-1]
    found = [path for path in there if read_state(path).step == step]
    if not found:
        steps = ", ".join(str(read_state(path).step) for path in there)
        raise ConfigError(f"init: {folder} has no checkpoint of step {step}; it has {steps}")
    return found[0]


def with_branch_shape(config: TrainConfig) -> TrainConfig:
    """The configuration with the shape of the model that it goes on with.

    Raises:
        ConfigError: it says another shape.
    """
    if not config.init.startswith(PREFIX):
        return config
    # A run that has begun needs the other no more, whose checkpoints may be gone by now.
    run = _begun(config) or _run(config)
    theirs = ModelConfig.model_validate(run["config"]["model"])
    mistakes = [
        f"model.{key} is {getattr(config.model, key)}, and in {_folder_and_step(config.init)[0]} "
        f"it is {getattr(theirs, key)}; leave it out"
        for key in sorted(config.model.model_fields_set)
        if getattr(config.model, key) != getattr(theirs, key)
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return config.model_copy(update={"model": theirs})


def check_branch(config: TrainConfig, corpus: Corpus) -> list[str]:
    """That the checkpoint's model can read the shards, and that it has not read them.

    Returns:
        What a person should know, a sentence each.

    Raises:
        ConfigError: the shards have another tokenizer, or rows of them were read before.
    """
    if _begun(config) is not None:
        return []
    checkpoint = branch_point(config)
    if checkpoint is None:
        return []
    run, manifest = _run(config), corpus.shards.manifest
    if run["tokenizer_sha256"] != manifest.tokenizer_sha256:
        raise ConfigError(
            f"init: {checkpoint} was trained on shards of another tokenizer than {config.shards}; "
            "make shards with its tokenizer: tokenizer: {path: ...} in the recipe"
        )
    return [
        f"beginning with the weights and moments of {checkpoint}",
        _seen_before(run, read_state(checkpoint).rows_read, corpus),
    ]


def load_branch(learner: Learner, config: TrainConfig) -> None:
    """Weights, moments, and what the guard against spikes has seen."""
    checkpoint = branch_point(config)
    assert checkpoint is not None
    with open_checkpoint(checkpoint) as saved:
        learner.load(saved)


def _seen_before(run: dict[str, Any], rows_read: int, corpus: Corpus) -> str:
    """Whether rows will be read again, in a sentence.

    Raises:
        ConfigError: they will, although the phase says that it continues.
    """
    from formats.shards import TokenShards

    phase, next_phase = _phase_of(run, rows_read), corpus.training.phases[0]
    try:
        before = TokenShards(run["config"]["shards"])
    except (OSError, ValueError) as error:
        return f"whether rows are read twice is unknown, since earlier shards are gone ({error})"
    if phase is None or not _continue(before, phase[0], corpus.shards, next_phase):
        return (
            f"phase {next_phase!r} draws in an order of its own, so rows may be read again; a "
            "phase that says `continues` reads none twice"
        )
    try:
        continuation(before, phase[0], phase[1], corpus.shards, next_phase)
    except ValueError as error:
        raise ConfigError(f"init: {error}") from error
    return f"phase {next_phase!r} goes on where row {phase[1]:,} of {phase[0]!r} would be next"


def _continue(before: TokenShards, phase: str, after: TokenShards, next_phase: str) -> bool:
    """Whether both phases draw in one order."""
    names = {found.name for found in before.manifest.every_phase}
    return phase in names and order_of(before, phase) == order_of(after, next_phase)


def _phase_of(run: dict[str, Any], rows_read: int) -> tuple[str, int] | None:
    """The phase that the last row read belongs to, and how many of its rows were read."""
    for phase in run["phases"]:
        if rows_read <= phase["rows"]:
            return phase["name"], rows_read
        rows_read -= phase["rows"]
    return None


def _folder_and_step(init: str) -> tuple[str, int | None]:
    """``run:OUT@300`` -> (OUT, 300)."""
    found = re.fullmatch(rf"{PREFIX}(.+?)(?:@(\d+))?", init)
    assert found is not None
    return found[1], int(found[2]) if found[2] else None


def _begun(config: TrainConfig) -> dict[str, Any] | None:
    """``run.json`` of this very run, where an earlier call began it."""
    run = OutputFolder(config.out).read_run()
    return run if run is not None and run["config"].get("init") == config.init else None


def _run(config: TrainConfig) -> dict[str, Any]:
    folder = OutputFolder(_folder_and_step(config.init)[0])
    run = folder.read_run()
    if run is None:
        raise ConfigError(f"init: {folder.path} is no training run: it has no {folder.run_path}")
    return run
