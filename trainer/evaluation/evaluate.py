"""A model judged by task files, held-out texts and named tasks; tables of what was found."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.data import HELD_OUT
from trainer.evaluation.choices import Accuracy, choose
from trainer.evaluation.form_files import is_form
from trainer.evaluation.harness import evaluate_named
from trainer.evaluation.held_out import held_out_task
from trainer.evaluation.questions import Task
from trainer.evaluation.tasks import read_task
from trainer.evaluation.texts import Compression, compress
from trainer.loaded import LoadedModel


@dataclass
class Findings:
    """By task, then by language."""

    model: str
    beginning: str
    """How texts begin."""
    choices: dict[str, dict[str, Accuracy]] = field(default_factory=dict)
    texts: dict[str, dict[str, Compression]] = field(default_factory=dict)
    named: dict[str, dict[str, Any]] = field(default_factory=dict)
    """As lm-eval reports them."""

    def as_json(self) -> dict[str, Any]:
        """For a file; bits per byte beside what they are made of."""
        found = dataclasses.asdict(self)
        for task, languages in self.texts.items():
            for language, own in languages.items():
                found["texts"][task][language] |= {
                    "bits_per_byte": own.bits_per_byte,
                    "perplexity": own.perplexity,
                }
        return found


def evaluate(
    model: LoadedModel, tasks: Sequence[str], limit: int | None = None, shots: int | None = None
) -> Findings:
    """Judge a model.

    Args:
        model: which one.
        tasks: files (``trainer.evaluation.tasks`` says what is in them), ``held_out``, names of
            lm-eval's tasks, or YAML files of such.
        limit: questions or texts of each task, from the first; None: all.
        shots: of named tasks.

    Raises:
        ConfigError: a file is none, or a name is not known; before anything is computed.
    """
    names = [name for name in tasks if _is_named(name)]
    read = [read_task(name) for name in tasks if name not in names and name != HELD_OUT]
    if HELD_OUT in tasks:
        read.append(held_out_task(model))
    findings = Findings(model.name, model.beginning_told)
    if names:
        findings.named = evaluate_named(model, names, limit, shots)
    for task in read:
        _judge(model, task, limit, findings)
    return findings


def _is_named(task: str) -> bool:
    """Whether lm-eval is asked: for a name, or a YAML file that describes a task to it."""
    if task.endswith((".yaml", ".yml")):
        return True
    return task != HELD_OUT and not (
        os.path.exists(task) or is_form(task) or "/" in task or "." in task
    )


def _judge(model: LoadedModel, task: Task, limit: int | None, findings: Findings) -> None:
    if task.questions:
        findings.choices[task.name] = choose(model, task.questions[:limit])
    else:
        findings.texts[task.name] = compress(model, task.texts[:limit])


def describe(findings: Findings) -> Iterator[str]:
    """Tables for a person."""
    yield f"{findings.model}; {findings.beginning}"
    if findings.choices:
        yield ""
        yield from table(
            ["task", "language", "questions", "right", "by character", "by byte", "chance"],
            [
                [task, language, f"{own.questions}", f"{own.raw:.1%} ± {own.error:.1%}",
                 f"{own.by_character:.1%}", f"{own.by_byte:.1%}", f"{own.chance:.1%}"]
                for task, languages in findings.choices.items()
                for language, own in languages.items()
            ],
        )  # fmt: skip
    if findings.texts:
        yield ""
        yield from table(
            ["task", "language", "bytes", "bits per byte", "gzip", "xz", "perplexity"],
            [
                [task, language, f"{own.bytes:,}", f"{own.bits_per_byte:.3f}",
                 f"{own.gzip_bits_per_byte:.3f}", f"{own.xz_bits_per_byte:.3f}",
                 f"{own.perplexity:.4g}"]
                for task, languages in findings.texts.items()
                for language, own in languages.items()
            ],
        )  # fmt: skip
    for task, metrics in findings.named.items():
        yield ""
        for name, value in metrics.items():
            shown = f"{value:.4f}" if isinstance(value, float) else value
            yield f"{task}  {name}  {shown}"


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Columns as wide as what is in them: names to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in [head, *rows]:
        cells = [
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
