"""What all commands print with."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 140


def console_of_output() -> Console:
    """Standard output, as wide as its terminal; a pipe has no edge to break lines at."""
    from rich.console import Console

    class PipeConsole(Console):
        """Leaves it to the caller what a closed pipe means; rich itself would exit with 1."""

        def on_broken_pipe(self) -> None:
            with suppress(SystemExit):
                super().on_broken_pipe()
            raise BrokenPipeError

    console = PipeConsole(highlight=False)
    # In a pipe or a log there is no edge to break lines at.
    return console if console.is_terminal else PipeConsole(highlight=False, width=PIPE_WIDTH)


def print_table(console: Console, title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table with its title; the first column to the left, the others to the right."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
