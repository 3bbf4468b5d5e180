"""YAML that people write: ``${VAR:-default}``, overrides, and errors that name the line.

All mistakes of a file are reported in one go, each as ``file:line: path: what is wrong``, with
the nearest valid name where a name is unknown.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from formats.variables import expand_variables
from pipeline.recipe import as_stage
from pipeline.sample import SAMPLE_CORPUS

Location = tuple[str | int, ...]


class RecipeError(ValueError):
    """The recipe cannot be used; the message lists every mistake with its place."""


def read_yaml(
    path: str | Path, overrides: list[str] | None = None
) -> tuple[dict[str, Any], Complaints]:
    """A YAML file's mapping, expanded and overridden, and where to complain about it.

    Raises:
        RecipeError: the file is missing or is not a YAML mapping.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read: {error}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"{path}: not valid YAML: {error}") from error
    lines = _lines(node)
    if not isinstance(data, dict):
        raise RecipeError(f"{path}:1: a recipe is a mapping with `run`, `sources`, `stages` …")
    complaints = Complaints(str(path), lines)
    data = _expand(data, (), complaints)
    for override in overrides or []:
        _override(data, override)
    return data, complaints


class Complaints:
    """Collects mistakes with their places."""

    def __init__(self, path: str, lines: dict[Location, int]) -> None:
        """Of the file at ``path``, whose keys stand at ``lines``."""
        self._path = path
        self._lines = lines
        self._messages: list[str] = []

    def add(self, location: Location, message: str) -> None:
        """Note one mistake."""
        line = 1
        for depth in range(len(location), 0, -1):
            if location[:depth] in self._lines:
                line = self._lines[location[:depth]]
                break
        where = ".".join(str(part) for part in location)
        self._messages.append(f"{self._path}:{line}: {where}: {message}")

    def raise_if_any(self) -> None:
        """Raise ``RecipeError`` with all of them."""
        if self._messages:
            raise RecipeError("\n".join(self._messages))


def _lines(node: yaml.Node | None, location: Location = ()) -> dict[Location, int]:
    """Location of every key and list item -> its line, counted from 1."""
    lines: dict[Location, int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*location, key.value)
            lines[here] = key.start_mark.line + 1
            lines |= _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*location, index)
            lines[here] = value.start_mark.line + 1
            lines |= _lines(value, here)
    return lines


def _expand(value: Any, location: Location, complaints: Complaints) -> Any:
    if isinstance(value, dict):
        return {k: _expand(v, (*location, k), complaints) for k, v in value.items()}
    if isinstance(value, list):
        return [_expand(v, (*location, i), complaints) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    expanded, missing = expand_variables(value, {"SAMPLE_CORPUS": str(SAMPLE_CORPUS)})
    for name in missing:
        complaints.add(location, f"${{{name}}} is not set, and has no default (${{{name}:-…}})")
    return expanded


def _override(data: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals:
        raise RecipeError(f"--set {override}: write it as key=value, such as run.seed=7")
    *parents, last = path.split(".")
    here: Any = data
    for depth, part in enumerate(parents):
        if isinstance(here, dict) and part not in here:
            here[part] = {}
        here = _item(here, part, ".".join(parents[: depth + 1]), override)
    value = yaml.safe_load(text)
    if isinstance(here, list):
        here[_index(here, last, path, override)] = value
    elif isinstance(here, dict):
        here[last] = value
    else:
        raise RecipeError(f"--set {override}: {'.'.join(parents)} holds a value, not a section")


def _item(here: Any, part: str, path: str, override: str) -> Any:
    if isinstance(here, dict):
        if here[part] is None:
            here[part] = {}
        return here[part]
    if isinstance(here, list):
        item = here[_index(here, part, path, override)]
        if isinstance(item, str):
            here[_index(here, part, path, override)] = item = {item: {}}
        return item[part] if isinstance(item, dict) and list(item) == [part] else item
    raise RecipeError(f"--set {override}: {path} is not a section")


def _index(items: list[Any], part: str, path: str, override: str) -> int:
    """Place of a list item by number, by its ``name``, or by its only key (a stage)."""
    if part.isdigit() and int(part) < len(items):
        return int(part)
    names = [
        item if isinstance(item, str) else item.get("name", next(iter(item), "")) for item in items
    ]
    if part in names:
        return names.index(part)
    raise RecipeError(f"--set {override}: {path} is not there; valid: {', '.join(map(str, names))}")


def validate_section(
    model: type[BaseModel], data: dict[str, Any], location: Location, complaints: Complaints
) -> Any:
    """The section that ``data`` describes, or None after a complaint."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        _complain(error, model, location, complaints)
        return None


def validate_stage(item: Any, location: Location, complaints: Complaints) -> Any:
    """The stage that a list item names, or None after a complaint."""
    from stages import STAGES

    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, dict) or len(item) != 1:
        complaints.add(location, "a stage is one name with its settings, such as `- langid: {}`")
        return None
    name, settings = next(iter(item.items()))
    if name not in STAGES:
        complaints.add((*location, name), f"no such stage{nearest(name, list(STAGES))}")
        return None
    try:
        return as_stage(name, settings or {})
    except ValidationError as error:
        from stages import load_stage

        _complain(error, load_stage(name), (*location, name), complaints)
        return None


def _complain(
    error: ValidationError, model: type[BaseModel], location: Location, complaints: Complaints
) -> None:
    for mistake in error.errors():
        inner = tuple(mistake["loc"])
        message = mistake["msg"].removeprefix("Value error, ")
        if mistake["type"] == "extra_forbidden":
            message = f"unknown key{nearest(str(inner[-1]), _keys(model, inner[:-1]))}"
        elif mistake["type"] == "missing":
            message = "is missing"
        else:
            message += f" (found: {_short(mistake['input'])})"
        complaints.add((*location, *inner), message)


def _keys(model: Any, location: Location) -> list[str]:
    """The valid keys of the section at ``location`` inside ``model``."""
    import typing

    for part in location:
        if isinstance(part, int):
            continue
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = model.model_fields[part].annotation
        while not (isinstance(model, type) and issubclass(model, BaseModel)):
            inner = [a for a in typing.get_args(model) if a is not type(None)]
            if not inner:
                return []
            model = inner[-1]
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return []


def nearest(name: str, valid: list[str]) -> str:
    """`` (did you mean 'x'? valid: …)``; empty where nothing is known to be valid."""
    if not valid:
        return ""
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f" {name!r} ({guess}valid: {', '.join(valid)})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
