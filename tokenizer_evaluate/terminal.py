"""The main figures on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizer_evaluate.suggest import Suggestion

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


def show_suggestion(suggestion: Suggestion) -> None:
    """Print each language's share and premium before and after, and what to know."""
    from rich.console import Console

    console = Console()
    before, after = suggestion.before, suggestion.after
    order = sorted(before.shares, key=lambda name: (-before.premiums.get(name, 0.0), name))
    rows = []
    for name in order:
        premiums = [one.premiums.get(name) for one in (before, after)]
        shares = [f"{one.shares[name]:.2%}" for one in (before, after)]
        times = after.shares[name] / before.shares[name]
        rows.append(
            [name, *shares, f"{times:.2f}", *("-" if p is None else f"{p:.3f}" for p in premiums)]
        )
    columns = ["language", "share", "suggested", "times", "premium", "then"]
    console.print(_table(columns, rows))
    more = after.held_out_tokens / max(before.held_out_tokens, 1) - 1
    trials = len(suggestion.search.trials)
    for note in [*suggestion.notes(), f"held-out text: {more:+.2%} tokens; {trials} trials"]:
        console.print(note, highlight=False, markup=False)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    from rich.table import Table

    table = Table(*columns)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    return table
