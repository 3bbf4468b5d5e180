"""``settings``: every key of a recipe with type, default and meaning, on a screen or as a page."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from pydantic import BaseModel

from formats.settings import Setting, describe_settings, explanation, summary
from pipeline.recipe import Recipe
from pipeline.terminal import console_of_output
from stages import STAGES, load_stage

PAGE_HEAD = """\
# Every key of a recipe

Made by `python -m pipeline settings --markdown`; `python -m pipeline settings NAME` prints a part.
Stages stand in the list `stages:` as `- NAME: {KEY: VALUE}`, in the order in which they run. A key
without a default must be given. A *size* is a number of bytes or `64MB`, `16MiB`; a *count* a
number or `100M`, `2T`; `phases[].tokens` is a key of each item of the list `phases`.
"""


def sections() -> dict[str, type[BaseModel]]:
    """Name -> model of each section of a recipe and of each stage."""
    found: dict[str, type[BaseModel]] = {}
    for name, field in Recipe.model_fields.items():
        models = [
            kind
            for kind in (field.annotation, *get_args(field.annotation))
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        ]
        if models:
            found[name] = models[0]
    return found | {name: load_stage(name) for name in STAGES}


def print_settings(name: str | None) -> None:
    """Print one section's settings, or what sections there are.

    Raises:
        ValueError: there is no such section.
    """
    known = sections()
    console = console_of_output()
    if name is None:
        for title, names in (
            ("Sections of a recipe", [name for name in known if name not in STAGES]),
            ("Stages", list(STAGES)),
        ):
            console.print(f"[bold]{title}[/bold]")
            for each in names:
                console.print(f"  {each:<16} {summary(known[each])}", markup=False)
        console.print("Settings of one: python -m pipeline settings NAME", style="dim")
        return
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{name!r} is no section or stage{hint}; valid: {', '.join(known)}")
    console.print(explanation(known[name]), markup=False)
    for setting in describe_settings(known[name]):
        console.print()
        console.print(_heading(setting), markup=False, style="bold")
        for line in _wrapped(setting.meaning, console.width - 4):
            console.print(f"    {line}", markup=False)


def page() -> str:
    """All settings as one page of Markdown."""
    return "\n".join([PAGE_HEAD, *_chapters(sections())])


def _chapters(known: dict[str, type[BaseModel]]) -> Iterator[str]:
    for name, model in known.items():
        yield f"## {name}\n\n{explanation(model)}\n"
        yield from _table(describe_settings(model))
        yield ""


def _table(settings: Iterable[Setting]) -> Sequence[str]:
    rows = ["| key | what | default | meaning |", "|---|---|---|---|"]
    for setting in settings:
        cells = [f"`{setting.key}`", setting.kind, setting.default, setting.meaning]
        cells[2] = "" if setting.default is None else f"`{setting.default}`"
        rows.append(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |")
    return rows


def _heading(setting: Setting) -> str:
    default = "must be given" if setting.default is None else f"default {setting.default}"
    return f"{setting.key}: {setting.kind}; {default}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 40), break_long_words=False, break_on_hyphens=False)
