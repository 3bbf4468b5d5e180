"""The main figures on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LANGUAGES_SHOWN = 30


def show_report(report: Mapping[str, Any]) -> None:
    """Print a table of the tokenizers, and one of the languages."""
    from rich.console import Console

    from tokenizer_evaluate.page import main_figures, number, shown_languages

    console = Console()
    console.print(_table(*main_figures(report)))
    tokenizers = report["tokenizers"]
    names = [one["name"] for one in tokenizers]
    languages = shown_languages(report)
    rows = []
    for language in languages[:LANGUAGES_SHOWN]:
        row = [language, *(number(o["languages"][language]["bytes_per_token"]) for o in tokenizers)]
        if report["parallel"]:
            row += [number(o["parallel"]["premium"].get(language)) for o in tokenizers]
        rows.append(row)
    columns = ["bytes / token", *names]
    if report["parallel"]:
        columns += [f"premium {name}" for name in names]
    console.print(_table(columns, rows))
    if len(languages) > LANGUAGES_SHOWN:
        console.print(f"and {len(languages) - LANGUAGES_SHOWN} languages more, in the report")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    from rich.table import Table

    table = Table(*columns)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    return table
