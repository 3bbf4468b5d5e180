"""What all commands print with."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from unicodedata import category

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


def printable(text: str, lines: bool = False) -> str:
    """Text of a corpus that commands no terminal and turns none of its lines round.

    Joiners stay, which Persian and the scripts of India are written with.

    Args:
        text: anything.
        lines: whether line ends stay.
    """
    kept = "\n" if lines else ""
    return "".join(
        c if c in kept or (category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in _DIRECTIONS)
        else " " for c in text
    )  # fmt: skip


_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that change the direction of what follows (Unicode Standard Annex 9)."""


def print_side_by_side(
    console: Console, title: str, columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]
) -> None:
    """Texts beside each other, each wrapped in a column of its own.

    Args:
        console: where.
        title: of the table.
        columns: name, and whether it is of running text: such columns share the room there is. A
            language that is written from the right is set at the right.
        rows: texts, which have no markup.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from pipeline.report_html import direction

    table = Table(title=Text(title), title_justify="left", title_style="bold",
                  box=box.SIMPLE_HEAD, show_lines=True, expand=True)  # fmt: skip
    for name, running in columns:
        from_right = running and direction(name) == "rtl"
        table.add_column(Text(name), justify="right" if from_right else "left", overflow="fold",
                         ratio=1 if running else None)  # fmt: skip
    for row in rows:
        table.add_row(*(Text(printable(cell, lines=True)) for cell in row))
    console.print(table)


def print_table(
    console: Console, title: str, columns: list[str], rows: list[list[str]],
    left: Sequence[int] = (0,),
) -> None:  # fmt: skip
    """A table with its title; the first column (or those of ``left``) to the left, others right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def text(words: str) -> Text:
        return Text(words, overflow="fold")  # what looks like markup is a rule's or a file's name

    table = Table(title=text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(
            text(column), justify="left" if number in left else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*map(text, row))
    console.print(table)
