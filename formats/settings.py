"""What can be set: every key of a settings model with its type, default and meaning.

The models are where a setting is declared, so help and documents are made from them and cannot
say anything else.
"""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from formats.units import parse_bytes, parse_count

PLAIN = {str: "text", int: "number", float: "number", bool: "true | false", type(None): "null"}
"""What people call them."""
UNITS: dict[Any, str] = {parse_bytes: "size", parse_count: "count"}
"""Numbers that may be written as 256MB or 100B."""


@dataclass(frozen=True)
class Setting:
    """A key with what may stand there."""

    key: str
    """Dotted; ``phases[].tokens`` is a key of each item of a list."""
    kind: str
    default: str | None
    """As in YAML; None where it must be given."""
    meaning: str


def describe_settings(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Every setting of a model, in order, those of the models within it under their key.

    >>> class Limits(BaseModel):
    ...     most: int | None = Field(None, description="At most so many.")
    >>> list(describe_settings(Limits))
    [Setting(key='most', kind='number | null', default='null', meaning='At most so many.')]
    """
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        inner, many = _model_in(field.annotation)
        if inner is None or field.description:
            yield Setting(key, _kind(field), _default(field), field.description or "")
        if inner is not None:
            yield from describe_settings(inner, f"{key}[]." if many else f"{key}.")


def explanation(model: type[BaseModel]) -> str:
    """A model's docstring as Markdown."""
    return inspect.cleandoc(model.__doc__ or "").replace("``", "`")


def summary(model: type[BaseModel]) -> str:
    """Its first paragraph, on one line."""
    return " ".join(explanation(model).partition("\n\n")[0].split())


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The settings model that stands under a key, if one does; whether a list of them does."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for argument in get_args(annotation):
        inner, _ = _model_in(argument)
        if inner is not None:
            return inner, get_origin(annotation) is list
    return None, False


def _kind(field: FieldInfo) -> str:
    for validator in field.metadata:
        if (unit := UNITS.get(getattr(validator, "func", None))) is not None:
            return unit
    return _spell(field.annotation)


def _spell(annotation: Any) -> str:
    """A type as people read it: ``all | list of text``."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(str(value) for value in arguments)
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(_spell(argument) for argument in arguments))
    if hasattr(annotation, "__metadata__"):
        units = [UNITS.get(getattr(extra, "func", None)) for extra in annotation.__metadata__]
        return next((unit for unit in units if unit), _spell(annotation.__origin__))
    if origin is dict:
        return f"{{{_spell(arguments[0])}: {_spell(arguments[1])}}}"
    if origin in (list, tuple):
        fixed = origin is tuple and Ellipsis not in arguments
        items = [_spell(argument) for argument in arguments if argument is not Ellipsis]
        if fixed:
            return f"[{', '.join(items)}]"
        return f"list of ({items[0]})" if " | " in items[0] else f"list of {items[0]}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return "anything"


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return None
    if isinstance(value, BaseModel):
        return "{}"
    if "size" in _kind(field).split(" | ") and isinstance(value, int):
        return _as_size(value)
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)


def _as_size(number: int) -> str:
    """67108864 is 64MiB."""
    units = ["", "KiB", "MiB", "GiB"]
    while number % 1024 == 0 and number and len(units) > 1:
        number //= 1024
        del units[0]
    return f"{number}{units[0]}"


def _plain(value: Any) -> Any:
    """A value that JSON can say, models as what was set in them."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
