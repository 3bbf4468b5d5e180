"""Which documents a step read: from the ids in its rows, and the run folder beside the shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from formats.run_folder import NotARunFolder, RunFolder
from formats.shards import TokenShards
from trainer.config import TrainConfig
from trainer.data import open_corpus
from trainer.errors import OutputError
from trainer.output import OutputFolder
from trainer.timetable import Timetable


@dataclass
class TracedStep:
    """What a step read."""

    step: int
    first_row: int
    end_row: int
    phase: str
    """Of its first row."""
    rows_by_component: Counter[str] = field(default_factory=Counter)
    tokens_by_document: Counter[int] = field(default_factory=Counter)
    """Number of the document (the first 16 digits of its id) -> tokens in the step."""


def trace_step(config: TrainConfig, step: int) -> TracedStep:
    """The documents of a step, counted from 1.

    Raises:
        OutputError: the run has no such step.
        ShardsError: the shards cannot be read.
    """
    corpus = open_corpus(config.shards, config.held_out, config.phases)
    order = corpus.training
    table = Timetable.of(config, order.phase_rows, corpus.shards.sequence_length)
    if not 1 <= step <= table.steps:
        raise OutputError(f"no step {step} in this run; it has the steps 1 to {table.steps}")
    first, end = table.rows_of(step - 1)
    found = TracedStep(step, first, end, order.phase_of(first))
    for row in range(first, end):
        phase = order.phase_of(row)
        before = sum(order.phase_rows[: order.phases.index(phase)])
        traced = corpus.shards.trace_row(phase, row - before)
        found.rows_by_component[traced.component] += 1
        for piece in traced.pieces:
            if piece.document is not None:
                found.tokens_by_document[piece.document] += piece.length
    return found


def config_of(path: str | Path) -> TrainConfig:
    """The configuration of the run that a folder holds, or that a checkpoint is of.

    Raises:
        OutputError: there is no run.
    """
    for folder in (Path(path), Path(path).parent.parent):
        run = OutputFolder(folder).read_run()
        if run is not None:
            return TrainConfig.model_validate(run["config"])
    raise OutputError(f"{path}: no training run in it (run.json), nor is it a checkpoint of one")


def describe_trace(traced: TracedStep, shards: str, most: int = 20) -> Iterator[str]:
    """Lines for a person: components, then documents, the longest first.

    Args:
        traced: the step.
        shards: their folder; where it is in a pipeline's run folder, documents are looked up.
        most: documents that get a line.
    """
    documents = traced.tokens_by_document
    yield (
        f"step {traced.step}: rows {traced.first_row} to {traced.end_row - 1}, phase "
        f"{traced.phase}, {len(documents)} documents"
    )
    for name, rows in traced.rows_by_component.most_common():
        yield f"component {name}: {rows} row{'' if rows == 1 else 's'}"
    known = _lookup(shards)
    languages: Counter[str] = Counter()
    lines: list[str] = []
    for number, tokens in documents.most_common():
        about = known(number) if known and len(lines) < most else None
        if len(lines) < most:
            lines.append(f"document {number:016x}: {tokens} tokens{_about(about)}")
        if about and about.get("lang"):
            languages[about["lang"]] += tokens
    for language, tokens in languages.most_common():
        yield f"language {language}: {tokens} tokens of the documents below"
    yield from lines
    if len(documents) > most:
        yield f"and {len(documents) - most} more documents"


def _lookup(shards: str) -> Any:
    """A function from a document's number to what the run folder says of it, or None."""
    folder = RunFolder(TokenShards(shards).path.rpartition("/")[0] or ".")
    try:
        if not folder.exists() or not folder.has_documents():
            return None
    except (NotARunFolder, OSError):
        return None
    return lambda number: folder.find_document(f"{number:016x}")


def _about(document: dict[str, Any] | None) -> str:
    if document is None:
        return ""
    names = ("lang", "source", "origin", "url")
    return "".join(f", {name} {document[name]}" for name in names if document.get(name))
