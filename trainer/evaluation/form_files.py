"""Files of known tasks: ``arc=ARC-Easy-test.parquet``, ``xcopa:th=test.th.jsonl``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.errors import ConfigError
from trainer.evaluation.forms import FORM_NAMES, question_of
from trainer.evaluation.questions import Task
from trainer.evaluation.task_lines import json_lines, read_text

GIVEN = re.compile(r"(?P<form>[a-z]+)(?::(?P<language>[A-Za-z_\-]+))?=(?P<path>.+)", re.DOTALL)


def is_form(task: str) -> bool:
    """Whether a task is given as FORM=FILE."""
    return GIVEN.fullmatch(task) is not None


def read_form(task: str) -> Task:
    """The questions of a file in a known form.

    Args:
        task: ``FORM=FILE`` or ``FORM:LANGUAGE=FILE``; the file is JSON lines, CSV with a head, or
            Parquet.

    Raises:
        ConfigError: there is no such form, the file cannot be read, or a row is none of the form's;
            with its number.
    """
    given = GIVEN.fullmatch(task)
    assert given is not None
    form, language, path = given["form"], given["language"], given["path"]
    if form not in FORM_NAMES:
        raise ConfigError(f"--tasks: {task}: no form {form!r} (valid: {', '.join(FORM_NAMES)})")
    found = Task(f"{form} {Path(path).name.partition('.')[0]}")
    for where, row in _rows(path):
        try:
            found.questions.append(question_of(form, row, language))
        except KeyError as error:
            columns = ", ".join(map(str, row))
            raise ConfigError(
                f"{where}: as {form} it lacks {error.args[0]!r}, or has no such value (found: "
                f"{columns})"
            ) from error
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            raise ConfigError(f"{where}: is no row of {form}: {error}") from error
    if not found.questions:
        raise ConfigError(f"{path}: is empty")
    return found


def _rows(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row stands, and the row."""
    if path.endswith(".parquet"):
        yield from _parquet_rows(path)
    elif path.removesuffix(".gz").removesuffix(".zst").endswith(".csv"):
        lines = csv.DictReader(io.StringIO(read_text(path), newline=""))
        for row in lines:
            yield f"{path}:{lines.line_num}", row
    else:
        yield from json_lines(path)


def _parquet_rows(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with Path(path).open("rb") as file:
            rows = pq.read_table(file).to_pylist()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{path}: is no Parquet file: {error}") from error
    for number, row in enumerate(rows, start=1):
        yield f"{path}, row {number}", row
